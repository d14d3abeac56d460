import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax.networks.models._convolution import convolution
from tests.matrix_products import matrix_products

CHANNELS_LAST = ("NHWC", "HWIO", "NHWC")
USUAL = jax.lax.conv_dimension_numbers((1,) * 4, (1,) * 4, CHANNELS_LAST)


def _rows(shape=(2, 6, 5, 3), kernel=(3, 3, 3, 4)):
    draw = np.random.default_rng(0)
    return jnp.asarray(draw.normal(size=shape), jnp.float32), jnp.asarray(draw.normal(size=kernel), jnp.float32)


def _ours(*arguments, **options):
    return lambda inputs, kernel: convolution(
        inputs, kernel, *arguments, **({"dimension_numbers": CHANNELS_LAST} | options)
    )


def _lax(*arguments, **options):
    return lambda inputs, kernel: jax.lax.conv_general_dilated(
        inputs, kernel, *arguments, **({"dimension_numbers": CHANNELS_LAST} | options)
    )


def _loss(convolve):
    # Every output counts differently, so that no gradient is right by symmetry.
    def loss(inputs, kernel):
        output = convolve(inputs, kernel)
        return jnp.sum(jnp.sin(output) * jnp.arange(1.0, output.size + 1).reshape(output.shape) / (output.size + 1))

    return loss


def _value_and_gradients(convolve):
    return lambda *arrays: (convolve(*arrays), jax.grad(_loss(convolve), (0, 1))(*arrays))


def _assert_same(change, arguments, arrays, options=None):
    """Ours and JAX's own, each changed in the same way, give the same."""
    found, wanted = (jax.jit(change(make(*arguments, **(options or {}))))(*arrays) for make in (_ours, _lax))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4), found, wanted)


@pytest.mark.parametrize(
    ("arguments", "kernel"),
    [
        (((1, 1), "SAME"), (3, 3)),
        (((1, 1), "SAME"), (4, 2)),
        (((1, 1), "VALID"), (2, 5)),
        (((1, 1), ((2, 0), (1, 3))), (3, 2)),
        (([1, 1], [(4, 4), (-1, 1)]), (3, 3)),
        (((2, 3), "SAME"), (3, 4)),
        (((1, 1), "SAME", None, (2, 1)), (3, 2)),
        (((1, 2), [[1, 2], [2, 1]], (2, 1), (1, 2)), (2, 2)),
    ],
)
def test_values_and_both_gradients_are_jaxs(arguments, kernel):
    _assert_same(_value_and_gradients, arguments, _rows(kernel=(*kernel, 3, 4)))


@pytest.mark.parametrize("rows", [15, 16, 21])
def test_many_rows_summed_in_parts(rows):
    """The kernel's gradient, on CPUs a sum over some rows after the other, with some left over."""
    _assert_same(_value_and_gradients, ((2, 1), "SAME"), _rows((rows, 5, 4, 2), (3, 2, 2, 3)))


@settings(max_examples=5, deadline=None)
@given(
    st.tuples(*[st.integers(1, 3)] * 4),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.tuples(*[st.integers(1, 3)] * 2),
    st.sampled_from(["SAME", "SAME_LOWER", "VALID"]),
)
def test_any_shape_will_do(shape, taps, strides, padding):
    rows, height, width, channels = shape
    size = (rows, height + taps[0] - 1, width + taps[1] - 1, channels)
    _assert_same(_value_and_gradients, (strides, padding), _rows(size, (*taps, channels, 2)))


def test_gradients_are_convolutions_in_the_usual_order_of_axes():
    def orders(convolve):
        gradients = jax.grad(_loss(convolve), (0, 1))
        return [equation.params["dimension_numbers"] for equation in matrix_products(gradients, *_rows())]

    assert len(orders(_ours((1, 1), "SAME"))) == 3
    assert set(orders(_ours((1, 1), "SAME"))) == {USUAL}
    assert set(orders(_ours((2, 2), "VALID"))) == {USUAL}
    assert set(orders(_lax((1, 1), "SAME"))) != {USUAL}, "else this function is not needed any more"


def test_a_gradient_that_is_not_asked_for_is_not_computed():
    first, kernel = _rows()
    products = matrix_products(jax.grad(_loss(_ours((1, 1), "SAME")), 1), first, kernel)
    assert len(list(products)) == 2


@pytest.mark.parametrize("axes", [(0, None), (None, 0), (0, 0)])
def test_gradients_of_many_lanes(axes):
    arrays = [
        array if axis is None else jnp.stack([array, -2 * array])
        for array, axis in zip(_rows((2, 4, 3, 2), (3, 2, 2, 2)), axes, strict=True)
    ]

    def both_orders(convolve):
        each = jax.vmap(jax.grad(_loss(convolve), (0, 1)), axes)
        total = jax.grad(lambda *arrays: jnp.sum(jax.vmap(_loss(convolve), axes)(*arrays)), (0, 1))
        return lambda *arrays: (each(*arrays), total(*arrays))

    _assert_same(both_orders, ((1, 1), "SAME"), arrays)


