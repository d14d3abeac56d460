"""Units against holding: as units are taken away from a core, and for every cost of an open gate."""

import jax
import numpy as np

from interp_jax import figures
from interp_jax.methods import core_units


def write(study, section) -> None:
    """The paper's Figure 6, and the curve from the gates of all classes at once."""
    removal = {layer: _removal(study, section, layer) for layer in study.config.layers}
    # Gates of the last layer are the cheapest by far.
    last = study.config.layers[-1]
    section.metrics({"removal": removal, "sweep": {last: _sweep(study, section, last)}})


def _removal(study, section, layer):
    """Units of the first core are closed one at a time, from the smallest gate up."""
    label = study.classes[0]
    core = study.core(layer, label)
    # Units outside the core come last, whatever their gates.
    order = np.lexsort((-core.gates, ~core.mask))
    rates = core_units.nested_holding(
        study.tail(layer),
        study.hidden(layer),
        study.predictions[0],
        study.class_rows(label, study.config.rival_rows),
        label,
        order,
    )[: core.units + 1]
    name = study.task.class_names[label]
    section.figure(
        f"removal_{layer}",
        figures.curves.against(
            np.arange(core.units + 1),
            {f"core of class {name}": rates},
            "units kept",
            "holding rate",
            references={"asked for": study.wanted(layer, label)},
        ),
        f"{layer}, class {name}: holding rate, on {study.config.rival_rows:,} of the class's rows, as units of the "
        "core are switched off, from the smallest gate up (units that polishing added have closed gates and go first). "
        f"Without the first {'one' if core.units else 'none'} it is {rates[-2] if core.units else rates[-1]:.1%}.",
    )
    return rates


def _sweep(study, section, layer):
    bar = study.progress.task(f"sweep, {layer}", 1)
    found = core_units.sweep(
        study.tail(layer),
        study.hidden(layer),
        study.predictions[0],
        study.classes,
        key=jax.random.fold_in(study.key(5), study.config.layers.index(layer)),
        repeats=study.config.repeats,
        steps=study.config.sweep_steps,
    )
    bar.advance()
    bar.finish()
    names = [study.task.class_names[label] for label in study.classes]
    section.table(
        ("α", *names),
        [
            (f"{alpha:g}", *(f"{u.mean():.0f} @ {r.mean():.1%}" for u, r in zip(*values, strict=True)))
            for alpha, values in zip(
                core_units.ALPHAS,
                zip(found.units.swapaxes(0, 1), found.holding_rate.swapaxes(0, 1), strict=True),
                strict=True,
            )
        ],
        f"{layer}: units the gates alone keep, and their holding rate, for every class and cost α of an open gate; "
        f"means of {study.config.repeats} starts, {study.config.sweep_steps} steps, all in one compiled program.",
    )
    return {"alphas": core_units.ALPHAS, "units": found.units, "holding": found.holding_rate}
