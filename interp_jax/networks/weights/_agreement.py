"""Arrays and variables that belong together, or one error that lists what does not."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from interp_jax._checks import describe
from interp_jax.networks.weights._layouts import readings
from interp_jax.networks.weights._names import match, proposal
from interp_jax.networks.weights._slots import Slot


class Pair(NamedTuple):
    """A variable with the array for it."""

    slot: Slot
    name: str
    array: np.ndarray


def names_kept(keep: Any, slots: list[Slot]) -> set[str]:
    """The first names of the variables that keep what they have."""
    if isinstance(keep, str) or not isinstance(keep, Collection) or not all(isinstance(each, str) for each in keep):
        raise TypeError(f"keep: found {describe(keep)}, wanted names of layers in a list")
    names = set()
    for each in keep:
        beginning = each.replace("/", ".") + "."
        inside = {slot.name for slot in slots if any(f"{name}.".startswith(beginning) for name in slot.names)}
        if not inside:
            raise ValueError(f"keep: found {each!r}, wanted one of the layers {layers(slots)}")
        names |= inside
    return names


def layers(slots: list[Slot]) -> str:
    """The layers' names for an error."""
    return ", ".join(map(repr, dict.fromkeys(slot.layer or slot.name for slot in slots))) or "(there are none)"


def agreed(
    arrays: Mapping[str, np.ndarray],
    slots: list[Slot],
    mapping: Mapping[str, str | None],
    layout: str | None,
    without: Collection[str],
) -> list[Pair]:
    """Every variable but those ``without`` with its array, once all names and shapes agree."""
    matches = match(arrays, slots, mapping)
    wanted = [slot for slot in slots if slot.name not in without]
    missing = [slot for slot in wanted if slot.name not in matches.pairs]
    several, pairs = [], []
    for slot in wanted:
        names = matches.pairs.get(slot.name, [])
        if any(not np.array_equal(arrays[names[0]], arrays[name], equal_nan=True) for name in names[1:]):
            several.append((slot, names))
        elif names:
            pairs.append(Pair(slot, names[0], arrays[names[0]]))
    other = [pair for pair in pairs if not (_same_kind(pair) and readings(pair.slot, pair.array, layout))]
    lines = []
    if matches.without_place:
        shown = ", ".join(f"{name} {_shape(arrays[name])}" for name in matches.without_place)
        lines.append(f"arrays without a variable: {shown}")
    if missing:
        lines.append(f"variables without an array: {', '.join(f'{slot.name} {_shape(slot)}' for slot in missing)}")
    lines += [f"different arrays for {slot.name}: {', '.join(names)}" for slot, names in several]
    lines += [_not_fitting(pair, layout) for pair in other]
    if not lines:
        return pairs
    if perhaps := proposal(arrays, matches.without_place, missing):
        lines.append(f"perhaps mapping={perhaps}")
    count = len(matches.without_place) + sum(len(names) for _, names in several) + len(other)
    head = f"arrays: found {count} of {len(arrays)} that fit nothing in the model"
    if not count:
        head = f"arrays: found {len(arrays)} and none for some variables of the model"
    raise ValueError("\n  ".join([f"{head}, wanted one for each of its variables", *lines]))


def _not_fitting(pair: Pair, layout: str | None) -> str:
    slot, name, array = pair
    text = f"{slot.name} takes {slot.variable.dtype} {_shape(slot)}: found {name} {describe(array)}"
    other = {"torch": "jax", "jax": "torch"}.get(layout or "")
    return f'{text}, which fits with layout="{other}"' if other and readings(slot, array, other) else text


def _same_kind(pair: Pair) -> bool:
    return bool(jnp.issubdtype(pair.slot.variable.dtype, jnp.floating)) == (pair.array.dtype.kind == "f")


def _shape(array) -> str:
    return f"[{', '.join(map(str, array.shape))}]"
