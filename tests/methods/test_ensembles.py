"""Every traceable method goes through jit, vmap over an ensemble, and rows spread over two devices."""

import functools

import jax
import jax.extend
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax import networks
from interp_jax.kernels import jumps
from interp_jax.methods import (
    ablation,
    ascent,
    attribution,
    averages,
    deviation,
    embedding,
    filters,
    hierarchy,
    sensitivity,
    specificity,
)
from tests.matrix_products import matrix_products
from tests.surface import kind_of, public_functions

SIGNALS = jax.random.normal(jax.random.key(0), (6, 100))
LABELS = jnp.array([0, 1, 2, 0, 1, 2])
KEYS = jax.random.split(jax.random.key(1), 3)
UNITS = jnp.arange(100) % 3 == 0
OPTIMUM = jumps.posterior_network().weights
SIGNS = jnp.ones(5)
TRIANGLE = jnp.tri(3, dtype=bool)
WEIGHTS = jnp.stack([jnp.arange(6), jnp.ones(6, int)])
LNNS = [networks.lnn.init(key, (100, 5, 60)) for key in KEYS[:2]]


def _segments(net):
    return net.until(net.stage_names[0]), net.after(net.stage_names[0])


def _few_units(net, x):
    """Signals, the first hidden units and outputs: few, so that no two units are so alike that rounding decides."""
    hidden, outputs = ablation.intact_layers(_segments(net), x)
    return x, hidden[0].reshape(len(x), -1)[:, :3], outputs


def _tree_of(net, x):
    """One of two linkage matrices, as the network's first score has it."""
    first, second = ([[0, 1, 1, 2], [2, 3, 2, 3]], [[1, 2, 1, 2], [0, 3, 2, 3]])
    return jnp.where(net(x)[0, 0] > 0, jnp.array(first, jnp.float32), jnp.array(second, jnp.float32))


def _embedded(tokens):
    return 0.1 * tokens


