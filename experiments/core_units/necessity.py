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

    def rates(layer, label):
        held = study.network.after(layer), study.hidden(layer, held=True), study.predictions[1]
        holding = core_units.necessity(*held, label, study.core(layer, label).mask, key=study.key(8))
        return [float(getattr(holding, column)) for column in COLUMNS]

    def disjoint(layer, label):
        further = study.cached(f"disjoint sets {layer} {label}", partial(_disjoint, study, layer, label))
        return [study.core(layer, label).units, *further]

    return Necessity(study.by_layer("necessity", rates), study.by_layer("disjoint sets", disjoint))


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
        "Units are set to zero, as by the gates, which can lie outside the distribution that the next layers were "
        "trained on; replaced by their mean over rows and positions; or by their values in another row (resample). A "
        "constant decision has a holding rate of 50%. Disjoint sets are the core and then further sets, each among the "
        "units of no earlier set and at the required rate."
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
    page.metrics(result._asdict())


def verdict(result: Necessity) -> str:
    """The finding: what holds without the core, and whether other sets suffice as well."""
    replaced, several = [], []
    for layer, rates in result.rates.items():
        mean = dict(zip(COLUMNS, np.mean([*rates.values()], axis=0), strict=True))
        core, others = mean["kept_resample"], mean["removed_resample"]
        than = "fewer than" if core < others else "more than" if core > others else "as many as"
        replaced += [f"{core:.1%} of the decisions in {layer}, {than} all other units without it do, {others:.1%}"]
        count = sum(len(sizes) > 1 for sizes in result.disjoint[layer].values())
        several += [f"{count} of {len(rates)} classes in {layer}"]
    unique = all(len(sizes) == 1 for classes in result.disjoint.values() for sizes in classes.values())
    other = (
        "No other set without any unit of the core was found to suffice."
        if unique
        else f"A set without any unit of the core suffices too, with the others at zero, for {', '.join(several)}: "
        "there the core is not necessary."
    )
    return (
        "The core is selected with the other units at zero. With the values of other images in their place, the core "
        f"preserves {'; '.join(replaced)} (constant answers: 50%). {other}"
    )
