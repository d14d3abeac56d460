"""How results appear to a reader: a few lines of text in a terminal, a small table and a figure in a notebook."""

import dataclasses
import html
import importlib
import numbers
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

_Result = TypeVar("_Result", bound=type)
# Characters of a repr, and of one field in it.
_MOST, _FIELD = 600, 60


def readable(*, figure: str | None = None) -> Callable[[_Result], _Result]:
    """Gives a result class, NamedTuple or dataclass, a short repr and a table for notebooks.

    The repr is what the class's method ``_finding`` says, in one to five lines, or the fields, with arrays as types and
    shapes. ``_finding`` is asked only for arrays with values, not under jit; it returns None for results with further
    axes, such as vmap makes.

    Args:
        figure: the function of `interp_jax.figures` that draws a result given alone; shown below the table.
    """

    def decorate(cls: _Result) -> _Result:
        cls.__repr__ = _text  # type: ignore[method-assign]
        cls._repr_html_ = lambda result: _page(result, figure)  # type: ignore[attr-defined]
        return cls

    return decorate


def _fields(result: Any) -> str:
    """The fields of a result in one paragraph, arrays as types and shapes."""
    described = ", ".join(f"{name}={value}" for name, value in _described(result))
    return textwrap.shorten(f"{type(result).__name__}({described})", _MOST, placeholder=" …)")


def _text(result: Any) -> str:
    finding = _finding(result)
    text = _fields(result) if finding is None else f"{type(result).__name__}: {finding}"
    return text if len(text) <= _MOST else f"{text[: _MOST - 2]} …"


def _finding(result: Any) -> str | None:
    """What a result says, or None if it says nothing or its fields are not arrays with values."""
    import jax  # only when a result is shown: data sets load without it

    says = getattr(result, "_finding", None)
    leaves = jax.tree.leaves([getattr(result, name) for name in _names(result)])
    if says is None or not all(map(_has_values, leaves)):
        return None
    try:
        return says()
    # Trees of the same form hold anything: axes for vmap, shardings, differences of two results.
    except (TypeError, ValueError, AttributeError, IndexError, KeyError):
        return None


def _has_values(leaf: Any) -> bool:
    import jax

    from interp_jax._checks import at_hand

    deleted = isinstance(leaf, jax.Array) and at_hand(leaf) and leaf.is_deleted()
    return at_hand(leaf) and not deleted and not isinstance(leaf, jax.ShapeDtypeStruct)


def _page(result: Any, figure: str | None) -> str:
    finding = _finding(result)
    rows = "".join(f"<tr><td>{name}</td><td>{html.escape(value)}</td></tr>" for name, value in _described(result))
    heading = html.escape(finding or "").replace("\n", "<br>")
    page = f"<p><b>{type(result).__name__}</b> {heading}</p><table>{rows}</table>"
    # By name and only here: methods know nothing of figures.
    draw = getattr(importlib.import_module("interp_jax.figures"), figure, None) if figure and finding else None
    if draw is None:
        return page
    try:
        return page + draw(result)._repr_html_()
    except (ValueError, TypeError):  # a result that the figure refuses, e.g. inputs that are no images
        return page


def _names(result: Any) -> list[str]:
    named = getattr(result, "_fields", None)
    return list(named) if named else [field.name for field in dataclasses.fields(result)]


def _described(result: Any) -> Iterator[tuple[str, str]]:
    for name in _names(result):
        yield name, _value(getattr(result, name))


def _value(value: Any) -> str:
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        if value.shape == () and _has_values(value) and value.dtype.kind in "biuf":
            return _value(value.item())
        return f"{value.dtype}[{', '.join(map(str, value.shape))}]"
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, numbers.Real):
        return f"{value:.6g}"
    if isinstance(value, str):
        return repr(textwrap.shorten(value, _FIELD, placeholder=" …"))
    if hasattr(value, "_fields") or dataclasses.is_dataclass(value):
        return f"{type(value).__name__}(…)"
    if isinstance(value, list | tuple | dict):
        return f"{type(value).__name__} of {len(value)}"
    return type(value).__name__
