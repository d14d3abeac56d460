import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax.methods import attribution
from tests import reference

WEIGHTS = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
CURVES = ("deletion", "insertion")


def _network(x):
    return jnp.tanh(x) @ WEIGHTS


def _probability(target):
    def of(x):
        scores = np.tanh(x) @ WEIGHTS
        return np.exp(scores[target]) / np.exp(scores).sum()

    return of


def _rows(seed):
    random = np.random.default_rng(seed)
    inputs = random.uniform(0.1, 1, (4, 6)) * (random.random((4, 6)) < 0.7)
    importance = np.round(random.normal(size=(4, 6)), 0)  # with ties
    return inputs.astype(np.float32), importance.astype(np.float32), random.integers(0, 3, 4)


@given(st.integers(0, 9999))
@settings(max_examples=25, deadline=None)
def test_curves_are_made_place_by_place(seed):
    inputs, importance, target = _rows(seed)
    found = attribution.removal_curves(_network, inputs, importance, target, steps=5)
    for row in range(4):
        wanted = reference.deletion_curve(_probability(target[row]), inputs[row], importance[row], 5)
        np.testing.assert_allclose(found.deletion[row], wanted, rtol=1e-5)
        np.testing.assert_allclose(found.deletion_area[row], np.trapezoid(wanted, dx=1 / 5), rtol=1e-5)
        np.testing.assert_allclose(found.insertion_area[row], np.trapezoid(found.insertion[row], dx=1 / 5), rtol=1e-5)


@given(st.integers(0, 9999))
@settings(max_examples=25, deadline=None)
def test_invariants(seed):
    inputs, importance, target = _rows(seed)
    found = attribution.removal_curves(_network, inputs, importance, target, steps=5)
    np.testing.assert_allclose(found.deletion[:, 0], found.insertion[:, -1], rtol=1e-5)
    np.testing.assert_allclose(found.deletion[:, -1], 1 / 3, rtol=1e-5)  # of an empty row all scores are 0
    np.testing.assert_allclose(found.insertion[:, 0], 1 / 3, rtol=1e-5)
    stretched = attribution.removal_curves(_network, inputs, 3 * importance + 1, target, steps=5)
    jax.tree.map(np.testing.assert_array_equal, stretched, found)
    # The importance of blank places changes nothing.
    other = np.where(inputs == 0, 100, importance)
    jax.tree.map(
        np.testing.assert_array_equal, attribution.removal_curves(_network, inputs, other, target, steps=5), found
    )


def test_the_order_of_true_effects_beats_its_reverse():
    inputs = np.ones((1, 6), np.float32)
    effects = np.tanh(inputs) * WEIGHTS[:, 0]

    def linear(x):
        return jnp.stack([x @ WEIGHTS[:, 0], jnp.zeros(len(x))], axis=1)

    good, bad = (attribution.removal_curves(linear, inputs, sign * effects, 0, steps=6) for sign in (1, -1))
    assert good.deletion_area[0] < bad.deletion_area[0]
    assert good.insertion_area[0] > bad.insertion_area[0]
    np.testing.assert_allclose(good.deletion, bad.insertion[:, ::-1], rtol=1e-5)


@pytest.mark.parametrize("kind", [np.int32, np.uint32, np.int64, np.float64])
def test_neighboring_numbers_that_float32_makes_equal_are_ranked(kind):
    inputs, _, target = _rows(0)
    ranks = np.tile([3, 1, 0, 5, 4, 2], (4, 1))
    wanted = attribution.removal_curves(_network, inputs, ranks.astype(np.float32), target, steps=5)
    found = attribution.removal_curves(_network, inputs, (2**25 + ranks).astype(kind), target, steps=5)
    jax.tree.map(np.testing.assert_array_equal, found, wanted)


def test_images_and_another_baseline():
    images = np.random.default_rng(1).uniform(0, 1, (2, 3, 2, 1)).astype(np.float32)
    images[0, 0] = 0.5
    found = attribution.removal_curves(
        lambda x: _network(x.reshape(len(x), -1) - 0.5), images, images, np.array([0, 1]), baseline=0.5, steps=4
    )
    np.testing.assert_allclose(found.deletion[:, -1], 1 / 3, rtol=1e-5)


def test_gradients_of_a_linear_network_are_its_weights():
    inputs, _, target = _rows(0)
    wanted = inputs * WEIGHTS[:, target].T

    def linear(x):
        return jnp.matmul(x, WEIGHTS, precision="highest")

    np.testing.assert_allclose(attribution.gradient_times_input(linear, inputs, target), wanted, rtol=1e-5)
    np.testing.assert_allclose(attribution.integrated_gradients(linear, inputs, target), wanted, rtol=1e-4, atol=1e-6)


def test_integrated_gradients_add_up_to_the_score():
    inputs, _, target = _rows(3)
    found = attribution.integrated_gradients(_network, inputs, target, baseline=-0.5)
    scores = np.asarray(_network(inputs)), np.asarray(_network(np.full_like(inputs, -0.5)))
    wanted = [scores[0][row, target[row]] - scores[1][row, target[row]] for row in range(4)]
    np.testing.assert_allclose(found.sum(axis=1), wanted, atol=1e-4)
    slopes = attribution.gradient_times_input(_network, inputs, target)
    assert np.abs(slopes - attribution.integrated_gradients(_network, inputs, target)).max() > 0.01


