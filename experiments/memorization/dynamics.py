"""Deviations during training, for fully trained and for memorizing networks."""

import numpy as np

from experiments.memorization.memorization_study import FULLY_TRAINED, MEMORIZING
from interp_jax import figures

METRIC = "cosine"


def write(study, section) -> None:
    """Inner- and inter-class deviation of every layer after 0, 1, 2, 4, … epochs."""
    epochs = [2**power for power in range(study.task.full_epochs.bit_length())]
    section.text(
        f"Both kinds of networks after 0, 1, 2, 4, … {epochs[-1]} epochs, with the same initial weights. Each stage is "
        "trained from the beginning with the same random keys, so that all stages belong to one training run."
    )
    kinds = (FULLY_TRAINED, MEMORIZING)
    deviation = {kind: {"inner": [], "inter": []} for kind in kinds}
    bar = study.progress.task("training stages", len(kinds) * (1 + len(epochs)))
    for kind in kinds:
        for stage in (0, *epochs):
            networks = study.trained(kind, stage) if stage else study.untrained(study.task.network, study.config.seeds)
            profiles = [study.profile(network, study.labels(kind), METRIC) for network in networks]
            for field, values in deviation[kind].items():
                values.append([getattr(profile, field) for profile in profiles])
            bar.advance(note=f"{kind}, {stage} epochs")
    bar.finish()
    # [stages, layers, networks]
    series = {
        kind: {field: np.moveaxis(values, 1, 2) for field, values in each.items()} for kind, each in deviation.items()
    }
    section.figure(
        "deviation_during_training",
        figures.filters.gallery(
            np.arange(1 + len(epochs)),
            {
                f"{kind}: {field}-class": {
                    layer: series[kind][field][:, number] for number, layer in enumerate(study.layers)
                }
                for field in ("inner", "inter")
                for kind in kinds
            },
            x_label=f"stage (0: before training, then after 1, 2, 4, … {epochs[-1]} epochs)",
            y_label=f"deviation ({METRIC})",
            columns=2,
            scale_by_row=True,
        ),
        f"Deviations by {METRIC} distance during training, mean ± standard deviation over {study.config.seeds} "
        "networks. Top: inner-class; bottom: inter-class, on another scale.",
    )
    section.metrics({"epochs": [0, *epochs], "layers": study.layers, "deviation": series})
