import equinox
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx

from interp_jax import methods, networks


class _NNX(nnx.Module):
    def __init__(self, rngs):
        self.dense = nnx.Linear(6, 4, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)

    def __call__(self, x):
        return self.norm(self.drop(self.dense(x)))


class _Linen(linen.Module):
    @linen.compact
    def __call__(self, x, train=False):
        x = linen.Dense(4)(x)
        x = linen.BatchNorm(use_running_average=not train)(x)
        return linen.Dropout(0.5, deterministic=not train)(x)


def _slope(x, slope=1.0):
    return slope * x


def _nnx(seed):
    return networks.freeze(_NNX(nnx.Rngs(seed)))


def _linen(seed):
    model = _Linen()  # a fresh instance each time
    return networks.freeze(model, variables=model.init(jax.random.key(seed), jnp.ones((1, 6))), train=False)


def _bound_linen(seed):
    model = _Linen()
    return networks.freeze(model.bind(model.init(jax.random.key(seed), jnp.ones((1, 6)))))


def _equinox(seed):
    first, second = jax.random.split(jax.random.key(seed))
    model = equinox.nn.Sequential(
        [
            equinox.nn.Linear(6, 5, key=first),
            equinox.nn.Lambda(jax.nn.relu),
            equinox.nn.Dropout(0.5),
            equinox.nn.Linear(5, 4, key=second),
        ]
    )
    return networks.freeze(model, batched=False)


def _function(seed):
    return networks.freeze(_slope, slope=jnp.float32(seed + 1))


def _partial(seed):
    return networks.freeze(jax.tree_util.Partial(jnp.matmul, jax.random.normal(jax.random.key(seed), (3, 3))))


MAKERS = {"nnx": _nnx, "linen": _linen, "bound linen": _bound_linen, "equinox": _equinox, "function": _function}
each_model = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
ROWS = jax.random.normal(jax.random.key(9), (5, 6))


@each_model
def test_rows_are_independent_and_calls_repeat(make):
    network = make(0)
    methods.accept.accept_network(network, ROWS)
    np.testing.assert_allclose(network(ROWS)[2:3], network(ROWS[2:3]), atol=1e-6)


@each_model
def test_leaves_are_arrays_that_differentiate(make):
    network = make(0)
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(network))
    gradient = jax.grad(lambda network: jnp.sum(network(ROWS) ** 2))(network)
    assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(gradient)) > 0
    assert jax.tree.structure(gradient) == jax.tree.structure(network)


@each_model
def test_a_second_model_does_not_recompile(make, assert_compiles):
    scores = jax.jit(lambda network, x: network(x))
    first_network, second_network = make(0), make(1)
    first = scores(first_network, ROWS)
    np.testing.assert_allclose(first, first_network(ROWS), atol=1e-5)
    with assert_compiles(0):
        second = scores(second_network, ROWS)
    assert not np.allclose(first, second)


@each_model
def test_stacks_go_through_vmap(make):
    networks_ = [make(0), make(1)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *networks_)
    lanes = jax.vmap(lambda network: network(ROWS))(stacked)
    for lane, network in zip(lanes, networks_, strict=True):
        np.testing.assert_allclose(lane, network(ROWS), atol=1e-5)


def test_a_vmapped_constructor_freezes_as_a_stack():
    keys = jax.random.split(jax.random.key(0), 3)
    stacked = networks.freeze(jax.vmap(lambda key: _NNX(nnx.Rngs(key)))(keys))
    lanes = jax.vmap(lambda network: network(ROWS))(stacked)
    np.testing.assert_allclose(lanes[1], networks.freeze(_NNX(nnx.Rngs(keys[1])))(ROWS), atol=1e-5)


def test_tied_weights_stay_tied():
    class Tied(nnx.Module):
        def __init__(self, rngs):
            self.encode = nnx.Linear(6, 6, rngs=rngs)
            self.decode = self.encode

        def __call__(self, x):
            return self.decode(jnp.tanh(self.encode(x)))

    model = Tied(nnx.Rngs(0))
    network = networks.freeze(model)
    assert len(jax.tree.leaves(network)) == 2
    assert len(jax.tree.leaves(model)) == 4, "flax has begun to tie weights itself: freeze may be simpler now"
    np.testing.assert_allclose(jax.jit(lambda network: network(ROWS))(network), model(ROWS), atol=1e-5)


def test_the_model_itself_is_left_alone():
    model = _NNX(nnx.Rngs(0))
    networks.freeze(model)
    assert not model.drop.deterministic
    assert not model.norm.use_running_average


def test_a_chain_stays_a_chain():
    chain = networks.Chain(dense=nnx.Linear(6, 4, rngs=nnx.Rngs(0)), drop=nnx.Dropout(0.5))
    frozen = networks.freeze(chain)
    assert isinstance(frozen, networks.Chain)
    np.testing.assert_array_equal(frozen(ROWS), frozen.until("dense")(ROWS))


def test_array_arguments_are_leaves_and_others_static():
    network = networks.freeze(_slope, slope=jnp.float32(3.0))
    assert len(jax.tree.leaves(network)) == 1
    assert len(jax.tree.leaves(networks.freeze(_slope, slope=3.0))) == 0
    np.testing.assert_allclose(network(ROWS), 3 * ROWS)


def test_a_partial_is_a_network_already():
    matrix = jax.random.normal(jax.random.key(0), (3, 3))
    network = networks.freeze(jax.tree_util.Partial(jnp.matmul, matrix))
    np.testing.assert_allclose(network(jnp.eye(3)), matrix, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: networks.freeze(3), TypeError, "model: found int"),
        (lambda: networks.freeze(_Linen()), ValueError, "variables: found none"),
        (lambda: networks.freeze(_slope, variables={}), ValueError, "variables: found some for a function"),
        (lambda: networks.freeze(_slope, slope={1, 2}), TypeError, "cannot be hashed"),
    ],
)
def test_what_cannot_be_frozen_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


TRAINING_MODE = {
    "nnx batch norm": lambda: networks.Chain(norm=nnx.BatchNorm(6, rngs=nnx.Rngs(0))),
    "nnx dropout": lambda: nnx.Dropout(0.5, rngs=nnx.Rngs(0)),
    "one dropout mask again and again": lambda: lambda x: x * jax.random.bernoulli(jax.random.key(0), 0.5, x.shape),
    "linen batch norm": lambda: _linen_in_training(),
    "softmax over rows": lambda: lambda x: jax.nn.softmax(x, axis=0),
}


def _linen_in_training():
    model = _Linen()
    variables = model.init(jax.random.key(0), jnp.ones((1, 6)))

    def scores(x):
        return model.apply(variables, x, train=True, mutable=["batch_stats"], rngs={"dropout": jax.random.key(1)})[0]

    return scores


@pytest.mark.parametrize("make", TRAINING_MODE.values(), ids=TRAINING_MODE.keys())
def test_a_network_in_training_mode_is_refused_and_freeze_named(make):
    with pytest.raises(ValueError, match=r"networks\.freeze"):
        methods.averages.layer_averages(make(), ROWS, np.zeros(5, int), classes=2)
