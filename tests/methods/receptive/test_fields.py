import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import receptive

TOKENS = np.random.default_rng(0).integers(0, 9, (3, 40))
TABLE = jax.random.normal(jax.random.key(0), (9, 4))


def _convolution(width, channels, units, *, stride=1, dilation=1, padding="VALID", axes=1, seed=0):
    kernel = jax.random.normal(jax.random.key(seed), (*[width] * axes, channels, units))
    numbers = ("NHC", "HIO", "NHC") if axes == 1 else ("NHWC", "HWIO", "NHWC")

    def convolve(x):
        return jax.lax.conv_general_dilated(
            x, kernel, (stride,) * axes, padding, rhs_dilation=(dilation,) * axes, dimension_numbers=numbers
        )

    return convolve


def _by_gradient(head, inputs):
    """[*positions, axes] ends of the Jacobian's entries that are not zero, in any row."""
    jacobian = jax.jacobian(lambda x: jnp.sum(head(x), axis=0))(jnp.asarray(inputs, jnp.float32))
    outputs = jacobian.ndim - inputs.ndim
    touched = np.any(np.asarray(jacobian) != 0, axis=(outputs - 1, outputs, jacobian.ndim - 1))
    axes = inputs.ndim - 2
    start, stop = np.zeros((2, *touched.shape[: outputs - 1], axes), int)
    for place in np.ndindex(touched.shape[: outputs - 1]):
        found = np.argwhere(touched[place])
        if len(found):
            start[place], stop[place] = found.min(axis=0), found.max(axis=0) + 1
    return start, stop


@pytest.mark.parametrize("options", [{}, {"stride": 3}, {"dilation": 4}, {"padding": "SAME"}])
def test_the_field_of_a_convolution_is_where_its_jacobian_is_not_zero(options):
    head = _convolution(5, 2, 6, **options)
    signals = jax.random.normal(jax.random.key(1), (2, 41, 2))
    field = receptive.field(head, signals)
    start, stop = _by_gradient(head, signals)
    np.testing.assert_array_equal(field.start, start)
    np.testing.assert_array_equal(field.stop, stop)


def test_two_convolutions_with_a_relu_between_have_the_field_of_both():
    first, last = _convolution(3, 1, 16, stride=2), _convolution(4, 16, 16, seed=1)
    field = receptive.field(lambda x: last(jax.nn.relu(first(x))), jax.random.normal(jax.random.key(1), (2, 60, 1)))
    np.testing.assert_array_equal(field.start[:, 0], 2 * np.arange(len(field.start)))
    np.testing.assert_array_equal(field.stop - field.start, 9)


def test_images_have_boxes():
    head = _convolution(3, 1, 5, stride=2, axes=2)
    images = jax.random.normal(jax.random.key(1), (2, 9, 12, 1))
    field = receptive.field(head, images)
    start, stop = _by_gradient(head, images)
    np.testing.assert_array_equal(field.start, start)
    np.testing.assert_array_equal(field.stop, stop)
    np.testing.assert_array_equal(field.start, receptive.sliding((9, 12), 3, stride=2).start)
    np.testing.assert_array_equal(field.stop, receptive.sliding((9, 12), 3, stride=2).stop)


def test_tokens_have_a_field_though_they_have_no_gradient():
    convolve = _convolution(3, 8, 5)
    field = receptive.field(lambda x: convolve(TABLE[x].reshape(len(x), 20, 8)), TOKENS, batch_size=3)
    np.testing.assert_array_equal(field.start[:, 0], 2 * np.arange(18))
    np.testing.assert_array_equal(field.stop[:, 0], 2 * np.arange(18) + 6)


