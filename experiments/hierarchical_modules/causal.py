"""Whether ablation of a module changes the outputs with the signs that its role predicts."""

from typing import NamedTuple

import numpy as np

from experiments.hierarchical_modules.module_study import CONTROLS, KINDS, TRAINED, exceeds
from experiments.roles import ABLATIONS, STRONG, as_predicted_by_roles
from experiments.study import mean_and_spread
from interp_jax import figures

CNN_ROWS = 1_000  # held-out rows for the ablation of modules of a convolutional network


class Causal(NamedTuple):
    """Shares of signs as predicted, and effects of the coarsest clusters in the network that is shown."""

    shares: dict[str, dict[str, list[float]]]  # by kind and ablation, of each network; NaN without any change
    effects: dict[str, np.ndarray]  # [clusters, outputs] roles, and correlations measured by ablation
    labels: np.ndarray  # [units] the coarsest cluster of every unit in the tree


def measure(study) -> Causal:
    """Signs predicted by the roles against the signs of the outputs' changes, on held-out rows."""
    resolutions, shown, shares = study.task.resolutions, [], {kind: {name: [] for name in ABLATIONS} for kind in KINDS}
    rows = study.task.held_inputs[: CNN_ROWS if study.config.network == "cnn" else None]
    every = [(kind, *pair) for kind in KINDS for pair in zip(study.networks[kind], study.trees[kind], strict=True)]
    for kind, network, tree in study.counted("ablation", every):
        agreeing, effects = as_predicted_by_roles(study.segments(network), tree, rows, resolutions, study.key(10))
        shown.append(effects)
        for name, share in agreeing.items():
            shares[kind][name].append(share)
    effects = {name: each[: resolutions[0]] for name, each in shown[0].items()}
    return Causal(shares, effects, study.trees[TRAINED][0].cut(resolutions[0]))


def show(result: Causal, page) -> None:
    """Roles against measured effects, and the shares of signs that agree."""
    page.text(
        "The activations of a cluster's units are replaced by their means (mean ablation) or by those of another row "
        "(resample ablation). The role of the cluster predicts whether each output falls or rises with them."
    )
    page.finding(as_predicted(result))
    roles, *measured = result.effects.values()
    look = {"colors": figures.trees.cluster_colors([result.labels])[0]}
    look["names"] = [f"cluster {number + 1}" for number in range(len(roles))]
    figure = figures.stability.causal_check(roles, dict(zip(ABLATIONS.values(), measured, strict=True)), **look)
    caption = "Roles, and effects of ablation on held-out rows, a dot for each cluster and output; green: signs agree."
    page.figure("causal_check", figure, caption)
    page.table(
        ("networks", *ABLATIONS.values()),
        [
            (kind, *(mean_and_spread(values) if np.isfinite(values).any() else None for values in of.values()))
            for kind, of in result.shares.items()
        ],
        "Share of pairs of a cluster of any resolution and an output for which the sign of the change is that of the "
        f"role (of at least {STRONG} in magnitude; 0.5 by chance), mean ± standard deviation over networks.",
    )
    page.metrics({"share_of_signs_as_predicted": result.shares})


def as_predicted(result: Causal) -> str:
    """The finding: whether outputs change as roles predict more often than by chance, and than in the controls."""
    known = {kind: [x for x in of["resample"] if np.isfinite(x)] for kind, of in result.shares.items()}
    trained, controls = known[TRAINED], {kind: known[kind] for kind in CONTROLS if known[kind]}
    if not trained:
        return "Taking the units of a cluster from another row changes no output of the trained networks."
    if not exceeds(trained, 0.5, len(trained)):
        why = "not clearly more often than by chance"
    elif all(exceeds(trained, each, min(len(trained), len(each))) for each in controls.values()):
        why = "more often than by chance, and than in the controls, which suggests that a part is learned"
    else:
        why = "more often than by chance, but not clearly more than in both controls, so that it need not be learned"
    others = "".join(f"; {kind} {np.mean(each):.0%}" for kind, each in controls.items())
    return (
        "If the activations of a cluster are taken from another row, the outputs of trained networks change in the "
        f"direction that its role predicts in {np.mean(trained):.0%} of the cases (by chance in 50%{others}): {why}."
    )
