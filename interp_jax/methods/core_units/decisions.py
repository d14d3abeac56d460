"""Decisions about one class: the rows to evaluate on, and how scores decide whether a row is of the class."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Integer
from numpy.typing import ArrayLike

from interp_jax._checks import (
    Given,
    Key,
    as_count,
    as_key,
    as_labels,
    as_mask,
    as_numpy,
    as_real,
    check_choice,
    check_mesh,
    check_number,
    check_same_rows,
    describe,
    is_traced,
)
from interp_jax._readable import readable

CLASSIFIERS = ("argmax", "center")


@readable()
class ClassData(NamedTuple):
    """Row numbers of one class's data: rows predicted as the class, and some of the others, each ascending."""

    positives: Int[np.ndarray, " positives"]
    negatives: Int[np.ndarray, " negatives"]

    def _finding(self) -> str | None:
        if np.ndim(self.positives) != 1:
            return None
        return f"{len(self.positives)} rows predicted as the class and {len(self.negatives)} others"

    @property
    def rows(self) -> Int[np.ndarray, " rows"]:
        """All row numbers, positives first."""
        return np.concatenate([self.positives, self.negatives])


def class_data(
    predictions: Given[ArrayLike, "rows"],
    target: int | np.integer | None,
    *,
    key: Key,
    negatives: bool = True,
) -> ClassData:
    """All rows predicted as the target, and as many random others, or all others if fewer.

    Host-level.

    Args:
        predictions: [rows] the network's predicted class of each row, integers of at least 0.
        target: the class of interest; None for all classes at once: each row is a positive.
        key: a JAX random key.
        negatives: False gives no negatives, as in the paper's experiments on pixels.

    Raises:
        ValueError: predictions that are not [rows] integers of at least 0, or a target that is never predicted.

    Example:
        >>> class_data([1, 0, 1, 0, 0, 0], 1, key=jax.random.key(0)).rows.tolist()
        [0, 2, 3, 5]

    Source: Yan & Feng, ICLR 2018 submission, section 3.1 (and 5.1 for pixels).
    """
    classes = np.iinfo(np.int32).max
    predictions = np.asarray(as_labels("predictions", as_numpy("predictions", predictions), classes=classes))
    target, key = as_target(target, classes), as_key(key)
    positive = predictions == (predictions if target is None else target)
    if not positive.any():
        raise ValueError(f"target: found no row of {len(predictions)} predicted as {target}, wanted at least one")
    others = np.flatnonzero(~positive & bool(negatives))
    # A random number for every row, so that all targets share a compilation.
    order = np.argsort(np.asarray(jax.random.bits(key, predictions.shape))[others], kind="stable")
    return ClassData(np.flatnonzero(positive), np.sort(others[order[: positive.sum()]]))


def as_target(target: Any, classes: int, *, name: str = "target") -> Any:
    """The target as an int or None; a traced one is returned as it is.

    Raises:
        ValueError: anything but None or an integer from 0 to classes − 1.
    """
    if target is None or (is_traced(target) and not target.ndim and jnp.issubdtype(target.dtype, jnp.integer)):
        return target
    return as_count(name, target, least=0, most=classes - 1)


def check_data(data, predictions: np.ndarray, target: int | None) -> ClassData:
    """The row numbers of a class's data, after checking that each is a row and in its group.

    Raises:
        ValueError: not ClassData, no rows, numbers outside the rows, or rows of the other group.
    """
    if not isinstance(data, ClassData):
        raise ValueError(f"data: found {describe(data)}, wanted what class_data gives")
    sides = zip(data._fields, data, strict=True)
    data = ClassData(*(np.asarray(as_labels(f"data.{name}", side, classes=len(predictions))) for name, side in sides))
    if not len(data.rows):
        raise ValueError("data: found no rows, wanted at least one")
    positive = predictions == (predictions if target is None else target)
    if not positive[data.positives].all() or positive[data.negatives].any():
        raise ValueError(f"data: found rows of another class than target {target}, wanted class_data(…, {target})")
    return data


def class_number(target: int | None) -> int:
    """The target in compiled code: −1 stands for each row's own prediction."""
    return -1 if target is None else int(target)


def asked_class(target, predictions):
    """The class asked about for each row, for a `class_number`."""
    return jnp.where(target < 0, predictions, target)


def center_score(
    scores: Given[Array | np.ndarray, "rows classes"],
    target: Integer[Array | np.ndarray, "*rows"] | int | np.integer,
    weight: Float[Array | np.ndarray, ""] | float = 1.0,
) -> Float[Array, " rows"]:
    """The paper's center-based score of the target, [rows] in [0, 1]: 1 where it has the greatest score, else less.

        v = weight (max s − s_target) / std(s),    y = 2 / (1 + exp v)

    Traceable. Computed as 2 σ(−v), so that no exponential overflows. Equal scores (std 0) give 1; NaN gives NaN.

    Args:
        scores: [rows, classes] logits or probabilities.
        target: the class, or [rows] one per row; a number outside the classes gives 0.
        weight: > 0; the paper trains it with the gates.

    Raises:
        ValueError: scores that are not [rows, classes], a target that is not an integer or [rows], a nonpositive
            weight.

    Example:
        >>> center_score(jnp.array([[3.0, 1.0], [1.0, 3.0]]), 0, weight=2.0).round(3)
        Array([1.   , 0.036], dtype=float32)

    Source: Yan & Feng, ICLR 2018 submission, section 3.2, equation 2.
    """
    scores, target = _as_scores(scores, target)
    check_number("weight", weight, above=0)
    behind = _behind(scores)
    return 2 * jax.nn.sigmoid(-weight * jnp.min(jnp.where(_is_own(behind, target), behind, jnp.inf), axis=1))


