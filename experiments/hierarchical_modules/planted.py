"""Whether the method recovers planted modules."""

from typing import NamedTuple

import jax
import numpy as np
from sklearn.metrics import adjusted_rand_score

from experiments.sigmoid_networks import MODULES, planted_network
from interp_jax import figures
from interp_jax.methods import hierarchy

NOISE = (0.0, 0.25, 0.5, 1.0, 2.0)  # added to the copies' weights, in standard deviations of the copied weights
MEASURES = {
    "adjusted_rand": "modules (adjusted Rand index)",
    "signs": "signs (share recovered)",
    "chosen": f"{MODULES} is a representative resolution (share)",
}


class Planted(NamedTuple):
    """What is recovered in networks with planted modules."""

    recovered: dict[str, np.ndarray]  # by measure, [noise levels, networks]
    units: int


def measure(study) -> Planted:
    """Recovery of modules and signs in networks whose units are noisy copies of a few, half of them reversed."""
    units, outputs, count = sum(study.task.hidden), study.task.targets.shape[1], study.config.planted
    inputs, measured = np.asarray(study.task.inputs).reshape(len(study.task.inputs), -1), []
    for level, number in study.counted("planted modules", np.ndindex(len(NOISE), count)):
        key = jax.random.fold_in(study.key(11), number)
        network, planted, signs = planted_network(key, inputs.shape[1], units, outputs, NOISE[level])
        tree = hierarchy.build(hierarchy.network_vectors(network.segments(), inputs))
        rand = adjusted_rand_score(planted[tree.units], tree.cut(MODULES))
        same = [np.mean((signs == tree.expand(tree.signs, 0))[planted == module]) for module in range(MODULES)]
        up_to_reversal = sum(max(share, 1 - share) for share in same) / MODULES
        measured.append((rand, up_to_reversal, MODULES in hierarchy.representative_resolutions(tree.linkage)))
    columns = np.array(measured, float).T.reshape(len(MEASURES), len(NOISE), count)
    return Planted(dict(zip(MEASURES, columns, strict=True)), units)


def show(result: Planted, page) -> None:
    """What is recovered, against the noise."""
    page.text(
        f"{result.units} sigmoid units are copies of {MODULES} random units with noise added to their weights, half of "
        f"them reversed. The tree, cut into {MODULES} clusters, should put the copies of a unit into one cluster, and "
        "the alignment find which are reversed, up to a reversal of the whole cluster; random signs agree for "
        f"slightly more than half. The number {MODULES} should also be one of the tree's representative resolutions."
    )
    page.finding(known_answer(result.recovered["adjusted_rand"]))
    series = {label: result.recovered[name] for name, label in MEASURES.items()}
    x_label = "noise / standard deviation of the weights"
    figure = figures.curves.against(np.array(NOISE), series, x_label, "recovered", extremes=True)
    page.figure("planted", figure, "What is recovered: mean and range over the networks, a dot for each.")
    page.metrics({"noise": NOISE, **result.recovered})


def known_answer(rand: np.ndarray) -> str:
    """The finding: whether planted modules are recovered without noise, and with noise as large as the weights."""
    without, large = rand[0].mean(), rand[NOISE.index(1.0)].mean()
    exact = "exactly" if np.all(rand[0] == 1) else f"with an adjusted Rand index of {without:.2f}"
    return (
        f"Where the answer is known, in networks whose units are noisy copies of {MODULES}, the tree recovers the "
        f"{MODULES} groups {exact} without noise; with noise as large as the weights its adjusted Rand index is "
        f"{large:.2f} (1: exact, 0: chance)."
    )
