"""What is interpreted: a network in parts, the rows used, and what the network makes of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax import networks
from interp_jax._checks import as_counts, as_labels, as_numpy, check_choice, check_finite, check_shape, describe
from interp_jax.interpreting._budgets import Budget
from interp_jax.interpreting._layers import cut

SCORES = ("logits", "probabilities")
POOLS = ("auto", "mean", "max")
_FOURTH = 4  # one in so many rows is held out from the methods


@dataclass(frozen=True, eq=False)
class Subject:
    """A network and rows, with what all methods need of them.

    Attributes:
        segments: callables to apply one after the other, which end in logits.
        layers: the names of the hidden layers.
        why: why the network is cut there.
        inputs: [rows, …] the rows used.
        labels: [rows] class numbers, or None.
        targets: what the labels are: "classes", "quantities", "several labels a row", or "none". Whole numbers are
            quantities for a network of one output, unless they are 0 and 1.
        given_rows: the number of rows given.
        hidden: [rows, …, units] the last hidden layer.
        scores: [rows, outputs].
        held_out: [rows] True for rows held out from the methods, not from the network.
        class_names: of all outputs.
        image_shape: of an input that is an image, else None.
        seed: of all random keys.
        feature_names: of all values of an input, or None.
        pool: how positions of hidden layers become units, "auto", "mean", "max" or None.
    """

    segments: tuple[Callable[..., Any], ...]
    layers: tuple[str, ...]
    why: str
    inputs: np.ndarray
    labels: np.ndarray | None
    targets: str
    given_rows: int
    hidden: np.ndarray
    scores: np.ndarray
    held_out: np.ndarray
    class_names: tuple[str, ...]
    image_shape: tuple[int, ...] | None
    seed: int
    pool: str | None = "auto"
    feature_names: tuple[str, ...] | None = None

    @property
    def tree_pool(self) -> str | None:
        """How positions become units of the tree of units."""
        return "mean" if self.pool == "auto" else self.pool

    @property
    def head(self) -> Callable[..., Any]:
        """From inputs to the last hidden layer."""
        return self.segments[0] if len(self.segments) == 2 else _Composed(self.segments[:-1])

    @property
    def tail(self) -> Callable[..., Any]:
        """From the last hidden layer to the scores."""
        return self.segments[-1]

    @property
    def network(self) -> Callable[..., Any]:
        """From inputs to scores."""
        return _Composed(self.segments)

    @property
    def outputs(self) -> int:
        """The number of scores of a row."""
        return self.scores.shape[1]

    @property
    def predictions(self) -> np.ndarray:
        """[rows] the class with the greatest score."""
        return self.scores.argmax(axis=1).astype(np.int32)

    def key(self, number: int) -> jax.Array:
        """The run's ``number``-th random key."""
        return jax.random.fold_in(jax.random.key(self.seed), number)

    def predicted_classes(self, most: int, least: int = 5) -> list[int]:
        """The classes predicted most often, at least ``least`` times among the rows of each part, in their order."""
        used, held = (np.bincount(self.predictions[part], minlength=self.outputs) for part in self.parts)
        counts = np.minimum(used, held)
        enough = [
            each for each in np.argsort(-used, kind="stable") if counts[each] >= least and used[each] < used.sum()
        ]
        return sorted(int(each) for each in enough[:most])

    @property
    def parts(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows that methods use, and those held out from them, by number."""
        return np.flatnonzero(~self.held_out), np.flatnonzero(self.held_out)


def as_units(layer: np.ndarray, pool: str | None) -> np.ndarray:
    """A layer [rows, …, units] as [rows, units] by the mean or the greatest value over positions, or flat."""
    places = tuple(range(1, layer.ndim - 1))
    if pool is None or not places:
        return layer.reshape(len(layer), -1)
    return layer.mean(axis=places) if pool == "mean" else layer.max(axis=places)


def pooling(subject: Subject, pool: str | None) -> str:
    """What became of positions, as a sentence; nothing if the layer has none."""
    if subject.hidden.ndim < 3:
        return ""
    ways = {"mean": "averaged", "max": "pooled by the greatest value", None: "units of their own"}
    return f" Positions are {ways[pool]}."


def shuffleable(leaf: Any) -> bool:
    """Whether an array of a network has entries in an order that matters."""
    return bool(jnp.issubdtype(leaf.dtype, jnp.floating)) and leaf.size > 1


@jax.tree_util.register_pytree_node_class
class _Composed:
    """Callables applied one after the other: a pytree if they are."""

    def __init__(self, parts: Sequence[Callable[..., Any]]):
        self.parts = tuple(parts)

    def __call__(self, x: Any) -> Any:
        for part in self.parts:
            x = part(x)
        return x

    def tree_flatten(self) -> tuple[tuple[Any, ...], None]:
        """The parts as children."""
        return self.parts, None

    @classmethod
    def tree_unflatten(cls, _: None, parts: Any) -> "_Composed":
        """The composition of these parts."""
        return cls(parts)


def make_subject(
    network: Any,
    inputs: Any,
    labels: Any,
    budget: Budget,
    *,
    layer: Any,
    scores: str,
    class_names: Any,
    input_shape: Any,
    seed: int,
    pool: Any = "auto",
    feature_names: Any = None,
) -> Subject:
    """The subject of a run, after all checks.

    Raises:
        ValueError: rows, labels, names or a network that cannot be used.
    """
    check_choice("scores", scores, SCORES)
    if pool is not None:
        check_choice("pool", pool, POOLS)
    if isinstance(inputs, tuple | dict):
        apart = "join them, and give a network that takes them apart, or its parts behind the layer that joins them"
        raise ValueError(
            f"inputs: found a {type(inputs).__name__} of {len(inputs)}, wanted one array [rows, …]: {apart}"
        )
    rows = as_numpy("inputs", inputs, shape=["rows", "features", "…"])
    rows = rows.astype(np.float32) if rows.dtype.kind == "f" else rows
    check_finite("inputs", rows)
    if len(rows) < 2 * _FOURTH:
        raise ValueError(f"inputs: found {len(rows)} rows, wanted at least {2 * _FOURTH}")
    given = labels
    labels, targets = _targets(given, len(rows))
    used = _used(len(rows), budget.rows, seed)
    inputs, labels = rows[used], None if labels is None else labels[used]
    parts = cut(network, inputs, layer)
    segments = tuple(map(_as_tree, parts.segments))
    if scores == "probabilities":
        segments = (*segments[:-1], jax.tree_util.Partial(_log, segments[-1]))
    hidden, logits = _outputs(segments, inputs)
    _check_scores(logits, scores, segments, inputs)
    outputs = logits.shape[1]
    if targets == "classes" and labels is not None:
        if outputs == 1 and (labels.min() < 0 or labels.max() > 1):
            labels, targets = None, "quantities"
        elif outputs > 1:
            labels = np.asarray(as_labels("labels", labels, classes=outputs))
    elif targets != "none":
        _check_no_classes(np.asarray(given), outputs)
    image_shape = _image_shape(input_shape, inputs.shape[1:])
    if image_shape is not None and feature_names is not None:
        raise ValueError("feature_names: found names for images, wanted them for the columns of a table")
    return Subject(
        segments,
        parts.names,
        parts.why,
        inputs,
        labels,
        targets,
        len(rows),
        hidden,
        logits,
        np.arange(len(inputs)) % _FOURTH == _FOURTH - 1,
        tuple(map(str, range(outputs)))
        if class_names is None
        else _names("class_names", class_names, outputs, "score of the network"),
        image_shape,
        seed,
        pool,
        None if feature_names is None else _names("feature_names", feature_names, inputs[0].size, "value of an input"),
    )


def _targets(labels, rows):
    """The labels, and what they are."""
    if labels is None:
        return None, "none"
    try:
        found = as_numpy("labels", labels, shape=["rows", "…"])
    except ValueError as error:
        if np.iterable(labels) and any(isinstance(each, str) for each in labels):
            wanted = "their numbers: class_names, labels = np.unique(labels, return_inverse=True)"
            raise ValueError(f"labels: found names of classes, wanted {wanted}") from error
        raise
    if len(found) != rows:
        raise ValueError(f"labels: found {len(found)} rows, wanted {rows} as in inputs")
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.dtype.kind == "f":
        return None, "quantities"
    if found.ndim > 1:
        return None, "several labels a row"
    return np.asarray(as_labels("labels", found.astype(np.int32) if found.dtype.kind == "b" else found)), "classes"


def _check_no_classes(labels, outputs):
    """Refuses class numbers as floats and rows of a single 1, which would count as quantities or several labels."""
    wanted = None
    if labels.size == len(labels) and np.isin(labels, np.arange(outputs)).all():
        wanted = "labels.astype(int)"
    elif labels.shape[1:] == (outputs,) and np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all():
        wanted = "labels.argmax(axis=1)"
    if wanted is not None and outputs > 1:
        found = f"the {outputs} classes as {labels.dtype} {list(labels.shape)}"
        raise ValueError(f"labels: found {found}, wanted their numbers: {wanted}")


def _used(rows, most, seed):
    if rows <= most:
        return np.random.default_rng(seed).permutation(rows)  # so that every fourth is a random one
    return np.random.default_rng(seed).choice(rows, most, replace=False)


def _as_tree(part):
    leaves = jax.tree.leaves(part)
    part = part if all(isinstance(leaf, jax.Array | np.ndarray) for leaf in leaves) else networks.freeze(part)
    # NumPy's arrays cannot be indexed by traced ones.
    return jax.tree.map(lambda leaf: jnp.asarray(leaf) if np.asarray(leaf).dtype.kind == "f" else leaf, part)


def _log(tail, hidden):
    scores = tail(hidden)
    return jnp.log(jnp.maximum(scores, jnp.finfo(jnp.float32).tiny))


def _outputs(segments, inputs):
    """The last hidden layer and the scores, as arrays with a row for each."""
    hidden = networks.apply(_Composed(segments[:-1]), inputs)
    scores = networks.apply(segments[-1], hidden)
    for name, values, shape in (("hidden", hidden, ["rows", "…", "units"]), ("scores", scores, ["rows", "outputs"])):
        if not isinstance(values, np.ndarray):
            raise ValueError(f"network: found {name} that are no array, wanted one [{', '.join(shape)}]")
        check_shape(f"network's {name}", values, shape)
    return np.asarray(hidden, np.float32), np.asarray(scores, np.float32)


def _check_scores(scores, kind, segments, inputs):
    for name, wrong in (("NaN or infinity", ~np.isfinite(scores).all()),):
        if wrong:
            raise ValueError(f"network: found {name} in its scores, wanted finite numbers")
    alone = np.asarray(_Composed(segments)(jnp.asarray(inputs[:1])), np.float32)
    if not np.allclose(alone, scores[:1], rtol=1e-2, atol=1e-2 * np.abs(scores).max()):
        wanted = "wanted rows that are independent, as networks.freeze(model) gives"
        raise ValueError(f"network: found scores of a row that change with the other rows, {wanted}")
    sums = scores.sum(axis=1)
    if kind == "logits" and scores.shape[1] > 1 and scores.min() >= 0 and np.allclose(sums, 1, atol=1e-3):
        raise ValueError(
            "network: found scores that are probabilities (rows ≥ 0 that sum to 1), wanted logits, or "
            'scores="probabilities"'
        )
    if kind == "probabilities" and scores.shape[1] == 1:
        two = "those of both classes: jnp.concatenate([1 - p, p], axis=1) of a probability p of yes"
        raise ValueError(f"network: found one probability a row, wanted {two}")
    if kind == "probabilities" and not np.allclose(np.exp(scores).sum(axis=1), 1, atol=1e-2):
        raise ValueError(
            'network: found scores that are no probabilities, wanted those, as scores="probabilities" says'
        )


def _names(argument, names, count, what):
    several = np.ndim(names) == 1  # also an array, or a table's columns
    if not several or len(names) != count:
        found = f"{len(names)} names" if several else describe(names)
        raise ValueError(f"{argument}: found {found}, wanted {count}, one for each {what}")
    return tuple(map(str, names))


def _image_shape(given, shape):
    """The shape of one input if it is an image."""
    if given is not None:
        given = as_counts("input_shape", given)
        if len(given) not in (2, 3) or np.prod(given) != np.prod(shape):
            raise ValueError(f"input_shape: found {list(given)}, wanted that of an image of {np.prod(shape)} values")
        return given
    is_image = (len(shape) == 2 and min(shape) >= 4) or (len(shape) == 3 and shape[2] in (1, 3))
    return tuple(shape) if is_image else None
