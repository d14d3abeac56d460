"""The network whose units are gated, and how well it has learned."""

import numpy as np

from experiments.core_units import published
from interp_jax import networks

COST_ROWS = 500


def write(study, section) -> None:
    """Accuracy, and what the network costs."""
    task, network = study.task, study.network
    right = {
        "learned": study.predictions[0] == task.labels,
        "held out": study.predictions[1] == task.held_labels,
    }
    paper = published.ACCURACY.get(study.config.data)
    section.table(
        ("rows", "number", "named right", "paper"),
        [
            (name, f"{len(found):,}", f"{found.mean():.2%}", f"{paper:.1%}" if paper and name == "held out" else None)
            for name, found in right.items()
        ],
        f"{_data(study)}: share of rows named right by the network.",
        note=f"After {task.epochs} epochs; the weights are an average over the last steps. What follows explains this "
        "network's decisions, right or wrong, and needs no labels.",
    )
    stages = [(name, _weights(getattr(network, name))) for name in network.stage_names]
    cost = networks.cost(network, study.rows(held=True)[:COST_ROWS])
    section.table(
        ("stage", "weights"),
        [(name, f"{shape}") for name, shape in stages if shape],
        f"The layers with weights; {cost.parameters:,} parameters, {cost.flops / 1e6:.1f} million floating-point "
        "operations a row by the compiler's count. Units are gated after "
        f"{' and '.join(study.config.layers)}: {', '.join(str(study.units(layer)) for layer in study.config.layers)} "
        "feature maps.",
    )
    section.metrics(
        {
            "accuracy": {name: float(np.mean(found)) for name, found in right.items()},
            "parameters": cost.parameters,
            "flops": cost.flops,
        }
    )


def _data(study):
    note = f" ({study.config.data_note})" if study.config.data_note else ""
    return f"{study.task.name}{note}"


def _weights(stage):
    kernel = getattr(stage, "kernel", None)
    return " × ".join(map(str, kernel.shape)) if kernel is not None else ""
