"""Which array is for which variable of a model, by their names."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from interp_jax._checks import as_numpy, describe
from interp_jax.networks.weights._layouts import readings
from interp_jax.networks.weights._slots import Slot, has_no_place, translated


class Matches(NamedTuple):
    """Arrays by the variable that they are for (its first name), and those that are for none."""

    pairs: dict[str, list[str]]
    without_place: list[str]


def named_arrays(arrays: Any) -> dict[str, np.ndarray]:
    """The arrays by name, nested dicts flattened and slashes as dots."""
    if not isinstance(arrays, Mapping):
        raise TypeError(f"arrays: found {describe(arrays)}, wanted a dict of arrays by name")
    named = {}
    for name, array in _flat(arrays, ()):
        if name in named:
            raise ValueError(f"arrays: found two of the name {name}, wanted different names")
        named[name] = as_numpy(f"arrays[{name!r}]", array)
    if not named:
        raise ValueError("arrays: found none, wanted arrays by name")
    return named


def _flat(arrays, path):
    for key in arrays:
        name, value = (*path, str(key).replace("/", ".")), arrays[key]
        if isinstance(value, Mapping):
            yield from _flat(value, name)
        else:
            yield ".".join(name), value


def check_mapping(mapping: Any, arrays: Mapping[str, Any]) -> dict[str, str | None]:
    """The mapping with dots for slashes, once every name in it stands at the beginning of an array's."""
    if mapping is None:
        return {}
    is_names = isinstance(mapping, Mapping) and all(
        isinstance(key, str) and (value is None or isinstance(value, str)) for key, value in mapping.items()
    )
    if not is_names:
        raise TypeError(f"mapping: found {describe(mapping)}, wanted a dict from arrays' names to the model's")
    mapping = {key.replace("/", "."): value and value.replace("/", ".") for key, value in mapping.items()}
    for key in mapping:
        if not any(_begins(name, key) for name in arrays):
            some = ", ".join(list(arrays)[:6]) + (", …" if len(arrays) > 6 else "")
            raise ValueError(f"mapping: found {key!r}, wanted the beginning of a name of the arrays: {some}")
    return mapping


def _begins(name: str, key: str) -> bool:
    return not key or name == key or name.startswith(f"{key}.")


def renamed(name: str, mapping: Mapping[str, str | None]) -> str | None:
    """The name after the longest beginning that is mapped has been replaced; None if it is to be left out."""
    key = max((key for key in mapping if _begins(name, key)), key=len, default=None)
    if key is None:
        return name
    target = mapping[key]
    rest = name[len(key) :].removeprefix(".")
    return None if target is None else ".".join(part for part in (target, rest) if part)


def match(arrays: Mapping[str, Any], slots: list[Slot], mapping: Mapping[str, str | None]) -> Matches:
    """Each array with the variable of its name, or of its name's translation for that layer."""
    named = {name: slot for slot in slots for name in slot.names}
    owners = {name.rpartition(".")[0]: slot.owner for slot in slots for name in slot.names}
    pairs: dict[str, list[str]] = {}
    without_place = []
    for name in arrays:
        target = renamed(name, mapping)
        if target is None:
            continue
        layer, _, attribute = target.rpartition(".")
        owner = owners.get(layer)
        slot = named.get(target) or named.get(f"{layer}.{translated(owner, attribute)}".removeprefix("."))
        if slot is not None:
            pairs.setdefault(slot.name, []).append(name)
        elif not has_no_place(owner, attribute):
            without_place.append(name)
    return Matches(pairs, without_place)


def proposal(arrays: Mapping[str, np.ndarray], names: list[str], slots: list[Slot]) -> dict[str, str] | None:
    """A mapping of layers in the order of both sides, if each array that has no place fits into its layer so."""
    given: dict[str, list[str]] = {}
    for name in names:
        given.setdefault(name.rpartition(".")[0], []).append(name)
    wanted: dict[str, list[Slot]] = {}
    for slot in slots:
        wanted.setdefault(slot.layer, []).append(slot)
    if len(given) != len(wanted) or not given:
        return None
    for members, places in zip(given.values(), wanted.values(), strict=True):
        by_attribute = {slot.attribute: slot for slot in places}
        for name in members:
            attribute, owner = name.rpartition(".")[2], places[0].owner
            if has_no_place(owner, attribute):
                continue
            slot = by_attribute.pop(translated(owner, attribute), None)
            if slot is None or not readings(slot, arrays[name], None):
                return None
        if by_attribute:
            return None
    return dict(zip(given, wanted, strict=True))
