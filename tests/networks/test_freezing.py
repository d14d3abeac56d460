import functools

import equinox
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx

from interp_jax import methods, networks
from interp_jax.methods import _accept


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


class _TwoHeads(_NNX):
    def features(self, x):
        return self.norm(self.drop(self.dense(x))) ** 2


def _method(seed):
    return networks.freeze(_TwoHeads(nnx.Rngs(seed)).features)


def _partial_of_arrays(seed):
    return networks.freeze(functools.partial(_slope, slope=jnp.float32(seed + 1)))


def _nested_equinox(seed):
    model = equinox.nn.Dropout(0.5)
    return networks.freeze(jax.tree_util.Partial(_call_second, jnp.float32(seed + 1), model))


def _call_second(factor, model, x):
    return factor * model(x)


MAKERS = {
    "nnx": _nnx,
    "nnx method": _method,
    "linen": _linen,
    "bound linen": _bound_linen,
    "equinox": _equinox,
    "equinox inside a partial": _nested_equinox,
    "function": _function,
    "functools.partial": _partial_of_arrays,
}
each_model = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
ROWS = jax.random.normal(jax.random.key(9), (5, 6))


@each_model
def test_rows_are_independent_and_calls_repeat(make):
    network = make(0)
    _accept.accept_network(network, ROWS)
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


def test_a_frozen_network_keeps_the_weights_of_its_moment():
    for make in (lambda: _NNX(nnx.Rngs(0)), lambda: networks.Chain(dense=nnx.Linear(6, 4, rngs=nnx.Rngs(0)))):
        model = make()
        network = networks.freeze(model)
        before = network(ROWS)
        model.dense.kernel[...] = jnp.zeros((6, 4))
        np.testing.assert_array_equal(network(ROWS), before)


def test_equal_statics_of_other_types_do_not_share_a_compilation():
    def typed(x, flag):
        return x * (100 if flag is True else 1)

    scores = jax.jit(lambda network: network(jnp.ones(1)))
    assert scores(networks.freeze(typed, flag=1))[0] == 1
    assert scores(networks.freeze(typed, flag=True))[0] == 100


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


class _Counts:
    """A network that changes from call to call."""

    calls = 0

    def __call__(self, x):
        self.calls += 1
        return x * self.calls


TRAINING_MODE = {
    "nnx batch norm": lambda: networks.Chain(norm=nnx.BatchNorm(6, rngs=nnx.Rngs(0))),
    "nnx dropout": lambda: nnx.Dropout(0.5, rngs=nnx.Rngs(0)),
    "one dropout mask again and again": lambda: lambda x: x * jax.random.bernoulli(jax.random.key(0), 0.5, x.shape),
    "linen batch norm": lambda: _linen_in_training(),
    "softmax over rows": lambda: lambda x: jax.nn.softmax(x, axis=0),
    "linen dropout without a key": lambda: _linen_without_key(),
    "other rows weigh little": lambda: lambda x: x + 0.1 * x.mean(0, keepdims=True),
    "other rows behind a large bias": lambda: lambda x: x - x.mean(0, keepdims=True) + 1e3,
    "changes from call to call": lambda: _Counts(),
}


def _linen_in_training():
    model = _Linen()
    variables = model.init(jax.random.key(0), jnp.ones((1, 6)))

    def scores(x):
        return model.apply(variables, x, train=True, mutable=["batch_stats"], rngs={"dropout": jax.random.key(1)})[0]

    return scores


def _linen_without_key():
    model = _Linen()
    variables = model.init(jax.random.key(0), jnp.ones((1, 6)))
    return lambda x: model.apply(variables, x, train=True)


def test_a_mask_is_found_behind_a_row_of_zeros():
    mask = jax.random.bernoulli(jax.random.key(0), 0.5, (10, 6))
    with pytest.raises(ValueError, match="found equal rows with different scores"):
        _accept.accept_network(lambda x: x * mask[: len(x)], jnp.zeros((8, 6)))


def test_outputs_without_rows_and_bad_inputs_are_refused():
    for network in (lambda x: jnp.ones(4), lambda x: jnp.sum(x)):
        with pytest.raises(ValueError, match="wanted a row for each"):
            _accept.accept_network(network, ROWS)
    with pytest.raises(ValueError, match="^inputs: found NaN"):
        _accept.accept_network(_slope, ROWS.at[0, 0].set(jnp.nan))


@pytest.mark.parametrize("make", TRAINING_MODE.values(), ids=TRAINING_MODE.keys())
def test_a_network_in_training_mode_is_refused_and_freeze_named(make):
    with pytest.raises(ValueError, match=r"networks\.freeze"):
        methods.averages.layer_averages(make(), ROWS, np.zeros(5, int), classes=2)


