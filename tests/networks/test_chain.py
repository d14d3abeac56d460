import functools
import inspect
from collections import OrderedDict

import equinox
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx

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


def _apply(layer, x):
    return layer(x)


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
        (Chain(relu1=nnx.relu), ValueError, r"found a Chain, .* networks\.freeze\(stage\.__call__\)"),
        (nnx.RNN(nnx.LSTMCell(2, 2, rngs=nnx.Rngs(0))), ValueError, r"random state .* networks\.freeze\(layer\)"),
        (linen.Dense(2), ValueError, r"networks\.freeze\(layer, variables=…\)"),
        (equinox.nn.Linear(2, 2, key=jax.random.key(0)), ValueError, r"networks\.freeze\(layer, batched=False\)"),
        (nnx.softmax, ValueError, "ends in logits"),
        (jax.nn.log_softmax, ValueError, "ends in logits"),
        (functools.partial(jax.nn.softmax, axis=-1), ValueError, "ends in logits"),
        (functools.partial(jnp.add, {1}), ValueError, "wanted arrays and hashable values"),
        (functools.partial(jnp.add, {1}, jnp.ones(3)), ValueError, "wanted arrays and hashable values"),
        (functools.partial(_apply, nnx.Linear(2, 2, rngs=nnx.Rngs(0))), ValueError, "partial of a module"),
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


# ------------------------------------------------------------------------- frozen parts, parameters, dropout


def _dense(parameters, x, slope=1.0):
    return slope * (x @ parameters["w"] + parameters["b"][None, :])


def _parameters(seed, inputs, outputs):
    return {"w": jax.random.normal(jax.random.key(seed), (inputs, outputs)), "b": jnp.ones(outputs)}


def _mixed(seed=0):
    part = networks.freeze(equinox.nn.Linear(6, 5, key=jax.random.key(seed)), batched=False)
    return Chain(
        frozen=part,
        relu=nnx.relu,
        function=functools.partial(_dense, _parameters(seed, 5, 4), slope=2.0),
        dense=nnx.Linear(4, 3, rngs=nnx.Rngs(seed)),
    )


MIXED_ROWS = jax.random.normal(jax.random.key(5), (40, 6))


def test_a_frozen_part_and_a_function_of_parameters_compute_what_they_did(assert_compiles):
    net = _mixed()
    layer = equinox.nn.Linear(6, 5, key=jax.random.key(0))
    hidden = nnx.relu(jax.vmap(layer)(MIXED_ROWS))
    hidden = _dense(_parameters(0, 5, 4), hidden, slope=2.0)
    np.testing.assert_allclose(net.until("function")(MIXED_ROWS), hidden, atol=1e-5)
    np.testing.assert_allclose(net.after("function")(net.until("function")(MIXED_ROWS)), net(MIXED_ROWS), atol=1e-5)
    scores = jax.jit(lambda net, x: net(x))
    scores(net, MIXED_ROWS)
    with assert_compiles(0):
        second = scores(_mixed(1), MIXED_ROWS)
    np.testing.assert_allclose(second, _mixed(1)(MIXED_ROWS), atol=1e-5)
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), _mixed(0), _mixed(1))
    np.testing.assert_allclose(jax.vmap(lambda net: net(MIXED_ROWS))(stacked)[1], second, atol=1e-5)


def test_a_chain_with_such_parts_splits_at_them():
    net = _mixed()
    listed = networks.layers(net, MIXED_ROWS)
    assert [layer.name for layer in listed] == list(net.stage_names)
    for name in net.stage_names:
        head, tail = networks.split(net, name, MIXED_ROWS)
        np.testing.assert_allclose(tail(head(MIXED_ROWS)), net(MIXED_ROWS), atol=1e-6)


def test_training_moves_parameters_and_leaves_the_frozen_part():
    net = _mixed()
    labels = (MIXED_ROWS[:, 0] > 0).astype(int)
    trained = networks.fit(net, MIXED_ROWS, labels, key=jax.random.key(0), epochs=3, minibatch_size=10).network
    before, after = net.until("frozen")(MIXED_ROWS), trained.until("frozen")(MIXED_ROWS)
    np.testing.assert_array_equal(before, after)
    assert not np.allclose(trained.function.parameters["w"][...], net.function.parameters["w"][...])
    assert not np.allclose(trained.dense.kernel[...], net.dense.kernel[...])


def test_a_frozen_part_inside_a_partial_is_not_trained():
    part = networks.freeze(functools.partial(_dense, _parameters(0, 6, 5)))

    def scaled(scale, part, x):
        return scale * part(x)

    net = Chain(scaled=functools.partial(scaled, jnp.float32(3.0), part), dense=nnx.Linear(5, 3, rngs=nnx.Rngs(0)))
    np.testing.assert_allclose(net.until("scaled")(MIXED_ROWS), 3 * part(MIXED_ROWS), atol=1e-5)
    shapes = sorted(leaf.shape for leaf in jax.tree.leaves(nnx.state(net, nnx.Param)))
    assert shapes == [(), (3,), (5, 3)]