# Functions of a network and signals, by the method they try.
EXAMPLES = {
    "ascent.maximize": lambda net, x: ascent.maximize(net, 0.1 * x, jnp.arange(6), steps=5, batch_size=4),
    "ascent.tokens": lambda net, x: ascent.tokens(
        net,
        (x > 0).astype(int),
        jnp.arange(6),
        embed=_embedded,
        vocabulary=jnp.arange(3),
        candidates=5,
        steps=2,
    ),
    "averages.class_means": lambda net, x: averages.class_means(net.until(net.stage_names[0])(x), LABELS, classes=3),
    "ablation.replace_units": lambda net, x: ablation.replace_units(_segments(net), x, [jnp.ones(100)], [UNITS]),
    "ablation.ablate_mean": lambda net, x: ablation.ablate_mean(_segments(net), x, [UNITS]),
    "ablation.ablate_resample": lambda net, x: ablation.ablate_resample(_segments(net), x, [UNITS], key=KEYS[0]),
    "ablation.module_effects": lambda net, x: ablation.module_effects(
        _segments(net), x, jnp.stack([UNITS, ~UNITS]), jnp.ones(100), key=KEYS[0], batch_size=2
    ),
    "ablation.intact_layers": lambda net, x: ablation.intact_layers(_segments(net), x),
    "ablation.unit_means": lambda net, x: ablation.unit_means(net(x)),
    "attribution.deconvnet": lambda net, x: attribution.deconvnet(net.stages, x, stage=net.stage_names[-1], unit=3),
    "deviation.profile": lambda net, x: deviation.profile(
        {"input": x, "scores": net(x)}, LABELS, metric="normalized euclidean", classes=3
    ),
    "hierarchy.input_effects": lambda net, x: hierarchy.input_effects(net.until(net.stage_names[0]), x, batch_size=10),
    "hierarchy.output_effects": lambda net, x: hierarchy.output_effects(_segments(net), x, batch_size=10),
    "hierarchy.effect_magnitudes": lambda net, x: hierarchy.effect_magnitudes(_segments(net), x, batch_size=10),
    "embedding.pseudo_inverse": lambda net, x: embedding.pseudo_inverse(net(x)[:, :3]),
    "embedding.decodes": lambda net, x: embedding.decodes(net(x)[:, :3]),
    "hierarchy.feature_vectors": lambda net, x: hierarchy.feature_vectors(
        x, *ablation.intact_layers(_segments(net), x)
    ),
    "attribution.prediction_difference": lambda net, x: attribution.prediction_difference(
        net, x, LABELS, reference=x[:4], patch=20, stride=20, samples=2, key=KEYS[0], batch_size=30
    ),
    "hierarchy.bootstrap_weights": lambda net, x: hierarchy.bootstrap_weights(KEYS[0], 6, 4) * net(x)[:4, :1],
    "hierarchy.tree_support": lambda net, x: hierarchy.tree_support(
        *_few_units(net, x), TRIANGLE, weights=WEIGHTS, batch_size=2
    ),
    "hierarchy.partition_support": lambda net, x: hierarchy.partition_support(
        TRIANGLE, (_few_units(net, x)[1] > 0).astype(int)
    ),
    "hierarchy.quotient": lambda net, x: hierarchy.quotient(
        _few_units(net, x)[1], jnp.array([0, 0, 1]), jnp.array([1, -1, 1])
    ).apply(_few_units(net, x)[1]),
    "hierarchy.tree_clusters": lambda net, x: hierarchy.tree_clusters(_tree_of(net, x)),
    "filters.effective_weights": filters.effective_weights,
    "filters.center_classes": lambda net, x: filters.center_classes(filters.effective_weights(net, x)),
    "filters.agreement": lambda net, x: filters.agreement(filters.effective_weights(net, x), OPTIMUM),
    "filters.jump_profile": lambda net, x: filters.jump_profile(filters.effective_weights(net, x))[1:],
    "specificity.specificity": lambda net, x: specificity.specificity(
        jnp.stack([LABELS, jnp.argmax(net(x), axis=1)]),
        jnp.stack([jnp.argmax(net(x), axis=1), LABELS]),
        key=KEYS[0],
        resamples=5,
    ),
    "sensitivity.loss_sensitivity": lambda net, x: sensitivity.loss_sensitivity(net, x, LABELS, batch_size=4),
    "sensitivity.critical_rows": lambda net, x: sensitivity.critical_rows(
        net, x, radius=0.5, key=KEYS[0], steps=3, batch_size=4
    ),
    "filters.smoothing_share": lambda net, x: filters.smoothing_share(net(x)[0]),
}
NETWORK_USES = {
    "scores": lambda net, x: net(x),
    "activations": lambda net, x: net.activations(x),
    "head and tail": lambda net, x: net.after(net.stage_names[0])(net.until(net.stage_names[0])(x)),
    "freeze": lambda net, x: networks.freeze(net)(x),
    "estimates": lambda net, x: jumps.estimates(jax.nn.log_softmax(net(x))),
}
ALL = EXAMPLES | NETWORK_USES


# Packages whose traceable functions are tried on lanes in their own tests.
APART = ("methods.cnn_inte.", "methods.core_units.", "methods.identity.", "methods.ascent.regularizers.")
APART += ("methods.attribution.gradient_times_input", "methods.attribution.integrated_gradients")
APART += ("methods.attribution.removal_curves",)


def _traceable_methods():
    for name, function in public_functions().items():
        if name.startswith("methods.") and not name.startswith(APART) and kind_of(function) == "Traceable":
            yield name.removeprefix("methods.")


def _assert_equal(found, wanted):
    assert jax.tree.structure(found) == jax.tree.structure(wanted)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_every_traceable_method_has_an_example():
    assert set(EXAMPLES) == set(_traceable_methods())


