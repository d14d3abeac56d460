"""How much of the fidelity is specific to the network, beyond accuracy.

An explanation that classifies nine of ten rows correctly agrees on most rows with any network that does so too. The
control is therefore the agreement of a network with the explanation of another network of the same kind.
"""

import numpy as np

from experiments.cnn_inte.tasks import FULL, HALF
from experiments.study import mean_and_spread
from interp_jax.methods.cnn_inte.leaves import leaf_weights

OWN, ERRS, SAME_ERRS = "agreement", "agreement where the network errs", "the same, true clusters"
OTHER, OTHER_ERRS = "control: another network's explanation", "control where the network errs"
SHOWN = "probability of the leaf shown"


def agreements(study, kind, seed, predictions, same) -> dict[str, float | None]:
    """Agreement of a network with its own explanation, with the same tree on true clusters, and with another's.

    Args:
        study: the study.
        kind: the kind of the network.
        seed: the number of the network.
        predictions: [held-out rows] the network's predictions.
        same: [held-out rows] the predictions of the explanation's tree for the true clusters.
    """
    explainer, inputs, truth = study.explainer(kind, seed), study.task.held_inputs, study.task.held_labels
    count = {HALF: study.config.seeds, FULL: study.config.full_seeds}[kind]
    errs, everywhere = predictions != truth, np.ones(len(truth), bool)

    def agreement(explained, rows):
        return float(np.mean(explained[rows] == predictions[rows])) if explained is not None and np.any(rows) else None

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


def write(section, by_kind, config) -> None:
    """A table over networks, and a sentence for each kind of network."""
    section.table(
        ("network", *(f"{name} (%)" for name in (OWN, OTHER, ERRS, OTHER_ERRS, SAME_ERRS, SHOWN))),
        [
            (kind, *(_cell(networks, name) for name in (OWN, OTHER, ERRS, OTHER_ERRS, SAME_ERRS, SHOWN)))
            for kind, networks in by_kind.items()
        ],
        "Fidelity beyond accuracy: agreement of the network with its explanation on held-out rows, on all of them and "
        "on those that the network misclassifies, compared with the explanation of another network of the same kind, "
        f"trained with another seed. Mean ± standard deviation over {config.seeds} {HALF} networks and "
        f"{config.full_seeds} {FULL} ones. Last column: the probability, according to the forests, of the leaf whose "
        "path is shown for a row, which is the leaf that contributes most to the predicted class.",
    )
    if sentences := [each for kind, networks in by_kind.items() if (each := verdict(kind, networks))]:
        section.text(" ".join(sentences))


def verdict(kind, networks) -> str | None:
    """The comparison with another network in words, or None if there is no other network."""
    own, other, errs, other_errs = (_mean(networks, name) for name in (OWN, OTHER, ERRS, OTHER_ERRS))
    if other is None:
        return None
    sentence = (
        f"{kind.capitalize()}: the explanation of another network agrees with a network on {other:.1%} of all rows, "
        f"its own explanation on {own:.1%}, {100 * (own - other):+.1f} points"
    )
    if errs is not None and other_errs is not None:
        sentence += f"; where the network errs, {other_errs:.1%} and {errs:.1%}"
    if own - other < 0.01:
        sentence += ". Nearly all of the fidelity is therefore accuracy: little of it is specific to this network"
    return sentence + "."


def _values(networks, name):
    return [each[name] for each in networks if each[name] is not None]


def _mean(networks, name):
    values = _values(networks, name)
    return float(np.mean(values)) if values else None


def _cell(networks, name):
    values = _values(networks, name)
    return mean_and_spread([100 * value for value in values], 1) if values else None
