"""Accuracy and fidelity of the explanations of several networks, and how much of it is specific to a network."""

from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier

from experiments.cnn_inte.inte_study import FULL, HALF, tree_on
from experiments.study import mean_and_spread
from interp_jax.methods import cnn_inte

# The method as published: cluster IDs as numbers, the first clustering, scikit-learn's default criterion, one path.
PUBLISHED = {"splits": "thresholds", "criterion": "gini", "votes": "hard", "refined": False, "held_out_ids": False}
PUBLISHED |= {"draws": 1, "finalists": 1, "cluster_rows": 55_000}
PUBLISHED |= {"validation_fraction": 1e-5}  # one row: nothing is chosen
PAPER = "92.8% (network 93.9%)"
NETWORK, PIXELS, AS_PUBLISHED = "the network itself", "a tree on pixels", "as published"
BY_MEANS = "… clusters of the factors' mean activations"  # which the text allows as well
OURS, ONE_PATH = "CNN-INTE, all leaves weighted by the forests' votes", "… one path, by the most likely clusters"
SAME, KNOWN = "… the same tree, true clusters", "true clusters: a tree grown on them"
GREEDY = "… splits not refined"
OWN, ERRS, SAME_ERRS = "agreement", "agreement where the network errs", "the same, true clusters"
OTHER, OTHER_ERRS = "control: another network's explanation", "control where the network errs"
HEADERS = {SAME_ERRS: "the same tree over true clusters, where the network errs"}  # else the name
AGREEMENTS = OWN, OTHER, ERRS, OTHER_ERRS, SAME_ERRS
SHOWN = "probability of the leaf shown"


class Fidelity(NamedTuple):
    """By kind of network, accuracy and fidelity [2, networks] of each explanation, and agreements of each network."""

    scores: dict[str, dict[str, np.ndarray]]
    agreements: dict[str, list[dict[str, float | None]]]
    sizes: dict[str, int]


def measure(study) -> Fidelity:
    """The scores and the agreements of all networks."""
    config, scores, agreements = study.config, {}, {}
    for kind, count in ((HALF, config.seeds), (FULL, config.full_seeds)):
        networks = [_network(study, kind, seed, count) for seed in range(count)]
        scores[kind] = {name: np.array([of[name] for of, _ in networks]).T for name in networks[0][0]}
        agreements[kind] = [of for _, of in networks]
    sizes = {name: getattr(config, name) for name in ("factors", "ids", "depth", "trees")}
    return Fidelity(scores, agreements, sizes | {"published rows": PUBLISHED["cluster_rows"]})


def show(result: Fidelity, page) -> None:
    """Tables of accuracy and fidelity, and of the agreement with other networks' explanations."""
    sizes, errs = result.sizes, {kind: percent(1 - of[NETWORK][0]) for kind, of in result.scores.items()}
    page.finding(followed(result.scores, sizes["depth"]))
    if sentence := specific(result.agreements):
        page.finding(sentence)
    page.text(
        f"The units of the first dense layer are grouped into {sizes['factors']} factors, and the training rows into "
        f"{sizes['ids']} clusters in each factor. A decision tree of depth {sizes['depth']} predicts the class from "
        f"the cluster IDs; random forests of {sizes['trees']} trees predict the cluster IDs from the input. All "
        "choices are made on a validation tenth of the training rows; as published, nothing is chosen. Fidelity is the "
        "share of held-out rows on which the tree agrees with the network. Mean ± standard deviation over networks: "
        f"{' and '.join(f'{len(each)} {kind}' for kind, each in result.agreements.items())}."
    )
    page.table(
        ("explained by", *(f"{kind}: {side} (%)" for kind in result.scores for side in ("accuracy", "fidelity"))),
        [
            (name, *(percent(each) for of in result.scores.values() for each in of.get(name, [[], []])))
            for name in result.scores[HALF]
        ],
        "CNN-INTE predicts the clusters from the image; every leaf counts with the probability that the forests give "
        "to its conditions. True clusters are those of the activations; its tree is selected on predicted ones and "
        "can be less accurate on true ones. Rows with … differ from the last row without … in the given respect; "
        "refined splits are chosen again after the tree is grown, and a decision set is a list of rules. As "
        f"published: the first clustering, of at most {sizes['published rows']:,} rows, Gini index, "
        f"thresholds on cluster numbers, no refinement, one path. The paper, half-trained on MNIST: accuracy {PAPER}.",
        highlight=[0, 1],
    )
    page.table(
        ("network", "network errs (%)", *(f"{HEADERS.get(name, name)} (%)" for name in AGREEMENTS)),
        [
            (kind, errs[kind], *(percent(each[name] for each in networks) for name in AGREEMENTS))
            for kind, networks in result.agreements.items()
        ],
        "Agreement of a network with its explanation, and as a control with that of another network of the kind, "
        "trained with another seed. Where the network errs (first column), an explanation agrees if it errs in the "
        "same way.",
    )
    page.metrics(result.scores | {"specificity": result.agreements})


def percent(shares) -> str | None:
    """The mean and the spread of shares, those that are None left out."""
    shares = [100 * share for share in shares if share is not None]
    return mean_and_spread(shares, 1) if shares else None


def followed(scores: dict[str, dict[str, np.ndarray]], depth: int) -> str:
    """The finding: how often the tree agrees with the network, compared with a tree on pixels, and its accuracy."""

    def shares(name, side):
        return " and ".join(f"{of[name][side].mean():.1%} ({kind})" for kind, of in scores.items())

    more = [of[OURS][1].mean() > of[PIXELS][1].mean() for of in scores.values()]
    often = "more often than" if all(more) else "not always more often than" if any(more) else "no more often than"
    return (
        f"A decision tree of depth {depth} over clusters of similar activations, which random forests predict from the "
        f"image, agrees with the network on {shares(OURS, 1)} of held-out images, {often} a tree of that depth on the "
        f"pixels: {shares(PIXELS, 1)}. It classifies {shares(OURS, 0)} correctly, the network {shares(NETWORK, 0)}; "
        f"with the published clustering, splits and single path {scores[HALF][AS_PUBLISHED][0].mean():.1%} ({HALF})."
    )


