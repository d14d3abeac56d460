import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d

from interp_jax.methods.ascent import regularizers as regularizers

ZEROS = jnp.zeros(8)
# Few values, so that ties are common.
VALUES = st.lists(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 3.0]), min_size=8, max_size=8)
_apply = jax.jit(lambda regularizer, x, gradient, step: regularizer(x, gradient, step))


@given(VALUES, st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_exactly_the_smallest_pixels_go(values, share):
    x, gradient = jnp.array(values), jnp.roll(jnp.array(values), 3) * jnp.arange(8)
    for regularizer, sizes in (
        (regularizers.clip_norm(share), np.square(x)),
        (regularizers.clip_contribution(share), np.abs(np.asarray(x * gradient))),
    ):
        found = np.asarray(_apply(regularizer, x, gradient, 0))
        gone = np.argsort(sizes, kind="stable")[: int(share * 8 * (1 + 2.0**-22))]
        wanted = np.array(values, np.float32)
        wanted[gone] = 0
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("size", [3, 41, 97])
def test_a_share_that_is_so_many_pixels_is_so_many(size):
    x = jnp.arange(1.0, size + 1)
    for count in range(size + 1):
        kept = _apply(regularizers.clip_norm(count / size), x, x, 0)
        assert int(jnp.sum(kept == 0)) == count


def test_channels_of_a_pixel_go_together():
    image = jax.random.normal(jax.random.key(0), (4, 5, 3))
    found = regularizers.clip_norm(0.5)(image, image, 0)
    gone = np.asarray(found == 0).all(axis=-1)
    assert gone.sum() == 10
    norms = np.square(image).sum(-1)
    assert norms[gone].max() < norms[~gone].min()
    np.testing.assert_array_equal(found[~gone], image[~gone])


def test_contributions_of_channels_cancel():
    image, gradient = jnp.array([[3.0, 3.0], [1.0, 1.0]]), jnp.array([[1.0, -1.0], [1.0, 1.0]])
    found = regularizers.clip_contribution(0.5)(image, gradient, 0)
    np.testing.assert_array_equal(found, [[0, 0], [1, 1]])


def test_blur_is_scipys_inside_and_keeps_a_constant_at_the_edges():
    signal = jax.random.normal(jax.random.key(1), (60,))
    blurred = regularizers.gaussian_blur(1.5)(signal, signal, 0)
    wanted = gaussian_filter1d(np.asarray(signal, np.float64), 1.5, truncate=12)
    np.testing.assert_allclose(blurred[20:40], wanted[20:40], atol=1e-5)
    constant = jnp.full((6, 7, 2), 3.0)
    np.testing.assert_allclose(regularizers.gaussian_blur(2.0)(constant, constant, 0), constant, rtol=1e-6)


def test_blur_leaves_channels_apart_and_waits_its_turn():
    image = jnp.zeros((5, 5, 2)).at[2, 2, 0].set(1.0)
    blur = regularizers.gaussian_blur(1.0, every=3)
    for step in range(6):
        found = _apply(blur, image, image, step)
        assert float(jnp.abs(found[..., 1]).max()) == 0
        assert bool(jnp.array_equal(found, image)) == (step % 3 != 2)
    rows_only = regularizers.gaussian_blur(1.0, axes=(0,))(image, image, 0)
    assert float(rows_only[1, 2, 0]) > 0 == float(rows_only[2, 1, 0])


def test_decay_and_box():
    x = jnp.array([-3.0, 0.5, 2.0])
    np.testing.assert_allclose(regularizers.l2_decay(0.25)(x, x, 0), 0.75 * x)
    np.testing.assert_array_equal(regularizers.box(-1, 1)(x, x, 0), [-1, 0.5, 1])


def test_other_strengths_compile_nothing(assert_compiles):
    def made(strength):
        return (
            regularizers.l2_decay(strength),
            regularizers.gaussian_blur(strength, every=int(10 * strength)),
            regularizers.clip_norm(strength),
            regularizers.clip_contribution(strength),
            regularizers.box(-strength, strength),
        )

    first, second = made(0.25), made(0.5)
    for regularizer in first:
        _apply(regularizer, ZEROS, ZEROS, 0)
    with assert_compiles(0):
        for regularizer in second:
            _apply(regularizer, ZEROS, ZEROS, 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: regularizers.l2_decay(1.5), "rate: found 1.5"),
        (lambda: regularizers.l2_decay(float("nan")), "rate: found nan"),
        (lambda: regularizers.gaussian_blur(0.0), "width: found 0.0"),
        (lambda: regularizers.gaussian_blur(1.0, every=0), "every: found 0"),
        (lambda: regularizers.clip_norm(-0.1), "share: found -0.1"),
        (lambda: regularizers.clip_contribution(2), "share: found 2"),
        (lambda: regularizers.box(1.0, 1.0), "least, greatest: found 1.0 and 1.0"),
        (lambda: regularizers.box(float("nan"), 1.0), "least: found nan"),
        (lambda: regularizers.gaussian_blur(float("nan")), "width: found nan"),
        (lambda: regularizers.gaussian_blur(1.0, axes=(2,))(ZEROS, ZEROS, 0), "axes: found axis 2"),
    ],
)
def test_strengths_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