class _TwoMethods(linen.Module):
    def setup(self):
        self.dense, self.norm = linen.Dense(4), linen.BatchNorm(use_running_average=True)

    def __call__(self, x):
        return self.norm(self.features(x))

    def features(self, x):
        return jnp.tanh(self.dense(x))


def test_a_linen_method_freezes_by_its_bound_name():
    model = _TwoMethods()
    variables = model.init(jax.random.key(0), ROWS)
    wanted = model.apply(variables, ROWS, method="features")
    bound = model.bind(variables)
    for network in (networks.freeze(bound.features), networks.freeze(model.features, variables=variables)):
        np.testing.assert_allclose(jax.jit(lambda network: network(ROWS))(network), wanted, atol=1e-6)
        assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(network))
    np.testing.assert_allclose(networks.freeze(bound.dense)(ROWS), jnp.arctanh(wanted), atol=1e-5)
    with pytest.raises(ValueError, match="variables: found none"):
        networks.freeze(model.features)


def test_two_linen_methods_of_a_name_share_a_compilation(assert_compiles):
    scores, model = jax.jit(lambda network: network(ROWS)), _TwoMethods()
    bound = [model.bind(model.init(jax.random.key(seed), ROWS)) for seed in (0, 1)]
    scores(networks.freeze(bound[0].features))
    with assert_compiles(0):
        scores(networks.freeze(bound[1].features))


def _single_rows():
    return equinox.nn.MLP(6, 4, 5, 1, key=jax.random.key(0))


def test_a_model_of_single_rows_says_so():
    wanted = r"batched=False"
    with pytest.raises(
        ValueError, match=rf"^x: found rows float32 \[5, 6\], which the model takes one at a .*{wanted}"
    ):
        networks.freeze(_single_rows())(ROWS)
    with pytest.raises(ValueError, match=rf"^network: .*{wanted}"):
        methods.averages.layer_averages(_single_rows(), ROWS, np.zeros(5, int), classes=2)
    with pytest.raises(ValueError, match=rf"^network: .*{wanted}"):
        _accept.accept_scores(_single_rows(), ROWS)


def test_a_model_of_rows_that_is_called_on_single_ones_says_so():
    network = networks.freeze(lambda x: x.reshape(x.shape[0], 2, 3).sum(2), batched=False)
    with pytest.raises(ValueError, match="which the model takes all at once, wanted .*batched=True"):
        network(ROWS)


def test_rows_that_a_model_takes_in_no_way_keep_its_error():
    with pytest.raises(TypeError, match="dot_general requires contracting dimensions"):
        networks.freeze(_single_rows(), batched=False)(ROWS[:, :3])
    with pytest.raises(TypeError, match="dot_general requires contracting dimensions"):
        networks.freeze(_single_rows())(ROWS[:, :3])


def _recurrent():
    layer = nnx.RNN(nnx.LSTMCell(6, 5, rngs=nnx.Rngs(0)))
    return layer, lambda x: layer(x)[:, -1]


def test_a_function_around_a_recurrent_layer_is_to_be_frozen_first():
    sequences = jax.random.normal(jax.random.key(0), (7, 3, 6))
    layer, last = _recurrent()
    with pytest.raises(ValueError, match=r"^network: .* freeze first: networks\.freeze\(model\)"):
        methods.averages.layer_averages(last, sequences, np.zeros(7, int), classes=2)
    with pytest.raises(ValueError, match=r"^network: .* freeze first: networks\.freeze\(model\)"):
        _accept.accept_scores(last, sequences)
    with pytest.raises(ValueError, match="^model: found a function around a Flax module .* frozen first"):
        jax.jit(lambda network: network(sequences))(networks.freeze(last))
    frozen = networks.freeze(layer)
    methods.averages.layer_averages(lambda x: frozen(x)[:, -1], sequences, np.zeros(7, int), classes=2)


@pytest.mark.parametrize("name", ["until", "after", "segments", "activations", "stages"])
def test_only_a_chain_is_cut_by_its_names_and_split_is_named(name):
    network = networks.freeze(_NNX(nnx.Rngs(0)))
    with pytest.raises(AttributeError, match=rf"^{name}: found a FrozenNetwork, wanted a Chain, .* networks\.split"):
        getattr(network, name)
    with pytest.raises(AttributeError, match="'FrozenNetwork' object has no attribute 'other'"):
        network.other  # noqa: B018
    assert not hasattr(network, name)
