"""Whether the method recovers planted modules."""

import jax
import numpy as np
from sklearn.metrics import adjusted_rand_score

from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import hierarchy
from interp_jax.networks.models import lnn

MODULES = 4
NOISE = (0.0, 0.25, 0.5, 1.0, 2.0)  # added to the copies' weights, in standard deviations of the copied weights


def write(study, section) -> None:
    """Recovery of modules and signs in networks whose units are noisy copies of a few, half of them reversed."""
    units, count = sum(study.task.hidden), study.config.planted
    inputs = np.asarray(study.task.inputs).reshape(len(study.task.inputs), -1)
    recovered = {name: np.zeros((len(NOISE), count)) for name in ("adjusted_rand", "signs", "chosen")}
    bar = study.progress.task("planted modules", len(NOISE) * count)
    for level, noise in enumerate(NOISE):
        for number in range(count):
            key = jax.random.fold_in(study.key(11), number)
            network, planted, signs = planted_network(key, inputs.shape[1], units, study.task.targets.shape[1], noise)
            tree = hierarchy.build(hierarchy.network_vectors(network.segments(), inputs))
            recovered["adjusted_rand"][level, number] = adjusted_rand_score(planted[tree.units], tree.cut(MODULES))
            recovered["signs"][level, number] = _signs_recovered(planted, signs, tree.expand(tree.signs, 0))
            recovered["chosen"][level, number] = MODULES in hierarchy.representative_resolutions(tree.linkage)
            bar.advance()
    bar.finish()
    section.text(
        f"{units} sigmoid units are copies of {MODULES} random units, with noise added to their weights; a random half "
        f"of them is reversed (weights and bias negated). The tree, cut into {MODULES} clusters, should recover the "
        "copies of each unit, and the alignment of signs should recover the reversed copies, up to a reversal of the "
        "whole module. (Random signs agree for slightly more than half of the units.)"
    )
    section.figure(
        "planted",
        figures.curves.against(
            np.array(NOISE),
            {
                "modules (adjusted Rand index)": recovered["adjusted_rand"],
                "signs (share recovered)": recovered["signs"],
            },
            "noise of the copies, standard deviations of the weights",
            "recovered",
        ),
        f"Recovery of planted modules in {count} networks at each noise level. Without noise: adjusted Rand index "
        f"{mean_and_spread(recovered['adjusted_rand'][0])}; {MODULES} is among the representative resolutions in "
        f"{recovered['chosen'][0].mean():.0%} of the networks. With noise as large as the weights: "
        f"{mean_and_spread(recovered['adjusted_rand'][NOISE.index(1.0)])} and "
        f"{recovered['chosen'][NOISE.index(1.0)].mean():.0%}.",
    )
    section.metrics({"noise": NOISE, **recovered})


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
    correct = 0
    for module in range(MODULES):
        same = np.mean(signs[planted == module] == aligned[planted == module])
        correct += max(same, 1 - same)
    return correct / MODULES
