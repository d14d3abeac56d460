import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from inspect import unwrap

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
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
    with pytest.raises(ValueError, match="found other arrays than those saved in kept"):
        networks.load_arrays(tmp_path / "kept", lnn.init(jax.random.key(0), (4, 5, 2)))
    networks.save_fit(
        tmp_path / "fit",
        networks.fit(
            networks.perceptron(jax.random.key(0), (2, 2)),
            np.ones((4, 2), np.float32),
            np.array([0, 1, 0, 1]),
            key=jax.random.key(1),
            epochs=1,
            minibatch_size=2,
        ),
    )
    with pytest.raises(ValueError, match="found no arrays in fit, wanted what save_arrays wrote"):
        networks.load_arrays(tmp_path / "fit", NETWORK)


def test_numbers_of_python_come_back_as_arrays(tmp_path):
    tree = {"rate": 1.5, "steps": 3, "done": True, "wide": 2**40}
    networks.save_arrays(tmp_path / "numbers", tree)
    loaded = networks.load_arrays(tmp_path / "numbers", tree)
    assert {name: value.item() for name, value in loaded.items()} == tree


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"name": "relu"}, "found 'relu' at name, wanted arrays of numbers"),
        ({"names": np.array(["a", "b"])}, r"found <U1 \[2\] at names"),
        ({"any": np.array([None])}, r"found object \[1\] at any"),
        ({"large": 2**70}, "found 1180591620717411303424 at large"),
        ("relu", "found 'relu', wanted"),
        ({"long": np.ones(2, np.longdouble)}, r"found float128 \[2\] at long"),
        ({}, "found {}, wanted at least one array"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused_and_leaves_nothing(tree, message, tmp_path):
    with pytest.raises(ValueError, match=f"^tree: {message}"):
        networks.save_arrays(tmp_path / "other", tree)
    assert not list(tmp_path.iterdir())


def test_arrays_of_a_device_that_is_not_here_can_be_read(tmp_path):
    tree = {"a": jnp.arange(4.0), "b": np.arange(3, dtype=np.float64)}
    networks.save_arrays(tmp_path / "a", tree)
    devices = tmp_path / "a" / "_sharding"
    assert "cpu:0" in devices.read_text()
    devices.write_text(devices.read_text().replace("cpu:0", "cuda:0"))
    loaded = networks.load_arrays(tmp_path / "a", tree)
    assert isinstance(loaded["a"], jax.Array)
    np.testing.assert_array_equal(loaded["a"], tree["a"])
    assert loaded["b"].dtype == np.float64


ON_EIGHT = """
import sys, jax, numpy as np, orbax.checkpoint as ocp
from jax.sharding import NamedSharding, PartitionSpec
from interp_jax import networks
mesh = jax.make_mesh((8,), ("rows",))
rows = jax.device_put(np.arange(16.0, dtype=np.float32), NamedSharding(mesh, PartitionSpec("rows")))
one = jax.device_put(np.float32(3), jax.devices()[7])
networks.save_arrays(sys.argv[1] + "/now", {"rows": rows, "one": one})
with ocp.StandardCheckpointer() as checkpointer:  # as earlier versions stored them
    checkpointer.save(sys.argv[1] + "/earlier", {"arrays": {"rows": rows, "one": one}})
"""


def test_arrays_of_eight_devices_are_read_on_one(tmp_path):
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", ON_EIGHT, tmp_path], check=True, env=os.environ | flags)
    stored = (tmp_path / "now" / "_sharding").read_text()
    assert "NamedSharding" not in stored
    assert "cpu:7" not in stored
    assert "NamedSharding" in (tmp_path / "earlier" / "_sharding").read_text()
    for name in ("now", "earlier"):
        loaded = networks.load_arrays(tmp_path / name, {"rows": jnp.zeros(16), "one": np.float32(0)})
        np.testing.assert_array_equal(loaded["rows"], np.arange(16.0))
        assert loaded["rows"].sharding.device_set == set(jax.devices()[:1])
        assert loaded["one"] == 3


def test_of_many_that_save_one_folder_one_wins_and_the_others_are_told(tmp_path):
    def save(number):
        try:
            networks.save_arrays(tmp_path / "one", {"a": jnp.full(1000, number)})
        except ValueError as error:
            return str(error)
        return number

    with ThreadPoolExecutor(24) as pool:
        results = list(pool.map(save, range(24)))
    winners = [each for each in results if isinstance(each, int)]
    assert len(winners) == 1
    losers = {each for each in results if isinstance(each, str)}
    assert losers == {"folder: found one already there, wanted a new one"}
    loaded = networks.load_arrays(tmp_path / "one", {"a": jnp.zeros(1000, int)})
    np.testing.assert_array_equal(loaded["a"], winners[0])
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_damaged_checkpoints_are_named_with_what_to_do(tmp_path):
    networks.save_arrays(tmp_path / "a", {"a": jnp.arange(4.0)})
    for path in [path for path in (tmp_path / "a").rglob("*") if path.is_file() and path.stat().st_size > 100]:
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        try:
            loaded = networks.load_arrays(tmp_path / "a", {"a": jnp.zeros(4)})
        except ValueError as refusal:
            message = str(refusal)
            assert str(tmp_path / "a") in message
            assert "Remove the folder" in message
            assert "\n" not in message
        else:
            np.testing.assert_array_equal(loaded["a"], np.arange(4.0))
        path.write_bytes(whole)


def test_sizes_are_compared_before_anything_is_read(tmp_path, monkeypatch):
    networks.save_arrays(tmp_path / "a", {"a": jnp.zeros((1000, 1000))})
    monkeypatch.setattr(ocp.Checkpointer, "restore", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(ValueError, match="like: found other arrays than those saved in a"):
        networks.load_arrays(tmp_path / "a", {"a": jnp.zeros(4)})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: unwrap(networks.save_fit)("unused", 3), "fit: found 3, wanted what networks.fit returned"),
        (lambda: unwrap(networks.load_fit)("unused", 3), "like: found 3, wanted a Chain"),
        (lambda: unwrap(networks.save_arrays)(3, {"a": 1.0}), "folder: found 3, wanted the path of a folder"),
        (lambda: unwrap(networks.load_arrays)(None, {"a": 1.0}), "folder: found None"),
    ],
)
def test_other_types_are_named(call, message):
    with pytest.raises(TypeError, match=f"^{message}"):
        call()
