import functools
import inspect
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax import networks
from interp_jax.networks import Chain, load_state
from tests.networks.weights import torch_networks
from tests.networks.weights.torch_networks import normal

NAMES = {"features.0": "conv1", "features.1": "norm1", "classifier.0": "dense1", "classifier.2": "dense2"}
IMAGES = normal(5, 3, 4, 6, seed=20)


def _cnn():
    rngs = nnx.Rngs(0)
    return Chain(
        conv1=nnx.Conv(3, 4, (3, 3), padding=1, rngs=rngs),
        norm1=nnx.BatchNorm(4, rngs=rngs),
        relu1=nnx.relu,
        pool1=functools.partial(nnx.max_pool, window_shape=(2, 2), strides=(2, 2)),
        flat=_flatten,
        dense1=nnx.Linear(24, 5, rngs=rngs),
        relu2=nnx.relu,
        dense2=nnx.Linear(5, 2, rngs=rngs),
    )


def _flatten(x):
    return x.reshape(len(x), -1)


def _two_dense(*sizes, seed=0):
    rngs = nnx.Rngs(seed)
    pairs = itertools.pairwise(sizes)
    return Chain(**{f"dense{n}": nnx.Linear(*pair, rngs=rngs) for n, pair in enumerate(pairs, 1)})


def _torch_dense(*sizes, prefix="fc"):
    state = {}
    for n, (inputs, outputs) in enumerate(itertools.pairwise(sizes), 1):
        state |= {
            f"{prefix}{n}.weight": normal(outputs, inputs, seed=n),
            f"{prefix}{n}.bias": normal(outputs, seed=-n % 9),
        }
    return state


def _arrays(model):
    return {
        ".".join(map(str, path)): np.asarray(variable[...])
        for path, variable in nnx.to_flat_state(nnx.state(model, nnx.Any(nnx.Param, nnx.BatchStat)))
    }


@pytest.mark.parametrize("layout", [None, "torch"])
def test_a_convolutional_network_of_pytorch_has_the_scores_that_pytorch_computes(layout):
    state = torch_networks.cnn_state()
    loaded = load_state(_cnn(), state, NAMES, layout=layout, flattened={"dense1": (2, 3, 4)})
    scores = networks.freeze(loaded)(np.moveaxis(IMAGES, 1, -1))
    np.testing.assert_allclose(scores, torch_networks.cnn(state, IMAGES), atol=1e-5)


def test_a_flattened_image_of_unknown_shape_is_refused():
    with pytest.raises(
        ValueError, match=r"^flattened: found nothing for 'dense1', whose 24 inputs .* \(height, width, 4\)"
    ):
        load_state(_cnn(), torch_networks.cnn_state(), NAMES)


def test_inputs_that_are_in_the_same_order_are_left_so():
    state = torch_networks.cnn_state()
    as_it_is = load_state(_cnn(), state, NAMES, flattened={"dense1": None})
    np.testing.assert_array_equal(as_it_is.dense1.kernel[...], state["classifier.0.weight"].T)
    reordered = load_state(_cnn(), state, NAMES, flattened={"dense1": (2, 3, 4)})
    assert not np.array_equal(reordered.dense1.kernel[...], as_it_is.dense1.kernel[...])


def test_arrays_of_a_model_go_into_another_and_leave_that_as_it_was():
    first, second = _cnn(), _cnn()
    arrays = {name: normal(*array.shape, seed=n) for n, (name, array) in enumerate(_arrays(first).items())}
    before = _arrays(second)
    loaded = load_state(second, arrays, layout="jax")
    for name, array in _arrays(loaded).items():
        np.testing.assert_array_equal(array, arrays[name])
    for name, array in _arrays(second).items():
        np.testing.assert_array_equal(array, before[name])
    assert isinstance(loaded, Chain)
    assert loaded.stage_names == second.stage_names


def test_nested_dicts_and_slashes_are_names_too():
    model = _two_dense(3, 2)
    kernel, bias = normal(3, 2, seed=1), normal(2, seed=2)
    nested = load_state(model, {"params": {"dense1": {"kernel": kernel, "bias": bias}}}, {"params": ""})
    slashed = load_state(model, {"dense1/kernel": kernel, "dense1/bias": bias})
    for loaded in (nested, slashed):
        np.testing.assert_array_equal(loaded.dense1.kernel[...], kernel)


def test_a_second_state_does_not_recompile(assert_compiles):
    scores = jax.jit(lambda network, x: network(x))
    model, x = _two_dense(4, 3, 2), jnp.ones((2, 4))
    scores(model, x)
    loaded = load_state(model, _torch_dense(4, 3, 2, prefix="dense"))
    with assert_compiles(0):
        scores(loaded, x)


