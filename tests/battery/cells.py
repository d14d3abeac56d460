"""All cells of a subject: the valid call, and every variant of every argument."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.battery.arguments import ORDINARY, Fresh
from tests.battery.kinds import kind
from tests.battery.structure import first_array, is_array, replaced, taken
from tests.battery.subjects import Subject
from tests.battery.variants import UntriedError, Variant, variants

VALID = "valid call"
# What goes the same way as another variant, and is left out where every call draws a figure.
_TWICE = {"int8", "int32", "uint64", "longdouble", "reversed view", "column order", "bfloat16 of JAX", "NaN first"}
_SHORTER = Variant("a row less", "refused", lambda x: x[:-1])
_LONGER = Variant("a row more", "refused", lambda x: np.concatenate([np.asarray(x), np.asarray(x)[:1]]))


@dataclass(frozen=True)
class Cell:
    """One call: ``make()`` gives its arguments, ``reference()`` those of the call that it must agree with.

    Cells of one argument with the same reference_name share their reference.
    """

    subject: Subject
    argument: str
    variant: str
    expects: str
    names: tuple[str, ...]
    make: Callable[[], dict[str, Any]]
    reference: Callable[[], dict[str, Any]] | None = None
    kind: str = ""
    reference_name: object = None

    @property
    def digits(self) -> float:
        """How far results may differ; a network given half precision may compute in it on the way."""
        return 5e-3 if "float16" in self.variant else 1e-4

    @property
    def in_twentieth(self) -> bool:
        """Whether it is always run, as a twentieth of the refusals are and half the rest of a 28th of the subjects.

        What computes something costs a compilation of its subject first.
        """
        number = zlib.crc32(f"{self.subject.path} {self.argument} {self.variant}".encode())
        if self.expects == "refused":
            return number % 20 == 0
        return zlib.crc32(self.subject.path.encode()) % 28 == 0 and number % 2 == 0


def cells(subject: Subject, arguments: dict[str, Any]) -> Iterator[Cell]:
    """The cells of a subject whose valid call has these arguments."""
    yield Cell(subject, "", VALID, "sound", (), lambda: arguments)
    for name, parameter in subject.parameters.items():
        found = kind(name, parameter, arguments)
        optional = parameter.default is None or "None" in str(parameter.annotation)
        for variant in variants(found):
            twice = subject.path.startswith("figures.") and variant.name.removesuffix(" inside") in _TWICE
            if not (twice or (variant.name == "none" and optional)):
                yield _cell(subject, arguments, name, variant, found)
        yield from _lengths(subject, arguments, name, found)


def _cell(subject, arguments, name, variant, found):
    value = _value(subject, arguments, name)
    joint = _with_as_many_rows(arguments, name) if variant.rows else (name,)
    # Where arguments do not fit each other, the error may speak of any of them.
    fitting = subject.parameters if variant.shape or variant.expects == "absent" else ()
    # What is called by position has rows of any name.
    rows = ("x",) if subject.path.endswith(".call") else ()
    names = {name, *joint, *fitting, *rows, *(str(place) for place in _path(value))}

    def changed(change, variant=variant):
        if variant.name.endswith(" inside"):
            path = first_array(value)
            return arguments | {name: replaced(value, path, change(taken(value, path)))}
        return arguments | {name: change(value)} | {other: change(arguments[other]) for other in joint if other != name}

    reference = None
    if variant.reference:
        reference = lambda: changed(variant.reference)  # noqa: E731
    elif name not in arguments and variant.expects in ("same", "alike"):
        reference = lambda: arguments | {name: value}  # noqa: E731
    return Cell(
        subject, name, variant.name, variant.expects, tuple(sorted(names)), lambda: changed(variant.change), reference,
        found, variant.reference or variant.name,
    )  # fmt: skip


def _value(subject, arguments, name):
    """The argument's value in the valid call, or its default, or the ordinary value of its name."""
    if name in arguments:
        value = arguments[name]
        return value.make() if isinstance(value, Fresh) else value
    default = subject.parameters[name].default
    return ORDINARY.get(name) if default is None else default


def _path(value):
    return [place for place in first_array(value) or () if isinstance(place, str)]


def _with_as_many_rows(arguments, name):
    value = arguments.get(name)
    if not is_array(value) or not value.ndim:
        return (name,)
    return tuple(other for other, part in arguments.items() if is_array(part) and part.shape[:1] == value.shape[:1])


def _lengths(subject, arguments, name, found):
    value = arguments.get(name)
    if not is_array(value) or len(_with_as_many_rows(arguments, name)) < 2:
        return
    for variant in (_SHORTER, _LONGER):
        make = lambda variant=variant: arguments | {name: variant.change(value)}  # noqa: E731
        names = tuple(subject.parameters)
        yield Cell(subject, name, variant.name, variant.expects, names, make, None, found)


__all__ = ["VALID", "Cell", "UntriedError", "cells"]
