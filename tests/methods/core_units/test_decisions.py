import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax import networks
from interp_jax.methods import core_units
from interp_jax.methods.core_units.decisions import decided, margins, tolerance_of
from tests import reference
from tests.methods.core_units.planted import CLASSES, ROWS, UNITS, dense, in_numpy, planted

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False)
# Ties and constant rows are frequent among few values; one shape, because each is compiled.
SCORE = st.one_of(st.sampled_from([-1e30, -1.0, 0.0, 1.0, 1.0 + 2**-20, 1e30, 3e38]), FINITE)
SCORES = st.lists(st.lists(SCORE, min_size=3, max_size=3), min_size=2, max_size=2).map(np.float32)

TAIL, HIDDEN, PREDICTIONS, USEFUL = planted()
MASK = USEFUL & (np.arange(UNITS) % 4 > 0)

_center_score = jax.jit(core_units.center_score)
_is_target = jax.jit(core_units.is_target)
_slopes = jax.jit(jax.grad(lambda scores, weight: jnp.sum(core_units.center_score(scores, 1, weight)), (0, 1)))
_rate = jax.jit(core_units.holding_rate, static_argnames=("classifier", "batch_size"))


@given(SCORES, st.integers(0, 2), st.floats(0.125, 64, width=32))
@settings(max_examples=60, deadline=None)
def test_center_scores_are_the_papers_formula(scores, target, weight):
    found = np.asarray(_center_score(scores, target, weight))
    wanted = [reference.center_score(row.astype(np.float64), target, weight) for row in scores]
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert np.all((found >= 0) & (found <= 1))
    for slope in _slopes(scores, weight):
        assert not np.any(np.isnan(slope))


def test_center_scores_do_not_depend_on_the_scale():
    scores = jax.random.normal(jax.random.key(0), (2, 3))
    for scale in (1e-30, 1e30):
        np.testing.assert_allclose(_center_score(scale * scores, 1, 2.0), _center_score(scores, 1, 2.0), atol=1e-5)
    # Half precision is added up in full.
    half = core_units.center_score(1000 * scores.astype(jnp.float16), 1, 2.0)
    np.testing.assert_allclose(half, _center_score(scores, 1, 2.0), atol=5e-3)


def test_slopes_of_center_scores_are_those_of_the_formula():
    scores = np.array(jax.random.normal(jax.random.key(1), (2, 3)))
    slope, by_weight = _slopes(scores, 1.5)

    def total(scores, weight=1.5):
        return sum(reference.center_score(row, 1, weight) for row in scores)

    step = 1e-6 * np.eye(6).reshape(6, 2, 3)
    wanted = [(total(scores + each) - total(scores - each)) / 2e-6 for each in step]
    np.testing.assert_allclose(slope, np.reshape(wanted, (2, 3)), atol=1e-3)
    np.testing.assert_allclose(by_weight, (total(scores, 1.501) - total(scores, 1.499)) / 0.002, atol=1e-3)


@given(SCORES, st.integers(0, 2))
@settings(max_examples=60, deadline=None)
def test_the_target_is_what_numpys_argmax_gives(scores, target):
    np.testing.assert_array_equal(_is_target(scores, target), scores.argmax(axis=1) == target)
    targets = np.array([target, 2 - target])
    np.testing.assert_array_equal(core_units.is_target(scores, targets), scores.argmax(axis=1) == targets)


def test_nothing_is_the_target_of_nan_or_of_a_class_without_score():
    assert not np.any(core_units.is_target(jnp.array([[jnp.nan, 1.0], [1.0, jnp.nan]]), jnp.array([1, 0])))
    for target in (-1, 2):
        assert not np.any(_is_target(jnp.ones((2, 3))[:, :2], target))
        np.testing.assert_array_equal(_center_score(jnp.ones((2, 3))[:, :2], target), 0)


def test_a_single_class_is_always_decided_for():
    scores = jnp.array([[3.0], [-1e30]])
    np.testing.assert_array_equal(core_units.is_target(scores, 0), True)
    np.testing.assert_array_equal(core_units.center_score(scores, 0, 5.0), 1)


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=4, max_size=4), st.integers(0, 3), st.booleans())
@settings(max_examples=40, deadline=None)
def test_rates_of_decisions_are_means_of_two_shares(rows, target, own):
    predictions, decisions = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    target = predictions if own else np.full(4, target)
    groups = [decisions[predictions == target], ~decisions[predictions != target]]
    wanted = np.mean([group.mean() for group in groups if len(group)])
    np.testing.assert_allclose(core_units.rate_held(decisions, predictions, target), wanted, atol=1e-6)


