import functools
import inspect
from collections import OrderedDict

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax import networks
from interp_jax.networks import Chain


def _image_chain(seed=0):
    rngs = nnx.Rngs(seed)
    return Chain(
        # Alphabetically the order would be another one: conv, dense, flat, zero_pool would sort apart.
        zconv=nnx.Conv(1, 3, (3, 3), rngs=rngs),
        norm=nnx.BatchNorm(3, rngs=rngs),
        relu1=nnx.relu,
        pool=functools.partial(nnx.max_pool, window_shape=(2, 2), strides=(2, 2)),
        flat=_flatten,
        drop=nnx.Dropout(0.5),
        dense=nnx.Linear(48, 5, rngs=rngs),
    )


def _flatten(x):
    return x.reshape(x.shape[0], -1)


NETWORKS = {
    "perceptron": (lambda seed=0: networks.perceptron(jax.random.key(seed), (100, 30, 20, 60)), (7, 100)),
    "signal cnn": (lambda seed=0: networks.signal_cnn(jax.random.key(seed), (5, 8, 9), activation=nnx.relu), (7, 100)),
    "image cnn": (lambda seed=0: networks.freeze(_image_chain(seed)), (7, 8, 8, 1)),
}
each_network = pytest.mark.parametrize("name", NETWORKS)


def _made(name, seed=0):
    make, shape = NETWORKS[name]
    return make(seed), jax.random.normal(jax.random.key(1), shape)


@each_network
def test_head_and_tail_make_the_whole_at_every_stage(name):
    net, x = _made(name)
    for stage in net.stage_names:
        head, tail = net.until(stage), net.after(stage)
        np.testing.assert_array_equal(tail(head(x)), net(x))
        assert head.stage_names + tail.stage_names == net.stage_names


@each_network
def test_activations_keep_the_order_through_jit(name):
    net, x = _made(name)
    eager = net.activations(x)
    jitted = jax.jit(lambda net, x: net.activations(x))(net, x)
    assert isinstance(jitted, OrderedDict)
    assert tuple(eager) == tuple(jitted) == net.stage_names
    for stage in net.stage_names:
        np.testing.assert_allclose(jitted[stage], eager[stage], atol=1e-5)
        np.testing.assert_array_equal(net.until(stage)(x), eager[stage])


@each_network
def test_a_second_network_does_not_recompile(name, assert_compiles):
    scores = jax.jit(lambda net, x: net(x))
    net, x = _made(name)
    second, _ = _made(name, seed=1)
    first = scores(net, x)
    with assert_compiles(0):
        other = scores(second, x)
    assert not np.allclose(first, other)


@each_network
def test_stages_one_after_the_other_are_the_network(name):
    net, x = _made(name)
    assert isinstance(net.stages, OrderedDict)
    assert tuple(net.stages) == net.stage_names
    assert net.stages[net.stage_names[0]] is getattr(net, net.stage_names[0])
    np.testing.assert_array_equal(functools.reduce(lambda x, stage: stage(x), net.stages.values(), x), net(x))


def test_a_softmax_in_the_middle_can_be_cut_at():
    net = Chain(soft=nnx.softmax, dense=nnx.Linear(4, 3, rngs=nnx.Rngs(0)))
    x = jax.random.normal(jax.random.key(0), (2, 4))
    np.testing.assert_array_equal(net.after("soft")(net.until("soft")(x)), net(x))


def test_stages_behind_partial_functions_share_a_compilation(assert_compiles):
    def make(size):
        return Chain(pool=functools.partial(nnx.max_pool, window_shape=(size, size)), flat=_flatten)

    scores, x = jax.jit(lambda net, x: net(x)), jnp.ones((1, 4, 4, 1))
    scores(make(2), x)
    with assert_compiles(0):
        scores(make(2), x)
    with assert_compiles(1):
        scores(make(3), x)


@pytest.mark.parametrize("constructor", [networks.perceptron, networks.signal_cnn])
def test_an_ensemble_is_a_vmapped_constructor(constructor):
    keys = jax.random.split(jax.random.key(0), 3)
    x = jax.random.normal(jax.random.key(1), (7, 100))
    stacked = jax.vmap(constructor)(keys)
    lanes = jax.vmap(lambda net: net(x))(stacked)
    for lane, key in zip(lanes, keys, strict=True):
        np.testing.assert_allclose(lane, constructor(key)(x), atol=1e-5)
    one = jax.tree.map(lambda leaf: leaf[1], stacked)
    np.testing.assert_allclose(one(x), lanes[1], atol=1e-5)


