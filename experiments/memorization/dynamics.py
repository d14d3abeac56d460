"""Deviations during training, for fully trained and for memorizing networks."""

import itertools
from typing import NamedTuple

import numpy as np

from experiments.memorization.memorization_study import FULLY_TRAINED, MEMORIZING
from interp_jax import figures


class Dynamics(NamedTuple):
    """Deviations by cosine distance, by kind of network and "inner" or "inter": [stages, layers, networks]."""

    deviation: dict[str, dict[str, np.ndarray]]
    epochs: list[int]
    layers: list[str]


def measure(study) -> Dynamics:
    """Inner- and inter-class deviation of every layer after 0, 1, 2, 4, … epochs."""
    epochs = [0, *(2**power for power in range(study.task.full_epochs.bit_length()))]
    deviation, bar = {}, study.progress.task("training stages", 2 * len(epochs))
    for kind in (FULLY_TRAINED, MEMORIZING):
        stages = []
        for stage in epochs:
            networks = study.trained(kind, stage) if stage else study.untrained(study.task.network, study.config.seeds)
            stages.append(study.profiles(networks, study.labels(kind), "cosine"))
            bar.advance(note=f"{kind}, {stage} epochs")
        deviation[kind] = {field: np.stack([getattr(each, field).T for each in stages]) for field in ("inner", "inter")}
    bar.finish()
    return Dynamics(deviation, epochs, study.layers)


def show(result: Dynamics, page) -> None:
    """A curve for every layer."""
    last, seeds = result.epochs[-1], result.deviation[MEMORIZING]["inner"].shape[-1]
    page.finding(separation(result))
    panels = {
        f"{kind}: {field}-class": dict(zip(result.layers, np.moveaxis(each[field], 1, 0), strict=True))
        for field in ("inner", "inter")
        for kind, each in result.deviation.items()
    }
    labels = f"stage (0: before training, then after 1, 2, 4, … {last} epochs)", "deviation (cosine)"
    page.figure(
        "deviation_during_training",
        figures.filters.gallery(
            np.arange(len(result.epochs)), panels, x_label=labels[0], y_label=labels[1], columns=2, scale_by_row=True
        ),
        f"Deviations by cosine distance during training, mean ± standard deviation over {seeds} networks. Top: "
        "inner-class; bottom: inter-class, on another scale. Both kinds have the same initial weights. Each stage is "
        "trained from the beginning with the same random keys, so that all stages belong to one training run.",
    )
    page.metrics(result._asdict())


def separation(result: Dynamics) -> str:
    """The finding: since which epoch the ratio of the first hidden layer to the input separates the two kinds."""
    control, ratio = (each["inner"][:, 1] / each["inner"][:, 0] for each in result.deviation.values())
    apart = ratio.min(axis=1) > control.max(axis=1)
    since = len(apart) - sum(itertools.takewhile(bool, apart[::-1]))
    if since == len(apart):
        return (
            f"After {result.epochs[-1]} epochs of training this quotient does not separate the two kinds of networks."
        )
    return (
        f"From epoch {result.epochs[since]} of training on, this quotient is larger in every memorizing than in every "
        f"fully trained network (then {ratio[since].mean():.2f} and {control[since].mean():.2f} on average)."
    )
