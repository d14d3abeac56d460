"""Sanity controls: trees for untrained and shuffled-label networks, and for planted factors."""

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.metrics import adjusted_rand_score

from experiments.cnn_inte.evaluation import tree_on
from experiments.cnn_inte.inte_study import activations
from experiments.cnn_inte.tasks import FULL, HALF
from interp_jax.methods.cnn_inte.factors import assign, find_factors

LAYER = "relu3"
UNITS = 16  # of each planted factor
DRAWS = 4


def write(study, section) -> None:
    """Accuracy of trees over clusters of the same layer in control networks, and over planted factors."""
    config, task = study.config, study.task
    rows = min(len(task.inputs), 2 * config.sweep_rows)
    networks = {
        FULL: study.network(FULL, 0),
        HALF: study.network(HALF, 0),
        "trained on shuffled labels": study.shuffled(),
        "untrained": study.untrained_network(),
    }
    shown, metrics = [], {}
    bar = study.progress.task("sanity controls", len(networks) + 1)
    for name, network in networks.items():
        hidden, held = (activations(network, part, LAYER) for part in (task.inputs[:rows], task.held_inputs))
        scores = _accuracies(study, hidden, held, task.labels[:rows], task.held_labels)
        own = float(np.mean(study.held_predictions(network) == task.held_labels))
        metrics[name] = {"tree": scores, "network": own}
        shown.append((name, f"{own:.3f}", f"{np.mean(scores):.3f}", f"{np.min(scores):.3f} to {np.max(scores):.3f}"))
        bar.advance(note=name)
    learned = 100 * (np.mean(metrics[FULL]["tree"]) - np.mean(metrics["untrained"]["tree"]))
    section.table(
        ("network", "accuracy of the network", "accuracy of the tree", f"range over {DRAWS} clusterings"),
        shown,
        f"Accuracy on held-out rows of a tree of depth {config.depth} over true clusters of the first dense layer "
        f"({config.factors} factors of {config.ids} clusters, {rows:,} training rows).",
        note="The accuracy for the untrained network is due to the images alone: random features preserve much of "
        f"their information. Training adds {learned:.0f} points.",
    )
    agreement, accuracy = _planted(study)
    bar.advance(note="planted")
    bar.finish()
    section.text(
        f"Planted factors: {config.factors} factors of {UNITS} units, each of which shows one of {config.ids} patterns "
        "with noise. In half of the factors the pattern depends on the class, in the others it is random. The factors "
        f"of the method agree with the planted ones with an adjusted Rand index of {agreement:.2f} (1 for identical "
        f"groups), and the accuracy of the tree on held-out rows is {accuracy:.1%}."
    )
    section.metrics({"networks": metrics, "planted": {"agreement": agreement, "accuracy": accuracy}})


def _accuracies(study, hidden, held, labels, held_labels):
    """Accuracies of trees over true clusters, for several clusterings."""
    config, accuracies = study.config, []
    device, held = jnp.asarray(hidden), jnp.asarray(held)
    for draw in range(DRAWS):
        key = jax.random.fold_in(study.key(7), draw)
        groups = find_factors(device, factors=config.factors, ids=config.ids, key=key, restarts=2)
        ids, held_ids = (assign(groups, each, "coordinates") for each in (device, held))
        tree = tree_on(ids, labels, count=config.ids, classes=len(study.task.class_names), depth=config.depth)
        accuracies.append(float(np.mean(tree.predict(held_ids) == held_labels)))
    return accuracies


def _planted(study):
    """Agreement of the factors with planted ones, and accuracy of the tree over them."""
    config, random, rows = study.config, np.random.default_rng(study.config.seed), 3_000
    classes = len(study.task.class_names)
    labels = random.integers(0, classes, rows)
    # Half of the factors depend on the class, each by its own permutation.
    shows = [
        random.permutation(classes)[labels] % config.ids if factor % 2 == 0 else random.integers(config.ids, size=rows)
        for factor in range(config.factors)
    ]
    codes = np.stack(shows, axis=1)
    patterns = random.exponential(size=(config.factors, config.ids, 1))
    planted = np.repeat(np.arange(config.factors), UNITS)
    hidden = np.stack([patterns[factor, codes[:, factor], 0] for factor in planted], axis=1)
    hidden = jnp.asarray(np.maximum(hidden + 0.02 * random.normal(size=hidden.shape), 0), jnp.float32)
    learned, held = hidden[: rows // 2], hidden[rows // 2 :]
    factors = find_factors(learned, factors=config.factors, ids=config.ids, key=study.key(8), restarts=10)
    ids, held_ids = (assign(factors, each, "coordinates") for each in (learned, held))
    tree = tree_on(ids, labels[: rows // 2], count=config.ids, classes=classes, depth=config.depth)
    accuracy = float(np.mean(tree.predict(held_ids) == labels[rows // 2 :]))
    return float(adjusted_rand_score(planted, factors.of_unit)), accuracy