def test_gradients_come_back_as_a_chain_in_order():
    net, x = _made("perceptron")
    gradient = jax.grad(lambda net: jnp.sum(net(x) ** 2))(net)
    assert isinstance(gradient, Chain)
    assert gradient.stage_names == net.stage_names
    assert float(jnp.abs(gradient.dense1.kernel[...]).max()) > 0


def test_head_and_tail_share_variables():
    net, x = _made("perceptron")
    head = net.until("relu1")
    before = head(x)
    net.dense1.bias[...] = net.dense1.bias[...] + 1.0
    assert not np.allclose(head(x), before)


@pytest.mark.parametrize(
    "name",
    [
        "train",
        "eval",
        "sow",
        "until",
        "after",
        "segments",
        "activations",
        "stages",
        "stage_names",
        "_x",
        "class",
        "a.b",
    ],
)
def test_names_that_are_taken_are_refused(name):
    with pytest.raises(ValueError, match=f"stage '{name}'"):
        Chain(**{name: nnx.relu})


@pytest.mark.parametrize(
    ("stage", "error", "message"),
    [
        (3, TypeError, "found int"),
        (nnx.Sequential(nnx.relu), ValueError, "found a Sequential"),
        (Chain(relu1=nnx.relu), ValueError, "found a Chain"),
        (nnx.Dropout(0.5, rngs=nnx.Rngs(0)), ValueError, "random state"),
        (nnx.softmax, ValueError, "ends in logits"),
        (jax.nn.log_softmax, ValueError, "ends in logits"),
        (functools.partial(jax.nn.softmax, axis=-1), ValueError, "ends in logits"),
        (functools.partial(jnp.add, jnp.ones(3)), ValueError, "an NNX module can hold arrays"),
        (functools.partial(nnx.Dropout(0.5, rngs=nnx.Rngs(0))), ValueError, "partial of a module"),
        (nnx.Linear(2, 2, rngs=nnx.Rngs(0)).__call__, ValueError, "method or partial of a module"),
    ],
)
def test_stages_that_are_none_are_refused(stage, error, message):
    with pytest.raises(error, match=f"stage 'last'.*{message}"):
        Chain(first=nnx.relu, last=stage)


def test_an_unknown_stage_lists_the_known_ones():
    net, _ = _made("perceptron")
    for cut in (net.until, net.after, net.segments):
        with pytest.raises(ValueError, match="name: found 'conv9', wanted one of the stages 'dense1', 'relu1'"):
            cut("conv9")


@each_network
def test_segments_one_after_the_other_are_the_network(name):
    net, x = _made(name)
    names = net.stage_names[1::2]
    hidden, activations = x, net.activations(x)
    parts = net.segments(*names)
    assert len(parts) == len(names) + 1
    for part, stage in zip(parts, [*names, net.stage_names[-1]], strict=True):
        hidden = part(hidden)
        np.testing.assert_array_equal(hidden, activations[stage])
    assert sum((part.stage_names for part in parts), ()) == net.stage_names


def test_segments_share_variables_and_go_through_jit_and_vmap():
    keys = jax.random.split(jax.random.key(0), 3)
    x = jax.random.normal(jax.random.key(1), (7, 100))

    @jax.jit
    @jax.vmap
    def outputs(net):
        first, *others = net.segments("relu1", "dense2")
        hidden = [first(x)]
        for segment in others:
            hidden.append(segment(hidden[-1]))
        return hidden

    make = functools.partial(networks.perceptron, sizes=(100, 8, 6, 5))
    found, net = outputs(jax.vmap(make)(keys)), make(keys[2])
    for lanes, stage in zip(found, ("relu1", "dense2", "dense3"), strict=True):
        np.testing.assert_allclose(lanes[2], net.activations(x)[stage], atol=1e-5)
    before = net.segments("relu1")[0](x)
    net.dense1.bias[...] = net.dense1.bias[...] + 1.0
    assert not np.allclose(net.segments("relu1")[0](x), before)


def test_a_chain_that_is_not_cut_is_one_segment_and_a_cut_at_its_end_leaves_the_identity():
    net, x = _made("perceptron")
    (whole,) = net.segments()
    np.testing.assert_array_equal(whole(x), net(x))
    last = net.segments(net.stage_names[-1])[1]
    assert last.stage_names == ()
    np.testing.assert_array_equal(last(x), x)