def test_weights_load_into_the_parameters_of_a_function_and_pass_frozen_parts_by():
    net, w = _mixed(), np.ones((5, 4), np.float32)
    loaded = networks.load_state(
        net,
        {
            "function.parameters.w": w,
            "function.parameters.b": w[0],
            "dense.kernel": np.ones((4, 3)),
            "dense.bias": w[0, :3],
        },
    )
    np.testing.assert_array_equal(loaded.function.parameters["w"][...], w)
    np.testing.assert_array_equal(loaded.until("frozen")(MIXED_ROWS), net.until("frozen")(MIXED_ROWS))


def test_the_head_of_another_model_is_a_part_that_is_not_trained():
    whole = networks.freeze(_Block(nnx.Rngs(0)))
    head, _ = networks.split(whole, "norm", MIXED_ROWS)
    net = Chain(head=head, dense=nnx.Linear(6, 2, rngs=nnx.Rngs(0)))
    np.testing.assert_allclose(jax.jit(lambda net: net.until("head")(MIXED_ROWS))(net), head(MIXED_ROWS), atol=1e-6)
    assert len(jax.tree.leaves(nnx.state(net, nnx.Param))) == 2


def test_parameters_of_one_name_stay_two():
    def added(parameters, x, w):
        return x @ parameters["w"] + w[None, :]

    net = Chain(added=functools.partial(added, {"w": jnp.ones((6, 2))}, w=jnp.arange(2.0)))
    np.testing.assert_allclose(net(MIXED_ROWS), MIXED_ROWS.sum(1, keepdims=True) + jnp.arange(2.0)[None, :], atol=1e-5)
    assert set(net.added.parameters) == {"w", "keywords.w"}


class _Block(nnx.Module):
    def __init__(self, rngs):
        self.dense = nnx.Linear(6, 6, rngs=rngs)
        self.norm = nnx.BatchNorm(6, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.again = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.again(self.drop(self.norm(self.dense(x))))


def test_trained_dropout_is_dropped_at_inference_and_its_random_state_too():
    drop = nnx.Dropout(0.5, rngs=nnx.Rngs(0))
    net = Chain(drop=drop)
    assert not jax.tree.leaves(net)
    np.testing.assert_array_equal(networks.freeze(net)(MIXED_ROWS), MIXED_ROWS)
    np.testing.assert_array_equal(
        net(MIXED_ROWS, key=jax.random.key(0)), Chain(drop=nnx.Dropout(0.5))(MIXED_ROWS, key=jax.random.key(0))
    )
    assert jax.tree.leaves(drop), "the layer itself has lost its random state"


def test_dropout_inside_a_stage_takes_the_key_of_the_chain():
    block = _Block(nnx.Rngs(0))
    net = Chain(block=block, dense=nnx.Linear(6, 2, rngs=nnx.Rngs(1)))
    assert net.block.dense.kernel is block.dense.kernel
    assert not jax.tree.leaves(nnx.state(net, nnx.RngState))
    with pytest.raises(ValueError, match="^key: found None while stage 'block', dropout, is in training mode"):
        net(MIXED_ROWS)
    head = net.until("block")
    first, again, other = (head(MIXED_ROWS, key=jax.random.key(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first == 0, other == 0)
    assert 0.65 < float(jnp.mean(first == 0)) < 0.85, "two masks of a half each, and not the same one"
    frozen = networks.freeze(net)
    np.testing.assert_allclose(frozen(MIXED_ROWS)[:3], frozen(MIXED_ROWS[:3]), atol=1e-6)


def test_a_chain_of_blocks_with_dropout_and_attention_trains():
    class Attention(nnx.Module):
        def __init__(self, rngs):
            self.attend = nnx.MultiHeadAttention(2, 6, dropout_rate=0.2, decode=False, rngs=rngs)

        def __call__(self, x):
            return self.attend(x[:, None, :])[:, 0]

    net = Chain(attention=Attention(nnx.Rngs(0)), block=_Block(nnx.Rngs(1)), dense=nnx.Linear(6, 2, rngs=nnx.Rngs(2)))
    labels = (MIXED_ROWS[:, 0] > 0).astype(int)
    trained = networks.fit(net, MIXED_ROWS, labels, key=jax.random.key(0), epochs=2, minibatch_size=10).network
    assert not np.allclose(trained.block.norm.mean[...], net.block.norm.mean[...])
    np.testing.assert_array_equal(trained(MIXED_ROWS), trained(MIXED_ROWS))