def test_traced_and_lanes_are_the_same(assert_compiles):
    inputs, importance, target = _rows(0)
    wanted = attribution.removal_curves(_network, inputs, importance, target)
    with assert_compiles(0):
        attribution.removal_curves(_network, inputs[::-1].copy(), importance, target)

    def curves(inputs):
        return attribution.removal_curves(_network, inputs, importance, target)

    lanes = jax.jit(jax.vmap(curves))(np.stack([inputs, inputs + 0.1]))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[0], b, rtol=1e-5), lanes, wanted)


def _read(inputs, importance, target):
    curves = attribution.removal_curves(_network, inputs, importance, target)
    slopes = attribution.gradient_times_input(_network, inputs, target)
    return curves.deletion_area, slopes, attribution.integrated_gradients(_network, inputs, target, nodes=2)


def test_a_traced_target_that_is_no_class_gives_nan():
    inputs, importance, _ = _rows(0)
    found = jax.jit(_read)(inputs, importance, np.array([0, -1, 3, 1]))
    wanted = _read(inputs, importance, np.array([0, 0, 0, 1]))
    for each, right in zip(found, wanted, strict=True):
        assert np.all(np.isnan(each[1:3]))
        np.testing.assert_allclose(each[::3], right[::3], rtol=1e-5)


@pytest.mark.parametrize(("target", "given"), [(-1, "-1"), (3, "3"), (np.array([0, 1, 2, 3]), "0 to 3")])
def test_a_target_that_is_no_class_is_refused(target, given):
    inputs, importance, _ = _rows(0)
    for call in (
        lambda: attribution.removal_curves(_network, inputs, importance, target),
        lambda: attribution.gradient_times_input(_network, inputs, target),
        lambda: attribution.integrated_gradients(_network, inputs, target),
    ):
        with pytest.raises(ValueError, match=f"^target: found {given}, wanted (a )?whole numbers? from 0 to 2$"):
            call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda x, m, y: attribution.removal_curves(_network, x, m[1:], y),
            r"importance: found float32 \[3, 6\], wanted the shape",
        ),
        (lambda x, m, y: attribution.removal_curves(_network, x, m, y, steps=0), "steps: found 0"),
        (lambda x, m, y: attribution.removal_curves(_network, x[:0], m[:0], y), r"inputs: found shape \[0, 6\]"),
        (lambda x, m, y: attribution.gradient_times_input(_network, x, y[1:]), r"target: found shape \[3\]"),
        (lambda x, m, y: attribution.gradient_times_input(_network, x, y * 1.0), "target: found float"),
        (lambda x, m, y: attribution.integrated_gradients(_network, x, y, nodes=0), "nodes: found 0"),
        (
            lambda x, m, y: attribution.gradient_times_input(lambda x: x.sum(axis=1), x, y),
            r"network: found outputs of shape \[4\], wanted scores of .* \[4, classes\]",
        ),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call(*_rows(0))


def _area(importance):
    inputs = np.full((1, 4), 1.0, np.float32)
    curves = attribution.removal_curves(
        lambda x: x @ jnp.asarray([[3.0, 0], [2, 0], [1, 0], [0.5, 0]]), inputs, importance, 0, steps=4
    )
    return float(curves.deletion_area[0])


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.float16])
def test_the_type_of_the_importance_does_not_change_the_order(kind):
    importance = np.array([[100, 50, 1, 0]])
    assert _area(importance.astype(kind)) == _area(importance.astype(np.float32)) < _area(-importance)
    mask = np.array([[False, True, False, False]])
    assert _area(mask) == _area(mask.astype(np.float32))


@pytest.mark.parametrize("offset", [1e9, 2**40])
def test_importance_that_float32_cannot_tell_apart_is_ordered(offset):
    importance = np.array([[3, 2, 1, 0]])
    assert _area(importance + offset) == _area(importance)
    assert _area(importance + np.int64(offset)) == _area(importance)
    assert _area(-importance * 1e-42) == _area(-importance)


PROBABILITIES = jax.tree_util.Partial(lambda x: jax.nn.softmax(_network(x), axis=1))


def test_probabilities_are_refused_unless_they_are_named():
    inputs, importance, target = _rows(0)
    for call in (
        lambda network, **options: attribution.removal_curves(network, inputs, importance, target, **options),
        lambda network, **options: attribution.gradient_times_input(network, inputs, target, **options),
        lambda network, **options: attribution.integrated_gradients(network, inputs, target, nodes=2, **options),
    ):
        with pytest.raises(ValueError, match="^network: found scores that are probabilities"):
            call(PROBABILITIES)
        with pytest.raises(ValueError, match="^network: found scores that are no probabilities"):
            call(_network, scores="probabilities")
        log_probabilities = call(lambda x: jax.nn.log_softmax(_network(x), axis=1))
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6),
            call(PROBABILITIES, scores="probabilities"),
            log_probabilities,
        )