def is_target(
    scores: Given[Array | np.ndarray, "rows classes"], target: Integer[Array | np.ndarray, "*rows"] | int | np.integer
) -> Bool[Array, " rows"]:
    """Whether the target has a row's greatest score, ties to the first class, bool [rows].

    Traceable. NaN is never the greatest; a target outside the classes never has it.

    Args:
        scores: [rows, classes].
        target: the class, or [rows] one per row.

    Raises:
        ValueError: scores that are not [rows, classes], or a target that is not an integer or [rows].

    Example:
        >>> is_target(jnp.array([[1.0, 1.0], [0.0, 1.0]]), 1)
        Array([False,  True], dtype=bool)
    """
    scores, target = _as_scores(scores, target)
    own = jnp.max(jnp.where(_is_own(scores, target), scores, -jnp.inf), axis=1, keepdims=True)
    before = jnp.arange(scores.shape[1])[None] < target.reshape(-1, 1)
    # Not by argmax, which is slow in XLA's CPU code.
    return jnp.all(jnp.where(before, own > scores, own >= scores), axis=1)


def decided(scores, target, tolerance) -> Bool[Array, " rows"]:
    """Whether the target has the greatest score or is at most ``tolerance`` standard deviations behind it.

    The center-based classifier of weight w decides for a target at most ln 3 / w behind; 0 is `is_target`.
    """
    near = (tolerance > 0) & (margins(scores, target) >= -tolerance)
    return is_target(scores, target) | near


def tolerance_of(classifier: str, weight):
    """The standard deviations that a classifier's target may be behind: ln 3 / weight by the center, else 0.

    Raises:
        ValueError: an unknown classifier.
    """
    check_choice("classifier", classifier, CLASSIFIERS)
    return jnp.log(3.0) / weight if classifier == "center" else jnp.zeros_like(weight)


def margins(scores, target) -> Float[Array, " rows"]:
    """How far the target is ahead of all other classes, in standard deviations of the row's scores.

    Negative if behind; 0 if all scores are equal, infinite if there is no other class.
    """
    behind = _behind(scores)
    own = _is_own(behind, target)
    return jnp.min(jnp.where(own, jnp.inf, behind), axis=1) - jnp.min(jnp.where(own, behind, jnp.inf), axis=1)


def rate_held(
    decisions: Given[Array | np.ndarray, "rows"],
    predictions: Given[Array | np.ndarray, "rows"],
    target: Integer[Array | np.ndarray, "*rows"] | int | np.integer,
) -> Float[Array, ""]:
    """The holding rate of given decisions, a scalar in [0, 1].

        ½ (share of the rows predicted as target that are decided so + share of the other rows that are not)

    Traceable. If all rows belong to one of the two groups, the rate is that group's share; without rows it is NaN. Rows
    with a negative prediction are left out.

    Args:
        decisions: [rows] whether each row is now decided to be of the target class, bool or 0/1.
        predictions: [rows] the whole network's predicted class.
        target: the class, or [rows] one per row.

    Raises:
        ValueError: different lengths, or arrays of the wrong type.

    Example:
        >>> rate_held(jnp.array([True, False, True]), jnp.array([0, 1, 2]), 0)
        Array(0.75, dtype=float32)
    """
    decisions, predictions = as_mask("decisions", decisions), as_labels("predictions", predictions)
    if decisions.ndim != 1:
        raise ValueError(f"decisions: found {describe(decisions)}, wanted [rows]")
    check_same_rows(decisions=decisions, predictions=predictions)
    positive = predictions == _as_classes(target, len(predictions))
    held = decisions == positive
    groups = [group & (predictions >= 0) for group in (positive, ~positive)]
    counts = jnp.stack([jnp.sum(group) for group in groups])
    right = jnp.stack([jnp.sum(held & group) for group in groups])
    # A group without rows has no rate.
    return jnp.sum(right / jnp.maximum(counts, 1)) / jnp.sum(counts > 0)


def _as_scores(scores, target):
    scores = as_real("scores", scores, shape=["rows", "classes"])
    return scores, _as_classes(target, len(scores))


def _as_classes(target, rows):
    """A class number, or one per row, as int32."""
    values = target if isinstance(target, jax.Array) else as_numpy("target", target)
    if values.shape not in ((), (rows,)):
        raise ValueError(f"target: found {describe(values)}, wanted a whole number, or [{rows}] of them")
    check_mesh("target", values)
    return as_labels("target", values.reshape(-1)).reshape(values.shape)


def _is_own(scores, target):
    return jnp.arange(scores.shape[1])[None] == jnp.asarray(target).reshape(-1, 1)


def _behind(scores):
    """How far each score is behind the row's greatest, in standard deviations; 0 if all scores are equal."""
    # Half precision is summed in float32. A sixteenth: neither do differences overflow, nor do reciprocals vanish.
    parts = scores.astype(jnp.promote_types(scores.dtype, jnp.float32)) / 16
    distance = jnp.max(parts, axis=1, keepdims=True) - parts
    # Distances from 0 to 1, whose squares neither overflow nor vanish. The result does not change with the scale, so
    # no gradient goes through it.
    scale = jax.lax.stop_gradient(jnp.max(distance, axis=1, keepdims=True))
    distance = distance / jnp.where(scale > 0, scale, 1)
    # The gradient of a square root at 0 is not a number, also where it is not used.
    return distance / jnp.sqrt(jnp.where(scale > 0, jnp.var(distance, axis=1, keepdims=True), 1))
