"""Principal angles against SciPy, and CKA against its definition by kernels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import subspace_angles

from interp_jax.methods.core_units import linear_cka, principal_angles
from tests.matrix_products import matrix_products

SHAPES = [((40, 5), (40, 3)), ((40, 3), (40, 7)), ((6, 9), (6, 2)), ((5, 1), (5, 1))]


def _pair(shapes, seed=0):
    draw = np.random.default_rng(seed)
    first, second = (draw.normal(size=shape) for shape in shapes)
    second[:, 0] = first[:, 0] + 1e-4 * second[:, 0]  # a small angle, of which cosines in float32 know nothing
    return first, second


@pytest.mark.parametrize("shapes", SHAPES)
def test_angles_are_scipys_and_ascend(shapes):
    first, second = _pair(shapes)
    found = principal_angles(first, second)
    wanted = np.sort(subspace_angles(first, second))
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=2e-6)
    np.testing.assert_allclose(principal_angles(second, first), found, atol=2e-6)
    assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize("shapes", SHAPES)
def test_cka_is_that_of_centered_linear_kernels(shapes):
    first, second = _pair(shapes)
    rows = len(first)
    center = np.eye(rows) - 1 / rows
    kernels = [center @ part @ part.T @ center for part in (first, second)]
    wanted = np.sum(kernels[0] * kernels[1]) / np.prod([np.linalg.norm(kernel) for kernel in kernels])
    np.testing.assert_allclose(linear_cka(first, second), wanted, rtol=1e-5)
    assert linear_cka(first, first) <= 1


def test_neither_depends_on_scale_and_rotation_of_the_columns_nor_cka_on_offsets():
    first, second = _pair(SHAPES[0], seed=1)
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(5, 5)))[0]
    for other in (1e30 * first, 1e-30 * first, first @ rotation, first[:, ::-1]):
        np.testing.assert_allclose(principal_angles(other, second), principal_angles(first, second), atol=2e-5)
        np.testing.assert_allclose(linear_cka(other, second), linear_cka(first, second), rtol=1e-4)
    np.testing.assert_allclose(linear_cka(first + 3.0, second), linear_cka(first, second), rtol=1e-4)
    # Angles do not know how much of a matrix a direction is.
    stretched = first * np.array([1, 10, 1, 1, 1])
    np.testing.assert_allclose(principal_angles(stretched, second), principal_angles(first, second), atol=2e-5)
    assert abs(linear_cka(stretched, second) - linear_cka(first, second)) > 0.01


def test_columns_that_add_no_dimension_add_no_angle():
    first, second = _pair(SHAPES[0], seed=3)
    doubled = np.concatenate([second, second[:, :1] - 2 * second[:, 2:], np.zeros((40, 1))], axis=1)
    found = principal_angles(first, doubled)
    np.testing.assert_allclose(found[:3], principal_angles(first, second), atol=1e-5)
    assert np.isnan(found[3:]).all()
    assert found.shape == (5,)
    assert np.isnan(principal_angles(first, 0 * second)).all()
    assert np.isnan(linear_cka(first, np.ones_like(second)))
    assert np.isnan(principal_angles(first * np.nan, second)).all()


def test_the_share_explained_leaves_out_directions_of_little_variance():
    draw = np.random.default_rng(4)
    first = draw.normal(size=(30, 2))
    noisy = np.concatenate([first, 0.05 * draw.normal(size=(30, 2))], axis=1)
    found = principal_angles(noisy, noisy, explained=0.98)
    assert np.sum(~np.isnan(found)) == 2
    assert np.sum(~np.isnan(principal_angles(noisy, noisy))) == 4
    assert np.sum(~np.isnan(principal_angles(noisy, noisy, explained=1e-6))) == 1


def test_eager_jit_and_vmap_agree_and_products_have_full_precision(assert_compiles):
    pairs = [_pair(SHAPES[0], seed) for seed in range(3)]
    stacked = [jnp.asarray(np.stack(side), jnp.float32) for side in zip(*pairs, strict=True)]
    for function in (principal_angles, linear_cka):
        compiled = jax.jit(jax.vmap(function))
        batched = compiled(*stacked)
        for found, pair in zip(batched, pairs, strict=True):
            np.testing.assert_allclose(found, function(*pair), atol=1e-5)
        with assert_compiles(0):
            compiled(*stacked)
        for product in matrix_products(function, *pairs[0]):
            assert set(product.params["precision"]) == {jax.lax.Precision.HIGHEST}, product


@pytest.mark.parametrize(
    ("first", "second", "options", "message"),
    [
        (np.ones(3), np.ones((3, 1)), {}, r"first: found shape \[3\], wanted \[rows, columns\]"),
        (np.ones((3, 1)), np.ones((4, 1)), {}, "second: found 4 rows, wanted 3 as in first"),
        (np.ones((3, 1)), np.ones((3, 0)), {}, r"second: found shape \[3, 0\]"),
        (np.ones((3, 1)), np.ones((3, 1)) * 1j, {}, "second: found complex"),
        (np.ones((3, 1)), np.ones((3, 1)), {"explained": 0.0}, "explained: found 0.0"),
        (np.ones((3, 1)), np.ones((3, 1)), {"explained": 1.1}, "explained: found 1.1"),
    ],
)
def test_bad_arguments_are_named(first, second, options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        principal_angles(first, second, **options)
    if not options:
        with pytest.raises(ValueError, match=f"^{message}"):
            linear_cka(first, second)
