"""Selections with a confidence: what is searched, what certifies, and how many units the guarantee costs."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from interp_jax.methods import core_units
from interp_jax.methods.core_units import selection
from interp_jax.methods.core_units._evaluate import MaskEvaluator
from interp_jax.methods.core_units._search import larger_masks, nested_masks, smallest_set, without_doubtful
from interp_jax.methods.core_units._tails import accept
from interp_jax.methods.core_units.bounds import balanced_limit, last_in_sequence, most_errors
from tests.methods.core_units.planted import CLASSES, TRAINING, UNITS, dense, planted, two_layers

TAIL, HIDDEN, PREDICTIONS, USEFUL = planted(seed=1, gap=1.0)
BOTH = dense(5, rows=2400)
NEW, FURTHER = (BOTH[0], BOTH[1][:1200], BOTH[2][:1200]), (BOTH[1][1200:], BOTH[2][1200:])
TARGET = int(np.bincount(NEW[2]).argsort()[1])
OPTIONS = {"key": jax.random.key(0), "holding": 0.9, "confidence": 0.9, "starts": 2, "swaps": 3, **TRAINING}


def _halves(target=TARGET, **changes):
    tail, hidden, predictions = NEW
    return core_units.select(tail, hidden, predictions, target, **OPTIONS | changes)


def test_half_of_the_rows_search_and_the_other_half_certifies():
    tail, hidden, predictions = NEW
    found = _halves()
    assert found.certified
    assert found.reached
    searched, calibrated = found.rows, found.calibration_rows
    assert not set(searched.rows) & set(calibrated.rows)
    assert len(calibrated.positives) == len(calibrated.negatives)
    assert abs(len(calibrated.positives) - np.sum(predictions == TARGET) / 2) <= 1
    for data in (searched, calibrated):
        assert (predictions[data.positives] == TARGET).all()
        assert (predictions[data.negatives] != TARGET).all()
    rate = core_units.holding_rates(tail, hidden, predictions, TARGET, found.mask[None], data=searched)
    np.testing.assert_allclose(found.holding_rate, rate[0])
    # The same as certifying the nested masks by those rows alone.
    rows = calibrated.rows
    again = core_units.certify(tail, hidden[rows], predictions[rows], TARGET, found.nested, holding=0.9, confidence=0.9)
    np.testing.assert_array_equal(again.mask, found.mask)
    assert (again.lower_bound, again.units) == (found.lower_bound, found.units)


def test_the_search_sees_nothing_of_the_calibration_rows():
    tail, hidden, predictions = NEW
    first = _halves()
    rows = first.calibration_rows.rows
    other = core_units.select(tail, hidden.at[rows].set(-hidden[rows]), predictions, TARGET, **OPTIONS)
    for name in ("nested", "gates", "gates_mask", "objective", "trace", "rows"):
        jax.tree.map(np.testing.assert_array_equal, getattr(other, name), getattr(first, name))
    assert not other.certified
    assert other.lower_bound < first.lower_bound


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [{"ablation": "mean"}, {"ablation": "resample"}, {"classifier": "center"}, {"target": None}, {"negatives": False}],
)
def test_the_search_sees_nothing_of_the_calibration_rows_whatever_is_asked(changes):
    tail, hidden, predictions = NEW
    first = _halves(**changes)
    rows = first.calibration_rows.rows
    given = {"target": TARGET, **OPTIONS, **changes}
    other = core_units.select(tail, hidden.at[rows].set(-hidden[rows]), predictions, **given)
    for name in ("nested", "gates", "gates_mask", "objective", "trace", "rows", "weight"):
        jax.tree.map(np.testing.assert_array_equal, getattr(other, name), getattr(first, name))
    if first.replacement is not None:
        np.testing.assert_array_equal(other.replacement.values, first.replacement.values)
    assert other.lower_bound < first.lower_bound


def test_nested_sets_go_from_all_units_to_few_and_the_smallest_certified_is_kept():
    for target in (TARGET, None):
        found = _halves(target)
        sizes = found.nested.sum(axis=1)
        assert sizes[0] == UNITS
        assert (found.nested[1:] <= found.nested[:-1]).all()
        assert (np.diff(sizes) < 0).all()
        assert found.nested.any(axis=1).all()
        assert any((found.mask == mask).all() for mask in found.nested)


def test_units_are_dropped_from_a_set_while_the_rate_is_reached_and_added_by_what_they_help():
    tail, hidden, predictions = NEW
    data = core_units.class_data(predictions, TARGET, key=jax.random.key(0))
    evaluator = MaskEvaluator(*accept(tail, hidden, predictions), data, TARGET)
    full = np.ones(UNITS, bool)
    down = nested_masks(evaluator, full, 0.9, rows=2000)
    np.testing.assert_array_equal(down.sum(axis=1), np.arange(UNITS, UNITS - len(down), -1))
    assert len(down) > 2
    rates = np.array([evaluator.rate(mask) for mask in down])
    assert (rates >= 0.9).all()
    # No unit of the last can go.
    assert max(evaluator.rate(down[-1] & (np.arange(UNITS) != unit)) for unit in np.flatnonzero(down[-1])) < 0.9
    up = nested_masks(evaluator, np.zeros(UNITS, bool), 0.9, rows=2000)
    np.testing.assert_array_equal(up.sum(axis=1), np.arange(UNITS, -1, -1))
    order = core_units.greedy(tail, hidden, predictions, TARGET, data=data, direction="forward")
    for place in range(1, 4):
        np.testing.assert_array_equal(np.flatnonzero(up[-1 - place]), np.sort(order[:place]))


def test_given_calibration_rows_leave_all_others_for_the_search(monkeypatch):
    tail, hidden, predictions = NEW
    asked = []
    monkeypatch.setattr(
        selection, "smallest_set", lambda *given, **options: asked.append(given[2]) or smallest_set(*given, **options)
    )
    given = FURTHER[0], FURTHER[1].astype(np.uint64)
    found = core_units.select(tail, hidden, predictions, TARGET, **OPTIONS, calibration=given)
    np.testing.assert_array_equal(found.rows.positives, np.flatnonzero(predictions == TARGET))
    rows = found.calibration_rows
    assert (FURTHER[1][rows.positives] == TARGET).all()
    assert len(rows.positives) == len(rows.negatives)
    assert found.certified
    # The search has to reach what a certificate asks of as many rows.
    count = len(rows.rows)
    assert asked == [1 - most_errors(count, 0.9, 1 - 0.9) / count]
    assert asked[0] > 0.9


def test_without_a_confidence_nothing_changes():
    plain = _halves(confidence=None)
    assert (plain.certified, plain.lower_bound, plain.confidence, plain.nested) == (None,) * 4
    assert "\n" not in repr(plain)


def test_one_mask_for_all_classes_and_masks_of_several_layers_are_certified():
    first, second = NEW[0].args[0]

    def by_layer(hidden, masks):
        inner = jnp.matmul(hidden * masks["units"][None], first, precision="highest")
        return jnp.matmul(jax.nn.relu(inner) * masks["inner"][None], second, precision="highest")

    shapes = {"units": (UNITS,), "inner": (7,)}
    found = core_units.select(by_layer, *NEW[1:], None, mask_shape=shapes, **OPTIONS)
    assert found.certified
    assert not len(found.calibration_rows.negatives)
    assert len(found.calibration_rows.positives) in (599, 600, 601)
    assert {name: nested.shape[1:] for name, nested in found.nested.items()} == shapes
    rows = found.calibration_rows.rows
    again = core_units.certify(by_layer, NEW[1][rows], NEW[2][rows], None, found.nested, holding=0.9, confidence=0.9)
    jax.tree.map(np.testing.assert_array_equal, again.mask, found.mask)


@pytest.mark.parametrize("changes", [{"polish": False}, {"kind": "relaxed"}, {"negatives": False}])
def test_unpolished_sets_and_positives_alone_are_certified(changes):
    found = _halves(**changes)
    if "negatives" in changes:
        assert not len(found.calibration_rows.negatives)
    else:
        # The gates' order: no open unit has a narrower gate than a closed one.
        for mask in found.nested:
            assert mask.all() or found.gates[mask].min(initial=1) >= found.gates[~mask].max()
    assert found.certified is not None
    assert found.certified == (found.lower_bound >= 0.9)


def test_a_set_that_is_not_certified_says_so():
    others = (NEW[2] + np.arange(len(NEW[2])) % 2) % CLASSES
    found = core_units.select(NEW[0], NEW[1], others, TARGET, **OPTIONS)
    assert (found.certified, found.reached) == (False, False)
    assert found.lower_bound < 0.9
    assert "\nnot certified for new rows at 90% confidence: pointwise lower bound" in repr(found)
    text = repr(_halves())
    assert "\nat least 90% on new rows, with 90% confidence (pointwise lower bound 9" in text
    assert "if the calibration rows did not train the network" in text


def test_sets_above_a_mask_grow_one_by_one_and_then_double():
    mask = np.zeros(100, bool)
    mask[:10] = True
    order = np.random.default_rng(0).permutation(np.arange(10, 100))
    masks = larger_masks(mask, order)
    assert masks.sum(axis=1).tolist() == [100, 80, 40, *range(20, 10, -1)]
    assert masks[:, :10].all()
    np.testing.assert_array_equal(np.flatnonzero(masks[-2] & ~mask), np.sort(order[:2]))
    assert larger_masks(np.ones(4, bool), np.zeros(0, int)).shape == (0, 4)
    assert larger_masks(np.zeros(3, bool), np.array([2, 0, 1])).astype(int).tolist() == [
        [1, 1, 1],
        [1, 0, 1],
        [0, 0, 1],
    ]


def test_larger_sets_that_fail_on_the_searchs_rows_do_not_end_the_tests():
    # Four units that are harmless together, and closed together, but not if only some of them are open.
    def tail(hidden):
        some = jnp.abs(hidden[:, 2:6].sum(axis=1) - 2) < 1.5
        return jnp.stack([hidden[:, 0], hidden[:, 1] + 50 * some], axis=1)

    rows = np.random.default_rng(0).normal(size=(600, 9)).astype(np.float32)
    rows[:, 2:6] = 1
    predictions = np.asarray(tail(rows).argmax(axis=1))
    found = core_units.select(tail, rows, predictions, 1, **OPTIONS)
    assert (found.certified, found.units) == (True, 2)
    assert set(found.nested.sum(axis=1).tolist()) <= {9, 5, 4, 3, 2}
    network, hidden, _ = accept(tail, rows, predictions, None, scores="logits")
    data = core_units.class_data(predictions, 1, key=jax.random.key(0))
    evaluator = MaskEvaluator(network, hidden, predictions, data, 1)
    nested = nested_masks(evaluator, found.mask, 0.9, rows=100)
    rates = [evaluator.rate(mask) for mask in nested]
    assert rates[1] < 0.9
    kept = [rate >= max(rates[place:]) - 1e-9 for place, rate in enumerate(rates)]
    np.testing.assert_array_equal(without_doubtful(evaluator, nested), nested[kept])
    assert kept[0]
    assert not kept[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"holding": 1.0}, "holding: found 1.0, wanted a finite number, at least 0 and below 1"),
        ({"confidence": 0.5}, "confidence: found 0.5"),
        ({"confidence": "high"}, "confidence: found 'high'"),
        ({"confidence": None, "calibration": (HIDDEN, PREDICTIONS)}, "calibration: found rows without a confidence"),
        (
            {"calibration": (HIDDEN, PREDICTIONS)},
            "calibration: found the rows that are searched, wanted rows that serve",
        ),
        ({"calibration": HIDDEN}, r"calibration: found float32 \[300, 9\], wanted a pair \(hidden, predictions\)"),
        (
            {"calibration": (HIDDEN[:, 1:], PREDICTIONS)},
            r"calibration\[0\]: found shape \[300, 8\], wanted \[rows, 9\]",
        ),
        ({"calibration": (HIDDEN, PREDICTIONS[1:])}, r"calibration\[1\]: found shape \[299\]"),
        ({"calibration": (HIDDEN, PREDICTIONS + 3)}, r"calibration\[1\]: found 3 to 5, wanted whole numbers from 0 to"),
        ({"calibration": (HIDDEN.at[0, 0].set(np.nan), PREDICTIONS)}, r"calibration\[0\]: found NaN or infinity"),
        (
            {"holding": 0.99, "confidence": 0.95},
            r"hidden: found \d+ rows predicted as 0 and \d+ others in the half left for calibration, wanted at least "
            r"150 of each to certify",
        ),
        (
            {"calibration": (HIDDEN[:20], PREDICTIONS[:20])},
            r"calibration: found \d+ rows predicted as 0 and \d+ others, wanted at least 11 of each",
        ),
        (
            {"target": None, "holding": 0.99},
            "hidden: found 150 rows in the half left for calibration, wanted at least 230 to certify",
        ),
    ],
)
def test_bad_calibration_is_named(changes, message):
    given = {"tail": TAIL, "hidden": HIDDEN, "predictions": PREDICTIONS, "target": 0, **OPTIONS} | changes
    with pytest.raises(ValueError, match=f"^{message}"):
        inspect.unwrap(core_units.select)(**given)


def test_disjoint_sets_have_no_certificate_from_the_same_rows():
    for given in ({"confidence": 0.9}, {"calibration": (HIDDEN, PREDICTIONS)}):
        with pytest.raises(ValueError, match=f"^{next(iter(given))}: found one, wanted none: certify each set"):
            core_units.disjoint_sets(TAIL, HIDDEN, PREDICTIONS, 0, key=jax.random.key(0), **given)


def test_calls_with_a_confidence_compile_nothing_anew(assert_compiles):
    first = _halves()
    with assert_compiles(0):
        again = _halves()
        _halves(holding=0.85)
    jax.tree.map(np.testing.assert_array_equal, again, first)


# ------------------------------------------------------------------------------------- the whole procedure on new rows

HOLDING, CALIBRATED, DRAWS = 0.98, 2000, 500


def _network(seed, units=32):
    """Random weights, some of which hardly matter, and the class predicted for most nearly half of the rows."""
    draw = np.random.default_rng(seed)
    while True:
        first = draw.normal(size=(units, 7)) * np.exp(1.3 * draw.normal(size=(units, 1)))
        weights = first.astype(np.float32), draw.normal(size=(7, CLASSES)).astype(np.float32)
        tail = jax.tree_util.Partial(two_layers, tuple(map(jnp.asarray, weights)))
        shares = np.bincount(_rows(tail, draw, 4000)[1], minlength=CLASSES) / 4000
        target = int(np.abs(shares - 0.5).argmin())
        if 0.25 <= shares[target] <= 0.75:
            return tail, target, draw


def _rows(tail, draw, rows):
    hidden = np.maximum(draw.normal(0.3, 1, (rows, len(tail.args[0][0]))), 0).astype(np.float32)
    return hidden, np.asarray(jax.jit(tail)(hidden)).argmax(axis=1)


def _fresh(tail, target, masks, draw, draws):
    """Decisions that hold of each group, for many draws of calibration rows [draws, masks, 2], and the true rates."""
    decide = jax.jit(lambda hidden, mask: tail(hidden * mask[None]).argmax(axis=1) == target)
    held = ([], [])
    while min(sum(map(len, side)) for side in held) < draws * CALIBRATED:
        hidden, predictions = _rows(tail, draw, 100_000)
        own = np.stack([decide(hidden, mask) for mask in masks], axis=1) == (predictions == target)[:, None]
        for side, group in zip(held, (predictions == target, predictions != target), strict=True):
            side.append(own[group])
    sides = [np.concatenate(side) for side in held]
    counts = [side[: draws * CALIBRATED].reshape(draws, CALIBRATED, -1).sum(axis=1) for side in sides]
    return np.stack(counts, axis=-1), np.mean([side.mean(axis=0) for side in sides], axis=0)


@pytest.mark.slow
def test_certified_selections_hold_on_new_rows_and_are_not_much_larger():
    """20 networks, each searched once; 500 draws of 2,000 calibration rows of either group for each."""
    false, ratios = [], []
    for seed in range(20):
        tail, target, draw = _network(seed)
        search, given = (_rows(tail, draw, rows) for rows in (8000, 8000))
        options = {"key": jax.random.key(seed), "holding": HOLDING} | TRAINING
        plain = core_units.select(tail, *search, target, **options)
        found = core_units.select(tail, *search, target, **options, confidence=0.95, calibration=given)
        assert found.certified
        counts, rates = _fresh(tail, target, found.nested, draw, DRAWS)
        places = last_in_sequence(balanced_limit(counts, (CALIBRATED, CALIBRATED), 0.05), HOLDING)
        false.append(np.sum((places >= 0) & (rates[places] < HOLDING)))
        ratios.append(found.nested.sum(axis=1)[places].mean() / plain.units)
    # One-sided: 99%.
    upper = scipy.stats.binomtest(int(np.sum(false)), 20 * DRAWS).proportion_ci(0.98).high
    assert upper <= 0.065, false
    assert max(false) <= scipy.stats.binom.ppf(1 - 0.01 / 20, DRAWS, 0.05), false
    assert np.mean(ratios) <= 1.3, ratios
    print(f"false: {false}, {np.mean(false) / DRAWS:.4f}, at most {upper:.4f}; units: {np.round(ratios, 2).tolist()}")
