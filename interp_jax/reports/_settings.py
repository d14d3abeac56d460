"""Settings of a run, by dotted name."""

from typing import Any

_ABSENT = "nothing"


def flatten(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The settings of a nested dict by dotted name, each with the prefix; an empty dict stays a value.

    Example:
        >>> flatten({"seed": 0, "optimizer": {"name": "adam", "rate": 0.1}})
        {'seed': 0, 'optimizer.name': 'adam', 'optimizer.rate': 0.1}
    """
    flat = {}
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def differences(earlier: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """A line for each setting in which an earlier run differs from the current one.

    Example:
        >>> differences({"seed": 0, "rate": 0.1}, {"seed": 1, "rate": 0.1, "depth": 3})
        ['seed: found 0, wanted 1', 'depth: found nothing, wanted 3']
    """
    earlier, wanted = flatten(earlier), flatten(wanted)
    return [
        f"{name}: found {_show(earlier, name)}, wanted {_show(wanted, name)}"
        for name in dict.fromkeys([*earlier, *wanted])
        if name not in earlier or name not in wanted or earlier[name] != wanted[name]
    ]


def _show(settings: dict[str, Any], name: str) -> str:
    return repr(settings[name]) if name in settings else _ABSENT
