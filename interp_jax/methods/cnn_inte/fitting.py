"""Fitting a CNN-INTE: many clusterings, the best on rows kept aside, then its forests."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped

from interp_jax.methods.cnn_inte._arguments import check_counts, check_names, checked_rows
from interp_jax.methods.cnn_inte.factors import CLUSTERINGS, READINGS, assign, find_factors
from interp_jax.methods.cnn_inte.forests import train
from interp_jax.methods.cnn_inte.leaves import VOTES
from interp_jax.methods.cnn_inte.model import Explainer, class_shares
from interp_jax.methods.cnn_inte.refinement import refine
from interp_jax.methods.cnn_inte.tree import CRITERIA, SPLITS, grow


def fit(
    inputs: Shaped[Array | np.ndarray, "..."],
    hidden: Shaped[Array | np.ndarray, "..."],
    labels: Shaped[Array | np.ndarray, "..."],
    *,
    key,
    factors: int = 8,
    ids: int = 10,
    depth: int = 5,
    trees: int = 20,
    leaves: int = 1000,
    draws: int = 12,
    finalists: int = 2,
    kept_aside: float = 0.1,
    splits: str = "subsets",
    criterion: str = "entropy",
    reading: str = "coordinates",
    clustering: str = "kmeans",
    votes: str = "soft",
    refined: bool = True,
    unseen: bool = True,
    reference_rows: int = 5_000,
    jobs: int | None = None,
) -> Explainer:
    """A tree over clusters of a hidden layer's activations, and forests that tell the clusters from the input.

    k-means puts the units into factors, and in every factor the rows into clusters, whose numbers are the row's IDs. A
    shallow tree tells the label from the IDs; a random forest a factor tells the ID from the input, so that inputs can
    be put through the tree without the network. Clusterings depend on where k-means starts, so several are drawn, with
    units as they are and standardized in turn; those whose trees do best on the rows kept aside get forests. A tree is
    grown and refined both on the clusters' IDs and on those that the forests tell of rows they have not seen, since
    forests err and a tree should know how. What then does best on the rows kept aside is taken.

    Forests that are not sure need not choose: with ``votes="soft"`` an input goes to every leaf by its probability, as
    `leaf_weights` has it, and the class is that with the largest share in them all.

    The paper's own method, a tree on ID numbers as if they had an order, by Gini's index, and one path, is
    ``splits="thresholds", criterion="gini", votes="hard", refined=False, unseen=False, draws=1, finalists=1``: see
    `grow` for why the first two do not suit few levels.

    Host-level; most of the time goes to the forests. Memory: the activations twice, and those of up to 20,000 rows.

    Args:
        inputs: [rows, …], what the forests see.
        hidden: [rows, …] any layer's activations; maps are taken apart into their places.
        labels: [rows] the class of every row: the true one, or the network's to explain what it does when it errs.
        key: a JAX random key.
        factors: groups of units, K.
        ids: clusters of rows in each.
        depth: most levels of the tree.
        trees: trees of a forest.
        leaves: most leaves of each.
        draws: clusterings tried.
        finalists: how many of them get forests.
        kept_aside: share of the rows that they are compared on.
        splits: "subsets" of IDs, or "thresholds" on their numbers.
        criterion: "entropy" or "gini".
        reading: rows are clustered by their "coordinates" in a factor, or by the "means" of these.
        clustering: of rows: "kmeans", or "hdbscan", which finds how many clusters there are, up to ``ids``.
        votes: "soft" or "hard".
        refined: whether splits on subsets are refined, see `refine`.
        unseen: whether trees on IDs that forests tell are tried as well.
        reference_rows: rows kept for explanations.
        jobs: trees grown at a time, as scikit-learn has it.

    Raises:
        ValueError: rows that do not go with one another, activations that are not finite, labels that are not whole
            numbers from 0 up, fewer than two of them, more factors than units, more ids than rows, counts below one, a
            share kept aside outside (0, 1), or unknown names.

    Example:
        >>> import jax, numpy as np
        >>> inputs = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
        >>> hidden, labels = np.maximum(inputs @ np.eye(4), 0), (inputs[:, 0] > 0).astype(int)
        >>> explainer = fit(inputs, hidden, labels, key=jax.random.key(0), factors=4, ids=4, depth=2, draws=2)
        >>> explainer.fidelity(inputs, labels) > 0.9
        True

    Source: Liu, Wang & Matwin, arXiv:1802.00560, Algorithm 1 and section IV; drawing several clusterings, splits on
    sets and by entropy, refining, unseen rows and soft votes are not in the paper.
    """
    inputs, hidden, labels = checked_rows(inputs, hidden, labels)
    counts = {"factors": factors, "ids": ids, "depth": depth, "trees": trees, "draws": draws, "finalists": finalists}
    check_counts(counts | {"reference_rows": reference_rows})
    check_counts({"leaves": leaves}, least=2)
    if factors > hidden.shape[1]:
        raise ValueError(f"factors: found {factors}, wanted at most the {hidden.shape[1]} units")
    if not 0 < kept_aside < 1:
        raise ValueError(f"kept_aside: found {kept_aside}, wanted a share in (0, 1)")
    check_names(
        {
            "splits": (splits, SPLITS),
            "criterion": (criterion, CRITERIA),
            "reading": (reading, READINGS),
            "clustering": (clustering, CLUSTERINGS),
            "votes": (votes, VOTES),
        }
    )
    order_key, draw_key, forest_key = jax.random.split(key, 3)
    order = np.asarray(jax.random.permutation(order_key, len(labels)))
    aside, learned = np.split(order, [max(1, round(kept_aside * len(order)))])
    if ids > len(learned):
        raise ValueError(f"ids: found {ids}, wanted at most the {len(learned)} rows that are not kept aside")
    options = {"count": ids, "classes": int(labels.max()) + 1, "depth": depth, "splits": splits, "criterion": criterion}

    def trees_of(rows):
        """Grown on the IDs of the learned rows, and refined."""
        grown = grow(rows, labels[learned], **options)
        return [grown, refine(grown, rows, labels[learned])] if refined and splits == "subsets" else [grown]

    device, drawn = jnp.asarray(hidden), []
    for draw in range(draws):
        found = find_factors(
            device[learned],
            factors=factors,
            ids=ids,
            key=jax.random.fold_in(draw_key, draw),
            standardized=draw % 2 == 1,
            reading=reading,
            clustering=clustering,
        )
        of_rows = assign(found, device, reading)
        last = trees_of(of_rows[learned])[-1]
        drawn.append((float(np.mean(last.predict(of_rows[aside]) == labels[aside])), found, of_rows))
    scores = np.array([score for score, *_ in drawn])
    shown, best, most = np.sort(order[:reference_rows]), None, -1.0
    for place in np.argsort(-scores, kind="stable")[:finalists]:
        _, found, of_rows = drawn[place]
        sizes = {"count": ids, "trees": trees, "leaves": leaves}
        forests, unseen_ids = train(inputs[learned], of_rows[learned], **sizes, key=forest_key, jobs=jobs)
        told = forests.votes(inputs[aside])
        for tree in trees_of(of_rows[learned]) + (trees_of(unseen_ids) if unseen else []):
            score = float(np.mean(class_shares(tree, told, votes).argmax(axis=1) == labels[aside]))
            if score > most:
                most = score
                arrays = hidden[shown], of_rows[shown], labels[shown], scores
                best = Explainer(found, reading, votes, tree, forests, *arrays, features=inputs.shape[1])
    return best
