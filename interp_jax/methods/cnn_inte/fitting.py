"""Fitting CNN-INTE: several clusterings, the best on validation rows, then its forests."""

import functools

import jax
import numpy as np
from jaxtyping import Array

from interp_jax._checks import (
    Given,
    Key,
    as_count,
    as_key,
    as_labels,
    as_numpy,
    check_choice,
    check_number,
    check_same_rows,
    describe,
    renamed,
)
from interp_jax.methods._pooling import check_pool, pooled
from interp_jax.methods.cnn_inte._rows import Scaling, flat_rows, scaling_of
from interp_jax.methods.cnn_inte._targets import are_shares, as_targets, as_weights
from interp_jax.methods.cnn_inte.factors import CLUSTERINGS, READINGS, assign, find_factors
from interp_jax.methods.cnn_inte.forests import train
from interp_jax.methods.cnn_inte.leaves import VOTES
from interp_jax.methods.cnn_inte.model import Explainer, certain, class_shares
from interp_jax.methods.cnn_inte.refinement import refine
from interp_jax.methods.cnn_inte.tree import CRITERIA, SPLITS, grow


@renamed(kept_aside="validation_fraction", leaves="max_leaf_nodes", jobs="n_jobs", unseen="held_out_ids")
def fit(
    inputs: Given[Array | np.ndarray, "rows *features"] | None,
    hidden: Given[Array | np.ndarray, "rows *units"],
    labels: Given[Array | np.ndarray, "rows"] | Given[Array | np.ndarray, "rows classes"],
    *,
    key: Key,
    weights: Given[Array | np.ndarray, "rows"] | None = None,
    forests: bool = True,
    factors: int | None = None,
    ids: int = 10,
    depth: int = 5,
    trees: int = 20,
    max_leaf_nodes: int = 1000,
    draws: int = 12,
    finalists: int = 2,
    validation_fraction: float = 0.1,
    splits: str = "subsets",
    criterion: str = "entropy",
    reading: str = "coordinates",
    clustering: str = "kmeans",
    votes: str = "soft",
    refined: bool = True,
    held_out_ids: bool = True,
    cluster_rows: int = 20_000,
    reference_rows: int = 5_000,
    n_jobs: int | None = None,
    pool: str | None = None,
) -> Explainer:
    """An `Explainer`: approximates a hidden layer with a shallow decision tree over clusters of its activations.

    k-means groups the units into factors and, in each factor, the rows into clusters, whose numbers are the rows' IDs.
    A shallow tree predicts the label from the IDs. One random forest per factor predicts the ID from the input, so
    inputs go through the tree without the network. Clusterings depend on the start of k-means: several are drawn, with
    units raw and standardized in turn, and those whose trees are most accurate on validation rows get forests. A tree
    is grown and refined both on the clusters' IDs and on the forests' predictions for rows held out from their trees,
    so that it allows for the forests' errors. The most accurate of these on the validation rows is returned.

    Whoever has the network has its hidden layer as well: with ``forests=False`` none are grown, and the explainer's
    methods take the activations, ``hidden=``, whose clusters are certain. Then each row has one path, which is the
    whole explanation, and the tree can follow this network where it differs from others; forests, which see the input
    alone, hardly do. Fit it to the network's probabilities or predictions, not to true labels, to explain the network.

    With ``votes="soft"`` an input goes to each leaf by its probability (`leaf_weights`), and its class has the largest
    share over all leaves; with "hard" it goes to the leaf of its most likely IDs.

    The method as published, a tree on ID numbers as if they had an order, by Gini's index, and one path, is
    ``splits="thresholds", criterion="gini", votes="hard", refined=False, held_out_ids=False, draws=1, finalists=1``:
    `grow` says why the first two do not suit few levels.

    Host-level; most of the time goes to the forests, one for each factor, and none with ``forests=False``. Memory: the
    activations twice, and those of ``cluster_rows`` rows.

    NumPy's float64 is centered before the cast to float32. A second fit of the same shapes compiles nothing,
    except forests whose number of nodes is rounded up to another power of two.

    Args:
        inputs: [rows, …] finite inputs, from which the forests predict; None is enough without forests.
        hidden: [rows, …, units] finite activations of any layer.
        labels: [rows] the class of each row, integers from 0 to 2³¹ − 1; absent numbers are not classes. The true
            class, or the network's prediction, to explain its errors too. Of a regression, classes of its output by
            quantiles, e.g. ``np.digitize(y, np.quantile(y, [0.25, 0.5, 0.75]))``; of several labels a row, one output's
            decisions, 0 and 1, at a time. Or [rows, classes] the share of each class, the network's probabilities.
        key: a JAX random key.
        weights: [rows] how much each row counts for the tree, not negative; alike by default.
        forests: whether forests are grown, which predict without the network; otherwise ``hidden`` is needed.
        factors: number of groups of units, K; by default 8, or all units if they are fewer.
        ids: clusters of rows in each.
        depth: maximum levels of the tree.
        trees: trees of a forest.
        max_leaf_nodes: maximum leaves of each of these.
        draws: number of clusterings.
        finalists: number of them that get forests.
        validation_fraction: share of the rows on which they are compared, in (0, 1).
        splits: "subsets" of IDs, or "thresholds" on their numbers.
        criterion: "entropy" or "gini".
        reading: rows are clustered by their "coordinates" in a factor, or by the "means" of these.
        clustering: of rows: "kmeans", or "hdbscan", which determines the number of clusters, up to ``ids``.
        votes: "soft" or "hard".
        refined: whether splits on subsets are refined (`refine`).
        held_out_ids: whether trees on the forests' IDs of held-out rows are tried as well.
        cluster_rows: most rows, drawn at random, that clusters are found on; at least ``ids`` are.
        reference_rows: number of rows stored for explanations.
        n_jobs: trees grown at a time, as in scikit-learn; −1 for all cores.
        pool: how the positions of a layer become units: by default, None, each position of a map is a unit; "mean" (how
            active a unit is on average) or "max" (whether it is active anywhere) over positions.

    Returns:
        An `Explainer`, whose predictions and explanations use the given labels.

    Raises:
        ValueError: arrays with different rows, values that are not finite as float32, labels that are not integers from
            0 or of one class alone, shares that do not sum to 1, weights that are negative or 0 for all rows of a part,
            no inputs for forests, more factors than units, more ids than rows, counts below one, a validation fraction
            outside (0, 1), an unknown name, or not a key.
        TypeError: an argument by its former name.

    Example:
        >>> import jax, numpy as np
        >>> inputs = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
        >>> hidden, labels = np.maximum(inputs @ np.eye(4), 0), (inputs[:, 0] > 0).astype(int)
        >>> explainer = fit(inputs, hidden, labels, key=jax.random.key(0), factors=4, ids=4, depth=2, draws=2)
        >>> explainer.fidelity(inputs, labels) > 0.9
        True
        >>> seeing = fit(None, hidden, labels, key=jax.random.key(0), factors=4, ids=4, depth=2, forests=False)
        >>> seeing.fidelity(None, labels, hidden=hidden) > 0.9
        True

    Source: Liu, Wang & Matwin, arXiv:1802.00560, Algorithm 1 and section IV; drawing several clusterings, splits on
    sets and by entropy, refining, held-out IDs, soft votes, weights, shares of classes and explainers without forests
    are not in the paper.
    """
    counts = {"ids": ids, "depth": depth, "trees": trees, "draws": draws, "finalists": finalists}
    counts |= {"cluster_rows": cluster_rows, "reference_rows": reference_rows}
    counts = {name: as_count(name, count) for name, count in counts.items()}
    factors = None if factors is None else as_count("factors", factors)
    ids, draws = counts["ids"], counts["draws"]
    sizes = {
        "count": ids,
        "trees": counts["trees"],
        "max_leaf_nodes": as_count("max_leaf_nodes", max_leaf_nodes, least=2),
    }
    if n_jobs is not None and not (isinstance(n_jobs, int) and n_jobs == -1):
        n_jobs = as_count("n_jobs", n_jobs)
    check_number("validation_fraction", validation_fraction, above=0, below=1)
    check_choice("splits", splits, SPLITS)
    check_choice("criterion", criterion, CRITERIA)
    check_choice("reading", reading, READINGS)
    check_choice("clustering", clustering, CLUSTERINGS)
    check_choice("votes", votes, VOTES)
    order_key, draw_key, forest_key = jax.random.split(as_key(key), 3)
    class_labels, labels = _classes(labels)
    hidden = flat_rows("hidden", _as_units(hidden, pool))
    check_same_rows(labels=labels, hidden=hidden)
    scaling, features = Scaling(), None
    if inputs is not None:
        inputs = flat_rows("inputs", inputs)
        check_same_rows(labels=labels, inputs=inputs)
        scaling, features = scaling_of(inputs), inputs.shape[1]
        inputs = scaling.of(inputs)
    elif forests:
        raise ValueError("inputs: found None, wanted [rows, …], from which forests predict, or forests=False")
    weights = None if weights is None else as_weights(weights, len(labels))
    factors = min(8, hidden.shape[1]) if factors is None else factors
    if factors > hidden.shape[1]:
        raise ValueError(f"factors: found {factors}, wanted at most the {hidden.shape[1]} units")
    order = np.asarray(jax.random.permutation(order_key, len(labels)))
    validation, training = np.split(order, [max(1, round(validation_fraction * len(order)))])
    if ids > len(training):
        raise ValueError(f"ids: found {ids}, wanted at most the {len(training)} rows that are not for validation")
    growth = functools.partial(grow, count=ids, classes=len(class_labels), depth=counts["depth"])
    for part, chosen in (("validation", validation), ("other", training)):
        if weights is not None and not weights[chosen].any():
            raise ValueError(f"weights: found 0 for all {part} rows, wanted some above in both parts; or another key")
    of_training, of_validation = (None if weights is None else weights[rows] for rows in (training, validation))
    wanted = as_targets(labels[validation], of_validation, classes=len(class_labels))

    def trees_of(rows):
        """Grown on the IDs of the training rows, and refined."""
        grown = growth(rows, labels[training], splits=splits, criterion=criterion, weights=of_training)
        if not refined or splits != "subsets":
            return [grown]
        return [grown, refine(grown, rows, labels[training], weights=of_training)]

    clusterings, taught = [], hidden[training]
    for draw in range(draws):
        groups = find_factors(
            taught,
            factors=factors,
            ids=ids,
            rows=max(ids, counts["cluster_rows"]),
            key=jax.random.fold_in(draw_key, draw),
            standardized=draw % 2 == 1,
            reading=reading,
            clustering=clustering,
        )
        of_rows = assign(groups, hidden, reading)
        grown = trees_of(of_rows[training])
        clusterings.append((wanted.accuracy(grown[-1].predict(of_rows[validation])), groups, of_rows, grown))
    scores = np.array([score for score, *_ in clusterings])
    shown, best, most = np.sort(order[: counts["reference_rows"]]), None, -1.0
    shown_labels = class_labels[labels[shown] if labels.ndim == 1 else labels[shown].argmax(axis=1)]
    for place in np.argsort(-scores, kind="stable")[: counts["finalists"] if forests else 1]:
        _, groups, of_rows, grown = clusterings[place]
        if forests and inputs is not None:
            trained, of_held_out = train(inputs[training], of_rows[training], **sizes, key=forest_key, n_jobs=n_jobs)
            predicted = trained.votes(inputs[validation])
            grown = grown + (trees_of(of_held_out) if held_out_ids else [])
        else:
            trained, predicted = None, certain(of_rows[validation], ids)
        for tree in grown:
            score = wanted.accuracy(class_shares(tree, predicted, votes).argmax(axis=1))
            if score > most:
                most = score
                arrays = hidden[shown], of_rows[shown], shown_labels, scores, class_labels
                best = Explainer(groups, reading, votes, tree, trained, *arrays, features, scaling, pool)
    assert best is not None  # scores are at least 0
    return best


def _as_units(hidden, pool):
    check_pool(pool)
    return hidden if pool is None else np.asarray(pooled("hidden", hidden, pool))


def _classes(labels):
    """The labels that occur, in order, and the index of each row's label among them; or all classes, and shares."""
    if are_shares(labels):
        shares = as_numpy("labels", labels)
        if len(shares) < 2 or shares.shape[1] < 2:
            raise ValueError(f"labels: found {describe(shares)}, wanted at least two rows and two classes")
        if len(as_targets(shares).present) < 2:
            raise ValueError("labels: found shares of one class alone, wanted at least two classes")
        return np.arange(shares.shape[1]), shares
    labels = np.asarray(as_labels("labels", labels), np.int64)
    if len(labels) < 2 or labels.min() < 0:
        found = describe(labels) if len(labels) < 2 else str(labels.min())
        raise ValueError(f"labels: found {found}, wanted whole numbers from 0 on [rows], at least two rows")
    if labels.min() == labels.max():
        raise ValueError(f"labels: found class {labels[0]} alone, wanted at least two classes")
    return np.unique(labels, return_inverse=True)
