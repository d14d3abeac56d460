"""Promises that every public kernel keeps, held for each by name; a kernel without an example here fails."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.matrix_products import matrix_products
from tests.surface import kind_of, public_functions

_ROWS = jax.random.normal(jax.random.key(0), (8, 100), jnp.float32)
_PLACES = jnp.arange(21, 29)

# name: (function of row-wise arrays and these arrays); None where there is nothing row-wise to batch or shard.
EXAMPLES = {
    "alignment.align_signs": lambda k: (lambda vectors: k(vectors, iterations=20), (_ROWS,)),
    "correlation.pearson": lambda k: (k, (_ROWS[:, :30], _ROWS[:, 40:80])),
    "dirac.dirac": lambda k: (lambda scale: scale * k((3, 3, 4)), (jnp.float32(2.0),)),
    "distances.mean_pairwise": lambda k: (lambda x: k(x, batch_size=3), (_ROWS,)),
    "distances.mean_within": lambda k: (lambda x, places: k(x, places % 3, groups=3), (_ROWS, _PLACES)),
    "distances.between": lambda k: (lambda x, y: k(x, y, metric="correlation"), (_ROWS[:, :50], _ROWS[:, 50:])),
    "inequality.gini": lambda k: (lambda rows: jax.vmap(k)(jnp.abs(rows)), (_ROWS,)),
    "jumps.gaussian_derivative": lambda k: (k, (_ROWS,)),
    "jumps.log_posterior": lambda k: (k, (_ROWS,)),
    "jumps.estimates": lambda k: (k, (jax.nn.log_softmax(_ROWS),)),
    "jumps.gaussian_derivative_filters": lambda k: (lambda width: k(width=width), (jnp.float32(2.9),)),
    "jumps.gaussian_smoother": lambda k: (lambda width: k(width), (jnp.float32(2.9),)),
    "jumps.posterior_network": lambda k: (lambda noise: k(noise=noise), (jnp.float32(1.0),)),
    "kmeans.kmeans": lambda k: (
        lambda x, seed: k(x, 3, key=jax.random.key(seed), restarts=4, batch_size=5),
        (_ROWS[:, :5], jnp.int32(0)),
    ),
    "location_errors.location_errors": lambda k: (k, (_PLACES, jnp.flip(_PLACES))),
    "nmf.nmf": lambda k: (
        lambda v, seed: k(v, 3, key=jax.random.key(seed), restarts=4, iterations=20),
        (jnp.abs(_ROWS[:, :5]), jnp.int32(0)),
    ),
    "ward.tree": lambda k: (k, (_ROWS,)),
}


KERNELS = {
    name.removeprefix("kernels."): function
    for name, function in public_functions().items()
    if name.startswith("kernels.") and kind_of(function) == "Traceable"
}


def _example(name):
    return EXAMPLES[name](KERNELS[name])


def _assert_equal(found, wanted):
    assert jax.tree.structure(found) == jax.tree.structure(wanted)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_every_public_kernel_has_an_example():
    assert set(EXAMPLES) == set(KERNELS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_eager_jit_vmap_and_sharded_agree(name):
    function, arrays = _example(name)
    eager = function(*arrays)
    stacked = [np.stack([array, np.flip(array, 0) if array.ndim else array + 1]) for array in arrays]
    lanes = jax.tree.map(np.asarray, jax.jit(jax.vmap(function))(*stacked))
    _assert_equal(jax.tree.map(lambda value: value[0], lanes), eager)
    _assert_equal(jax.tree.map(lambda value: value[1], lanes), function(*(jnp.asarray(array[1]) for array in stacked)))
    mesh = jax.make_mesh((2,), ("rows",), (jax.sharding.AxisType.Auto,), devices=jax.devices("cpu")[:2])
    rows = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("rows"))
    everywhere = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    placed = [jax.device_put(array, rows if array.ndim else everywhere) for array in arrays]
    assert all(len(array.sharding.device_set) == 2 for array in placed)
    _assert_equal(jax.jit(function)(*placed), eager)


@pytest.mark.parametrize("name", EXAMPLES)
def test_matrix_products_have_full_precision(name):
    function, arrays = _example(name)
    for product in matrix_products(function, *arrays):
        precision = product.params["precision"]
        assert precision is not None, product
        assert set(precision) == {jax.lax.Precision.HIGHEST}, product


def test_the_precision_walk_finds_products():
    function, arrays = _example("jumps.gaussian_derivative")
    assert len(list(matrix_products(jax.jit(function), *arrays))) == 2


@pytest.mark.parametrize("name", [name for name in EXAMPLES if _example(name)[1][0].ndim])
def test_numpy_arrays_serve_in_any_precision(name):
    function, arrays = _example(name)
    for kind in (np.float32, np.float64):
        given = [np.asarray(array, kind if array.dtype == jnp.float32 else None) for array in arrays]
        _assert_equal(jax.tree.map(np.asarray, function(*given)), jax.tree.map(np.asarray, function(*arrays)))


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_second_call_outside_jit_compiles_nothing(name, assert_compiles):
    function, arrays = _example(name)
    jax.block_until_ready(function(*arrays))
    with assert_compiles(0):
        jax.block_until_ready(function(*arrays))
