"""What patches say for a class: against the closed form of linear networks and the algorithm written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax import networks
from interp_jax.methods.attribution import prediction_difference
from interp_jax.methods.attribution._patches import Patches
from interp_jax.methods.attribution.patch_differences import _drawn
from tests import reference

CASES = {
    "image": ((5, 4, 2), 2, 1),
    "wide": ((5, 4, 2), (1, 3), 1),
    "signal": ((9,), 3, 2),
    "features": ((4,), 1, 1),
    "signal of channels": ((7, 2), 4, 3),
    "gray image": ((5, 4), (2, 2), 2),
    "whole": ((3, 3, 1), 3, 2),
}
TRANSCRIBED = {"image": "evidence", "wide": "probability", "signal of channels": "evidence", "signal": "information"}


def _rows(shape, rows, seed):
    return np.asarray(jax.random.normal(jax.random.key(seed), (rows, *shape)))


def _network(shape, linear, seed=0):
    first, second = (
        jax.random.normal(key, size)
        for key, size in zip(jax.random.split(jax.random.key(seed)), ((np.prod(shape), 6), (6, 3)), strict=True)
    )
    between = (lambda x: x) if linear else jnp.tanh
    return jax.tree_util.Partial(
        lambda first, second, x: between(x.reshape(len(x), -1) @ first) @ second, first, second
    ), np.asarray(first @ second)


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.slow) if case in TRANSCRIBED else case for case in CASES]
)
def test_a_linear_networks_differences_are_weights_times_distances_from_the_mean(case):
    shape, patch, stride = CASES[case]
    network, weights = _network(shape, linear=True)
    x, others, target = _rows(shape, 3, 1), _rows(shape, 5, 2), np.array([0, 2, 1])
    options = {"reference": others, "patch": patch, "stride": stride, "measure": "score"}
    # The batch divides neither the reference rows nor the lanes.
    found = prediction_difference(network, x, target, batch_size=3, **options)
    parts = (x - others.mean(0)) * weights.T[target].reshape(x.shape)
    patches = Patches.over(shape, patch, stride)
    inside = np.broadcast_to(patches.inside(jnp.arange(len(patches))), (len(patches), *shape)).reshape(len(patches), -1)
    np.testing.assert_allclose(found, patches.by_place(jnp.asarray(parts.reshape(3, -1) @ inside.T)), atol=1e-4)


@pytest.mark.parametrize("batch_size", [1, 8, pytest.param(1000, marks=pytest.mark.slow)])
def test_the_batches_change_nothing(batch_size):
    shape, patch, stride = CASES["image"]
    network, _ = _network(shape, linear=False)
    options = {"reference": _rows(shape, 5, 2), "patch": patch, "stride": stride}
    found = prediction_difference(network, _rows(shape, 3, 1), 1, batch_size=batch_size, **options)
    np.testing.assert_allclose(found, prediction_difference(network, _rows(shape, 3, 1), 1, **options), atol=1e-4)


@pytest.mark.parametrize(("case", "measure"), TRANSCRIBED.items())
def test_differences_agree_with_the_transcription(case, measure):
    shape, patch, stride = CASES[case]
    network, _ = _network(shape, linear=False)
    x, others = _rows(shape, 2, 1), _rows(shape, 4, 2)
    sides = Patches.over(shape, patch).sides
    found = prediction_difference(
        network, x, 1, reference=others, patch=patch, stride=stride, measure=measure, instances=50, batch_size=6
    )
    probabilities = jax.jit(lambda row: jax.nn.softmax(network(row[None])[0]))
    wanted = [
        reference.prediction_difference(
            lambda row: np.asarray(probabilities(row), np.float64), row, 1, others, sides, stride, measure, 50
        )
        for row in x
    ]
    assert np.abs(wanted).max() > 0.05
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_the_last_patch_ends_where_the_row_does():
    assert [starts.tolist() for starts in Patches.over((5, 4, 3), patch=2, stride=2).starts] == [[0, 2, 3], [0, 2]]


def test_each_patch_draws_reference_rows_of_its_own_all_equally_likely():
    drawn = np.asarray(_drawn(jax.random.key(0), jnp.arange(50), samples=20, rows=4))
    assert len(np.unique(drawn, axis=0)) == 50
    np.testing.assert_allclose(np.bincount(drawn.ravel(), minlength=4) / drawn.size, 1 / 4, atol=0.06)


def test_evidence_for_a_planted_class_lies_on_what_it_looks_at():
    """Class 1 is a bright corner; a network that looks there, and one that looks everywhere alike."""
    image, dark = np.zeros((1, 6, 6, 1), np.float32), np.zeros((2, 6, 6, 1), np.float32)
    image[0, :2, :2] = 1
    corner = jax.tree_util.Partial(lambda w, x: jnp.stack([0 * x[:, 0, 0, 0], w * x[:, :2, :2].sum((1, 2, 3)) - 2], 1))
    found = prediction_difference(jax.tree_util.Partial(corner, jnp.float32(1)), image, 1, reference=dark, patch=2)
    assert float(found[0, 0, 0]) == np.max(found) > 0
    np.testing.assert_allclose(found[0, 3:], 0, atol=1e-6)
    np.testing.assert_allclose(found[0, :, 3:], 0, atol=1e-6)
    against = prediction_difference(jax.tree_util.Partial(corner, jnp.float32(1)), image, 0, reference=dark, patch=2)
    np.testing.assert_allclose(against, -found, atol=1e-5)


def test_certainty_stays_finite():
    network = jax.tree_util.Partial(lambda w, x: w * x, jnp.float32(1e4))
    x = np.array([[1.0, -1.0], [-1.0, 1.0]], np.float32)
    found = prediction_difference(network, x, 0, reference=-x[:1], patch=2, instances=100)
    sure = np.log2(101 / 1)
    np.testing.assert_allclose(found, [[2 * sure, 2 * sure], [0, 0]], rtol=1e-5, atol=1e-6)


def test_rows_of_the_reference_that_are_the_row_itself_change_nothing():
    network, _ = _network((9,), linear=False)
    x = _rows((9,), 1, 0)
    for measure in ("evidence", "information", "probability", "score"):
        found = prediction_difference(network, x, 0, reference=np.repeat(x, 3, 0), patch=2, measure=measure)
        np.testing.assert_allclose(found, 0, atol=1e-5)


@pytest.mark.slow
def test_samples_stand_for_the_whole_reference():
    network, _ = _network((9,), linear=False)
    x, others = _rows((9,), 2, 0), _rows((9,), 20, 1)

    def differences(**options):
        return prediction_difference(network, x, 1, reference=others, patch=3, measure="probability", **options)

    key = jax.random.key(0)
    drawn = differences(samples=2000, key=key)
    np.testing.assert_allclose(drawn, differences(), atol=0.03)
    np.testing.assert_allclose(drawn, differences(samples=2000, key=key, batch_size=300), atol=1e-5)
    few = [differences(samples=2, key=jax.random.key(seed)) for seed in (0, 1)]
    assert np.abs(few[0] - few[1]).max() > 0.01
    # The draw does not depend on the other rows.
    alone = prediction_difference(
        network, x[1:], 1, reference=others, patch=3, measure="probability", samples=2, key=key
    )
    np.testing.assert_allclose(alone[0], few[0][1], atol=1e-6)


def test_a_target_that_is_no_class_is_told_by_nan():
    network, _ = _network((4,), linear=False)
    found = prediction_difference(
        network, _rows((4,), 3, 0), np.array([0, 3, -1]), reference=_rows((4,), 2, 1), patch=2, measure="score"
    )
    np.testing.assert_array_equal(np.isnan(found).all(1), [False, True, True])
    assert np.isfinite(found[0]).all()


def test_another_network_target_or_reference_compiles_nothing(assert_compiles):
    x, others = _rows((9,), 2, 0), _rows((9,), 4, 1)
    first, second = (networks.freeze(networks.perceptron(jax.random.key(seed), (9, 4, 5))) for seed in (0, 1))
    options = {"patch": 4, "stride": 4, "measure": "score"}
    one = prediction_difference(first, x, 3, reference=others, **options)
    with assert_compiles(0):
        two = prediction_difference(second, x[::-1], 4, reference=-others, **options)
    assert one.shape == two.shape == (2, 9)
    assert not np.allclose(one, two)


def test_memory_is_that_of_a_batch(assert_temp_bytes):
    """However many rows, patches and reference rows: 2 000 · 25 · 3 000 changed rows of 4 kB here."""
    features, hidden, batch_size = 1000, 200, 64
    weights = jnp.ones((features, hidden)), jnp.ones((hidden, 3))
    network = jax.tree_util.Partial(lambda weights, x: jnp.tanh(x @ weights[0]) @ weights[1], weights)
    x, others = jnp.ones((2000, features)), jnp.ones((3000, features))

    def differences(network, x, others, key, samples):
        options = {"patch": 40, "stride": 40, "samples": samples, "key": key, "batch_size": batch_size}
        return prediction_difference(network, x, 0, reference=others, **options)

    one_batch = batch_size * (features + hidden) * 4
    of_rows = 2000 * (2 * features + 25) * 4
    for samples in (None, 10):
        assert_temp_bytes(
            4 * one_batch + of_rows,
            lambda network, x, others, key, samples=samples: differences(network, x, others, key, samples),
            network,
            x,
            others,
            jax.random.key(0),
        )


def test_probabilities_are_refused_unless_they_are_named():
    network, _ = _network((4,), linear=False)
    x, options = _rows((4,), 2, 0), {"reference": _rows((4,), 3, 1), "patch": 2}
    with pytest.raises(ValueError, match="^network: found scores that are probabilities"):
        prediction_difference(lambda x: jax.nn.softmax(network(x)), x, 1, **options)
    found = prediction_difference(lambda x: jax.nn.softmax(network(x)), x, 1, scores="probabilities", **options)
    np.testing.assert_allclose(found, prediction_difference(network, x, 1, **options), atol=1e-4)


def test_token_ids_stay_whole_numbers():
    table = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    ids, others = np.array([[0, 6, 3]]), np.array([[1, 2, 5], [4, 4, 0]])
    found = prediction_difference(
        lambda ids: jnp.asarray(table)[ids].sum(axis=1), ids, 1, reference=others, patch=1, measure="score"
    )
    np.testing.assert_allclose(found, table[ids, 1] - table[others, 1].mean(axis=0, keepdims=True), atol=1e-5)


GOOD = {
    "network": lambda x: x.reshape(len(x), -1)[:, :3],
    "inputs": np.ones((2, 4, 5, 1), np.float32),
    "target": 1,
    "reference": np.zeros((3, 4, 5, 1), np.float32),
    "patch": 2,
}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"inputs": np.ones((0, 4, 5, 1))}, r"inputs: found shape \[0, 4, 5, 1\]"),
        ({"inputs": np.ones(3)}, r"inputs: found shape \[3\]"),
        ({"reference": np.ones((0, 4, 5, 1))}, r"reference: found shape \[0, 4, 5, 1\], wanted \[rows, "),
        ({"reference": np.ones((3, 4, 5, 2))}, r"reference: found shape \[3, 4, 5, 2\]"),
        ({"reference": np.ones((), np.float32)}, r"reference: found shape \[\]"),
        ({"patch": 5}, r"patch: found sides \(5, 5\), wanted at least 1 and at most the inputs' \(4, 5\)"),
        ({"patch": 2.0}, "patch: found 2.0, wanted a whole number of at least 1"),
        ({"patch": 0}, "patch: found 0, wanted a whole number of at least 1"),
        ({"patch": (1, 1, 1, 1)}, r"patch: found sides \(1, 1, 1, 1\)"),
        ({"patch": ()}, r"patch: found sides \(\)"),
        ({"stride": 3}, r"stride: found \(3, 3\), wanted at least 1 and at most the patch's \(2, 2\)"),
        ({"stride": (1,)}, r"stride: found \(1,\)"),
        ({"stride": 0}, "stride: found 0, wanted a whole number of at least 1"),
        ({"measure": "odds"}, "measure: found 'odds', wanted one of 'evidence'"),
        ({"samples": 3}, "key: found None for 3 samples"),
        ({"samples": 0, "key": jax.random.key(0)}, "samples: found 0"),
        ({"instances": 0}, "instances: found 0"),
        ({"batch_size": 0}, "batch_size: found 0"),
        ({"target": 3}, "target: found 3, wanted a whole number from 0 to 2"),
        ({"target": np.array([0, 1, 2])}, r"target: found shape \[3\], wanted whole numbers \[2\]"),
        ({"target": 0.5}, "target: found 0.5"),
        ({"reference": np.full((3, 4, 5, 1), 2**40)}, "reference: found 1099511627776 to"),
        ({"samples": 2, "key": 0}, "key: found 0, wanted a JAX random key"),
        ({"network": lambda x: x @ jnp.ones((3, 2))}, "network: found a failure on inputs"),
        ({"network": lambda x: x[:, 0, 0]}, r"network: found outputs of shape \[2, 1\], wanted scores of at least 2"),
        ({"network": lambda x: x}, r"network: found outputs of shape \[2, 4, 5, 1\]"),
    ],
)
def test_bad_arguments_are_named(changed, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        prediction_difference(**GOOD | changed)


# Few shapes, because each is compiled.
@given(
    size=st.sampled_from([1, 7]),
    side=st.sampled_from([1, 3, 7]),
    step=st.sampled_from([1, 2, 4]),
    seed=st.integers(0, 9),
)
@settings(max_examples=40, deadline=None)
def test_every_place_gets_the_mean_of_the_patches_that_hold_it(size, side, step, seed):
    if not step <= side <= size:
        with pytest.raises(ValueError, match="^(patch|stride): found"):
            Patches.over((size,), side, step)
        return
    patches = Patches.over((size,), side, step)
    values = np.random.default_rng(seed).normal(size=(2, len(patches))).astype(np.float32)
    inside = np.asarray(patches.inside(jnp.arange(len(patches))))
    assert (inside.sum(1) == side).all()
    assert inside.any(0).all()
    np.testing.assert_allclose(patches.by_place(jnp.asarray(values)), values @ inside / inside.sum(0), atol=1e-5)