def test_a_square_kernel_is_not_guessed():
    state = _torch_dense(4, 4, 2, prefix="dense")
    with pytest.raises(
        ValueError, match=r"^layout: found None for dense1\.weight, .* dense2\.weight can only be torch"
    ):
        load_state(_two_dense(4, 4, 2), state)
    torch = load_state(_two_dense(4, 4, 2), state, layout="torch")
    np.testing.assert_array_equal(torch.dense1.kernel[...], state["dense1.weight"].T)
    state["dense2.weight"] = state["dense2.weight"].T
    as_it_is = load_state(_two_dense(4, 4, 2), state, layout="jax")
    np.testing.assert_array_equal(as_it_is.dense1.kernel[...], state["dense1.weight"])


def test_a_square_convolution_is_not_guessed_and_its_image_axes_stay_in_order():
    model = Chain(conv=nnx.Conv(3, 3, (3, 3), rngs=nnx.Rngs(0)))
    state = {"conv.weight": normal(3, 3, 3, 3), "conv.bias": normal(3)}
    with pytest.raises(ValueError, match=r"^layout: found None for conv\.weight"):
        load_state(model, state)
    loaded = load_state(model, state, layout="torch")
    np.testing.assert_array_equal(loaded.conv.kernel[...], np.einsum("oihw->hwio", state["conv.weight"]))


def test_kernels_of_two_layouts_are_refused():
    state = _torch_dense(4, 3, 2, prefix="dense")
    state["dense2.weight"] = state["dense2.weight"].T
    with pytest.raises(ValueError, match=r"found dense1\.weight in PyTorch's layout and dense2\.weight in JAX's"):
        load_state(_two_dense(4, 3, 2), state)
    with pytest.raises(ValueError, match=r'found dense2\.weight float32 \[3, 2\], which fits with layout="jax"'):
        load_state(_two_dense(4, 3, 2), state, layout="torch")


LAYERS = {
    "signals": (lambda rngs: nnx.Conv(2, 4, (5,), rngs=rngs), (4, 2, 5), "oit->tio"),
    "volumes": (lambda rngs: nnx.Conv(2, 4, (5, 6, 7), rngs=rngs), (4, 2, 5, 6, 7), "oithw->thwio"),
    "groups": (lambda rngs: nnx.Conv(4, 6, (3, 5), feature_group_count=2, rngs=rngs), (6, 2, 3, 5), "oihw->hwio"),
    "dense": (lambda rngs: nnx.Linear(3, 2, rngs=rngs), (2, 3), "oi->io"),
}


