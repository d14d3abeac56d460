"""Everything traceable can be lowered for GPUs and TPUs, so that nothing in it works on CPUs alone."""

import functools

import jax
import numpy as np
import pytest
from jax import export

from tests.battery.arguments import Fresh, valid_call
from tests.battery.subjects import subjects

PLATFORMS = "cuda", "tpu"


@functools.cache
def _traceable():
    return {path: each for path, each in subjects().items() if each.traceable}


def _arrays(value):
    return isinstance(value, jax.Array) or (isinstance(value, np.ndarray) and value.dtype.kind in "fiub")


def _lowered(function, arguments):
    """The function with its arrays traced and all else as it is, lowered for every platform."""
    leaves, structure = jax.tree.flatten(arguments)
    traced = [place for place, leaf in enumerate(leaves) if _arrays(leaf)]

    def call(arrays):
        given = list(leaves)
        for place, array in zip(traced, arrays, strict=True):
            given[place] = array
        given = [each.make() if isinstance(each, Fresh) else each for each in given]
        results = jax.tree.leaves(function(**jax.tree.unflatten(structure, given)))
        return [each for each in results if _arrays(each)]  # networks hold functions, which are none

    return export.export(jax.jit(call), platforms=PLATFORMS)([leaves[place] for place in traced])


@pytest.mark.parametrize("path", _traceable())
def test_traceable_functions_are_lowered_for_accelerators(path):
    subject = _traceable()[path]
    arguments = valid_call(subject)
    own = arguments.pop("self", None)
    function = functools.partial(subject.function, own) if subject.owner else subject.function
    assert _lowered(function, arguments).platforms == PLATFORMS


def test_what_is_missing_on_a_platform_is_noticed():
    with pytest.raises(NotImplementedError, match="MLIR translation rule"):
        _lowered(lambda x: jax.lax.linalg.schur(x), {"x": np.eye(3, dtype=np.float32)})