def test_rows_without_a_prediction_are_in_neither_group():
    decisions, predictions = np.array([True, False, True, False]), np.array([1, 1, 0, -1])
    assert float(core_units.rate_held(decisions, predictions, 1)) == 0.25


@pytest.mark.parametrize("weight", [0.5, 2.0])
def test_decisions_within_the_tolerance_are_those_of_center_scores_of_one_half(weight):
    scores = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    found = decided(scores, 1, tolerance_of("center", np.float32(weight)))
    np.testing.assert_array_equal(found, np.asarray(core_units.center_score(scores, 1, weight)) >= 0.5)
    assert np.any(found & (scores.argmax(axis=1) != 1))
    np.testing.assert_array_equal(decided(scores, 1, tolerance_of("argmax", weight)), scores.argmax(axis=1) == 1)


def test_equal_scores_are_decided_for_the_first_class_unless_there_is_a_tolerance():
    ties = np.ones((2, 3), np.float32)
    assert np.asarray(decided(ties, np.array([0, 1]), 0.0)).tolist() == [True, False]
    assert np.asarray(decided(ties, np.array([0, 1]), 1e-6)).tolist() == [True, True]


def test_differences_of_the_largest_scores_do_not_overflow():
    scores = np.float32([[3.3e38, -3.3e38, 0], [0, 3.3e38, -3.3e38]])
    np.testing.assert_allclose(margins(scores, 0), margins(scores * np.float32(1e-30), 0), rtol=1e-5)


MASKS = np.stack([MASK, USEFUL, np.ones(UNITS, bool), np.zeros(UNITS, bool)])


@pytest.mark.parametrize(("classifier", "weight"), [("argmax", None), ("center", 2.0)])
def test_rates_agree_with_the_transcription_alone_and_as_lanes(classifier, weight):
    options = {"classifier": classifier, "batch_size": 64, **({} if weight is None else {"weight": weight})}

    def rate(mask, target):
        return core_units.holding_rate(TAIL, HIDDEN, PREDICTIONS, target, mask, **options)

    lanes = jax.jit(jax.vmap(jax.vmap(rate, (None, 0)), (0, None)))(MASKS, jnp.arange(CLASSES))
    for mask, row in zip(MASKS, np.asarray(lanes), strict=True):
        for target in range(CLASSES):
            wanted = reference.holding_rate(in_numpy(TAIL), HIDDEN, PREDICTIONS, target, mask, weight)
            np.testing.assert_allclose(row[target], wanted, atol=1e-6)
            np.testing.assert_allclose(rate(mask, target), wanted, atol=1e-6)


def test_networks_are_lanes():
    nets = [dense(seed)[0] for seed in (1, 2)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *nets)
    lanes = jax.vmap(lambda net: core_units.holding_rate(net, HIDDEN, PREDICTIONS, 1, MASK))(stacked)
    for net, found in zip(nets, lanes, strict=True):
        np.testing.assert_allclose(found, core_units.holding_rate(net, HIDDEN, PREDICTIONS, 1, MASK), atol=1e-6)


def test_all_units_hold_everything_and_no_units_hold_one_side():
    for target in range(CLASSES):
        assert float(_rate(TAIL, HIDDEN, PREDICTIONS, target, np.ones(UNITS, bool))) == 1
        # Equal scores are decided for the first class, always or never right.
        assert float(_rate(TAIL, HIDDEN, PREDICTIONS, target, np.zeros(UNITS, bool))) == 0.5
    assert float(core_units.holding_rate(TAIL, HIDDEN, PREDICTIONS, None, np.ones(UNITS, bool))) == 1


