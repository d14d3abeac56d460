import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from interp_jax import data
from tests import reference
from tests.real_data import REAL_DATA

# Mostly blank, so that crops of all sizes occur.
PIXELS = st.sampled_from([0.0, 0.0, 0.0, 0.25, 1.0])
IMAGES = arrays(np.float32, array_shapes(min_dims=3, max_dims=3, max_side=7), elements=PIXELS)


@settings(max_examples=60)
@given(IMAGES, st.integers(1, 6), st.sampled_from([0.0, 0.3]))
def test_area_integral(images, size, threshold):
    expected = [reference.cropped_and_resized(image, size, threshold) for image in images]
    found = data.crop_and_resize(images, size, threshold=threshold)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


@given(IMAGES, st.integers(1, 6), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_the_place_in_the_frame_makes_no_difference(images, size, top, left, rest):
    framed = np.pad(images, ((0, 0), (top, rest), (left, rest)))
    np.testing.assert_allclose(data.crop_and_resize(framed, size), data.crop_and_resize(images, size), atol=1e-6)


@given(IMAGES, st.integers(1, 6))
def test_results_stay_within_the_images_range(images, size):
    resized = data.crop_and_resize(images, size)
    assert resized.min() >= 0
    assert (resized.max(axis=(1, 2)) <= images.max(axis=(1, 2)) + 1e-6).all()


def test_images_of_many_batches_are_each_their_own(monkeypatch):
    images = np.random.default_rng(0).integers(0, 3, (11, 6, 5)).astype(np.uint8)
    whole = data.crop_and_resize(images, 4)
    monkeypatch.setattr("interp_jax.data.cropping._BATCH_PIXELS", 100)
    np.testing.assert_array_equal(data.crop_and_resize(images, 4), whole)


def test_constant_blank_and_full_size_images():
    constant, blank = np.full((1, 5, 9), 200, np.uint8), np.zeros((1, 5, 9), np.uint8)
    np.testing.assert_allclose(data.crop_and_resize(constant, 14), 200, rtol=1e-6)
    np.testing.assert_array_equal(data.crop_and_resize(blank, 14), 0)
    np.testing.assert_array_equal(data.crop_and_resize(constant, 3, threshold=200), 0)
    full = np.random.default_rng(0).random((2, 14, 14)).astype(np.float32)
    np.testing.assert_array_equal(data.crop_and_resize(full[..., None]), full)


def test_small_digits_are_enlarged():
    digits = data.load("digits").inputs
    resized = data.crop_and_resize(digits)
    assert resized.shape == (1442, 14, 14)
    for edge in (resized[:, 0], resized[:, -1], resized[:, :, 0], resized[:, :, -1]):
        assert (edge.max(axis=1) > 0).all(), "no blank margin is left"
    np.testing.assert_allclose(resized[7], reference.cropped_and_resized(digits[7, ..., 0], 14), atol=1e-6)


@pytest.mark.skipif(not (REAL_DATA / "mnist").is_dir(), reason="needs the MNIST files")
def test_mnist():
    digits = data.load("mnist", split="test", data_dir=REAL_DATA).inputs
    resized = data.crop_and_resize(digits)
    assert resized.shape == (10_000, 14, 14)
    assert (resized.std(axis=0) > 0).all(), "no constant dimensions are left"
    for row in (0, 9_999):
        np.testing.assert_allclose(resized[row], reference.cropped_and_resized(digits[row, ..., 0], 14), atol=1e-6)


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64, np.float16, np.float64])
def test_images_of_any_type_are_averaged(kind):
    image = np.zeros((1, 9, 9), kind)
    image[0, 2:6, 3:5] = 1
    image[0, 2:4, 3:5] = 1
    np.testing.assert_array_equal(data.crop_and_resize(image, 2), np.ones((1, 2, 2)))


def test_pixels_are_compared_with_the_threshold_in_their_own_type():
    image = np.zeros((1, 3, 3))
    image[0, 1, 1], image[0, 2, 2] = 1e-50, 1
    np.testing.assert_array_equal(data.crop_and_resize(image, 2), [[[0, 0], [0, 1]]])


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (np.zeros((0, 4, 4)), {}, r"images: found float64 \[0, 4, 4\]"),
        (np.zeros((4, 4)), {}, r"images: found float64 \[4, 4\], wanted \[n, height, width\]"),
        (np.zeros((2, 4, 4, 3)), {}, r"images: found float64 \[2, 4, 4, 3\]"),
        (np.full((2, 4, 4), np.nan), {}, "images: found NaN, infinity or more than float32 holds in images 0 to 1"),
        (np.full((2, 4, 4), 1e300), {}, "images: found NaN, infinity or more than float32 holds in images 0 to 1"),
        (np.ones((1, 4, 4), complex), {}, "images: found complex128"),
        ([["a"]], {}, "images: found <U1"),
        (np.ones((1, 4, 4)), {"size": 0}, "size: found 0"),
        (np.ones((1, 4, 4)), {"size": 2.0}, "size: found 2.0"),
        (np.ones((1, 4, 4)), {"threshold": np.nan}, "threshold: found nan"),
    ],
)
def test_bad_arguments_are_named(images, options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        data.crop_and_resize(images, **options)
