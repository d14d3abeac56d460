"""Inner-class and inter-class deviations of every layer: Figures 6.7 to 6.9 and 6.12 to 6.14 of the thesis."""

from typing import NamedTuple

import numpy as np

from experiments.memorization.memorization_study import KINDS, LEARNING, MEMORIZING, METRICS
from interp_jax import figures
from interp_jax.methods.deviation import Profile


class Deviations(NamedTuple):
    """Profiles by distance and kind of network, and deviations of the first network by cosine distance by chance."""

    profiles: dict[str, dict[str, Profile]]
    null: dict[str, np.ndarray]  # [permutations of the labels, inner- and inter-class, layers]
    layers: list[str]
    pairs: str


def measure(study) -> Deviations:
    """Deviations by every distance, of all kinds of networks and by both kinds of labels, and the null distribution."""
    cases = {kind: (kind, study.labels(kind)) for kind in KINDS}
    cases["memorizing, true labels"] = MEMORIZING, study.labels(LEARNING)
    profiles = {metric: {} for metric in METRICS}
    bar = study.progress.task("deviations", len(METRICS) * len(cases))
    for metric in METRICS:
        for name, (kind, labels) in cases.items():
            profiles[metric][name] = study.profiles(study.trained(kind), labels, metric)
            bar.advance(note=f"{metric}, {name}")
    bar.finish()
    null, permutations = {}, range(study.config.permutations)
    for kind in KINDS:
        chance = study.profiles(study.trained(kind)[:1], study.labels(kind), "cosine", permutations)
        null[kind] = np.stack([chance.inner, chance.inter], axis=1)
    return Deviations(profiles, null, study.layers, study.task.pairs)


def show(result: Deviations, page) -> None:
    """Figures for two distances, a comparison with the null distribution, and the claims of the thesis."""
    cosine, adjacent = result.profiles["cosine"], result.pairs == "adjacent"
    page.text(
        "The inner-class deviation is the mean distance between two rows of a class, averaged over the classes. The "
        f"inter-class deviation is the mean distance between the averages of {'adjacent' if adjacent else 'two'} "
        f"classes. Both use {cosine[LEARNING].counts.max()} rows of each class, whose averages differ also by chance."
    )
    page.finding(from_layer_to_layer(cosine))
    for metric in ("cosine", "normalized euclidean"):
        page.figure(
            f"{metric.replace(' ', '_')}_deviation",
            figures.deviation(result.profiles[metric], layer_names=result.layers, metric=metric),
            f"Deviations by {metric} distance, with classes by the labels of each network's training or by true labels "
            f"(Figs {'6.7 to 6.9, 6.13, 6.14' if adjacent else '6.12'} of the thesis). Bands are ± one standard "
            f"deviation over {len(cosine[LEARNING].inner)} networks.",
        )
    rows = [
        (kind, f"{field}-class", *by_chance(getattr(cosine[kind], field)[0], null[:, place], sign))
        for kind, null in result.null.items()
        for place, (field, sign) in enumerate((("inner", -1), ("inter", 1)))
    ]
    page.table(
        ("network", "deviation", *result.layers),
        rows,
        "Deviations by cosine distance of the first network of each kind, by its training labels; in brackets their "
        f"mean under {len(result.null[LEARNING])} permutations of the labels, and the one-sided p-value of so small "
        "an inner-class or so large an inter-class deviation.",
    )
    holding, distances = claims(result.profiles), ("", *METRICS[1:])
    page.table(
        ("claim", "level", *METRICS[1:]),
        [
            (claim, *(f"{by[name].sum()} of {len(by[name])}" if name in by else None for name in distances))
            for claim, by in holding.items()
        ],
        "Claims of the thesis on one network of each kind, and the number of our networks for which they hold: in "
        "activation levels, or in deviations by three distances.",
        note=verdict(holding),
    )
    deviation = {
        metric: {kind: {field: getattr(each, field).T for field in each._fields[:3]} for kind, each in of.items()}
        for metric, of in result.profiles.items()
    }
    page.metrics({"deviation": deviation, "null": result.null, "layers": result.layers, "claims": holding})


def by_chance(measured: np.ndarray, null: np.ndarray, sign: int) -> list[str]:
    """By layer, a deviation, its mean under permuted labels, and the p-value of one as small (sign −1) or as large."""
    p = (1 + np.sum(sign * null >= sign * measured, axis=0)) / (1 + len(null))
    return [f"{x:.4f} ({by:.4f}, p = {each:.2f})" for x, by, each in zip(measured, null.mean(axis=0), p, strict=True)]


def from_layer_to_layer(profiles: dict[str, Profile]) -> str:
    """The finding: how the distance between rows of one label changes in each kind of network."""
    changes, ends = [], []
    for kind in KINDS[::-1]:
        before, after, last = profiles[kind].inner.mean(axis=0)[[0, 1, -1]]
        changes.append(f"{'rises' if after > before else 'falls'} from {before:.2f} to {after:.2f} in {kind} networks")
        ends.append(f"{last:.2f}")
    return (
        "From the input to the first hidden layer, the mean cosine distance of rows with the same training label "
        f"{', '.join(changes)}; in the last hidden layer it is {', '.join(ends)}."
    )


def claims(profiles: dict[str, dict[str, Profile]]) -> dict[str, dict[str, np.ndarray]]:
    """By claim and by distance, or "" for levels, whether the claim holds for each network."""
    # [distances, networks], by layer
    learning, full, memorizing = (
        np.moveaxis([profiles[metric][kind].inner for metric in METRICS[1:]], -1, 0) for kind in KINDS
    )
    inter = np.array([profiles[metric][MEMORIZING].inter for metric in METRICS[1:]])
    low, _, high = np.array([[profiles["euclidean"][kind].level] for kind in KINDS])
    increases, smaller = "activation level increases from layer to layer", "smaller in the last layer than in the input"
    above, inner = "the activation level is above that of learning in every hidden layer", "inner-class deviation"
    holding = {
        f"learning: the {increases}": np.all(np.diff(low) > 0, axis=-1),
        f"memorizing: the {increases}": np.all(np.diff(high) > 0, axis=-1),
        f"memorizing: {above}": np.all(high[..., 1:] > low[..., 1:], axis=-1),
        f"learning: {inner} is {smaller}": learning[-1] < learning[0],
        f"fully trained: {inner} is {smaller}": full[-1] < full[0],
        f"memorizing: {inner} increases from the input to the first layer": memorizing[1] > memorizing[0],
        "memorizing: … and is then constant (within 10%)": abs(memorizing[-1] / memorizing[1] - 1) <= 0.1,
        f"memorizing: {inner} in the last layer is above that of fully trained": memorizing[-1] > full[-1],
        "memorizing: inter-class deviation increases from layer to layer": np.all(np.diff(inter) > 0, axis=-1),
    }
    names = METRICS[1:], ("",)
    return {claim: dict(zip(names[len(each) == 1], each, strict=True)) for claim, each in holding.items()}


def verdict(holding: dict[str, dict[str, np.ndarray]]) -> str:
    """How many claims hold for every network and distance, and which hold for none."""
    always = [claim for claim, by in holding.items() if np.all(list(by.values()))]
    never = [claim for claim, by in holding.items() if not np.any(list(by.values()))]
    summary = f"{len(always)} of {len(holding)} claims hold for every network and distance."
    return f"{summary} Claims that hold for none: {'; '.join(never)}." if never else summary
