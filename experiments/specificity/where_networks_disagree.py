"""How often each explanation follows its own network, where two networks of a kind disagree."""

from typing import NamedTuple

import numpy as np

from experiments.explained_cnns import FULL, HALF
from experiments.specificity.explained import COMPONENTS, FORESTS, MORE, ORDER, SOFT, WEIGHTED, WEIGHTED_COMPONENTS
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods.specificity import Specificity, specificity

OWN = (SOFT, WEIGHTED, MORE)  # explanations compared with the baseline
BASELINES = {SOFT: COMPONENTS, WEIGHTED: WEIGHTED_COMPONENTS, MORE: WEIGHTED_COMPONENTS}


class Disagreement(NamedTuple):
    """By kind of network and explanation.

    Attributes:
        specific: how specific each explanation is.
        fidelity: [networks] agreement with the network on all held-out rows.
        accuracy: [networks] of the networks themselves, and agreement with the truth of each explanation.
        leaves: [networks] of each tree.
        beyond: [3] of CNN-INTE less a tree on components with rows weighted alike: difference of S and its interval.
        sizes: depth, clusters, more clusters, held-out rows, factors.
    """

    specific: dict[str, dict[str, Specificity]]
    fidelity: dict[str, dict[str, np.ndarray]]
    accuracy: dict[str, dict[str, np.ndarray]]
    leaves: dict[str, dict[str, np.ndarray]]
    beyond: dict[str, dict[str, np.ndarray]]
    sizes: dict[str, int]


def measure(study) -> Disagreement:
    """Explanations of all networks, and their specificity."""
    config, result = study.config, Disagreement({}, {}, {}, {}, {}, {})
    for kind in (HALF, FULL):
        every = [study.explained(kind, seed) for seed in study.counted(f"explaining {kind}", range(config.seeds))]
        predictions, names = np.stack([each.predictions for each in every]), every[0].explained
        explained = {name: np.stack([each.explained[name] for each in every]) for name in names}
        options = {"key": study.key(6), "resamples": config.resamples}
        specific = {name: specificity(each, predictions, **options) for name, each in explained.items()}
        truth = study.task.held_labels
        result.specific[kind] = specific
        result.fidelity[kind] = {name: np.mean(each == predictions, axis=1) for name, each in explained.items()}
        result.accuracy[kind] = {
            name: np.mean(each == truth, axis=1) for name, each in {"network": predictions, **explained}.items()
        }
        result.leaves[kind] = {name: np.array([each.leaves[name] for each in every]) for name in names}
        result.beyond[kind] = {name: _difference(specific[name], specific[BASELINES[name]]) for name in OWN}
    sizes = {name: getattr(config, name) for name in ("depth", "factors", "ids", "more_ids", "seeds", "references")}
    return result._replace(sizes=sizes | {"rows": len(study.task.held_labels)})


def _difference(one, other):
    """The difference of S of two explanations, and its 95% interval over the same resamples."""
    ends = np.nanquantile(np.asarray(one.resampled) - np.asarray(other.resampled), (0.025, 0.975))
    return np.array([float(one.specific) - float(other.specific), *ends])


def show(result: Disagreement, page) -> None:
    """A table and a figure of each kind of network."""
    sizes = result.sizes
    for kind, found in result.specific.items():
        page.finding(follows(kind, found[WEIGHTED], found[FORESTS], result.beyond[kind][WEIGHTED]))
    page.text(
        "An explanation can agree with its network because both are correct. On images that two networks of a kind "
        "classify differently at most one of them is, and an explanation of the one should not explain the other. S "
        "is how much more often, on these images, an explanation agrees with its own network than with the other one: "
        "1 for the network itself, 0 for an explanation that says as much about any network of these data. All trees "
        f"have a depth of at most {sizes['depth']}, and {sizes['seeds']} networks of each kind are compared in all "
        f"pairs, on {sizes['rows']:,} held-out images; intervals are over networks and images together."
    )
    page.text(
        f"CNN-INTE groups the units of the layer into {sizes['factors']} factors, and the rows into {sizes['ids']} "
        "clusters in each factor; below it, each row with … changes the row above in the given respect. More clusters "
        f"are {sizes['more_ids']}, a number chosen after two other half-trained networks on MNIST had been seen. Rows "
        "are weighted by the share of further networks that classify them otherwise, which are not explained "
        f"themselves ({sizes['references']} of each kind). Trees on components ({sizes['factors']} of them), units, "
        "logits and pixels predict the network's class and have at most as many leaves as CNN-INTE's."
    )
    for kind, found in result.specific.items():
        rows = [
            (
                name,
                *_interval(each),
                f"{100 * float(each.excess):.2f}",
                f"{float(each.neither):.0%}",
                f"{mean_and_spread(100 * result.fidelity[kind][name], 1)}",
                f"{result.leaves[kind][name].mean():.0f}",
            )
            for name, each in ((name, found[name]) for name in ORDER)
        ]
        page.table(
            (kind, "S", "95% interval", "S × share of rows (points)", "follows neither", "agreement (%)", "leaves"),
            rows,
            f"Two {kind} networks disagree on {float(found[FORESTS].disagreement):.1%} of the images. Follows neither: "
            "the share of these on which an explanation agrees with neither network. Agreement: with its network, on "
            "all images.",
        )
    rows = [
        figures.comparison.ErrorRow(name, np.nanmean(each.pairs, axis=1), group=kind)
        for kind, found in result.specific.items()
        for name, each in ((name, found[name]) for name in ORDER)
    ]
    page.figure(
        "specificity",
        figures.comparison.errors(rows, {"either network as often": 0.0}, "S, where two networks disagree"),
        "Specificity S of each explanation; a dot for each network, its mean over the other networks of the kind.",
    )
    page.metrics(
        {
            kind: {
                name: {
                    "specific": float(each.specific),
                    "interval": each.interval,
                    "excess": float(each.excess),
                    "excess_interval": each.excess_interval,
                    "disagreement": float(each.disagreement),
                    "neither": float(each.neither),
                    "of_networks": np.nanmean(each.pairs, axis=1),
                    "fidelity": result.fidelity[kind][name],
                    "leaves": result.leaves[kind][name],
                }
                for name, each in found.items()
            }
            | {"beyond components": result.beyond[kind], "accuracy": result.accuracy[kind]}
            for kind, found in result.specific.items()
        }
    )


def follows(kind: str, sees: Specificity, forests: Specificity, beyond: np.ndarray) -> str:
    """The finding: whether an explanation is about its own network, and whether a tree on components is less so."""
    low, high = map(float, sees.interval)
    own = "follows its own network" if low > 0 else "does not clearly follow its own network"
    own = "follows the other network" if high < 0 else own
    less, more = beyond[1:]
    against = "more than" if less > 0 else "less than" if more < 0 else "not clearly more or less than"
    return (
        f"Where two {kind} networks disagree, a tree over clusters of the layer, grown on rows weighted by "
        f"disagreement, {own}: S (1: the network itself, 0: either network as often) is {float(sees.specific):.2f} "
        f"({low:.2f} to {high:.2f}), {against} that of a tree on components of the layer, grown on the same rows "
        f"(difference {beyond[0]:.2f}, {less:.2f} to {more:.2f}); forests that see the image alone reach "
        f"{float(forests.specific):.2f} ({float(forests.interval[0]):.2f} to {float(forests.interval[1]):.2f})."
    )


def _interval(each):
    low, high = map(float, each.interval)
    return f"{float(each.specific):.3f}", f"{low:.3f} to {high:.3f}"
