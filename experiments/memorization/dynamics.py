"""Deviations during training, for fully trained and for memorizing networks."""

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
    epochs = [2**power for power in range(study.task.full_epochs.bit_length())]
    untrained, deviation = study.untrained(study.task.network, study.config.seeds), {}
    for kind in (FULLY_TRAINED, MEMORIZING):
        stages = [untrained, *(study.trained(kind, stage) for stage in epochs)]
        profiles = [study.profiles(networks, study.labels(kind), "cosine") for networks in stages]
        deviation[kind] = {field: np.stack([getattr(of, field).T for of in profiles]) for field in ("inner", "inter")}
    return Dynamics(deviation, [0, *epochs], study.layers)


def show(result: Dynamics, page) -> None:
    """A curve for every layer."""
    page.finding(separation(result))
    panels = {
        f"{kind}: {field}-class": dict(zip(result.layers, np.moveaxis(of[field], 1, 0), strict=True))
        for field in ("inner", "inter")
        for kind, of in result.deviation.items()
    }
    labels = f"stage (0: before training, then after 1, 2, 4, … {result.epochs[-1]} epochs)", "deviation (cosine)"
    options = {"x_label": labels[0], "y_label": labels[1], "columns": 2, "scale_by_row": True}
    figure = figures.filters.gallery(np.arange(len(result.epochs)), panels, **options)
    page.figure(
        "deviation_during_training", figure, "Mean ± standard deviation; both kinds start from the same weights."
    )
    page.metrics(result._asdict())


def separation(result: Dynamics) -> str:
    """The finding: since which epoch the ratio of the first hidden layer to the input separates the two kinds."""
    control, ratio = (each["inner"][:, 1] / each["inner"][:, 0] for each in result.deviation.values())
    mixed = np.flatnonzero(ratio.min(axis=1) <= control.max(axis=1))
    since = mixed[-1] + 1 if mixed.size else 0
    if since == len(ratio):
        return (
            f"After {result.epochs[-1]} epochs of training the deviation in the first hidden layer over that in the "
            "input does not separate the kinds of networks."
        )
    above = np.flatnonzero(ratio.min(axis=1) <= control.max())
    fixed = above[-1] + 1 if above.size else 0
    of_all = f"From epoch {result.epochs[fixed]} on" if fixed < len(ratio) else "At no epoch"
    return (
        f"At equal epochs the deviation in the first hidden layer over that in the input is larger in every memorizing "
        f"than in every fully trained network from epoch "
        f"{result.epochs[since]} on (then {ratio[since].mean():.2f} and {control[since].mean():.2f} on average). "
        f"{of_all} it is above {control.max():.2f}, the largest of any fully trained one, in all memorizing ones."
    )