def test_descent_in_a_loop():
    def descend(convolve):
        def step(kernel, inputs):
            return kernel - 0.1 * jax.grad(_loss(convolve), 1)(inputs, kernel), None

        return lambda inputs, kernel: jax.lax.scan(step, kernel, jnp.stack([inputs, inputs[::-1]]))[0]

    _assert_same(descend, ((1, 1), "SAME"), _rows())


def test_derivatives_of_other_kinds():
    def derivatives(convolve):
        loss = _loss(convolve)
        forward = jax.hessian(loss, 1)
        again = jax.grad(jax.checkpoint(loss), (0, 1))
        second = jax.grad(lambda *arrays: jnp.sum(jax.grad(loss, 1)(*arrays) ** 2), (0, 1))
        return lambda *arrays: (jax.jvp(convolve, arrays, arrays), forward(*arrays), again(*arrays), second(*arrays))

    _assert_same(derivatives, ((1, 1), "SAME"), _rows((1, 3, 3, 2), (2, 2, 2, 1)))


def test_rows_on_two_devices_share_a_kernel():
    mesh = jax.make_mesh((2,), ("rows",), axis_types=(jax.sharding.AxisType.Auto,))

    def sharded(convolve):
        gradient = jax.grad(lambda inputs, kernel: jnp.sum(jnp.sin(convolve(inputs, kernel))), 1)
        return jax.shard_map(gradient, mesh=mesh, in_specs=(jax.P("rows"), jax.P()), out_specs=jax.P())

    _assert_same(sharded, ((1, 1), "SAME"), _rows())


@pytest.mark.parametrize(
    ("shapes", "arguments", "options"),
    [
        (((2, 6, 5, 4), (3, 3, 2, 4)), ((1, 1), "SAME"), {"feature_group_count": 2}),
        (((2, 6, 5, 4), (3, 3, 4, 4)), ((1, 1), "SAME"), {"batch_group_count": 2}),
        (((2, 6, 5, 4), (3, 3, 4, 4)), ((1, 1), "SAME"), {"preferred_element_type": jnp.float32}),
        (((2, 6, 5, 4), (4, 6, 3, 3)), ((1, 1), "SAME"), {"dimension_numbers": None}),
        (((2, 6, 5, 4), (3, 3, 4, 4)), ((1, 1), "SAME"), {"dimension_numbers": ("NHWC", "HWIO", "NCHW")}),
        (((2, 6, 4), (3, 4, 4)), ((2,), "SAME", None, (2,)), {"dimension_numbers": ("NHC", "HIO", "NHC")}),
        (((2, 6, 5, 4, 3), (3,) * 5), ((1,) * 3, "SAME"), {"dimension_numbers": ("NDHWC", "DHWIO", "NDHWC")}),
    ],
)
def test_what_it_cannot_do_is_passed_on(shapes, arguments, options):
    traced = [str(jax.make_jaxpr(make(*arguments, **options))(*_rows(*shapes))) for make in (_ours, _lax)]
    assert traced[0] == traced[1]


def test_precision_and_half_precision_are_kept():
    products = matrix_products(jax.grad(_loss(_ours((1, 1), "SAME", precision="highest")), (0, 1)), *_rows())
    precisions = [equation.params["precision"] for equation in products]
    assert set(precisions) == {(jax.lax.Precision.HIGHEST,) * 2}
    half = [array.astype(jnp.bfloat16) for array in _rows()]
    gradients = jax.eval_shape(jax.grad(lambda *a: _ours((1, 1), "SAME")(*a).sum(), (0, 1)), *half)
    assert [gradient.dtype for gradient in gradients] == [jnp.bfloat16] * 2


@pytest.mark.parametrize(
    ("arguments", "kernel"),
    [
        (((1,), "SAME"), (3, 3, 3, 4)),
        (((1, 1), "SOME"), (3, 3, 3, 4)),
        (((1, 1), 3), (3, 3, 3, 4)),
        (((1, 1), ((1, 1),)), (3, 3, 3, 4)),
        (((1, 1), "SAME"), (3, 3, 2, 4)),
        (((1, 1), "SAME"), (3, 3, 3)),
    ],
)
def test_refusals_are_jaxs(arguments, kernel):
    arrays = _rows(kernel=kernel)
    with pytest.raises(Exception) as wanted:  # noqa: PT011
        _lax(*arguments)(*arrays)
    with pytest.raises(type(wanted.value)) as found:
        _ours(*arguments)(*arrays)
    assert str(found.value) == str(wanted.value)
