"""Whether the core is needed, and whether it is the only set that suffices."""

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax import figures
from interp_jax.methods import core_units

COLUMNS = ("zero", "mean", "resample")


def write(study, section) -> None:
    """Rates with the core kept and removed, three ways of removing, and disjoint sets."""
    section.text(
        "Removing means: set to zero, as the gates do; held at the mean over the rows and places; or taken from "
        "another row. Zeros are nothing that the layers above have ever seen, means and other rows are. A rate of 50 % "
        "is what a decision made without looking holds. Rates are of the rows held out. Disjoint sets: the core, and "
        "then one after the other among the units that no earlier set has, each at the rate asked for, on "
        f"{study.config.disjoint_rows:,} of the class's rows."
    )
    section.metrics({layer: _layer(study, section, layer) for layer in study.config.layers})


def _layer(study, section, layer):
    rates, sets = {}, {}
    bar = study.progress.task(f"necessity, {layer}", len(study.classes))
    for label in study.classes:
        name = study.task.class_names[label]
        found = core_units.necessity(
            study.network.after(layer),
            study.hidden(layer, held=True),
            study.predictions[1],
            label,
            study.core(layer, label).mask,
            key=study.key(8),
        )
        rates[name] = {field: float(value) for field, value in found._asdict().items()}
        sets[name] = _disjoint(study, layer, label)
        bar.advance(note=f"class {name}")
    bar.finish()
    section.table(
        ("class", *(f"kept, {c}" for c in COLUMNS), *(f"removed, {c}" for c in COLUMNS), "disjoint sets: units"),
        [
            (
                name,
                *(f"{rates[name][f'{side}_{column}']:.1%}" for side in ("kept", "removed") for column in COLUMNS),
                f"{len(sets[name])}: {', '.join(map(str, sets[name]))}",
            )
            for name in rates
        ],
        f"{layer}: holding rates with only the core left (kept) or only the core missing (removed), and the sets "
        f"without a common unit that were found to hold the rate asked for, at most {study.config.disjoint}.",
        note=_verdict(rates, sets),
    )
    section.figure(
        f"necessity_{layer}",
        figures.selected_units.by_class(
            list(rates),
            {
                f"core {side}, {column}": np.array([found[f"{side}_{column}"] for found in rates.values()])
                for side in ("kept", "removed")
                for column in COLUMNS
            },
            y_label="holding rate, rows held out",
            y_range=(0.4, 1.02),
        ),
        f"{layer}: what is left of a class's decisions with the core alone, and without it.",
    )
    return {"rates": rates, "disjoint": sets}


def _disjoint(study, layer, label):
    """Sizes of the core and of further sets without a common unit that suffice too; kept on disk."""
    core, most = study.core(layer, label), study.config.disjoint

    def find():
        if most == 1 or core.mask.all():
            return {"units": np.zeros(most, np.int32)}
        rows = study.class_rows(label, study.config.disjoint_rows).rows
        hidden = study.hidden(layer)[rows]
        found = core_units.disjoint_sets(
            study.tail(layer),
            hidden * jnp.broadcast_to(~core.mask, hidden.shape),
            study.predictions[0][rows],
            label,
            key=study.key(9),
            most=most - 1,
            holding=study.wanted(layer, label),
            **study.select_options | {"swaps": 0, "starts": 1, "steps": study.config.disjoint_steps},
        )
        return {"units": np.array([*(each.units for each in found), *[0] * (most - len(found))], np.int32)}

    like = {"units": jax.ShapeDtypeStruct((most,), np.int32)}
    further = study.kept_arrays(f"disjoint sets {layer} {label}", like, find)["units"]
    return [core.units, *further[further > 0].tolist()]


def _verdict(rates, sets):
    removed = np.mean([found["removed_resample"] for found in rates.values()])
    several = sum(len(found) > 1 for found in sets.values())
    return (
        f"Without the core, its units taken from other rows, {removed:.1%} of the decisions hold on average. In "
        f"{several} of {len(sets)} classes another set suffices"
        + (": there the core is enough, but not needed." if several else ".")
    )
