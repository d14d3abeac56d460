"""Fitting a CNN-INTE: many clusterings, the best on rows kept aside, then its forests."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped

from interp_jax.methods.cnn_inte.factors import READINGS, assign, find_factors
from interp_jax.methods.cnn_inte.forests import train
from interp_jax.methods.cnn_inte.model import Explainer
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
    reference_rows: int = 5_000,
    jobs: int | None = None,
) -> Explainer:
    """A tree over clusters of a hidden layer's activations, and forests that tell the clusters from the input.

    k-means puts the units into factors, and in every factor the rows into clusters, whose numbers are the row's IDs. A
    shallow tree tells the label from the IDs; a random forest a factor tells the ID from the input, so that inputs can
    be put through the tree without the network. Clusterings depend on where k-means starts, so several are drawn, with
    units as they are and standardised in turn; those whose trees do best on the rows kept aside get forests, and the
    one that then does best is taken.

    The paper's own tree, on ID numbers as if they had an order and by Gini's index, is
    ``splits="thresholds", criterion="gini", draws=1, finalists=1``: see `grow` for why neither suits few levels.

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
    sets and by entropy are not in the paper.
    """
    inputs, hidden, labels = _checked(inputs, hidden, labels)
    counts = {"factors": factors, "ids": ids, "depth": depth, "trees": trees, "draws": draws, "finalists": finalists}
    for name, count in (counts | {"reference_rows": reference_rows}).items():
        if count < 1:
            raise ValueError(f"{name}: found {count}, wanted at least 1")
    if leaves < 2:
        raise ValueError(f"leaves: found {leaves}, wanted at least 2")
    if factors > hidden.shape[1]:
        raise ValueError(f"factors: found {factors}, wanted at most the {hidden.shape[1]} units")
    if not 0 < kept_aside < 1:
        raise ValueError(f"kept_aside: found {kept_aside}, wanted a share in (0, 1)")
    for name, found, known in (
        ("splits", splits, SPLITS),
        ("criterion", criterion, CRITERIA),
        ("reading", reading, READINGS),
    ):
        if found not in known:
            raise ValueError(f"{name}: found {found!r}, wanted one of {', '.join(map(repr, known))}")
    order_key, draw_key, forest_key = jax.random.split(key, 3)
    order = np.asarray(jax.random.permutation(order_key, len(labels)))
    aside, learnt = np.split(order, [max(1, round(kept_aside * len(order)))])
    if ids > len(learnt):
        raise ValueError(f"ids: found {ids}, wanted at most the {len(learnt)} rows that are not kept aside")
    classes = int(labels.max()) + 1
    options = {"count": ids, "classes": classes, "depth": depth, "splits": splits, "criterion": criterion}

    device, drawn = jnp.asarray(hidden), []
    for draw in range(draws):
        found = find_factors(
            device[learnt],
            factors=factors,
            ids=ids,
            key=jax.random.fold_in(draw_key, draw),
            standardised=draw % 2 == 1,
            reading=reading,
        )
        of_rows = assign(found, device, reading)
        tree = grow(of_rows[learnt], labels[learnt], **options)
        drawn.append((float(np.mean(tree.predict(of_rows[aside]) == labels[aside])), found, of_rows, tree))
    scores = np.array([score for score, *_ in drawn])
    shown, best = np.sort(order[:reference_rows]), None
    for place in np.argsort(-scores, kind="stable")[:finalists]:
        _, found, of_rows, tree = drawn[place]
        forests = train(
            inputs[learnt], of_rows[learnt], count=ids, trees=trees, leaves=leaves, key=forest_key, jobs=jobs
        )
        score = float(np.mean(tree.predict(forests.predict(inputs[aside])) == labels[aside]))
        if best is None or score > best[0]:
            best = score, Explainer(found, reading, tree, forests, hidden[shown], of_rows[shown], labels[shown], scores)
    return best[1]


def _checked(inputs, hidden, labels):
    inputs, hidden, labels = (np.asarray(each) for each in (inputs, hidden, labels))
    if labels.ndim != 1 or len(labels) < 2 or not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0:
        found = f"{labels.dtype} of shape {labels.shape}"
        raise ValueError(f"labels: found {found}, wanted whole numbers from 0 up, [rows], at least two rows")
    if labels.min() == labels.max():
        raise ValueError(f"labels: found class {labels[0]} alone, wanted at least two classes")
    for name, values in (("inputs", inputs), ("hidden", hidden)):
        if values.ndim < 2 or len(values) != len(labels) or not values.size:
            raise ValueError(f"{name}: found shape {values.shape}, wanted [{len(labels)}, …] as of labels")
        if not np.all(np.isfinite(values)):
            raise ValueError(f"{name}: found NaN or infinity, wanted finite numbers")
    flat = (np.ascontiguousarray(values.reshape(len(values), -1), np.float32) for values in (inputs, hidden))
    return *flat, labels