@pytest.mark.parametrize("names", [("relu2", "relu1"), ("relu1", "relu1")])
def test_segments_in_another_order_are_refused(names):
    net, _ = _made("perceptron")
    with pytest.raises(
        ValueError, match=f"^names: found '{names[0]}', '{names[1]}', wanted different stages in the order"
    ):
        net.segments(*names)


def test_rows_that_a_stage_does_not_take_are_named_with_the_stage():
    net, x = _made("perceptron")
    with pytest.raises(ValueError, match=r"^x: found float32 \[7, 99\] before stage 'dense1', wanted what it takes"):
        net(x[:, 1:])


def test_a_stack_of_layers_names_what_it_does_not_take():
    stack = networks.IdentityPerceptron(jax.random.key(0), 4, 3, depth=2).stack()
    assert stack.last(jnp.ones((2, 7), jnp.bfloat16)).dtype == jnp.float32
    np.testing.assert_array_equal(stack.all(np.ones((2, 7), int)), stack.all(jnp.ones((2, 7))))
    with pytest.raises(ValueError, match=r"^hidden: found float32 \[2, 5\], wanted rows that the network takes"):
        stack.last(jnp.ones((2, 5)))


def test_whole_numbers_beyond_32_bits_do_not_wrap():
    rows = np.full((1, 4), 2**32)
    net = Chain(dense=nnx.Linear(4, 1, kernel_init=nnx.initializers.ones, rngs=nnx.Rngs(0)))
    assert float(net(rows)[0, 0]) == 2**34
    assert float(networks.freeze(lambda x: x.sum(axis=1))(rows)[0]) == 2**34
    assert float(inspect.unwrap(Chain.__call__)(net, rows.tolist())[0, 0]) == 2**34


def test_dropout_wants_a_key_in_training_and_none_in_inference():
    net = Chain(drop=nnx.Dropout(0.5))
    x = jnp.ones((4, 50))
    with pytest.raises(ValueError, match=r"^key: found None while stage 'drop', dropout, .* networks\.freeze"):
        net(x)
    dropped = net(x, key=jax.random.key(0))
    assert 0.2 < float(jnp.mean(dropped == 0)) < 0.8
    np.testing.assert_array_equal(networks.freeze(net)(x), x)


@pytest.mark.parametrize("key", [0, jnp.ones(3)])
def test_keys_that_are_none_are_named(key):
    makers = (networks.perceptron, networks.signal_cnn, networks.image_cnn, networks.cifar_cnn, networks.lnn.init)
    for make in (*makers, lambda key: Chain(drop=nnx.Dropout(0.5))(jnp.ones((1, 2)), key=key)):
        with pytest.raises(ValueError, match="^key: found .*, wanted a JAX random key"):
            make(key)


def test_keys_of_the_old_kind_give_the_same_networks():
    old, x = jax.random.PRNGKey(3), jnp.ones((2, 100))
    for make in (networks.perceptron, networks.signal_cnn):
        np.testing.assert_array_equal(make(old)(x), make(jax.random.key(3))(x))


def test_conv_stage_is_the_convolution_formula():
    from tests import reference

    for taps in (1, 4, 7):
        net = networks.signal_cnn(jax.random.key(taps), (taps,), length=12, classes=3)
        net.conv1.bias[...] = jnp.array([0.5])
        x = jax.random.normal(jax.random.key(1), (3, 12))
        wanted = [reference.convolution(row, np.asarray(net.conv1.kernel[...]), 0.5) for row in np.asarray(x)]
        np.testing.assert_allclose(net.until("conv1")(x), wanted, atol=1e-5)


@pytest.mark.parametrize("sizes", [(100,), (), (100, 0, 60), (100.0, 60), (100, np.nan), 100])
def test_perceptron_sizes_are_checked(sizes):
    with pytest.raises(ValueError, match="^sizes: found"):
        inspect.unwrap(networks.perceptron)(jax.random.key(0), sizes)


def test_activations_without_a_name_get_one():
    net = networks.perceptron(jax.random.key(0), (4, 3, 2), activation=functools.partial(nnx.leaky_relu))
    assert net.stage_names == ("dense1", "activation1", "dense2")


@pytest.mark.parametrize("option", ["length", "classes"])
def test_sizes_of_a_cnn_are_checked(option):
    with pytest.raises(ValueError, match=f"^{option}: found 0"):
        networks.signal_cnn(jax.random.key(0), (3,), **{option: 0})


@pytest.mark.parametrize("taps", [(), (0,), (5, -1)])
def test_filter_lengths_are_checked(taps):
    with pytest.raises(ValueError, match="^taps: found"):
        networks.signal_cnn(jax.random.key(0), taps)
