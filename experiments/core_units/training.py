"""The network whose units are gated: its accuracy and its cost."""

import numpy as np

from experiments.core_units import published
from interp_jax import networks

COST_ROWS = 500


def write(study, section) -> None:
    """Tables of the accuracy and of the layers with weights."""
    task, network = study.task, study.network
    correct = {
        "learned": study.predictions[0] == task.labels,
        "held out": study.predictions[1] == task.held_labels,
    }
    paper = published.ACCURACY.get(study.config.data)
    section.table(
        ("rows", "number", "accuracy", "paper"),
        [
            (name, f"{len(each):,}", f"{each.mean():.2%}", f"{paper:.1%}" if paper and name == "held out" else None)
            for name, each in correct.items()
        ],
        f"{_data(study)}: accuracy of the network.",
        note=f"After {task.epochs} epochs; the weights are an average over the last steps. The following sections "
        "explain the decisions of this network, correct or not, and use no labels.",
    )
    stages = [(name, _weights(getattr(network, name))) for name in network.stage_names]
    cost = networks.cost(network, study.rows(held=True)[:COST_ROWS])
    section.table(
        ("stage", "weights"),
        [(name, f"{shape}") for name, shape in stages if shape],
        f"The layers with weights; {cost.parameters:,} parameters, {cost.flops / 1e6:.1f} million floating-point "
        "operations per row according to the compiler. Units are gated after "
        f"{' and '.join(study.config.layers)}: {', '.join(str(study.units(layer)) for layer in study.config.layers)} "
        "feature maps.",
    )
    section.metrics(
        {
            "accuracy": {name: float(np.mean(each)) for name, each in correct.items()},
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
