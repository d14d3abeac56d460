"""Settings of a run, by dotted name."""

from typing import Any

_ABSENT = "nothing"


def flatten(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Name every setting of a nested dict by its path.

    >>> flatten({"seed": 0, "optimizer": {"name": "adam", "rate": 0.1}})
    {'seed': 0, 'optimizer.name': 'adam', 'optimizer.rate': 0.1}

    Args:
        settings: nested settings.
        prefix: put before each name.

    Returns:
        The settings by dotted name; an empty dict stays a value.
    """
    flat = {}
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def differences(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Say which settings differ, a line each.

    >>> differences({"seed": 0, "rate": 0.1}, {"seed": 1, "rate": 0.1, "depth": 3})
    ['seed: found 0, wanted 1', 'depth: found nothing, wanted 3']

    Args:
        found: the settings of the earlier run.
        wanted: the settings of this one.

    Returns:
        The lines, empty when the settings are equal.
    """
    found, wanted = flatten(found), flatten(wanted)
    return [
        f"{name}: found {_show(found, name)}, wanted {_show(wanted, name)}"
        for name in dict.fromkeys([*found, *wanted])
        if name not in found or name not in wanted or found[name] != wanted[name]
    ]


def _show(settings: dict[str, Any], name: str) -> str:
    return repr(settings[name]) if name in settings else _ABSENT