def test_padding_and_what_depends_on_nothing():
    padded = receptive.sliding(4, 2, padding=3)
    assert padded.start[:, 0].tolist() == [0, 0, 0, 0, 1, 2, 3, 0, 0]
    assert padded.stop[:, 0].tolist() == [0, 0, 1, 2, 3, 4, 4, 0, 0]
    found = receptive.field(_convolution(2, 1, 4, padding=[(3, 3)]), jnp.ones((1, 4, 1)))
    np.testing.assert_array_equal(found.start, padded.start)
    np.testing.assert_array_equal(found.stop, padded.stop)
    behind = receptive.sliding(9, 2).behind(padded)
    assert behind.stop[:, 0].tolist() == [0, 1, 2, 3, 4, 4, 4, 0]


def test_a_normalization_over_positions_couples_all_and_parts_around_it_do_not():
    convolve = _convolution(3, 4, 8)

    def normalized(x):
        return (x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 1e-3)

    whole = receptive.field(lambda x: convolve(normalized(TABLE[x])), TOKENS)
    assert (whole.start == 0).all()
    assert (whole.stop == 40).all()
    later = receptive.field(convolve, normalized(TABLE[TOKENS]))
    parts = later.behind(receptive.field(lambda x: TABLE[x], TOKENS))
    np.testing.assert_array_equal(parts.stop - parts.start, 3)


@pytest.mark.parametrize("seed", range(3))
def test_any_dependence_is_found_position_by_position(seed):
    generator = np.random.default_rng(seed)
    touched = generator.random((11, 30)) < 0.1
    weights = jnp.asarray(touched.T, jnp.float32)
    field = receptive.field(lambda x: (x @ weights)[..., None], generator.normal(size=(2, 30)))
    for place in range(11):
        numbers = np.flatnonzero(touched[place])
        ends = (numbers[0], numbers[-1] + 1) if len(numbers) else (0, 0)
        assert (field.start[place, 0], field.stop[place, 0]) == ends


def test_fewer_axes_may_be_positions():
    images = jax.random.normal(jax.random.key(1), (2, 6, 4))
    field = receptive.field(lambda x: x.reshape(len(x), 3, 8), images, axes=2)
    assert field.start.tolist() == [[0, 0], [2, 0], [4, 0]]
    assert field.stop.tolist() == [[2, 4], [4, 4], [6, 4]]


def test_another_network_of_the_same_shape_does_not_compile(assert_compiles):
    def head(weights, x):
        return x[..., None] * weights[None, None]

    def of(number):
        return jax.tree_util.Partial(head, number * jnp.ones(3))

    signals = np.random.default_rng(0).normal(size=(2, 20))
    receptive.windows(of(1.0), signals)
    one, other = of(2.0), of(3.0)
    receptive.windows(one, signals)
    with assert_compiles(0):
        receptive.windows(other, signals + 1)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="inputs: found tokens that are all 3"):
        receptive.field(lambda x: TABLE[x], np.full((2, 5), 3))
    with pytest.raises(ValueError, match="head: found outputs of shape"):
        receptive.field(lambda x: x, np.ones((2, 5)))
    with pytest.raises(ValueError, match="earlier: found a field of positions"):
        receptive.sliding(5, 2).behind(receptive.sliding(5, 2))
    with pytest.raises(TypeError, match="earlier: found 3, wanted a Field"):
        receptive.sliding(5, 2).behind(3)
    with pytest.raises(ValueError, match="width: found"):
        receptive.sliding(5, 6)


@pytest.mark.parametrize(
    "head",
    [
        lambda x: (x[:, 1:] == x[:, :-1]).astype(jnp.float32)[..., None],
        lambda x: (x[:, 1:] - x[:, :-1]).astype(jnp.float32)[..., None],
    ],
)
def test_what_one_map_of_a_whole_block_leaves_unchanged_is_found(head):
    for inputs in (np.random.default_rng(0).integers(0, 2, (3, 60)), np.zeros((2, 60), np.float32)):
        field = receptive.field(head, inputs, probes=4)
        np.testing.assert_array_equal(field.start[:, 0], np.arange(59))
        np.testing.assert_array_equal(field.stop[:, 0], np.arange(2, 61))
