import jax
import numpy as np
import pytest

from interp_jax.methods.identity import distance_to_identity


def test_distances_are_the_formula():
    kernels = np.random.default_rng(0).normal(size=(3, 5, 5)).astype(np.float32)
    wanted = [np.linalg.norm(0.5 * kernel - np.eye(5)) / np.linalg.norm(np.eye(5)) for kernel in kernels]
    np.testing.assert_allclose(distance_to_identity(kernels, scale=0.5), wanted, rtol=1e-5)
    np.testing.assert_allclose(jax.vmap(distance_to_identity)(kernels[None])[0], distance_to_identity(kernels))


def test_convolutions_are_compared_with_dirac_kernels():
    kernels = np.zeros((2, 3, 3, 4, 4), np.float32)
    kernels[:, 1, 1] = np.eye(4)
    kernels[1, 0, 0, 2, 3] = 2.0
    np.testing.assert_allclose(distance_to_identity(kernels), [0, 1], atol=1e-6)


def test_orthogonal_weights_lie_at_the_root_of_two():
    kernels = jax.random.orthogonal(jax.random.key(0), 200, (2,))
    np.testing.assert_allclose(distance_to_identity(kernels), np.sqrt(2), rtol=0.02)


@pytest.mark.parametrize("shape", [(5, 5), (2, 4, 5), (2, 2, 2, 4, 4), (0, 3, 3), (2, 3, 3, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"^kernels: found shape \["):
        distance_to_identity(np.ones(shape))


def test_float64_close_to_the_identity_and_huge_weights_keep_their_distance():
    near = np.stack([np.eye(4) * (1 + 1e-9), np.eye(4)])
    np.testing.assert_allclose(distance_to_identity(near), [1e-9, 0], rtol=1e-5)
    np.testing.assert_allclose(
        distance_to_identity(np.eye(4, dtype=np.float32)[None] * np.float32(1e30)), 1e30, rtol=1e-6
    )
    np.testing.assert_allclose(distance_to_identity(2 * np.eye(4, dtype=np.int64)[None]), 1)
    with pytest.raises(ValueError, match="^scale: found nan"):
        distance_to_identity(np.eye(4)[None], scale=float("nan"))