def specific(agreements: dict[str, list[dict[str, float | None]]]) -> str | None:
    """The finding: a comparison with the explanation of another network; None if no kind has another."""
    both = {}
    for kind, networks in agreements.items():
        known = {name: [each[name] for each in networks if each[name] is not None] for name in AGREEMENTS}
        if known[OTHER]:
            both[kind] = {name: np.mean(of) for name, of in known.items() if of}
    if not both:
        return None
    little = max(of[OWN] - of[OTHER] for of in both.values()) < 0.01
    how = "Nearly all of this agreement is accuracy, little is" if little else "Part of this agreement is"
    everywhere, where_errs = (
        ", ".join(f"{of[own]:.1%} and {of[other]:.1%} ({kind})" for kind, of in both.items() if other in of)
        for other, own in ((OTHER, OWN), (OTHER_ERRS, ERRS))
    )
    return (
        f"{how} specific to the network: it agrees with its own explanation and with that of another network, trained "
        f"with another seed, on {everywhere} of held-out images"
        f"{where_errs and f'; of those that it misclassifies, on {where_errs}'}."
    )


def _network(study, kind, seed, count):
    """(accuracy, fidelity) by explanation, and the agreements of a network."""
    (hidden, predictions), (held_hidden, held_predictions) = study.outputs(kind, seed)
    task, config, ours = study.task, study.config, study.explainer(kind, seed)
    votes = ours.forests.votes(task.held_inputs.reshape(len(task.held_inputs), -1))
    sizes = {"count": config.ids, "classes": len(task.class_names)}
    ids, held_ids = ours.hidden_ids(hidden), ours.hidden_ids(held_hidden)

    def known(targets=task.labels, depth=config.depth, **options):
        return tree_on(ids, targets, depth=depth, **sizes, **options).predict(held_ids)

    explained = {
        NETWORK: held_predictions,
        OURS: ours.predict(task.held_inputs),
        ONE_PATH: ours.tree.predict(votes.argmax(axis=2)),
        SAME: ours.tree.predict(held_ids),
        KNOWN: known(),
        "… trained on the network's predictions": known(predictions),
        "… twice the depth": known(depth=2 * config.depth),
        GREEDY: known(refined=False),
        f"{GREEDY}, thresholds on cluster numbers in place of sets": known(refined=False, splits="thresholds"),
        f"{GREEDY}, Gini index": known(refined=False, criterion="gini"),
        f"{GREEDY}, Gini index, thresholds": known(refined=False, criterion="gini", splits="thresholds"),
        "… a decision set in place of the tree": cnn_inte.learn_rules(ids, task.labels, **sizes).predict(held_ids),
    }
    if kind == HALF:  # the paper's network
        for name, reading in {AS_PUBLISHED: "coordinates", BY_MEANS: "means"}.items():
            published = study.explainer(kind, seed, f"{AS_PUBLISHED} {reading}", reading=reading, **PUBLISHED)
            explained[name] = published.predict(task.held_inputs)
    explained |= _baselines(task, config, hidden, held_hidden)
    truths = task.held_labels, held_predictions
    scores = {name: [float(np.mean(each == truth)) for truth in truths] for name, each in explained.items()}
    other = study.explainer(kind, (seed + 1) % count).predict(task.held_inputs) if count > 1 else None
    weights = cnn_inte.leaf_weights(ours.tree, votes)
    leaf = (weights * ours.tree.share[:, explained[OURS]].T).argmax(axis=1)  # of which an explanation shows the path
    shown = {SHOWN: float(np.mean(weights[np.arange(len(leaf)), leaf]))}
    return scores, shown | agreements(explained[OURS], explained[SAME], other, *truths)


def agreements(own, same, other, truth, predictions) -> dict[str, float | None]:
    """Agreement of a network with its explanation, the same tree on true clusters, and another's; None if undefined."""
    errs, every = predictions != truth, np.ones(len(truth), bool)
    rows = {OWN: (own, every), OTHER: (other, every), ERRS: (own, errs), OTHER_ERRS: (other, errs)}
    return {
        name: float(np.mean(explained[where] == predictions[where])) if explained is not None and where.any() else None
        for name, (explained, where) in (rows | {SAME_ERRS: (same, errs)}).items()
    }


def _baselines(task, config, hidden, held_hidden):
    """The predictions of scikit-learn's trees of equal depth on other features, by name."""
    flat, held_flat = (rows.reshape(len(rows), -1) for rows in (task.inputs, task.held_inputs))
    components = PCA(config.factors, random_state=0).fit(hidden)
    projected, held_projected = components.transform(hidden), components.transform(held_hidden)
    options = {"max_leaf_nodes": config.max_leaf_nodes, "max_features": "sqrt", "random_state": 0, "n_jobs": 2}
    predicted = RandomForestRegressor(config.trees, **options).fit(flat, projected).predict(held_flat)
    features = {
        PIXELS: (flat, held_flat),
        f"a tree on {config.factors} components that forests predict from the input": (projected, predicted),
        "a tree on the layer's activations": (hidden, held_hidden),
        f"a tree on {config.factors} principal components of them": (projected, held_projected),
    }
    tree = DecisionTreeClassifier(max_depth=config.depth, criterion="entropy", random_state=0)
    return {name: tree.fit(rows, task.labels).predict(held) for name, (rows, held) in features.items()}
