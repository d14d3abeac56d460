"""One set of units for all classes, and the network without the other units."""

import jax
import numpy as np

from experiments.core_units.core_study import activations
from interp_jax import networks
from interp_jax.methods import core_units


def write(study, section) -> None:
    """Accuracy, size and time of the whole, the masked and the shrunken network."""
    layers = study.config.layers
    every = {
        "cores of all classes together": {
            layer: np.any([study.core(layer, label).mask for label in study.classes], axis=0) for layer in layers
        },
        "one set for all classes": _joint(study),
    }
    held = study.rows(held=True)
    whole = networks.cost(study.network, held[:500])
    rows = [("whole network", "all", *_row(study.predictions[1], study, whole, whole), None)]
    metrics = {"whole network": _metrics(study.predictions[1], study, whole)}
    for name, masks in every.items():
        small = networks.shrink(study.network, masks)
        scores, masked = activations(small, held), _masked(study, masks, held)
        cost = networks.cost(small, held[:500])
        apart = float(np.abs(np.asarray(scores - masked)).max() / np.abs(np.asarray(masked)).max())
        predictions = np.asarray(scores).argmax(axis=1)
        counts = ", ".join(f"{mask.sum()} of {len(mask)}" for mask in masks.values())
        rows.append((name, counts, *_row(predictions, study, cost, whole), f"{apart:.1e}"))
        metrics[name] = _metrics(predictions, study, cost) | {"apart": apart}
        networks.save_masks(study.run.folder / f"{name.replace(' ', '_')}.npz", masks)
    section.table(
        (
            "network",
            " and ".join(layers),
            "held-out accuracy",
            "agreement with the whole network",
            "parameters",
            "operations per row",
            "time (µs per row)",
            "greatest difference",
        ),
        rows,
        "The feature maps outside the set are removed from the network together with all weights to and from them. "
        "Operations, and times in brackets, are relative to the whole network. The greatest difference is between the "
        "scores of the shrunken and of the masked network, relative to the greatest score.",
        note="One set for all classes: the smallest set found that preserves the predicted class of "
        f"{study.all_classes_holding:.1%} of {min(study.config.shrunken_rows, len(study.task.inputs)):,} rows"
        + (", selected in the last layer first and then in the network shrunken there" if len(layers) > 1 else "")
        + ". The masks are stored beside this report by layer name.",
    )
    section.metrics(metrics)


def _joint(study):
    """Units for all classes by layer; each layer is selected after the later layers have been shrunken."""
    rows = np.asarray(jax.random.permutation(study.key(13), len(study.task.inputs)))[: study.config.shrunken_rows]
    masks = {}
    for place, layer in enumerate(reversed(study.config.layers), 1):
        share = place / len(study.config.layers)

        def select(layer=layer, share=share):
            shrunken = networks.shrink(study.network, masks) if masks else study.network
            return core_units.select(
                study.tail(layer, shrunken),
                study.hidden(layer)[rows],
                study.predictions[0][rows],
                None,
                key=study.key(14),
                holding=1 - share * (1 - study.all_classes_holding),
                **study.select_options,
            )

        masks[layer] = study.selection(f"all classes {layer}", study.units(layer), select).mask
    return {layer: masks[layer] for layer in study.config.layers}


def _masked(study, masks, rows):
    gated = networks.gate(study.network, tuple(masks))
    return activations(jax.tree_util.Partial(_apply, gated, masks), rows)


def _apply(gated, masks, rows):
    return gated(rows, masks)


def _row(predictions, study, cost, whole):
    return (
        f"{np.mean(predictions == study.task.held_labels):.2%}",
        f"{np.mean(predictions == study.predictions[1]):.2%}",
        f"{cost.parameters:,}",
        f"{cost.flops / whole.flops:.2f}",
        f"{1e6 * cost.seconds:.1f} ({cost.seconds / whole.seconds:.2f})",
    )


def _metrics(predictions, study, cost):
    return {
        "accuracy": float(np.mean(predictions == study.task.held_labels)),
        "same": float(np.mean(predictions == study.predictions[1])),
        "parameters": cost.parameters,
        "flops": cost.flops,
    }
