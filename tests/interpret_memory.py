"""The peak memory of each method of `interpret`, estimated and measured: python -m tests.interpret_memory <shape>."""

import ctypes
import dataclasses
import gc
import json
import sys
from pathlib import Path

import jax
import numpy as np
from flax import nnx

from interp_jax import networks
from interp_jax.interpreting import calling
from interp_jax.interpreting._budgets import BUDGETS
from interp_jax.interpreting._subject import make_subject
from interp_jax.interpreting._suitability import reasons_against
from interp_jax.interpreting.planning import planned

# Steps and repetitions take time and no memory.
BUDGET = dataclasses.replace(
    BUDGETS["minutes"], rows=10_000, classes=2, core_steps=10, core_lanes=2, core_starts=1, draws=1, ascent_steps=5,
    nodes=2, random_sets=2, shuffles=1,
)  # fmt: skip


def _dense(rows, features, units):
    rngs = nnx.Rngs(0)
    first, last = nnx.Linear(features, units, rngs=rngs), nnx.Linear(units, 3, rngs=rngs)
    return networks.Chain(first=first, relu=nnx.relu, last=last), _normal(rows, features)


def _convolution(rows, side, channels):
    rngs = nnx.Rngs(0)
    conv, last = nnx.Conv(1, channels, (3, 3), rngs=rngs), nnx.Linear(side * side * channels, 3, rngs=rngs)
    flat = lambda x: x.reshape(len(x), -1)  # noqa: E731
    return networks.Chain(conv=conv, relu=nnx.relu, flat=flat, last=last), _normal(rows, side, side, 1)


def _normal(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


SHAPES = {
    "wide rows": lambda: (*_dense(3_000, 400, 64), "relu"),
    "many rows": lambda: (*_dense(10_000, 32, 32), "relu"),
    "images": lambda: (*_convolution(2_000, 20, 8), "relu"),
}


def _status(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(field)).split()[1])


def measured(run) -> float:
    """Bytes of this process at its peak while ``run()`` runs, above what it has before. On Linux alone."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS")
    run()
    return _status("VmHWM") - before


def compare(shape: str) -> dict[str, tuple[float, float]]:
    """By method, its estimated and its measured peak."""
    network, inputs, layer = SHAPES[shape]()
    labels = np.asarray(network(inputs)).argmax(axis=1)
    options = {"layer": layer, "scores": "logits", "class_names": None, "input_shape": None, "seed": 0}
    subject = make_subject(network, inputs, labels, BUDGET, **options)
    against = reasons_against(subject)
    expected = {each.name: each.peak_bytes for each in planned(subject, BUDGET, against).methods}
    peaks = {}
    for name, part in calling.PARTS.items():
        extra = (against,) if name == "controls" else ()
        peaks[name] = expected[name], measured(lambda part=part, extra=extra: part.measure(subject, BUDGET, *extra))
        print(name, *(f"{each / 1e6:.1f} MB" for each in peaks[name]), file=sys.stderr, flush=True)
    return peaks


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    print(json.dumps(compare(sys.argv[1])))
