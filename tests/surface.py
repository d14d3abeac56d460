"""The package's public surface, found by walking it, so that no new function is forgotten by a test."""

import inspect
import types
from collections.abc import Iterator

import interp_jax


def public_names() -> dict[str, object]:
    """Every public function and class by its shortest path, ``kernels.ward.tree`` say."""
    found: dict[int, tuple[str, object]] = {}
    for path, value in _walk(interp_jax, ""):
        if id(value) not in found or path.count(".") < found[id(value)][0].count("."):
            found[id(value)] = path, value
    return dict(sorted(found.values(), key=lambda pair: pair[0]))


def public_functions() -> dict[str, types.FunctionType]:
    """The functions among `public_names`."""
    return {path: value for path, value in public_names().items() if inspect.isfunction(value)}


def kind_of(function) -> str:
    """ "Traceable" or "Host-level", whichever the docstring says."""
    says = inspect.getdoc(function) or ""
    kinds = [kind for kind in ("Traceable", "Host-level") if kind in says]
    assert len(kinds) == 1, f"{function.__module__}.{function.__name__} says {kinds}, wanted one of both"
    return kinds[0]


def _walk(module, prefix) -> Iterator[tuple[str, object]]:
    for name in getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]:
        value = getattr(module, name)
        if isinstance(value, types.ModuleType):
            if value.__name__.startswith("interp_jax.") and "._" not in value.__name__:
                yield from _walk(value, f"{prefix}{name}.")
        elif inspect.isfunction(value) or inspect.isclass(value):
            home = value.__module__
            if home == module.__name__ or (hasattr(module, "__all__") and home.startswith("interp_jax")):
                yield f"{prefix}{name}", value