@pytest.mark.parametrize(("make", "shape", "axes"), LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("layout", [None, "torch"])
def test_kernels_of_every_layer_are_transposed(make, shape, axes, layout):
    weight, bias = normal(*shape, seed=1), normal(shape[0], seed=2)
    loaded = load_state(Chain(a=make(nnx.Rngs(0))), {"a.weight": weight, "a.bias": bias}, layout=layout)
    np.testing.assert_array_equal(loaded.a.kernel[...], np.einsum(axes, weight))
    np.testing.assert_array_equal(loaded.a.bias[...], bias)


@pytest.mark.parametrize("transpose_kernel", [False, True])
def test_a_transposed_convolution_is_the_gradient_of_a_convolution(transpose_kernel):
    weight = normal(2, 3, 3, 5, seed=1)  # of PyTorch: [in, out, height, width]
    layer = nnx.ConvTranspose(
        2, 3, (3, 5), padding="VALID", use_bias=False, transpose_kernel=transpose_kernel, rngs=nnx.Rngs(0)
    )
    loaded = load_state(Chain(up=layer), {"up.weight": weight})
    x = normal(1, 6, 7, 2, seed=2)

    def convolve(y):
        return jax.lax.conv_general_dilated(y, weight, (1, 1), "VALID", dimension_numbers=("NHWC", "OIHW", "NHWC"))

    _, pull = jax.vjp(convolve, jnp.zeros((1, 8, 11, 3)))
    np.testing.assert_allclose(loaded(x), pull(jnp.asarray(x))[0], atol=1e-5)


def test_embeddings_are_not_transposed_and_norms_have_their_names():
    class Text(nnx.Module):
        def __init__(self, rngs):
            self.embed = nnx.Embed(6, 6, rngs=rngs)
            self.blocks = nnx.List([nnx.LayerNorm(6, rngs=rngs)])
            self.head = nnx.Linear(6, 2, use_bias=False, rngs=rngs)

    state = {
        "embed.weight": normal(6, 6, seed=1),
        "blocks.0.weight": normal(6, seed=2),
        "blocks.0.bias": normal(6, seed=3),
        "head.weight": normal(2, 6, seed=4),
    }
    loaded = load_state(Text(nnx.Rngs(0)), state)
    np.testing.assert_array_equal(loaded.embed.embedding[...], state["embed.weight"])
    np.testing.assert_array_equal(loaded.blocks[0].scale[...], state["blocks.0.weight"])
    np.testing.assert_array_equal(loaded.head.kernel[...], state["head.weight"].T)


def test_names_of_keras_are_taken():
    model = Chain(norm=nnx.BatchNorm(3, rngs=nnx.Rngs(0)), dense=nnx.Linear(3, 2, rngs=nnx.Rngs(0)))
    arrays = {
        "norm/gamma": normal(3, seed=1),
        "norm/beta": normal(3, seed=2),
        "norm/moving_mean": normal(3, seed=3),
        "norm/moving_variance": normal(3, seed=4) ** 2,
        "dense/kernel": normal(3, 2, seed=5),
        "dense/bias": normal(2, seed=6),
    }
    loaded = load_state(model, arrays)
    for name, attribute in (("gamma", "scale"), ("beta", "bias"), ("moving_mean", "mean"), ("moving_variance", "var")):
        np.testing.assert_array_equal(getattr(loaded.norm, attribute)[...], arrays[f"norm/{name}"])
    np.testing.assert_array_equal(loaded.dense.kernel[...], arrays["dense/kernel"])


def test_heads_of_attention_take_flat_weights_where_the_layout_is_stated():
    layer = nnx.LinearGeneral(6, (2, 3), rngs=nnx.Rngs(0))
    state = {"q.weight": normal(6, 6, seed=1), "q.bias": normal(6, seed=2)}
    with pytest.raises(ValueError, match=r"q\.kernel takes float32 \[6, 2, 3\]: found q\.weight"):
        load_state(Chain(q=layer), state)
    x = normal(4, 6, seed=3)
    wanted = torch_networks.linear(x, state["q.weight"], state["q.bias"]).reshape(4, 2, 3)
    np.testing.assert_allclose(load_state(Chain(q=layer), state, layout="torch")(x), wanted, atol=1e-5)


class _Tied(nnx.Module):
    def __init__(self, rngs):
        self.zero = nnx.Linear(4, 4, use_bias=False, rngs=rngs)
        self.again = self.zero


def test_tied_weights_have_both_names_and_stay_tied():
    weight = normal(4, 4)
    for names in (("zero",), ("again",), ("zero", "again")):
        loaded = load_state(_Tied(nnx.Rngs(0)), {f"{name}.weight": weight for name in names}, layout="torch")
        assert loaded.zero is loaded.again
        np.testing.assert_array_equal(loaded.again.kernel[...], weight.T)
    with pytest.raises(ValueError, match=r"different arrays for zero\.kernel: zero\.weight, again\.weight"):
        load_state(_Tied(nnx.Rngs(0)), {"zero.weight": weight, "again.weight": 2 * weight}, layout="torch")


def test_everything_that_does_not_match_is_listed_on_both_sides():
    state = _torch_dense(4, 3, 2, prefix="dense")
    state["dense2.weight"] = normal(7, 3)
    state["fc3.weight"] = normal(2, 2)
    del state["dense1.bias"]
    with pytest.raises(ValueError, match=r"^arrays: found 2 of 4 that fit nothing in the model") as caught:
        load_state(_two_dense(4, 3, 2), state)
    for line in (
        "arrays without a variable: fc3.weight [2, 2]",
        "variables without an array: dense1.bias [3]",
        "dense2.kernel takes float32 [3, 2]: found dense2.weight float32 [7, 3]",
    ):
        assert line in str(caught.value)


def test_a_mapping_by_the_order_of_the_layers_is_proposed_and_works():
    state = torch_networks.cnn_state()
    with pytest.raises(ValueError, match=f"perhaps mapping={NAMES}"):
        load_state(_cnn(), state)
    load_state(_cnn(), state, NAMES, flattened={"dense1": (2, 3, 4)})
    with pytest.raises(ValueError, match="arrays without a variable") as caught:
        load_state(_cnn(), dict(reversed(state.items())))
    assert "perhaps" not in str(caught.value)


def test_the_longest_beginning_counts_and_none_leaves_out():
    state = _torch_dense(4, 3, 2, prefix="net.dense") | {"net.old.head.weight": normal(9, 9)}
    loaded = load_state(_two_dense(4, 3, 2), state, {"net": "", "net.old": None})
    np.testing.assert_array_equal(loaded.dense2.kernel[...], state["net.dense2.weight"].T)
    swapped = load_state(_two_dense(3, 3), {"a.b": normal(3, 3), "a.c": normal(3)},
                         {"a.b": "dense1.kernel", "a.c": "dense1.bias"}, layout="jax")  # fmt: skip
    np.testing.assert_array_equal(swapped.dense1.kernel[...], normal(3, 3))


def test_a_layer_can_keep_its_own_weights():
    model, state = _two_dense(4, 3, 2), _torch_dense(4, 3, 7, prefix="dense")
    loaded = load_state(model, state, keep=["dense2"])
    np.testing.assert_array_equal(loaded.dense2.kernel[...], model.dense2.kernel[...])
    np.testing.assert_array_equal(loaded.dense1.kernel[...], state["dense1.weight"].T)
    del state["dense2.weight"], state["dense2.bias"]
    load_state(model, state, keep=["dense2"])


def test_variables_keep_their_types():
    layer = nnx.Linear(3, 2, param_dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
    loaded = load_state(
        Chain(a=layer), {"a.weight": normal(2, 3).astype(np.float64), "a.bias": np.zeros(2, np.float16)}
    )
    assert loaded.a.kernel.dtype == loaded.a.bias.dtype == jnp.bfloat16
    np.testing.assert_array_equal(loaded.a.kernel[...], normal(2, 3).T.astype(jnp.bfloat16))


def test_numbers_that_the_variable_cannot_hold_are_refused():
    layer = nnx.Linear(3, 2, param_dtype=jnp.float16, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match=r"^arrays for a\.kernel: found numbers beyond float16"):
        load_state(Chain(a=layer), {"a.weight": np.full((2, 3), 1e5), "a.bias": np.zeros(2)})


def test_whole_numbers_do_not_wrap():
    class Counts(nnx.Module):
        def __init__(self):
            self.counts = nnx.Param(jnp.zeros(2, jnp.int32))

    loaded = load_state(Counts(), {"counts": np.array([3, -4], np.int64)})
    assert loaded.counts[...].tolist() == [3, -4]
    with pytest.raises(ValueError, match="^arrays for counts: found int64 .* beyond int32"):
        load_state(Counts(), {"counts": np.array([3, 2**32 + 1])})


def _load(**changes):
    given = {"model": _two_dense(3, 2), "arrays": _torch_dense(3, 2, prefix="dense")} | changes
    return inspect.unwrap(load_state)(**given)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"model": networks.freeze(lambda x: x)}, TypeError, "^model: found FrozenNetwork, wanted a Chain or"),
        ({"arrays": [normal(2, 3)]}, TypeError, "^arrays: found list|^arrays: found .*array"),
        ({"arrays": {}}, ValueError, "^arrays: found none"),
        ({"arrays": {"a": "text"}}, ValueError, r"^arrays\['a'\]: found"),
        ({"arrays": {"a": {"b": 1.0}, "a.b": 1.0}}, ValueError, "^arrays: found two of the name a.b"),
        ({"mapping": ["dense1"]}, TypeError, "^mapping: found"),
        ({"mapping": {"fc": "dense1"}}, ValueError, "^mapping: found 'fc', wanted the beginning of a name .* dense1.w"),
        ({"layout": "pytorch"}, ValueError, "^layout: found 'pytorch', wanted one of 'torch', 'jax'"),
        (
            {"flattened": {"conv": (1, 3)}},
            ValueError,
            "^flattened: found 'conv', wanted one of the dense layers 'dense1'",
        ),
        ({"flattened": {"dense1": (2, 2)}}, ValueError, r"^flattened\['dense1'\]: found \(2, 2\), .* product is 3"),
        ({"flattened": (1, 3)}, TypeError, "^flattened: found"),
        ({"keep": "dense1"}, TypeError, "^keep: found"),
        ({"keep": ["head"]}, ValueError, "^keep: found 'head', wanted one of the layers 'dense1'"),
        (
            {"arrays": {"dense1.weight": np.ones((2, 3), np.int8), "dense1.bias": np.zeros(2)}},
            ValueError,
            r"dense1\.kernel takes float32 \[3, 2\]: found dense1\.weight int8 \[2, 3\]",
        ),
        (
            {"arrays": {"dense1.kernel": np.ones((3, 2)), "dense1.bias": np.zeros(2)}, "flattened": {"dense1": (1, 3)}},
            ValueError,
            "^flattened: found 'dense1', which gets no kernel in PyTorch's layout",
        ),
    ],
)
def test_what_cannot_be_loaded_is_refused(changes, error, message):
    with pytest.raises(error, match=message):
        _load(**changes)
