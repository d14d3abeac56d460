"""Accuracy and fidelity of the explanations of several networks, and the loss in each part of the method."""

import json

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier

from experiments.cnn_inte import specificity
from experiments.cnn_inte.evaluation import accuracy_and_fidelity, tree_on
from experiments.cnn_inte.tasks import FULL, HALF
from experiments.study import mean_and_spread
from interp_jax._files import write_text
from interp_jax.methods import cnn_inte

# The method as published: cluster IDs as numbers, the first clustering, scikit-learn's default criterion, one path.
PUBLISHED = {
    "splits": "thresholds",
    "criterion": "gini",
    "votes": "hard",
    "refined": False,
    "held_out_ids": False,
    "draws": 1,
    "finalists": 1,
}
PAPER = "92.8 % (network 93.9 %)"
OURS, ONE_PATH = "CNN-INTE, all leaves weighted by the forests' votes", "… one path, by the most likely clusters"
SAME = "… the same tree, true clusters"
KNOWN, DEEPER = "true clusters: a tree grown on them", "… twice the depth"
GREEDY, NUMBERED = "… splits not refined", "… splits not refined, thresholds on cluster numbers in place of sets"
GINI, NUMBERS = "… splits not refined, Gini index", "… splits not refined, Gini index, thresholds"
RULES, AS_PUBLISHED = "… a decision set in place of the tree", "as published"


def write(study, section) -> None:
    """Tables of accuracy and fidelity, of the losses, and of trees of equal depth on other features."""
    config = study.config
    counts = {HALF: config.seeds, FULL: config.full_seeds}
    section.text(
        f"The units of the first dense layer are grouped into {config.factors} factors, and the training rows into "
        f"{config.ids} clusters in each factor. A decision tree of depth {config.depth} predicts the class from the "
        f"cluster IDs; random forests of {config.trees} trees predict the cluster IDs from the input. Accuracy is the "
        "share of held-out rows that the tree classifies correctly, fidelity the share on which it agrees with the "
        "network. All choices are made on a validation tenth of the training rows."
    )
    stored = {kind: [_stored(study, kind, seed) for seed in range(count)] for kind, count in counts.items()}
    scores = {kind: [each for each, _ in networks] for kind, networks in stored.items()}
    section.table(
        ("explained by", *(f"{kind}: {side} (%)" for kind in scores for side in ("accuracy", "fidelity"))),
        [(name, *_cells(scores, name)) for name in scores[HALF][0]],
        f"Held-out rows, mean ± standard deviation over {config.seeds} {HALF} networks and {config.full_seeds} {FULL} "
        f"ones. Rows with … differ from the last row without … in the given respect. Trees have a depth of at most "
        f"{config.depth} unless stated otherwise."
        + (f" The paper: accuracy {PAPER} for the half-trained network." if config.data == "mnist" else ""),
        highlight=[0, 1],
    )
    section.text(_losses(scores))
    section.text(_verdict(scores))
    agreements = {kind: [each for _, each in networks] for kind, networks in stored.items()}
    specificity.write(section, agreements, config)
    section.metrics(
        {
            kind: {name: np.array([each[name] for each in networks]).T for name in networks[0]}
            for kind, networks in scores.items()
        }
        | {"specificity": agreements}
    )


def _cells(scores, name):
    for networks in scores.values():
        for side in (0, 1):
            values = [100 * each[name][side] for each in networks if name in each]
            yield mean_and_spread(values, 1) if values else None


def _stored(study, kind, seed):
    """(accuracy, fidelity) on held-out rows by explanation, and agreements; stored in the run's folder."""
    path = study.folder(f"scores {kind} {seed}").with_suffix(".json")
    if not path.is_file():
        scores, agreements = _network(study, kind, seed)
        write_text(path, json.dumps({"scores": scores, "agreements": agreements}))
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {name: tuple(scores) for name, scores in stored["scores"].items()}, stored["agreements"]


def _network(study, kind, seed):
    """Computes the scores and agreements of a network."""
    outputs, task, config = study.outputs(kind, seed), study.task, study.config
    labels, depth = task.labels, config.depth

    def score(explained):
        return accuracy_and_fidelity(explained, task.held_labels, outputs["held predictions"])

    scores = {"the network itself": score(outputs["held predictions"])}
    ours = study.explainer(kind, seed)
    votes = ours.forests.votes(task.held_inputs.reshape(len(task.held_inputs), -1))
    scores[OURS] = score(ours.predict(task.held_inputs))
    scores[ONE_PATH] = score(ours.tree.predict(votes.argmax(axis=2)))
    sizes = {"count": config.ids, "classes": len(task.class_names)}
    ids, held_ids = (ours.hidden_ids(outputs[f"{part} hidden"]) for part in ("rows", "held"))

    def known(targets=labels, levels=depth, **options):
        return score(tree_on(ids, targets, depth=levels, **sizes, **options).predict(held_ids))

    same = ours.tree.predict(held_ids)
    scores[SAME] = score(same)
    scores[KNOWN] = known()
    scores["… trained on the network's predictions"] = known(outputs["rows predictions"])
    scores[DEEPER] = known(levels=2 * depth)
    scores[GREEDY] = known(refined=False)
    scores[NUMBERED] = known(refined=False, splits="thresholds")
    scores[GINI] = known(refined=False, criterion="gini")
    scores[NUMBERS] = known(refined=False, criterion="gini", splits="thresholds")
    rules = cnn_inte.learn_rules(ids, labels, **sizes)
    scores[RULES] = score(rules.predict(held_ids))
    if kind == HALF:  # the paper's network
        published = study.explainer(kind, seed, "as published", **PUBLISHED)
        scores[AS_PUBLISHED] = score(published.predict(task.held_inputs))
    scores |= {name: score(explained) for name, explained in baselines(task, outputs, config)}
    return scores, specificity.agreements(study, kind, seed, outputs["held predictions"], same)


