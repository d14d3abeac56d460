import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax import networks
from interp_jax.networks.models import lnn

NETWORK = lnn.init(jax.random.key(0), (4, 3, 2))


def test_arrays_come_back_bit_for_bit_in_their_structure(tmp_path):
    tree = {"b": NETWORK, "a": [jnp.arange(3), np.array(0.1, np.float32)]}
    networks.save_arrays(tmp_path / "kept", tree)
    loaded = networks.load_arrays(tmp_path / "kept", jax.eval_shape(lambda: tree))
    assert jax.tree.structure(loaded) == jax.tree.structure(tree)
    assert isinstance(loaded["b"], lnn.LNN)
    for found, wanted in zip(jax.tree.leaves(loaded), jax.tree.leaves(tree), strict=True):
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == wanted.dtype
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_refusals_say_what_was_found(tmp_path):
    networks.save_arrays(tmp_path / "kept", NETWORK)
    with pytest.raises(ValueError, match="folder: found kept already there"):
        networks.save_arrays(tmp_path / "kept", NETWORK)
    with pytest.raises(ValueError, match="tree: found arrays without entries, none, wanted"):
        networks.save_arrays(tmp_path / "other", {"some": jnp.ones(2), "none": jnp.ones((2, 0))})
    with pytest.raises(ValueError, match="tree: found two arrays whose paths read alike"):
        networks.save_arrays(tmp_path / "other", {"a.b": jnp.ones(1), "a": {"b": jnp.zeros(1)}})
    with pytest.raises(FileNotFoundError, match="folder: found no checkpoint"):
        networks.load_arrays(tmp_path / "none", NETWORK)
    with pytest.raises(ValueError, match="found other variables than those saved in kept"):
        networks.load_arrays(tmp_path / "kept", lnn.init(jax.random.key(0), (4, 5, 2)))
    networks.save_fit(
        tmp_path / "fit",
        networks.fit(
            networks.perceptron(jax.random.key(0), (2, 2)),
            np.ones((4, 2), np.float32),
            np.array([0, 1, 0, 1]),
            key=jax.random.key(1),
            epochs=1,
            batch_size=2,
        ),
    )
    with pytest.raises(ValueError, match="found no arrays in fit, wanted what save_arrays wrote"):
        networks.load_arrays(tmp_path / "fit", NETWORK)
