"""Numbers by which a run recognizes its network and its rows."""

import hashlib
import re
from typing import Any

import jax
import numpy as np

from interp_jax.interpreting._subject import Subject


def fingerprint(subject: Subject) -> dict[str, str]:
    """Digests of the network, its program with all weights, and of the rows with their labels."""
    labels = subject.labels if subject.labels is not None else subject.targets
    return {"network": _of_network(subject), "rows": _digest(subject.inputs, labels, subject.given_rows)}


def _of_network(subject: Subject) -> str:
    # The traced program names functions with their places in memory, which differ from process to process.
    closed = jax.make_jaxpr(subject.network)(subject.inputs[:2])
    program = re.sub(r" at 0x[0-9a-f]+", "", str(closed.jaxpr))
    return _digest(program, *closed.consts, *jax.tree.leaves(subject.segments))


def _digest(*parts: Any) -> str:
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, str | int):
            total.update(f"{part};".encode())
        else:
            array = np.asarray(part)
            total.update(f"{array.dtype} {array.shape};".encode())
            total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()[:16]
