"""Whether the method recovers planted modules."""

from typing import NamedTuple

import jax
import numpy as np
from sklearn.metrics import adjusted_rand_score

from interp_jax import figures
from interp_jax.methods import hierarchy
from interp_jax.networks.models import lnn

MODULES = 4
NOISE = (0.0, 0.25, 0.5, 1.0, 2.0)  # added to the copies' weights, in standard deviations of the copied weights
MEASURES = RAND, SIGNS, CHOSEN = "adjusted_rand", "signs", "chosen"


class Planted(NamedTuple):
    """By measure [noise levels, networks], what is recovered; and the number of units."""

    recovered: dict[str, np.ndarray]
    units: int


def measure(study) -> Planted:
    """Recovery of modules and signs in networks whose units are noisy copies of a few, half of them reversed."""
    units, count = sum(study.task.hidden), study.config.planted
    inputs = np.asarray(study.task.inputs).reshape(len(study.task.inputs), -1)
    recovered = {name: np.zeros((len(NOISE), count)) for name in MEASURES}
    for place in study.each("planted modules", list(np.ndindex(len(NOISE), count))):
        key, noise = jax.random.fold_in(study.key(11), place[1]), NOISE[place[0]]
        network, planted, signs = planted_network(key, inputs.shape[1], units, study.task.targets.shape[1], noise)
        tree = hierarchy.build(hierarchy.network_vectors(network.segments(), inputs))
        recovered[RAND][place] = adjusted_rand_score(planted[tree.units], tree.cut(MODULES))
        recovered[SIGNS][place] = _signs_recovered(planted, signs, tree.expand(tree.signs, 0))
        recovered[CHOSEN][place] = MODULES in hierarchy.representative_resolutions(tree.linkage)
    return Planted(recovered, units)


def planted_network(key, inputs: int, units: int, outputs: int, noise: float):
    """A sigmoid network with planted modules, the module of every unit, and the sign of every copy."""
    model_key, noise_key, sign_key = jax.random.split(key, 3)
    models = lnn.init(model_key, (inputs, MODULES, outputs), variance=1.0 / inputs)
    planted = np.arange(units) % MODULES
    signs = np.where(np.asarray(jax.random.permutation(sign_key, units)) % 2, 1.0, -1.0)
    weights, biases = models.weights[0], models.biases[0]
    added = noise * inputs**-0.5 * jax.random.normal(noise_key, (inputs, units))
    hidden = (weights[:, planted] + added) * signs[None, :], biases[planted] * signs
    last = signs[:, None] * models.weights[1][planted], models.biases[1]
    return lnn.LNN(*zip(hidden, last, strict=True)), planted, signs


def _signs_recovered(planted, signs, aligned):
    """The share of units with the planted sign, up to a reversal of each module."""
    same = [np.mean(signs[planted == module] == aligned[planted == module]) for module in range(MODULES)]
    return sum(max(share, 1 - share) for share in same) / MODULES


def show(result: Planted, page) -> None:
    """What is recovered, against the noise."""
    page.text(
        f"{result.units} sigmoid units are copies of {MODULES} random units with noise added to their weights, a random "
        f"half of them reversed (weights and bias negated). The tree, cut into {MODULES} clusters, should recover "
        "the copies of each unit, and the alignment of signs the reversed ones, up to a reversal of the whole module; "
        "random signs agree for slightly more than half of the units."
    )
    page.finding(known_answer(result.recovered[RAND]))
    page.figure(
        "planted",
        figures.curves.against(
            np.array(NOISE),
            {
                "modules (adjusted Rand index)": result.recovered[RAND],
                "signs (share recovered)": result.recovered[SIGNS],
            },
            "noise of the copies, standard deviations of the weights",
            "recovered",
        ),
        f"Recovery of planted modules in {result.recovered[RAND].shape[1]} networks at each noise level. {MODULES} is "
        f"among the representative resolutions in {result.recovered[CHOSEN][0].mean():.0%} of the networks without "
        f"noise, and in {result.recovered[CHOSEN][NOISE.index(1.0)].mean():.0%} with noise as large as the weights.",
    )
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
