"""What stands in for closed units: each ablation is a row-by-row transcription's, on every kind of tail."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax import networks
from interp_jax.methods import core_units
from interp_jax.methods.core_units._tails import (
    GatedTail,
    LinearGatedTail,
    SubsetGatedTail,
    gate_tail,
    with_replacement,
)
from interp_jax.methods.core_units.bounds import lower_limit
from tests.methods.core_units.planted import TRAINING, UNITS
from tests.methods.core_units.test_tails import OwnTail

KEY = jax.random.key(11)


def _flatten(x):
    return x.reshape(len(x), -1)


draw = np.random.default_rng(0)
DENSE = networks.freeze(networks.perceptron(jax.random.key(0), (4, UNITS, 7, 3))).after("relu1")
IMAGES = networks.Chain(
    conv=nnx.Conv(4, 5, (3, 3), rngs=nnx.Rngs(0)),
    relu=nnx.relu,
    flatten=_flatten,
    dense=nnx.Linear(80, 3, rngs=nnx.Rngs(1)),
)
NORMED = networks.cifar_cnn(jax.random.key(0), (8, 8, 3), channels=(4, 4)).after("max1")
VECTORS = jnp.asarray(np.abs(draw.normal(size=(60, UNITS))), jnp.float32)
MAPS = jnp.asarray(draw.normal(size=(40, 4, 4, 4)), jnp.float32)
OWN = OwnTail(DENSE.dense2.kernel[...], DENSE.dense3.kernel[...])
TAILS = {
    "dense": (DENSE, VECTORS),
    "lifted": (networks.lift(DENSE, (UNITS,)), VECTORS),
    "own": (OWN, VECTORS),
    "convolution": (networks.lift(IMAGES, (4, 4, 4)), MAPS),
    "narrowed": (networks.narrow(NORMED, (4, 4, 4)), MAPS),
}
OTHERS = [name for name in TAILS if name != "lifted"]


def _classes(tail, hidden):
    predictions = np.asarray(tail(hidden)).argmax(axis=1)
    return predictions, int(np.bincount(predictions).argmax())


def _replacements(hidden):
    draw = np.random.default_rng(1)
    return {
        "mean": core_units.replacement(hidden, "mean"),
        "constants": draw.normal(size=hidden.shape[-1]),
        "positions": draw.normal(size=hidden.shape[1:]),
        "resample": core_units.replacement(hidden, "resample", key=KEY, donors=17, draws=3),
    }


def _in_numpy(hidden, mask, replacement):
    """One row after the other, each with every one of its draws."""
    rows = []
    for number, row in enumerate(np.asarray(hidden)):
        if isinstance(replacement, core_units.Replacement) and replacement.ablation == "resample":
            donors = np.asarray(replacement.values)
            for chance in range(replacement.draws):
                key = jax.random.fold_in(replacement.key, number * replacement.draws + chance)
                donor = int(jax.random.randint(key, (), 0, len(donors)))
                if (donors[donor] == row).all():
                    donor = (donor + 1) % len(donors)
                rows.append(np.where(mask, row, donors[donor]))
        else:
            values = getattr(replacement, "values", replacement)
            rows.append(np.where(mask, row, np.broadcast_to(values, row.shape)))
    return np.stack(rows)


def _rate(tail, rows, predictions, target):
    decided = np.asarray(tail(jnp.asarray(rows, jnp.float32))).argmax(axis=1) == target
    positive = np.repeat(predictions, len(rows) // len(predictions)) == target
    return (decided[positive].mean() + (~decided[~positive]).mean()) / 2


@pytest.mark.parametrize("ablation", ["mean", "constants", "positions", "resample"])
@pytest.mark.parametrize("hidden", [VECTORS, pytest.param(MAPS, marks=pytest.mark.slow)], ids=["vectors", "maps"])
def test_closed_units_are_replaced_as_row_by_row(hidden, ablation):
    replacement, mask = _replacements(hidden)[ablation], np.arange(hidden.shape[-1]) % 3 == 0
    wanted = _in_numpy(hidden, mask, replacement)
    np.testing.assert_array_equal(core_units.masked(hidden, mask, replacement), wanted.astype(np.float32))
    np.testing.assert_array_equal(jax.jit(core_units.masked)(hidden, mask, replacement), wanted.astype(np.float32))


@pytest.mark.parametrize("name", ["lifted", *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)])
def test_rates_are_those_of_the_replaced_rows_on_every_kind_of_tail(name):
    tail, hidden = TAILS[name]
    predictions, target = _classes(tail, hidden)
    masks = np.random.default_rng(2).random((2, hidden.shape[-1])) < 0.5
    order = np.arange(hidden.shape[-1])[::-1]
    replacements = _replacements(hidden)
    for replacement in (replacements["positions"], replacements["resample"]):
        wanted = [_rate(tail, _in_numpy(hidden, mask, replacement), predictions, target) for mask in masks]
        found = core_units.holding_rates(tail, hidden, predictions, target, masks, ablation=replacement)
        np.testing.assert_allclose(found, wanted, atol=1e-6)
        one = core_units.holding_rate(tail, hidden, predictions, target, masks[0], ablation=replacement, batch_size=7)
        np.testing.assert_allclose(one, wanted[0], atol=1e-6)
        # Rows that are prepared once for all masks.
        found = core_units.nested_holding(tail, hidden, predictions, target, order, ablation=replacement)
        nested = (np.isin(np.arange(len(order)), order[:size]) for size in (0, 2))
        wanted = [_rate(tail, _in_numpy(hidden, mask, replacement), predictions, target) for mask in nested]
        np.testing.assert_allclose(found[[0, 2]], wanted, atol=1e-6)
        assert found[-1] == 1


@pytest.mark.parametrize("name", TAILS)
def test_zero_is_computed_as_before(name):
    """The same operations: gates multiply the rows, and nothing is added."""
    tail, hidden = TAILS[name]
    network = gate_tail(tail, hidden)
    gates = jnp.ones(hidden.shape[-1])
    assert with_replacement(network, hidden, None) is network
    direct = jax.make_jaxpr(network.direct)(hidden, gates)
    plain = jax.make_jaxpr(lambda hidden, gates: tail(hidden * jnp.broadcast_to(gates, hidden.shape)))(hidden, gates)
    assert str(direct) == str(plain)
    if isinstance(network, LinearGatedTail):
        prepared = network.prepare(hidden)
        assert str(jax.make_jaxpr(network.prepare)(hidden)) == str(jax.make_jaxpr(tail.lift_units)(hidden))
        scores = jax.make_jaxpr(network.scores)(prepared, gates)
        assert str(scores) == str(jax.make_jaxpr(tail.combine_units)(prepared, gates))


def test_constants_keep_the_fast_strategy_of_linear_tails_only():
    for name, strategy in (("lifted", LinearGatedTail), ("own", LinearGatedTail), ("narrowed", GatedTail)):
        tail, hidden = TAILS[name]
        network = with_replacement(gate_tail(tail, hidden), hidden, jnp.ones(hidden.shape[-1]))
        assert type(network) is strategy
    assert isinstance(gate_tail(*TAILS["narrowed"]), SubsetGatedTail)


class _NoMoreParts(OwnTail):
    def combine_units(self, lifted, gates):
        return super().combine_units(lifted.reshape(-1, UNITS, 7), gates)


jax.tree_util.register_dataclass(_NoMoreParts)


def test_a_linear_tail_that_takes_no_further_part_is_run_whole():
    tail = _NoMoreParts(OWN.first, OWN.second)
    assert type(gate_tail(tail, VECTORS)) is LinearGatedTail
    assert type(with_replacement(gate_tail(tail, VECTORS), VECTORS, jnp.ones(UNITS))) is GatedTail
    predictions, target = _classes(tail, VECTORS)
    masks = np.eye(UNITS, dtype=bool)[:2]
    found = (
        core_units.holding_rates(each, VECTORS, predictions, target, masks, ablation="mean") for each in (tail, OWN)
    )
    np.testing.assert_array_equal(*found)


def test_rates_are_the_same_under_jit_and_vmap_and_for_any_batch_size():
    predictions, target = _classes(DENSE, VECTORS)
    masks = jnp.asarray(np.random.default_rng(3).random((3, UNITS)) < 0.5)
    replacements = _replacements(VECTORS)
    for replacement in (replacements["mean"], replacements["resample"]):

        def rate(mask, replacement=replacement, batch_size=500):
            return core_units.holding_rate(
                DENSE, VECTORS, predictions, target, mask, ablation=replacement, batch_size=batch_size
            )

        eager = np.array([rate(mask) for mask in masks])
        np.testing.assert_allclose(jax.vmap(rate)(masks), eager, atol=1e-6)
        np.testing.assert_allclose(jax.jit(rate)(masks[0]), eager[0], atol=1e-6)
        np.testing.assert_array_equal(rate(masks[0], batch_size=13), eager[0])
    means = core_units.replacement(VECTORS, "mean")
    by_name = core_units.holding_rate(DENSE, VECTORS, predictions, target, masks[0], ablation="mean")
    assert by_name == core_units.holding_rate(DENSE, VECTORS, predictions, target, masks[0], ablation=means)


def test_a_rows_donors_depend_on_the_key_and_its_number_alone():
    nothing = np.zeros(UNITS, bool)
    replacement, other = (core_units.replacement(VECTORS, "resample", key=KEY, draws=2), jax.random.key(12))
    whole = core_units.masked(VECTORS, nothing, replacement)
    np.testing.assert_array_equal(core_units.masked(VECTORS[:20], nothing, replacement), whole[:40])
    again = core_units.replacement(VECTORS, "resample", key=KEY, draws=2)
    np.testing.assert_array_equal(core_units.masked(VECTORS, nothing, again), whole)
    differently = core_units.replacement(VECTORS, "resample", key=other, draws=2)
    assert not np.array_equal(core_units.masked(VECTORS, nothing, differently), whole)
    # Every row is some other one, and all are about equally likely.
    same = (np.asarray(whole)[:, None] == np.asarray(VECTORS)[None]).all(axis=2)
    assert same.any(axis=1).all()
    assert not same[np.arange(120), np.repeat(np.arange(60), 2)].any()
    assert same.sum(axis=0).max() < 12


def test_at_most_so_many_rows_are_donors_and_a_single_row_is_its_own():
    assert core_units.replacement(VECTORS, "resample", key=KEY, donors=5).values.shape == (5, UNITS)
    alone = core_units.replacement(VECTORS[:1], "resample", key=KEY)
    np.testing.assert_array_equal(
        core_units.masked(VECTORS[:1], np.zeros(UNITS, bool), alone), VECTORS[np.zeros(4, int)]
    )


def test_means_are_over_the_rows_and_the_places_that_share_a_gate():
    maps = np.asarray(MAPS, np.float64)
    np.testing.assert_allclose(core_units.replacement(MAPS, "mean").values, maps.mean(axis=(0, 1, 2)), rtol=1e-5)
    each = core_units.replacement(MAPS, "mean", mask_shape=MAPS.shape[1:])
    np.testing.assert_allclose(each.values, maps.mean(axis=0), rtol=1e-5)
    assert "means over 40 rows" in repr(each)


@pytest.mark.parametrize(
    ("ablation", "message"),
    [
        ("median", "found 'median', wanted one of 'zero', 'mean', 'resample'"),
        ("resample", "found 'resample' without a key"),
        (np.ones(UNITS - 1), r"found float32 \[8\], wanted constants \[units\]"),
        (np.full(UNITS, np.nan), "found"),
        (core_units.Replacement(jnp.ones((3, UNITS + 1)), KEY, "resample"), "found donors of shape"),
    ],
)
def test_ablations_that_do_not_fit_are_refused(ablation, message):
    predictions, target = _classes(DENSE, VECTORS)
    with pytest.raises(ValueError, match=f"^ablation: {message}"):
        core_units.holding_rate(DENSE, VECTORS, predictions, target, np.ones(UNITS, bool), ablation=ablation)


def test_masks_of_several_layers_are_their_tails_matter():
    def tail(hidden, masks):
        return DENSE(hidden * masks["only"][None])

    predictions, target = _classes(DENSE, VECTORS)
    masks = {"only": np.ones((1, UNITS), bool)}
    with pytest.raises(ValueError, match=r"^ablation: found 'mean' for masks of several layers, wanted 'zero'"):
        core_units.holding_rates(tail, VECTORS, predictions, target, masks, ablation="mean")


# -------------------------------------------------------------------------------------------------- search


def _threshold(rows=240):
    """A class above a threshold that a nearly constant unit carries: zero needs that unit, its mean does without it."""
    draw = np.random.default_rng(0)
    hidden = np.concatenate(
        [draw.random((rows, 1)), 0.5 + 0.002 * draw.normal(size=(rows, 1)), 0.3 * draw.random((rows, UNITS - 2))],
        axis=1,
    )
    tail = OwnTail(jnp.eye(UNITS)[:, :7], jnp.zeros((7, 3)).at[0, 1].set(1.0).at[1, 0].set(1.0))
    hidden = jnp.asarray(hidden, jnp.float32)
    return tail, hidden, np.asarray(tail(hidden)).argmax(axis=1)


OPTIONS = {"key": jax.random.key(1), "holding": 0.97, "starts": 2, "swaps": 2, **TRAINING}


@pytest.mark.parametrize(
    ("ablation", "wanted"),
    [
        ("mean", [0]),
        pytest.param("zero", [0, 1], marks=pytest.mark.slow),
        pytest.param("resample", [0], marks=pytest.mark.slow),
    ],
)
def test_the_set_found_depends_on_what_stands_in_for_the_others(ablation, wanted):
    tail, hidden, predictions = _threshold()
    core = core_units.select(tail, hidden, predictions, 1, ablation=ablation, **OPTIONS)
    assert np.flatnonzero(core.mask).tolist() == wanted
    assert core.reached
    rates = core_units.holding_rates(
        tail, hidden, predictions, 1, core.mask[None], data=core.rows, ablation=core.replacement
    )
    assert rates[0] == core.holding_rate
    assert (core.replacement is None) == (ablation == "zero")


@pytest.mark.slow
def test_baselines_order_units_by_what_stands_in_for_the_others():
    tail, hidden, predictions = _threshold()
    order = core_units.greedy(tail, hidden, predictions, 1, direction="backward", ablation="mean")
    assert order[0] == 0
    importance = core_units.gradient_times_activation(tail, hidden, 1, ablation="mean")
    assert int(np.argmax(importance)) == 0
    assert float(importance[1]) < 0.01 < float(core_units.gradient_times_activation(tail, hidden, 1)[1])


@pytest.mark.slow
def test_zeros_given_as_constants_find_what_zero_finds():
    tail, hidden, predictions = _threshold()
    zero = core_units.select(tail, hidden, predictions, 1, **OPTIONS)
    named = core_units.select(tail, hidden, predictions, 1, ablation="zero", **OPTIONS)
    constants = core_units.select(tail, hidden, predictions, 1, ablation=np.zeros(UNITS), **OPTIONS)
    jax.tree.map(np.testing.assert_array_equal, named, zero)
    np.testing.assert_array_equal(constants.mask, zero.mask)
    np.testing.assert_allclose(constants.gates, zero.gates, atol=1e-3)
    assert constants.holding_rate == zero.holding_rate


def test_other_constants_of_the_same_shape_compile_nothing(assert_compiles):
    tail, hidden, predictions = _threshold()
    for number, compiled in enumerate((None, 0)):
        constants = np.full(UNITS, 0.1 * number, np.float32)

        def search(constants=constants):
            core_units.holding_rates(tail, hidden, predictions, 1, np.eye(UNITS, dtype=bool), ablation=constants)
            return core_units.sweep(tail, hidden, predictions, [1], key=KEY, repeats=1, ablation=constants, **TRAINING)

        if compiled is None:
            search()
        else:
            with assert_compiles(0):
                search()


@pytest.mark.slow
def test_a_certificate_is_for_what_was_fixed_before_its_rows():
    tail, hidden, predictions = _threshold(600)
    core = core_units.select(
        tail, hidden, predictions, 1, ablation="mean", confidence=0.9, **OPTIONS | {"holding": 0.9}
    )
    assert core.certified
    assert core.units == 1
    # The means are those of the rows that did not certify, about half of all.
    assert core.replacement.rows + len(core.calibration_rows.rows) <= 600
    assert not np.allclose(core.replacement.values, np.asarray(hidden).mean(axis=0), rtol=1e-5)
    rates = core_units.holding_rates(
        tail, hidden, predictions, 1, core.nested, data=core.calibration_rows, ablation=core.replacement
    )
    assert rates[-1] >= 0.9
    for name in ("mean", "resample"):
        with pytest.raises(ValueError, match=f"^ablation: found '{name}' on the rows that are to certify"):
            core_units.certify(
                tail, hidden, predictions, 1, core.nested, holding=0.5, confidence=0.9, key=KEY, ablation=name
            )
    found = core_units.certify(
        tail, hidden, predictions, 1, core.nested, holding=0.9, confidence=0.9, key=KEY, ablation=core.replacement
    )
    assert found.certified
    assert "closed units at their means" in repr(found)


@pytest.mark.slow
def test_resampled_calibration_rows_have_one_donor_each_that_no_search_has_drawn():
    tail, hidden, predictions = _threshold(400)
    replacement = core_units.replacement(hidden[:200], "resample", key=KEY)
    masks = np.stack([np.ones(UNITS, bool), np.arange(UNITS) == 0])
    options = {"holding": 0.8, "confidence": 0.9, "negatives": False}
    found = core_units.certify(tail, hidden[200:], predictions[200:], 1, masks, ablation=replacement, **options)
    assert found.replacement.draws == 1
    rows = np.flatnonzero(predictions[200:] == 1)
    closed = _in_numpy(hidden[200:], masks[1], found.replacement)[rows]
    wanted = (np.asarray(tail(jnp.asarray(closed))).argmax(axis=1) == 1).mean()
    np.testing.assert_allclose(found.holding_rates[1], wanted, atol=1e-6)
    assert not np.array_equal(
        core_units.masked(hidden[200:], masks[1], found.replacement),
        np.asarray(core_units.masked(hidden[200:], masks[1], replacement))[:: replacement.draws],
    )


@pytest.mark.slow
def test_joint_selections_are_certified_at_a_level_for_each_class():
    tail, hidden, predictions = _threshold(600)
    options = OPTIONS | {"holding": 0.9, "confidence": 0.9}
    alone, joint = (core_units.select(tail, hidden, predictions, 1, joint=joint, **options) for joint in (False, True))
    assert joint.joint
    assert not alone.joint
    assert joint.lower_bound < alone.lower_bound
    assert "for all classes together" in repr(joint)
    held = core_units.holding_rates(tail, hidden, predictions, 1, joint.mask[None], data=joint.calibration_rows)[0]
    rows = len(joint.calibration_rows.rows)
    assert joint.lower_bound == pytest.approx(lower_limit(round(held * rows), rows, 0.1 / 3))
    with pytest.raises(ValueError, match="^joint: found True without a confidence"):
        core_units.select(tail, hidden, predictions, 1, joint=True, **OPTIONS)
    with pytest.raises(ValueError, match="^joint: found True for all classes at once"):
        core_units.select(tail, hidden, predictions, None, joint=True, **options)


@pytest.mark.slow
def test_a_sweep_trains_gates_between_units_and_what_stands_in():
    tail, hidden, predictions = _threshold()
    found = {
        ablation: core_units.sweep(tail, hidden, predictions, [1], key=KEY, repeats=1, ablation=ablation, **TRAINING)
        for ablation in ("zero", "mean")
    }
    assert found["zero"].replacement is None
    np.testing.assert_allclose(found["mean"].replacement.values, np.asarray(hidden).mean(axis=0), rtol=1e-5)
    held = {name: result.units[0][result.holding_rate[0] > 0.95].min() for name, result in found.items()}
    assert (held["mean"], held["zero"]) == (1, 2)
