"""Whether the core is necessary, and whether it is the only sufficient set."""

from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from interp_jax.methods import core_units

COLUMNS = [f"{side}_{ablation}" for side in ("kept", "removed") for ablation in ("zero", "mean", "resample")]


class Necessity(NamedTuple):
    """By layer and class: holding rates in the order of the columns, and units of the core and of disjoint sets."""

    rates: dict[str, dict[str, list[float]]]
    disjoint: dict[str, dict[str, list[int]]]


def measure(study) -> Necessity:
    """Holding rates with the core kept and removed, by three kinds of ablation, and disjoint sufficient sets."""
    rates, disjoint = ({layer: {} for layer in study.config.layers} for _ in range(2))
    for layer in study.config.layers:
        tail, hidden = study.network.after(layer), study.hidden(layer, held=True)
        for label in study.counted(f"necessity, {layer}", study.names):
            core, name, further = study.core(layer, label), study.names[label], partial(_disjoint, study, layer, label)
            holding = core_units.necessity(tail, hidden, study.predictions[1], label, core.mask, key=study.key(8))
            rates[layer][name] = [float(getattr(holding, column)) for column in COLUMNS]
            disjoint[layer][name] = [core.units, *study.cached(f"disjoint sets {layer} {label}", further)]
    return Necessity(rates, disjoint)


def _disjoint(study, layer, label) -> list[int]:
    """The sizes of sufficient sets that are disjoint from the core and from each other."""
    mask, most = study.core(layer, label).mask, study.config.disjoint - 1
    if not most or mask.all():
        return []
    rows = study.class_rows(label, study.config.disjoint_rows).rows
    hidden, predictions = study.hidden(layer)[rows], study.predictions[0][rows]
    options = study.select_options | {"swaps": 0, "starts": 1, "steps": study.config.disjoint_steps, "most": most}
    options |= {"key": study.key(9), "holding": study.required(layer, label)}
    others = hidden * jnp.broadcast_to(~mask, hidden.shape)
    sets = core_units.disjoint_sets(study.tail(layer), others, predictions, label, **options)
    return [each.units for each in sets if each.units]


def show(result: Necessity, page) -> None:
    """A table for every layer."""
    page.text(
        "Units are ablated in three ways: set to zero, as the gates do, which can lie outside the distribution that "
        "the next layers were trained on; replaced by their mean over rows and positions; or by their values in "
        "another row (resample). A constant decision has a holding rate of 50%. Disjoint sets are the core and then "
        "further sets, each among the units of no earlier set and at the required rate."
    )
    page.finding(verdict(result))
    for layer, rates in result.rates.items():
        sizes = {name: f"{len(each)}: {', '.join(map(str, each))}" for name, each in result.disjoint[layer].items()}
        page.table(
            ("class", *(column.replace("_", ", ") for column in COLUMNS), "disjoint sets: units"),
            [(name, *(f"{rate:.1%}" for rate in each), sizes[name]) for name, each in rates.items()],
            f"{layer}: holding rates on held-out rows with only the core (kept) and without it (removed); the "
            "number of disjoint sets, and the units of each.",
        )
        by_column = {name: dict(zip(COLUMNS, each, strict=True)) for name, each in rates.items()}
        page.metrics({layer: {"rates": by_column, "disjoint": result.disjoint[layer]}})


def verdict(result: Necessity) -> str:
    """The finding: what holds without the core, and whether other sets suffice as well."""
    replaced, several = {}, {}
    for layer, rates in result.rates.items():
        mean = dict(zip(COLUMNS, np.mean([*rates.values()], axis=0), strict=True))
        core, others = mean["kept_resample"], mean["removed_resample"]
        than = "fewer than" if core < others else "more than" if core > others else "as many as"
        replaced[layer] = f"{core:.1%} in {layer}, {than} with the core replaced and the others unchanged, {others:.1%}"
        others = sum(len(sizes) > 1 for sizes in result.disjoint[layer].values())
        several[layer] = f"{others} of {len(rates)} classes in {layer}"
    unique = all(len(sizes) == 1 for classes in result.disjoint.values() for sizes in classes.values())
    return (
        "The core is selected with the other units at zero. With the values of other images in their place, this share "
        f"of the decisions stays the same (constant answers: 50%): {'; '.join(replaced.values())}. A set without any "
        f"unit of the core suffices too, with the others at zero, for {', '.join(several.values())}"
        + ("." if unique else ": there the core is not necessary.")
    )
