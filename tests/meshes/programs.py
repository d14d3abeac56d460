"""Run by `test_meshes.py` in a process with eight devices: functions of rows on a mesh, and on one device.

``python -m tests.meshes.programs <folder> <check> …`` prints a line of JSON for each check: by how much the results
differ, the largest collective operation of any program compiled on the mesh, and what the largest one needs in memory.
In the folder XLA writes what it compiles. Nothing is computed at import, before processes are joined.
"""

import json
import math
import re
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax import networks
from interp_jax.kernels import distances
from interp_jax.kernels.correlation import Moments, pearson
from interp_jax.kernels.kmeans import kmeans
from interp_jax.kernels.nmf import nmf
from interp_jax.kernels.ward import linkage
from interp_jax.methods import ascent, core_units, deviation, hierarchy

DEVICES = 8
RNG = np.random.default_rng(0)
ROWS, UNITS = 2048, 32
X, Y = (RNG.normal(size=(ROWS, UNITS)).astype(np.float32) for _ in "xy")
LABELS = RNG.integers(0, 4, ROWS).astype(np.int32)
WEIGHTS = RNG.normal(size=(UNITS, 4)).astype(np.float32)
TAIL = jax.tree_util.Partial(lambda weights, hidden: jnp.tanh(hidden) @ weights, WEIGHTS)
PREDICTIONS = np.argmax(np.tanh(X) @ WEIGHTS, 1).astype(np.int32)
MASK = np.arange(UNITS) < 28

# name: a traceable function, and its arrays of rows or lanes, all of them spread over the mesh.
PROGRAMS = {
    "pearson": (lambda a, b: pearson(a, b, batch_size=256), (X, Y)),
    "pearson, all rows at once": (lambda a, b: pearson(a, b, batch_size=None), (X, Y)),
    "moments": (lambda a, b: Moments.init(UNITS, UNITS).update(a, b).pearson(), (X, Y)),
    "k-means": (lambda x: kmeans(x, 4, key=jax.random.key(0), restarts=3, batch_size=300, iterations=30), (X,)),
    **{
        f"{metric} distances": (lambda x, m=metric: distances.mean_pairwise(x, metric=m, batch_size=64), (X,))
        for metric in distances.METRICS
    },
    **{
        f"{metric} distances in groups": (
            lambda x, y, m=metric: distances.mean_within(x, y, groups=4, metric=m, batch_size=64),
            (X, LABELS),
        )
        for metric in distances.METRICS
    },
    "distances row by row": (lambda a, b: distances.between(a, b, metric="correlation"), (X, Y)),
    "deviations": (lambda x, y: deviation.profile([x, 2 * x], y, classes=4, batch_size=64), (X, LABELS)),
    "holding rate": (lambda h, p: core_units.holding_rate(TAIL, h, p, 1, MASK, batch_size=60), (X, PREDICTIONS)),
    "holding rate, means": (
        lambda h, p: core_units.holding_rate(TAIL, h, p, 1, MASK, ablation="mean", batch_size=60),
        (X, PREDICTIONS),
    ),
    "ascent": (lambda x, u: ascent.maximize(TAIL, x, u, steps=20, batch_size=512, threshold=0.9), (X, LABELS)),
    "ascent, all lanes at once": (lambda x, u: ascent.maximize(TAIL, x, u, steps=20, threshold=0.9), (X, LABELS)),
    "nmf": (lambda v: nmf(v, 3, key=jax.random.key(0), restarts=2, iterations=10).error, (np.abs(X),)),
    "nmf starts": (
        lambda keys: jax.vmap(lambda key: nmf(np.abs(X[:64]), 3, key=key, iterations=10))(keys),
        (RNG.integers(0, 2**32, (64, 2), dtype=np.uint32),),
    ),
}


def _net(key):
    return networks.perceptron(key, (UNITS, 16, 4))


def _trained(keys, x, y):
    keys = jax.random.wrap_key_data(keys)
    fitted = networks.fit(jax.vmap(_net)(keys), x, y, key=keys, validation=(x, y), epochs=2, minibatch_size=64)
    return fitted.history


def _core(h, p):
    core = core_units.select(TAIL, h, p, 1, key=jax.random.key(1), holding=0.9, steps=20, swaps=2, search_rows=256)
    return core.mask, core.holding_rate, core.gates


def _swept(h, p):
    swept = core_units.sweep(TAIL, h, p, [0, 2], key=jax.random.key(1), steps=20, repeats=2, alphas=[0.01, 0.1])
    return swept.gates, swept.holding_rate


def _features(x):
    return hierarchy.network_vectors((jnp.sin, TAIL), x, batch_size=300).vectors


