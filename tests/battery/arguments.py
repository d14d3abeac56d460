"""A valid call of every subject: from the tables of ``calls`` and, for ordinary names, from here."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tests.battery.subjects import Subject

ROWS, FEATURES, UNITS, CLASSES = 12, 4, 5, 3


@dataclass(frozen=True)
class Fresh:
    """A value to make anew for every call, since a call changes it."""

    make: Callable[[], Any]


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Gaussian float32 numbers, the same every time."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


_FIRST, _LAST = normal(FEATURES, UNITS, seed=1), normal(UNITS, CLASSES, seed=2)


def head(x):
    """Inputs to hidden units."""
    return jax.nn.relu(jnp.asarray(x) @ _FIRST)


def tail(hidden):
    """Hidden units to scores."""
    return jnp.asarray(hidden) @ _LAST


def network(x):
    """Inputs to scores."""
    return tail(head(x))


INPUTS = normal(ROWS, FEATURES)
HIDDEN = np.asarray(head(INPUTS))
SCORES = np.asarray(network(INPUTS))
LABELS = np.arange(ROWS, dtype=np.int32) % CLASSES
PREDICTIONS = np.argmax(SCORES, 1).astype(np.int32)

# What an argument of an ordinary name is given, so that a new function is called without being named here.
ORDINARY = {
    "key": jax.random.key(7),
    "network": network,
    "net": network,
    "head": head,
    "tail": tail,
    "segments": (head, tail),
    "inputs": INPUTS,
    "x": INPUTS,
    "hidden": HIDDEN,
    "activations": HIDDEN,
    "outputs": SCORES,
    "scores": SCORES,
    "predictions": PREDICTIONS,
    "labels": LABELS,
    "target": 1,
    "classes": CLASSES,
    "mask": np.array([True, False, True, True, False]),
    "masks": np.array([[True, False, True, True, False], [False, True, False, False, True]]),
    "vectors": normal(UNITS, FEATURES, seed=3),
    "units": UNITS,
    "weights": normal(FEATURES, CLASSES, seed=4),
    "batch_size": 7,
    "label": "a label",
    "name": "a name",
    "title": "a title",
    "x_label": "across",
    "y_label": "up",
}


def tables() -> dict[str, Callable[[], dict]]:
    """The valid calls that are written down, by the end of the subject's path."""
    from tests.battery.calls import data, figures, kernels, methods, networks, reports

    found: dict[str, Callable[[], dict]] = {}
    for module in (kernels, methods, networks, data, figures, reports):
        assert not found.keys() & module.CALLS.keys(), found.keys() & module.CALLS.keys()
        found |= module.CALLS
    return found


def ends(path: str, short: str) -> bool:
    """Whether a subject's path has this short name: its last words."""
    return path == short or path.endswith(f".{short}")


def stale(found: dict[str, Subject]) -> list[str]:
    """Entries of the tables that fit no subject any more, or more than one, and arguments that are gone."""
    problems = []
    for short, entry in tables().items():
        fitting = [subject for path, subject in found.items() if ends(path, short)]
        if len(fitting) != 1:
            paths = ", ".join(subject.path for subject in fitting)
            problems.append(f"{short}: found {paths or 'no function'} of this name, wanted one: mend the valid calls")
            continue
        try:
            given = entry()
        except Exception as error:
            problems.append(f"{short}: {type(error).__name__}: {error}: mend the valid calls")
            continue
        gone = set() if fitting[0].takes_more else given.keys() - fitting[0].parameters.keys() - {"self"}
        problems += [f"{short}: has no argument {name} any more: mend the valid calls" for name in sorted(gone)]
    return problems


def valid_call(subject: Subject) -> dict[str, Any]:
    """The arguments of a call that must succeed; ``self`` is a method's instance.

    Raises:
        LookupError: an argument that nothing is known of.
    """
    entries = [entry for short, entry in tables().items() if ends(subject.path, short)]
    given = {} if not entries else entries[0]()
    found = {"self": given["self"]} if "self" in given else {}
    if subject.owner and "self" not in given:
        found["self"] = _instance(subject)
    for name, parameter in subject.parameters.items():
        if name in given:
            found[name] = given[name]
        elif parameter.default is inspect.Parameter.empty:
            if name not in ORDINARY:
                raise LookupError(f"{subject.path}: no value for {name}: add a valid call")
            found[name] = ORDINARY[name]
    return found


def _instance(subject):
    from tests.battery.calls.instances import INSTANCES

    name = subject.owner.__name__
    if name not in INSTANCES:
        raise LookupError(f"{subject.path}: no {name} to call it on: add an instance")
    return INSTANCES[name]()


def resolved(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with what has to be fresh made anew."""
    return {name: value.make() if isinstance(value, Fresh) else value for name, value in arguments.items()}


def perform(subject: Subject, arguments: dict[str, Any]) -> Any:
    """The result of a call."""
    given = resolved(arguments)
    function = subject.function
    if subject.owner:
        function = getattr(given.pop("self"), subject.function.__name__)
    result = function(**given)
    if hasattr(result, "__enter__") and hasattr(result, "__exit__"):
        with result as entered:
            result = entered
    return result