def test_one_group_alone_gives_its_own_rate():
    never, always = np.where(PREDICTIONS == 1, 0, PREDICTIONS), np.ones(ROWS, int)
    decided = np.asarray(TAIL(HIDDEN * MASK[None])).argmax(axis=1)
    np.testing.assert_allclose(_rate(TAIL, HIDDEN, never, 1, MASK), np.mean(decided != 1), atol=1e-6)
    np.testing.assert_allclose(_rate(TAIL, HIDDEN, always, 1, MASK), np.mean(decided == 1), atol=1e-6)
    found = core_units.holding_rate(TAIL, HIDDEN, PREDICTIONS, None, MASK)
    np.testing.assert_allclose(found, np.mean(decided == PREDICTIONS), atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_rates_do_not_depend_on_the_batch_size(batch_size):
    wanted = _rate(TAIL, HIDDEN, PREDICTIONS, 2, MASK)
    assert float(_rate(TAIL, HIDDEN, PREDICTIONS, 2, MASK, batch_size=batch_size)) == float(wanted)


def test_masks_may_have_the_form_of_the_layer_or_go_by_layer():
    images = HIDDEN.reshape(ROWS, 3, 3)
    elements = core_units.holding_rate(TAIL, images, PREDICTIONS, 0, MASK.reshape(3, 3))
    assert float(elements) == float(_rate(TAIL, HIDDEN, PREDICTIONS, 0, MASK))

    def by_layer(hidden, masks):
        first, second = TAIL.args[0]
        inner = jax.nn.relu(jnp.matmul(hidden * masks["first"][None], first)) * masks["inner"][None]
        return jnp.matmul(inner, second)

    masks = {"inner": np.ones(7), "first": MASK}
    found = core_units.holding_rate(by_layer, HIDDEN, PREDICTIONS, 0, masks)
    assert float(found) == float(elements)
    # The three inner units that carry the scores gone, little is left.
    masks["inner"] = np.arange(7) >= 3
    assert float(core_units.holding_rate(by_layer, HIDDEN, PREDICTIONS, 0, masks)) < 0.9


@pytest.mark.slow
def test_lifted_tails_hold_as_much():
    net = networks.freeze(networks.perceptron(jax.random.key(0), (4, UNITS, CLASSES)))
    tail = net.after("relu1")
    predictions = np.asarray(tail(HIDDEN)).argmax(axis=1)
    lifted = core_units.holding_rate(networks.lift(tail, (UNITS,)), HIDDEN, predictions, 0, MASK)
    assert float(lifted) == float(core_units.holding_rate(tail, HIDDEN, predictions, 0, MASK))


def test_inputs_of_every_precision_are_taken():
    for dtype in (np.float64, np.float16, np.uint8):
        hidden = np.asarray(HIDDEN).astype(dtype)
        predictions = np.asarray(TAIL(jnp.asarray(hidden))).argmax(axis=1).astype(np.uint8)
        full = core_units.holding_rate(TAIL, hidden, predictions, np.int64(1), np.ones(UNITS))
        assert float(full) == 1


def test_values_without_bound_give_no_nan():
    hidden = jnp.where(jnp.arange(ROWS)[:, None] % 2 == 0, 1e30 * HIDDEN, 0)
    for classifier in ("argmax", "center"):
        assert 0 <= float(_rate(TAIL, hidden, PREDICTIONS, 0, MASK, classifier=classifier, batch_size=64)) <= 1


def test_memory_is_that_of_a_batch(assert_temp_bytes):
    rows, width = 4000, 64
    tail = jax.tree_util.Partial(lambda w, h: jax.nn.relu(h @ w) @ w.T, jnp.ones((8, width)))
    assert_temp_bytes(
        8 * 50 * width * 4 + 16 * rows,
        lambda tail, hidden: core_units.holding_rate(tail, hidden, jnp.zeros(rows, int), 0, jnp.ones(8), batch_size=50),
        tail,
        jnp.ones((rows, 8)),
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden": HIDDEN[:0], "predictions": PREDICTIONS[:0]}, r"hidden: found shape \[0, 9\]"),
        ({"hidden": HIDDEN[:, 0]}, r"hidden: found shape \[300\]"),
        ({"predictions": PREDICTIONS[1:]}, r"predictions: found shape \[299\], wanted whole numbers \[300\]"),
        ({"predictions": PREDICTIONS.astype(float)}, "predictions: found float64"),
        ({"target": CLASSES}, "target: found 3, wanted a whole number from 0 to 2"),
        ({"target": -1}, "target: found -1"),
        ({"mask": MASK[1:]}, r"mask: found shape \[8\], wanted the last axes of hidden, \[9\]"),
        ({"mask": np.ones((ROWS, UNITS))}, r"mask: found shape \[300, 9\]"),
        ({"mask": {}}, "mask: found no layers"),
        ({"classifier": "softmax"}, "classifier: found 'softmax', wanted one of 'argmax', 'center'"),
        ({"batch_size": 0}, "batch_size: found 0, wanted a whole number of at least 1"),
        ({"tail": lambda h: h[:, 0]}, r"tail: found float32 scores of shape \[1\] for one row"),
        ({"tail": lambda h: h @ jnp.ones((4, 2))}, r"tail: found one that fails on hidden units of shape \[9\]"),
        ({"tail": lambda h: (h, h)}, "tail: found tuple for one row"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    given = {"tail": TAIL, "hidden": HIDDEN, "predictions": PREDICTIONS, "target": 0, "mask": MASK} | changes
    with pytest.raises(ValueError, match=f"^{message}"):
        core_units.holding_rate(**given)


def test_what_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match="^tail: found 'net', wanted something callable"):
        core_units.holding_rate("net", HIDDEN, PREDICTIONS, 0, MASK)
