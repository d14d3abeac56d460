"""Holding rate against the number of units: as a core is reduced, and for every cost of an open gate."""

import jax
import numpy as np

from interp_jax import figures
from interp_jax.methods import core_units


def write(study, section) -> None:
    """Figure 6 of the paper, and the gates of all classes for every cost."""
    removal = {layer: _removal(study, section, layer) for layer in study.config.layers}
    # Gates of the last layer take the least time by far.
    last = study.config.layers[-1]
    section.metrics({"removal": removal, "sweep": {last: _sweep(study, section, last)}})


def _removal(study, section, layer):
    """Units of the first core are removed one at a time, in increasing order of their gates."""
    label = study.classes[0]
    core, rates = study.core(layer, label), study.nested_holding(layer, label)
    name = study.task.class_names[label]
    section.figure(
        f"removal_{layer}",
        figures.curves.against(
            np.arange(core.units + 1),
            {f"core of class {name}": rates},
            "units",
            "holding rate",
            references={"required": study.required(layer, label)},
        ),
        f"{layer}, class {name}: holding rate on {study.config.baseline_rows:,} rows of the class as units of the core "
        "are removed in increasing order of their gates (units added in the refinement have closed gates and are "
        f"removed first). {'After the first removal' if core.units else 'Without any unit'} it is "
        f"{rates[-2] if core.units else rates[-1]:.1%}.",
    )
    return rates


def _sweep(study, section, layer):
    bar = study.progress.task(f"sweep, {layer}", 1)
    swept = core_units.sweep(
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
                zip(swept.units.swapaxes(0, 1), swept.holding_rate.swapaxes(0, 1), strict=True),
                strict=True,
            )
        ],
        f"{layer}: number of units with an open gate, and their holding rate, for every class and cost α of an open "
        f"gate; means of {study.config.repeats} initializations, {study.config.sweep_steps} steps.",
    )
    return {"alphas": core_units.ALPHAS, "units": swept.units, "holding": swept.holding_rate}
