import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax import data

# Every pixel of every image is another number, the three channels apart from each other.
IMAGES = np.random.default_rng(0).random((200, 7, 6, 3)).astype(np.float32)
SIZE = 5
AUGMENT = jax.jit(data.augment_images, static_argnames=("size", "contrast"))


def _candidates(image):
    """Every crop of an image, mirrored or not, by place: (top, left, mirrored)."""
    places = [(top, left) for top in range(image.shape[0] - SIZE + 1) for left in range(image.shape[1] - SIZE + 1)]
    crops = {(*place, False): image[place[0] : place[0] + SIZE, place[1] : place[1] + SIZE] for place in places}
    return crops | {(top, left, True): crop[:, ::-1] for (top, left, _), crop in crops.items()}


def _standardized(image):
    image = np.asarray(image, np.float64)
    return (image - image.mean()) / max(image.std(), 1 / (255 * image.size**0.5))


def test_crops_of_the_image_at_every_place_mirrored_half_of_the_time():
    shown = np.asarray(AUGMENT(jax.random.key(0), IMAGES, size=SIZE, contrast=(1.0, 1.0)))
    assert shown.shape == (200, SIZE, SIZE, 3)
    found = []
    for image, result in zip(IMAGES, shown, strict=True):
        places = [p for p, crop in _candidates(image).items() if np.allclose(_standardized(crop), result, atol=1e-4)]
        assert len(places) == 1
        found += places
    assert {place[:2] for place in found} == {(top, left) for top in range(3) for left in range(2)}
    assert 70 < sum(mirrored for *_, mirrored in found) < 130


def test_contrast_stretches_every_channel_about_its_mean():
    shown = np.asarray(AUGMENT(jax.random.key(1), IMAGES[:50, :SIZE, :SIZE], size=SIZE, contrast=(0.2, 1.8)))
    factors = []
    for image, result in zip(IMAGES[:, :SIZE, :SIZE], shown, strict=False):
        crop = min((image, image[:, ::-1]), key=lambda crop: _off_line(crop, result))
        assert _off_line(crop, result) < 1e-4
        means, scales = crop.mean((0, 1)), _slopes(crop, result)
        # Standardizing shrinks all channels by one number; the distances of their means are left at a contrast of 1.
        factors.append(scales[0] / ((result[..., 0].mean() - result[..., 1].mean()) / (means[0] - means[1])))
    assert 0.15 < min(factors) < 0.5
    assert 1.5 < max(factors) < 1.85


def _slopes(crop, result):
    return np.array([np.polyfit(crop[..., c].ravel(), result[..., c].ravel(), 1)[0] for c in range(3)])


def _off_line(crop, result):
    """How far the result is from the crop times one number, each channel moved by another one."""
    centered = crop - crop.mean((0, 1))
    return np.abs(result - result.mean((0, 1)) - _slopes(crop, result).mean() * centered).max()


def test_images_are_standardized_and_brightness_makes_no_difference():
    shown = AUGMENT(jax.random.key(2), IMAGES, size=SIZE)
    np.testing.assert_allclose(np.mean(shown, axis=(1, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(np.std(shown, axis=(1, 2, 3)), 1, atol=1e-5)
    np.testing.assert_allclose(AUGMENT(jax.random.key(2), IMAGES + 0.25, size=SIZE), shown, atol=1e-4)


def test_the_key_alone_decides():
    first, again, other = (AUGMENT(jax.random.key(seed), IMAGES, size=SIZE) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_center_crop_is_the_middle():
    for sides, rows, columns in (((7, 6), slice(1, 6), slice(0, 5)), ((5, 5), slice(0, 5), slice(0, 5))):
        images = IMAGES[:2, : sides[0], : sides[1]]
        wanted = [_standardized(image[rows, columns]) for image in images]
        np.testing.assert_allclose(data.center_crop(images, size=SIZE), wanted, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 1, width=32))
def test_a_constant_image_becomes_zeros(value):
    images = jnp.full((1, 4, 4, 3), value)
    np.testing.assert_allclose(data.standardize_images(images), 0, atol=0.01)


def test_gradients_of_a_constant_image_are_numbers():
    gradient = jax.grad(lambda images: jnp.sum(data.standardize_images(images)[:, 0]))(jnp.zeros((1, 4, 4, 3)))
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0


def test_faint_images_are_not_blown_up():
    image = np.zeros((1, 8, 8, 1))
    image[0, 0, 0] = 1 / 255 / 100
    assert np.abs(data.standardize_images(image)).max() < 0.1, "less than a gray level at one pixel"


@pytest.mark.parametrize(
    "crop", [data.center_crop, lambda images, **o: data.augment_images(jax.random.key(0), images, **o)]
)
@pytest.mark.parametrize(
    ("images", "size", "message"),
    [
        (IMAGES, 8, "size: found 8, wanted at most the sides of the images, 7 × 6"),
        (IMAGES, 7, "size: found 7, wanted at most"),
        (IMAGES, 0, "size: found 0, wanted a whole number"),
        (IMAGES[0], 2, r"images: found shape \[7, 6, 3\], wanted \[n, height, width, channels\]"),
        (IMAGES[:0], 2, r"images: found shape \[0, 7, 6, 3\], wanted"),
        (IMAGES.astype(complex), 2, "images: found complex128"),
    ],
)
def test_images_that_cannot_be_cut_are_named(crop, images, size, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        crop(images, size=size)


@pytest.mark.parametrize("key", [0, None, np.zeros(2)])
def test_what_is_no_key_is_named(key):
    with pytest.raises(ValueError, match="^key: found"):
        data.augment_images(key, IMAGES, size=SIZE)


def test_both_sorts_of_key_draw_the_same():
    old, new = (AUGMENT(key(3), IMAGES, size=SIZE) for key in (jax.random.PRNGKey, jax.random.key))
    np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float16, jnp.bfloat16, np.float64])
def test_images_of_any_type_are_standardized_in_single_precision(kind):
    images = (np.arange(300).reshape(1, 10, 10, 3) % 251).astype(kind)
    found = data.standardize_images(images)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found[0], _standardized(np.asarray(images[0], np.float64)), atol=1e-5)


@pytest.mark.parametrize("scale", [1e18, 1e30, 1e38])
def test_huge_pixels_do_not_overflow(scale):
    wanted = data.standardize_images(IMAGES[:3])
    np.testing.assert_allclose(data.standardize_images(IMAGES[:3] * np.float32(scale)), wanted, atol=1e-5)


@pytest.mark.parametrize("contrast", [(1.0,), (1.8, 0.2), (-1.0, 1.0), (np.nan, 1.0)])
def test_ranges_that_are_none_are_named(contrast):
    with pytest.raises(ValueError, match="^contrast: found"):
        data.augment_images(jax.random.key(0), IMAGES, size=SIZE, contrast=contrast)
