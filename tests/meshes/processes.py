"""One of several processes of `test_processes.py`, each with its part of the rows.

``python -m tests.meshes.processes <rank> <processes> <port> <check> …``; exit status 0 if all results are those of a
single process.
"""

import functools
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax import networks
from interp_jax._shards import fetched, over_processes
from interp_jax.networks.training import _resuming
from tests.meshes import programs

ROWS = 240  # divided by two, three and four processes


def spread(rows):
    """Rows of which every process gives its own part."""
    mesh = jax.make_mesh((jax.device_count(),), ("rows",), (jax.sharding.AxisType.Auto,))
    sharding = jax.sharding.NamedSharding(mesh, jax.P("rows"))
    part = len(rows) // jax.process_count()
    own = rows[jax.process_index() * part : (jax.process_index() + 1) * part]
    return jax.make_array_from_process_local_data(sharding, own, rows.shape)


def _kernels():
    """Every traceable kernel, outside of jit."""
    from tests.kernels import test_every_kernel as kernels

    for name in kernels.EXAMPLES:
        function, arrays = kernels._example(name)
        if all(array.ndim for array in arrays):
            yield name, function, [np.asarray(array) for array in arrays], [True] * len(arrays)


def _methods():
    """Every traceable method, outside of jit, for a network that every process has."""
    from tests.methods import test_ensembles as methods

    net = methods._networks(networks.perceptron)[2]
    for name, function in methods.ALL.items():
        yield name, lambda x, function=function: function(net, x), [np.asarray(methods.SIGNALS)], [True]


class _InterruptedError(Exception):
    """What ends a training after two epochs."""


def _interrupted(epoch, _):
    if epoch == 2:
        raise _InterruptedError


def _resumed(x, y):
    """A training that is interrupted and resumed where its rows are spread over processes, else one in one go."""
    key, seen = jax.random.key(0), []
    train = functools.partial(
        networks.fit, programs._net(key), x, y, key=key, validation=(x, y), epochs=4, minibatch_size=24
    )
    if not over_processes(x):
        return train().history
    _resuming.SECONDS = 0
    with pytest.raises(_InterruptedError):
        train(checkpoint="kept", on_epoch=_interrupted)
    assert [path.name for path in Path("kept").iterdir()] == ["2"]
    fitted = train(checkpoint="kept", on_epoch=lambda epoch, _: seen.append(epoch))
    assert seen == [3, 4]
    first = jax.process_index() == 0
    states = f"checkpoint: found the states 4, {', '.join(['0'] * (jax.process_count() - 1))} in "
    with pytest.raises(ValueError, match=f"^{states}"):
        train(checkpoint="kept" if first else "empty")
    if first:
        _kept_as_saved()
    Path("file").touch()
    with pytest.raises(OSError, match="" if first else "^checkpoint: found that the first process cannot write"):
        train(checkpoint="file/kept")
    return fitted.history


def _kept_as_saved():
    """What one of several processes saves is JAX's where it was, and NumPy's where it was."""
    networks.save_arrays("arrays", {"jax": jnp.ones(2), "numpy": np.ones(2)})
    loaded = networks.load_arrays("arrays", {"jax": np.ones(2, np.float32), "numpy": np.ones(2)})
    assert [type(each) for each in loaded.values()] == [type(jnp.ones(2)), np.ndarray]


def calls(names):
    """The functions, their arrays, and which of these are spread."""
    for name in names:
        if name == "kernels":
            yield from _kernels()
        elif name == "methods":
            yield from _methods()
        elif name == "checkpoint":
            yield name, _resumed, [programs.X[:ROWS], programs.LABELS[:ROWS]], [True, True]
        elif name in programs.CALLS:
            function, arrays, on_mesh = programs.CALLS[name]
            yield name, function, [each[:ROWS] if len(each) > ROWS else each for each in arrays], on_mesh
        else:
            function, arrays = programs.PROGRAMS[name]
            yield name, function, [each[:ROWS] for each in arrays], [True] * len(arrays)


def main(rank, processes, port, names):
    """Compares what every function gives for rows of all processes with what it gives for rows of this one."""
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.config.update("jax_disable_most_optimizations", True)  # most of the time is compiling
    jax.distributed.initialize(f"127.0.0.1:{port}", processes, rank)
    wrong = []
    for name, function, arrays, on_mesh in calls(names):
        given = [spread(each) if s else each for each, s in zip(arrays, on_mesh, strict=True)]
        try:
            found = fetched(function(*given))
            apart = programs.difference(found, function(*arrays))
        except Exception as error:
            apart = f"{type(error).__name__}: {error}"
        print(jax.process_index(), name, apart, flush=True)
        if isinstance(apart, str) or not apart <= 1e-5:
            wrong.append(name)
    return len(wrong) > 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]))
