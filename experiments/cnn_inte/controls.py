"""How much of the fidelity is more than accuracy: rows that the network errs on, and a network explained by another's.

An explanation that names nine of ten rows rightly agrees with any network that does so on most of them, whether or not
it knows anything of the network. What it says of another network of the kind is the measure of that.
"""

import numpy as np

from experiments.cnn_inte.tasks import FULL, HALF
from experiments.study import mean_and_spread
from interp_jax.methods.cnn_inte.leaves import leaf_weights

OWN, ERRS, SAME_ERRS = "agreement", "agreement where the network errs", "the same, clusters known"
OTHER, OTHER_ERRS = "control: another network's explanation", "control where the network errs"
SHOWN = "probability of the leaf shown"


def controls(study, kind, seed, network, same) -> dict[str, float | None]:
    """Agreement with a network of its own explanation, of the same tree with known clusters, and of another network's.

    Args:
        study: the study.
        kind, seed: of the network.
        network: [held-out rows] the class that it calls each.
        same: [held-out rows] what the explanation's tree calls them by their known clusters.
    """
    explainer, inputs, truth = study.explainer(kind, seed), study.task.held_inputs, study.task.held_labels
    count = {HALF: study.config.seeds, FULL: study.config.full_seeds}[kind]
    errs, everywhere = network != truth, np.ones(len(truth), bool)

    def agreement(said, rows):
        return float(np.mean(said[rows] == network[rows])) if said is not None and np.any(rows) else None

    own = explainer.predict(inputs)
    other = study.explainer(kind, (seed + 1) % count).predict(inputs) if count > 1 else None
    weights = leaf_weights(explainer.tree, explainer.forests.votes(inputs.reshape(len(inputs), -1)))
    shown = (weights * explainer.tree.share[:, own].T).argmax(axis=1)
    return {
        OWN: agreement(own, everywhere),
        ERRS: agreement(own, errs),
        SAME_ERRS: agreement(same, errs),
        OTHER: agreement(other, everywhere),
        OTHER_ERRS: agreement(other, errs),
        SHOWN: float(np.mean(weights[np.arange(len(shown)), shown])),
    }


def write(section, found, config) -> None:
    """The table over networks and what it says."""
    section.table(
        ("network", *(f"{name} (%)" for name in (OWN, OTHER, ERRS, OTHER_ERRS, SAME_ERRS, SHOWN))),
        [
            (kind, *(_cell(networks, name) for name in (OWN, OTHER, ERRS, OTHER_ERRS, SAME_ERRS, SHOWN)))
            for kind, networks in found.items()
        ],
        "What the explanation knows of its network beyond the right answers: how often it names held-out rows as the "
        "network does, over all rows and over those that the network names wrongly, beside the explanation of another "
        "network of the kind, made from another seed. Mean ± standard deviation over "
        f"{config.seeds} {HALF} networks and {config.full_seeds} {FULL} ones. Last: the probability, by the forests, "
        "of the leaf whose path is shown for a row, the one that does most for its class.",
    )
    if said := [each for kind, networks in found.items() if (each := verdict(kind, networks))]:
        section.text(" ".join(said))


def verdict(kind, networks) -> str | None:
    """In words, if there is another network to compare with."""
    own, other, errs, other_errs = (_mean(networks, name) for name in (OWN, OTHER, ERRS, OTHER_ERRS))
    if other is None:
        return None
    said = (
        f"{kind.capitalize()}: an explanation made from another network agrees with a network on {other:.1%} of all "
        f"rows, its own on {own:.1%}, {100 * (own - other):+.1f} points"
    )
    if errs is not None and other_errs is not None:
        said += f"; where the network errs, {other_errs:.1%} and {errs:.1%}"
    if own - other < 0.01:
        said += ". So the fidelity is nearly all accuracy: little of it is particular to this network"
    return said + "."


def _values(networks, name):
    return [each[name] for each in networks if each[name] is not None]


def _mean(networks, name):
    values = _values(networks, name)
    return float(np.mean(values)) if values else None


def _cell(networks, name):
    values = _values(networks, name)
    return mean_and_spread([100 * value for value in values], 1) if values else None