def baselines(task, outputs, config):
    """The predictions of scikit-learn's trees of equal depth on other features, by name."""
    flat, held_flat = (rows.reshape(len(rows), -1) for rows in (task.inputs, task.held_inputs))
    hidden, held_hidden = (outputs[f"{part} hidden"] for part in ("rows", "held"))
    components = PCA(config.factors, random_state=0).fit(hidden)
    projected, held_projected = components.transform(hidden), components.transform(held_hidden)

    def tree(rows, held):
        options = {"max_depth": config.depth, "criterion": "entropy", "random_state": 0}
        return DecisionTreeClassifier(**options).fit(rows, task.labels).predict(held)

    yield "a tree on pixels", tree(flat, held_flat)
    forest = RandomForestRegressor(
        config.trees, max_leaf_nodes=config.max_leaf_nodes, max_features="sqrt", random_state=0, n_jobs=2
    ).fit(flat, projected)
    yield (
        f"a tree on {config.factors} components that forests predict from the input",
        tree(projected, forest.predict(held_flat)),
    )
    yield "a tree on the layer's activations", tree(hidden, held_hidden)
    yield f"a tree on {config.factors} principal components of them", tree(projected, held_projected)


def _means(networks, side=1):
    return {name: float(np.mean([each[name][side] for each in networks])) for name in networks[0]}


def _losses(scores):
    """The loss of accuracy in each part of the method, in words."""
    sentences = []
    for kind, networks in scores.items():
        mean = _means(networks, 0)

        def points(first, second, mean=mean):
            return f"{100 * (mean[first] - mean[second]):.1f}"

        sentences.append(
            f"{kind.capitalize()}: a tree on true clusters loses {points('the network itself', KNOWN)} against the "
            f"network, of which {points(DEEPER, KNOWN)} are due to its depth. The refinement of splits gains "
            f"{points(KNOWN, GREEDY)}; splits by sets in place of thresholds on cluster numbers, whose order has no "
            f"meaning, gain {points(GREEDY, NUMBERED)} with entropy ({points(GINI, NUMBERS)} with the Gini index); "
            f"entropy in place of the Gini index gains {points(GREEDY, GINI)} with sets ({points(NUMBERED, NUMBERS)} "
            f"with thresholds). In the explanation's own tree, clusters predicted by forests lose "
            f"{points(SAME, OURS)} with all leaves weighted and {points(SAME, ONE_PATH)} with one path."
        )
    return (
        f"Differences in points of accuracy. {' '.join(sentences)} The explanation's tree is selected for its accuracy "
        "on predicted clusters, and may be grown on them, so that it can be more accurate there than on true clusters."
    )


def _verdict(scores):
    gaps = "; ".join(_gaps(scores, OURS, ("a tree",)))
    known_gaps = "; ".join(_gaps(scores, KNOWN, ("layer", "principal")))
    return (
        f"{_goal(scores)}Fidelity of CNN-INTE less that of a tree of the same depth, in points: {gaps}. The last two "
        "of these trees use the layer's activations, which CNN-INTE predicts from the input. Fidelity of a tree grown "
        f"on true clusters less theirs: {known_gaps}."
    )


def _goal(scores):
    """The accuracy with all leaves weighted, and with the single path that a reader can follow, against 90 %."""
    parts = []
    for kind, networks in scores.items():
        mean = _means(networks, 0)
        parts.append(f"{kind} {mean[OURS]:.1%} with all leaves weighted, {mean[ONE_PATH]:.1%} with one path")
    return f"Accuracy against a goal of 90 %: {'; '.join(parts)}. "


def _gaps(scores, ours, words):
    """By kind, the fidelity of ours less that of the trees whose names contain one of some words."""
    for kind, networks in scores.items():
        mean = _means(networks)
        others = {name: value for name, value in mean.items() if any(word in name for word in words)}
        gaps = (f"{100 * (mean[ours] - value):+.1f} ({name[7:]})" for name, value in others.items() if name != KNOWN)
        yield f"{kind}: {', '.join(gaps)}"