@functools.cache
def _networks(constructor):
    """Three networks as lanes, and two of them by themselves."""
    return jax.jit(jax.vmap(constructor))(KEYS), constructor(KEYS[1]), constructor(KEYS[2])


@functools.cache
def _single(name, constructor):
    return ALL[name](_networks(constructor)[2], SIGNALS)


# What a convolutional network brings is in its own uses and the methods that go through all of it.
CONVOLUTIONAL = [*NETWORK_USES, "ablation.replace_units", "filters.effective_weights"]


@pytest.mark.parametrize(
    ("constructor", "name"),
    [
        *((networks.perceptron, name) for name in ALL),
        *((networks.signal_cnn, name) for name in CONVOLUTIONAL),
        *(pytest.param(networks.signal_cnn, name, marks=pytest.mark.slow) for name in ALL if name not in CONVOLUTIONAL),
    ],
)
def test_lanes_are_the_single_networks(name, constructor):
    lanes = jax.jit(jax.vmap(ALL[name], in_axes=(0, None)))(_networks(constructor)[0], SIGNALS)
    _assert_equal(jax.tree.map(lambda lane: lane[2], lanes), _single(name, constructor))


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_second_network_of_equal_shape_compiles_nothing(name, assert_compiles):
    _, other, first = _networks(networks.perceptron)
    EXAMPLES[name](first, SIGNALS)  # not the cached result: compiled programs may have been forgotten since
    with assert_compiles(0):
        EXAMPLES[name](other, SIGNALS)


LNN_USES = {
    "module_effects": lambda net: ablation.module_effects(net.segments(), SIGNALS, UNITS[None, :5], SIGNS, key=KEYS[0]),
    "input_effects": lambda net: hierarchy.input_effects(net.segments()[0], SIGNALS),
    "output_effects": lambda net: hierarchy.output_effects(net.segments(), SIGNALS),
    "effect_magnitudes": lambda net: hierarchy.effect_magnitudes(net.segments(), SIGNALS),
    "tree_support": lambda net: hierarchy.tree_support(
        SIGNALS, net.segments()[0](SIGNALS)[:, :3], net(SIGNALS), TRIANGLE, weights=WEIGHTS, batch_size=2
    ),
}


@pytest.mark.parametrize("name", LNN_USES)
def test_a_second_lnn_of_equal_shape_compiles_nothing(name, assert_compiles):
    first = LNN_USES[name](LNNS[0])
    with assert_compiles(0):
        again, second = LNN_USES[name](LNNS[0]), LNN_USES[name](LNNS[1])
    jax.tree.map(np.testing.assert_array_equal, again, first)
    if name != "tree_support":  # the shares of few resamples may well be equal
        assert np.abs(jax.tree.leaves(first)[0] - jax.tree.leaves(second)[0]).max() > 1e-3


LARGE = ["hierarchy.tree_support", "ablation.module_effects"]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in ALL]
)
def test_rows_on_two_devices_give_the_same(name):
    mesh = jax.make_mesh((2,), ("rows",), (jax.sharding.AxisType.Auto,), devices=jax.devices("cpu")[:2])
    spread = jax.device_put(SIGNALS, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("rows")))
    net = _networks(networks.perceptron)[2]
    _assert_equal(jax.jit(ALL[name])(net, spread), _single(name, networks.perceptron))


@pytest.mark.parametrize("name", ["averages.class_means", "filters.agreement", "filters.jump_profile"])
def test_matrix_products_of_methods_have_full_precision(name):
    def of_arrays(x):
        if name == "averages.class_means":
            return averages.class_means(x, LABELS, classes=3)
        return filters.agreement(x, OPTIMUM) if name == "filters.agreement" else filters.jump_profile(x)[1:]

    arrays = SIGNALS if name == "averages.class_means" else OPTIMUM
    for product in matrix_products(of_arrays, arrays):
        assert set(product.params["precision"]) == {jax.lax.Precision.HIGHEST}, product
