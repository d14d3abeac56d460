"""Whether the core is necessary, and whether it is the only sufficient set."""

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax import figures
from interp_jax.methods import core_units

COLUMNS = ("zero", "mean", "resample")


def write(study, section) -> None:
    """Holding rates with the core kept and removed, by three kinds of ablation, and disjoint sufficient sets."""
    section.text(
        "Units are ablated in three ways: set to zero, as the gates do; replaced by their mean over rows and "
        "positions; or replaced by their values in another row. Zeros can lie outside the distribution that the next "
        "layers were trained on; means and resampled values are closer to it. A constant decision has a holding rate "
        "of 50 %. Rates are on the held-out rows. Disjoint sets are the core and then further sets, each among the "
        f"units of no earlier set and at the required rate, on {study.config.disjoint_rows:,} rows of the class."
    )
    section.metrics({layer: _layer(study, section, layer) for layer in study.config.layers})


def _layer(study, section, layer):
    rates, sets = {}, {}
    bar = study.progress.task(f"necessity, {layer}", len(study.classes))
    for label in study.classes:
        name = study.task.class_names[label]
        necessity = core_units.necessity(
            study.network.after(layer),
            study.hidden(layer, held=True),
            study.predictions[1],
            label,
            study.core(layer, label).mask,
            key=study.key(8),
        )
        rates[name] = {field: float(value) for field, value in necessity._asdict().items()}
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
        f"{layer}: holding rates with only the core (kept) and without the core (removed), and the sizes of disjoint "
        f"sets that reach the required rate, at most {study.config.disjoint}.",
        note=_verdict(rates, sets),
    )
    section.figure(
        f"necessity_{layer}",
        figures.selected_units.by_class(
            list(rates),
            {
                f"core {side}, {column}": np.array([each[f"{side}_{column}"] for each in rates.values()])
                for side in ("kept", "removed")
                for column in COLUMNS
            },
            y_label="holding rate, held-out rows",
            y_range=(0.4, 1.02),
        ),
        f"{layer}: holding rates with the core alone, and without it.",
    )
    return {"rates": rates, "disjoint": sets}


def _disjoint(study, layer, label):
    """Sizes of the core and of further sufficient sets that are disjoint; stored in the run's folder."""
    core, most = study.core(layer, label), study.config.disjoint

    def compute():
        if most == 1 or core.mask.all():
            return {"units": np.zeros(most, np.int32)}
        rows = study.class_rows(label, study.config.disjoint_rows).rows
        hidden = study.hidden(layer)[rows]
        sets = core_units.disjoint_sets(
            study.tail(layer),
            hidden * jnp.broadcast_to(~core.mask, hidden.shape),
            study.predictions[0][rows],
            label,
            key=study.key(9),
            most=most - 1,
            holding=study.required(layer, label),
            **study.select_options | {"swaps": 0, "starts": 1, "steps": study.config.disjoint_steps},
        )
        return {"units": np.array([*(each.units for each in sets), *[0] * (most - len(sets))], np.int32)}

    like = {"units": jax.ShapeDtypeStruct((most,), np.int32)}
    further = study.stored_arrays(f"disjoint sets {layer} {label}", like, compute)["units"]
    return [core.units, *further[further > 0].tolist()]


def _verdict(rates, sets):
    removed = np.mean([each["removed_resample"] for each in rates.values()])
    several = sum(len(sizes) > 1 for sizes in sets.values())
    return (
        f"With the core resampled from other rows, {removed:.1%} of the decisions hold on average. In {several} of "
        f"{len(sets)} classes a disjoint set is sufficient too"
        + (": for them the core is sufficient but not necessary." if several else ".")
    )
