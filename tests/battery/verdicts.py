"""Whether what came of a cell is right."""

import re
import traceback
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import interp_jax
from tests.battery.documented import ABSENT, NOT_FINITE, OVERFLOW
from tests.battery.results import difference, finite
from tests.battery.subjects import Subject

_PACKAGE = Path(interp_jax.__file__).parent


@dataclass(frozen=True)
class Outcome:
    """A result or an error, and the warnings on the way."""

    result: Any = None
    error: BaseException | None = None
    warnings: tuple[str, ...] = ()


def outcome(call: Callable[[], Any]) -> Outcome:
    """What comes of a call."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            result, error = call(), None
        except Exception as raised:
            result, error = None, raised
    message = [f"{warning.category.__name__}: {warning.message}" for warning in seen if _matters(warning)]
    return Outcome(result, error, tuple(message))


def fault(
    subject: Subject,
    expects: str,
    names: Collection[str],
    found: Outcome,
    valid: Callable[[], Outcome],
    reference: Callable[[], Outcome],
    digits: float,
) -> str | None:
    """What is wrong with an outcome, in words; None where it is as it has to be."""
    if found.error is not None:
        if isinstance(found.error, FileNotFoundError):  # what the system says of a path that leads nowhere is clear
            return None
        wrong = raw(found.error, names)
        if wrong is None and expects == "same":
            wanted = reference()
            return None if wanted.error is not None else f"refused: {found.error}"
        return wrong
    if found.warnings:
        return f"warns: {found.warnings[0]}"
    if expects == "refused":
        return "accepted"
    if expects == "absent":
        return None if re.search(ABSENT, subject.text) else "accepted, and the docstring does not say what comes of it"
    if expects == "documented":
        explained = re.search(NOT_FINITE, subject.text) or (subject.traceable and not finite(found.result))
        return None if explained else "accepted, and the docstring does not say what comes of it"
    if expects in ("sound", "large"):
        words = OVERFLOW if expects == "large" else NOT_FINITE
        explained = finite(found.result) or re.search(words, subject.text) or not finite(valid().result)
        return None if explained else "gives NaN or infinity, and the docstring does not say so"
    wanted = reference()
    if wanted.error is not None:
        return f"gives a result where the same numbers are refused: {wanted.error}"
    differs = difference(found.result, wanted.result, digits)
    return differs and f"other result: {differs}"


def unsound(valid: Outcome) -> str | None:
    """What is wrong with the outcome of a valid call."""
    if valid.error is not None:
        return f"{type(valid.error).__name__}: {valid.error}"
    return f"warns: {valid.warnings[0]}" if valid.warnings else None


def raw(error: BaseException, names: Collection[str]) -> str | None:
    """What an error lacks: the right type, our own line, the argument's name, what was found."""
    message = f"{type(error).__name__}: {str(error).strip()}"
    if not isinstance(error, ValueError | TypeError):
        return f"raw {message}"
    frames = traceback.extract_tb(error.__traceback__)
    if _PACKAGE not in Path(frames[-1].filename).parents:
        ours = [frame for frame in frames if _PACKAGE in Path(frame.filename).parents]
        at = f" from {Path(ours[-1].filename).relative_to(_PACKAGE)}:{ours[-1].lineno}" if ours else ""
        return f"raw{at} {message}"
    if not any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", str(error)) for name in names):
        return f"does not name {' or '.join(names)}: {message}"
    return None if "found" in str(error) else f"does not say what was found: {message}"


def _matters(warning):
    return not issubclass(warning.category, DeprecationWarning | PendingDeprecationWarning | ResourceWarning)