KEYS = RNG.integers(0, 2**32, (DEVICES, 2), dtype=np.uint32)
# Of so many features that one tile of the search, its 512 rows with 128 candidates each, is a small part of them.
POINTS = RNG.normal(size=(4096, 96)).astype(np.float32)

# name: a host-level function, its arrays, and whether each is spread over the mesh.
CALLS = {
    "sweep": (_swept, (X, PREDICTIONS), (True, False)),
    "select": (_core, (X, PREDICTIONS), (True, False)),
    "ward": (linkage, (POINTS,), (True,)),
    "feature vectors": (_features, (X,), (True,)),
    "training on spread rows": (_trained, (KEYS[:2], X, LABELS), (False, True, True)),
    "training of spread seeds": (_trained, (KEYS, X, LABELS), (True, False, False)),
}
_COLLECTIVE = re.compile(
    r" = (.*?) (?:all-gather|all-reduce|all-to-all|collective-permute|reduce-scatter)(?:-start)?\("
)
_ARRAY = re.compile(r"\w+\[([\d,]*)\]")


def largest_collective(text):
    """The numbers in the largest array that a program's devices exchange."""
    arrays = [sizes for shape in _COLLECTIVE.findall(text) for sizes in _ARRAY.findall(shape)]
    return max((math.prod(map(int, filter(None, sizes.split(",")))) for sizes in arrays), default=0)


def difference(found, wanted):
    """The largest difference of two trees of arrays, relative to the largest number of each array."""
    pairs = zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True)
    return max(_difference(np.asarray(a, np.float64), np.asarray(b, np.float64)) for a, b in pairs)


def _difference(a, b):
    np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
    a, b = np.nan_to_num(a), np.nan_to_num(b)
    return float(np.max(np.abs(a - b), initial=0) / max(np.max(np.abs(b), initial=0), 1e-30))


def _memory(program):
    analysis = program.memory_analysis()
    return analysis.argument_size_in_bytes + analysis.output_size_in_bytes + analysis.temp_size_in_bytes


def _placed(arrays, spread):
    mesh = jax.make_mesh((DEVICES,), ("rows",), (jax.sharding.AxisType.Auto,))
    places = {True: jax.P("rows"), False: jax.P()}
    return [jax.device_put(a, jax.sharding.NamedSharding(mesh, places[s])) for a, s in zip(arrays, spread, strict=True)]


def of_program(name):
    """What a traceable function's programs need on one device and on eight, and by how much they differ."""
    function, arrays = PROGRAMS[name]
    placed = _placed(arrays, [True] * len(arrays))
    one, eight = (jax.jit(function).lower(*given).compile() for given in (arrays, placed))
    return {
        "difference": difference(eight(*placed), one(*arrays)),
        "collective": largest_collective(eight.as_text()),
        "largest": max(array.size for array in arrays),
        "memory": _memory(eight) / _memory(one),
    }


def of_call(name, folder):
    """By how much a host-level function differs, and the largest collective of all programs that it compiles."""
    function, arrays, spread = CALLS[name]
    wanted, before = function(*arrays), set(folder.glob("*after_optimizations.txt"))
    found = function(*_placed(arrays, spread))
    programs = set(folder.glob("*after_optimizations.txt")) - before
    return {
        "difference": difference(found, wanted),
        "collective": max(largest_collective(path.read_text()) for path in programs),
        "largest": max(array.size for array, on_mesh in zip(arrays, spread, strict=True) if on_mesh),
    }


def of_search():
    """What Ward's search needs on one device and on eight."""
    from interp_jax.kernels.ward import _search as search

    def program(mesh, queries):
        slots, features = 1 << 14, 64
        values = np.zeros((slots, features), np.float32), np.zeros(slots, np.float32), np.ones(slots, np.float32)
        shared = (search._spread(each, mesh) for each in values)
        numbers = np.zeros(queries, np.int32)
        return search._search.lower(*shared, numbers, np.int32(len(numbers)), np.int32(slots)).compile()

    mesh = jax.make_mesh((DEVICES,), ("rows",), (jax.sharding.AxisType.Auto,))
    one, eight = program(None, 1 << 14), program(mesh, search._QUERIES)
    return {
        "collective": largest_collective(eight.as_text()),
        "largest": (1 << 14) * 64,
        "memory": _memory(eight) / _memory(one),
    }


def main(folder, names):
    """Prints what every check finds."""
    for name in names:
        if name == "ward's search":
            found = of_search()
        else:
            found = of_program(name) if name in PROGRAMS else of_call(name, Path(folder))
        print(json.dumps({name: found}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] or [*PROGRAMS, *CALLS, "ward's search"])
