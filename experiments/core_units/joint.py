"""Both layers gated together: Tables 2 and 4 of the paper."""

import jax
import jax.numpy as jnp
import numpy as np

from experiments.core_units import published
from experiments.study import BATCH
from interp_jax import networks
from interp_jax.methods import core_units


def write(study, section) -> None:
    """The numbers of units of every layer when all layers are gated together, for some classes."""
    layers = study.config.layers
    if len(layers) < 2:
        section.text("The settings name only one layer.")
        return
    tail = jax.tree_util.Partial(_masked, networks.gate(study.network.after(layers[0]), layers[1:]))
    units = {layer: study.units(layer) for layer in layers}
    rows, metrics = [], {}
    labels = [label for label in study.config.joint_classes if label in study.classes]
    if not labels:
        section.text("None of the classes of interest is among the classes for this section.")
        return
    bar = study.progress.task("both layers", len(labels) * study.config.repeats)
    for label in labels:
        name = study.task.class_names[label]
        paper = published.JOINT.get((study.config.data, label))
        use_paper = paper and study.config.holding is None
        required = min(run[0] for run in paper) / 1000 if use_paper else study.required(layers[0], label)
        metrics[name] = []
        for run in range(study.config.repeats):
            core = _core(study, tail, units, label, run, required)
            masks = _by_layer(core.mask, units)
            held = float(
                core_units.holding_rate(
                    tail, study.hidden(layers[0], held=True), study.predictions[1], label, masks, batch_size=BATCH
                )
            )
            counts = {layer: int(masks[layer].sum()) for layer in layers}
            metrics[name].append({"holding": core.holding_rate, "held_out": held, **counts})
            rows.append(
                (
                    name,
                    run + 1,
                    f"{core.holding_rate:.2%}",
                    f"{held:.2%}",
                    *(f"{masks[layer].sum()}" for layer in layers),
                    f"{paper[run][0] / 10:.1f}%: {paper[run][1]} and {paper[run][2]}" if paper and run < 3 else None,
                )
            )
            bar.advance()
    bar.finish()
    section.table(
        (
            "class",
            "selection",
            "holding rate",
            "held-out rows",
            *(f"{layer}, of {units[layer]}" for layer in layers),
            "paper",
        ),
        rows,
        f"Numbers of units when {' and '.join(layers)} are gated together: the smallest sum that reaches the lowest "
        f"rate of the paper's runs (or the required rate), selected on {study.config.joint_rows:,} rows of the class.",
    )
    section.metrics(metrics)


def _masked(gated, hidden, masks):
    """Applies the first layer's mask to the tail's input, and the others to the chain by name."""
    (_, first), *others = masks.items()
    return gated(hidden * jnp.broadcast_to(first, hidden.shape), dict(others))


def _core(study, tail, units, label, run, required):
    first = study.config.layers[0]

    def select():
        rows = study.class_rows(label, study.config.joint_rows).rows
        return core_units.select(
            tail,
            study.hidden(first)[rows],
            study.predictions[0][rows],
            label,
            key=jax.random.fold_in(jax.random.fold_in(study.key(10), label), run),
            holding=required,
            mask_shape={layer: (count,) for layer, count in units.items()},
            **study.select_options | {"swaps": 0, "search_rows": 128, "starts": 1},
        )

    return study.selection(f"both layers {label} {run}", sum(units.values()), select)


def _by_layer(mask, units):
    parts = np.split(mask, np.cumsum(list(units.values()))[:-1])
    return dict(zip(units, parts, strict=True))
