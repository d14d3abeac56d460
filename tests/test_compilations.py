"""No host-level function compiles anything for a second call of the same shapes with other rows and another key."""

import jax
import numpy as np
import pytest

from tests.battery.arguments import ROWS, Fresh, valid_call
from tests.battery.subjects import subjects

# Figures and data sets compile nothing of the user's; reports write files; models and fit have tests of their own.
FOLDERS = "kernels.", "methods.", "networks."


def _host_level():
    return {
        path: each
        for path, each in subjects().items()
        if path.startswith(FOLDERS) and "Host-level" in each.text and not each.traceable
    }


def _other(value):
    """The rows in reverse order, and another key."""
    if isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key):
        return jax.random.fold_in(value, 1) if value.ndim == 0 else value
    rows = isinstance(value, np.ndarray | jax.Array) and value.ndim and len(value) == ROWS
    return value[::-1].copy() if rows else value


def _call(subject, arguments):
    given = {name: value.make() if isinstance(value, Fresh) else value for name, value in arguments.items()}
    own = given.pop("self", None)
    result = subject.function(own, **given) if subject.owner else subject.function(**given)
    return jax.block_until_ready(result)


@pytest.mark.parametrize("path", _host_level())
def test_a_second_call_of_the_same_shapes_compiles_nothing(path, assert_compiles):
    subject = _host_level()[path]
    first = valid_call(subject)
    # Rows that a class's data were made from stay as they are.
    second = first | {name: _other(value) for name, value in first.items() if "data" not in first}
    _call(subject, first)
    with assert_compiles(0):
        _call(subject, second)
