"""Inner-class and inter-class deviations of every layer: Figures 6.7 to 6.9 and 6.12 to 6.14 of the thesis."""

from typing import NamedTuple

import numpy as np

from experiments.memorization.memorization_study import KINDS, LEARNING, MEMORIZING, METRICS
from experiments.study import from_to
from interp_jax import figures
from interp_jax.methods.deviation import Profile


class Deviations(NamedTuple):
    """Profiles by distance and kind of network, and cosine deviations of the first network by permuted labels."""

    profiles: dict[str, dict[str, Profile]]
    null: dict[str, np.ndarray]  # [permutations of the labels, inner- and inter-class, layers]
    layers: list[str]
    pairs: str


def measure(study) -> Deviations:
    """Deviations by every distance, of all kinds of networks and by both kinds of labels, and the null distribution."""
    cases = {kind: (study.trained(kind), study.labels(kind)) for kind in KINDS}
    null, permutations = {}, study.config.permutations
    for kind, (networks, labels) in cases.items():
        null[kind] = np.stack(study.profiles(networks[:1], labels, "cosine", permutations)[:2], axis=1)
    cases["memorizing, true labels"] = study.trained(MEMORIZING), study.labels(LEARNING)
    profiles = {metric: {name: study.profiles(*case, metric) for name, case in cases.items()} for metric in METRICS}
    return Deviations(profiles, null, study.layers, study.task.pairs)


def show(result: Deviations, page) -> None:
    """Figures for two distances, and a comparison with the null distribution."""
    cosine, adjacent = result.profiles["cosine"], result.pairs == "adjacent"
    page.text(
        "The inner-class deviation is the mean distance between two rows of a class, averaged over the classes; the "
        f"inter-class deviation is that between the averages of {'adjacent' if adjacent else 'two'} classes. Both use "
        f"{cosine[LEARNING].counts.max()} rows of each class."
    )
    page.finding(from_layer_to_layer(cosine))
    for metric in ("cosine", "normalized euclidean"):
        page.figure(
            f"{metric.replace(' ', '_')}_deviation",
            figures.deviation(result.profiles[metric], layer_names=result.layers, metric=metric),
            f"Deviations by {metric} distance, by the labels of each network's training or by true labels (Fig"
            f"{'s 6.7 to 6.9, 6.13, 6.14' if adjacent else '. 6.12'} of the thesis), ± one standard deviation.",
        )
    page.table(
        ("network", "deviation", *result.layers),
        [
            (kind, f"{field}-class", *by_chance(getattr(cosine[kind], field)[0], null[:, place], sign))
            for kind, null in result.null.items()
            for place, (field, sign) in enumerate((("inner", -1), ("inter", 1)))
        ],
        "Deviations by cosine distance of the first network of each kind, and in brackets their mean under "
        f"{len(result.null[LEARNING])} permutations of its training labels, and p, the share of permutations (and the "
        "labels themselves) with a deviation as small (inner) or as large (inter), at least "
        f"{1 / (1 + len(result.null[LEARNING])):.2f}.",
    )
    deviation = {
        metric: {kind: {field: getattr(each, field).T for field in each._fields[:3]} for kind, each in of.items()}
        for metric, of in result.profiles.items()
    }
    page.metrics({"deviation": deviation, "null": result.null, "layers": result.layers})


def by_chance(measured: np.ndarray, null: np.ndarray, sign: int) -> list[str]:
    """By layer, a deviation, its mean under permuted labels, and the p-value of one as small (sign −1) or as large."""
    p = (1 + np.sum(sign * null >= sign * measured, axis=0)) / (1 + len(null))
    return [f"{x:.3f} ({by:.3f}, p = {each:.2f})" for x, by, each in zip(measured, null.mean(axis=0), p, strict=True)]


def from_layer_to_layer(profiles: dict[str, Profile]) -> str:
    """The finding: how the distance between rows of one true label changes in each kind of network."""
    by_true, changes, ends = {MEMORIZING: profiles[f"{MEMORIZING}, true labels"]}, [], []
    for kind in KINDS[::-1]:
        before, after, last = by_true.get(kind, profiles[kind]).inner.mean(axis=0)[[0, 1, -1]]
        changes.append(f"{from_to(before, after)} in {kind} networks")
        ends.append(f"{last:.2f}")
    first, then = profiles[MEMORIZING].inner.mean(axis=0)[:2]
    return (
        "From the input to the first hidden layer, the mean cosine distance of rows with the same true label "
        f"{', '.join(changes)}; in the last hidden layer it is {', '.join(ends)} in this order. Of rows with the same "
        f"permuted label it goes from {first:.2f} to {then:.2f} in memorizing networks."
    )
