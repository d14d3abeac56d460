"""The test of an importance map: the class's probability as its most important positions are removed or put back."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from interp_jax._checks import Given, as_count, as_numpy, as_real, at_hand, check_choice, check_finite, describe
from interp_jax._readable import readable
from interp_jax.methods._accept import as_taken_rows
from interp_jax.methods._scored import as_baseline, scored_rows

MEASURES = ("probability", "score")


@readable()
class RemovalCurves(NamedTuple):
    """The probability of a class while positions of a row are removed, or put back.

    The smaller the deletion area and the greater the insertion area, the better the order.

    Attributes:
        shares: of the positions, from 0 to 1.
        deletion: the probability with a share of the most important positions removed.
        insertion: the probability with a share of the most important positions alone.
        deletion_area, insertion_area: the areas under these curves.
    """

    shares: Float[Array, " steps"]
    deletion: Float[Array, "rows steps"]
    insertion: Float[Array, "rows steps"]
    deletion_area: Float[Array, " rows"]
    insertion_area: Float[Array, " rows"]

    def _finding(self) -> str | None:
        if np.ndim(self.deletion_area) != 1 or not len(self.deletion_area):
            return None
        deletion, insertion = float(np.mean(self.deletion_area)), float(np.mean(self.insertion_area))
        return f"mean areas over {len(self.deletion_area)} rows: deletion {deletion:.3f}, insertion {insertion:.3f}"


def removal_curves(
    network: Callable[..., Any],
    inputs: Given[Array | np.ndarray, "rows *features"],
    importance: Given[Array | np.ndarray, "rows *positions"],
    target: Given[ArrayLike, "#rows"],
    *,
    baseline: Given[ArrayLike, "a number, or #*features"] = 0.0,
    measure: str = "probability",
    steps: int = 20,
    scores: str = "logits",
) -> RemovalCurves:
    """Deletion and insertion curves of an importance map, over the positions that differ from the baseline.

        deletion(q) = p_c(x, its ⌈q · m⌋ most important positions set to the baseline),
        insertion(q) = p_c(baseline, the ⌈q · m⌋ most important positions of x put back),   q = 0, 1/steps … 1

    m is the number of a row's positions that differ from the baseline. Only these are ranked: removing others changes
    nothing, so blank positions would test how many a map ranks high, not its order of the rest. Ties go by position.

    Traceable; 2 (steps + 1) forward passes, one after the other. Memory: the network's for the rows, and a few numbers
    per position.

    Args:
        network: ``[rows, …] -> logits [rows, classes]``, rows independent.
        inputs: [rows, …] the rows; floats are cast to float32; integers stay as they are, as token ids must, but uint8
            and bool become float32 if the network takes that. NaN and infinity affect only their row.
        importance: in the shape of the inputs, or of their first axes, at least two: then all that belongs to a
            position is removed together, e.g. [rows, positions] for embedded tokens [rows, positions, width]. Finite;
            greatest first, so pass a signed map's magnitude. NumPy's float64 and integers are compared without a cast.
            NaN in a traced map comes last.
        target: the class c, one for all rows or [rows], such as the network's prediction for the intact row.
        baseline: the value of a blank position, such as the id of a padding token, or an array that broadcasts to a
            row, such as a padding token's embedding [width]. If it is not whole, or traced, integers become float32.
        measure: "probability" of the class, or its "score", for outputs that are no classes: those of a regression, or
            of several labels a row. The curves and areas are then of the score.
        steps: number of steps from no position to all.
        scores: "logits", or "probabilities" for a network that ends in a softmax.

    Returns:
        `RemovalCurves`: ``.shares`` [steps + 1]; ``.deletion``, ``.insertion`` [rows, steps + 1]; ``.deletion_area``,
        ``.insertion_area`` [rows], by the trapezoidal rule. NaN in a row whose traced target is outside the classes.

    Raises:
        TypeError, ValueError: what `gradient_times_input` refuses, importance of the wrong shape or not finite, a
            baseline that is not finite or does not fit, an unknown measure, one output for "probability", or steps
            below one; integers are taken.

    Example:
        >>> def network(x):
        ...     return jnp.stack([10 * x[:, 0], x[:, 1], x[:, 2]], axis=1)
        >>> x = jnp.array([[1.0, 1.0, 0.0]])
        >>> good = removal_curves(network, x, jnp.array([[2.0, 1.0, 0.0]]), 0, steps=2)
        >>> bad = removal_curves(network, x, jnp.array([[1.0, 2.0, 0.0]]), 0, steps=2)
        >>> bool(good.deletion_area[0] < bad.deletion_area[0]), bool(good.insertion_area[0] > bad.insertion_area[0])
        (True, True)

    Source: Petsiuk, Das & Saenko, arXiv:1806.07421, section 4.1; ranking only positions that differ from the baseline
    is not in the paper.
    """
    check_choice("measure", measure, MEASURES)
    least = 2 if measure == "probability" else 1
    network, inputs, target, _ = scored_rows(network, inputs, target, scores=scores, floating=False, least=least)
    baseline = as_baseline(baseline, inputs.shape[1:])
    inputs = as_taken_rows("inputs", inputs, network)
    if _whole(baseline, inputs.dtype):
        baseline = baseline.astype(inputs.dtype)
    else:
        inputs = as_real("inputs", inputs)
    importance, steps = _ranked(importance, inputs.shape), as_count("steps", steps)
    return _curves(network, inputs, importance, target, baseline, measure, steps)


def _whole(baseline, kind) -> bool:
    """Whether integers of this kind can have the baseline's values."""
    if not jnp.issubdtype(kind, jnp.integer) or not at_hand(baseline):
        return False
    limits = np.iinfo(kind)
    return bool(np.all((baseline == np.round(baseline)) & (baseline >= limits.min) & (baseline <= limits.max)))


def _ranked(importance, shape):
    """Importance in the same order, in a type that holds its negative."""
    if not isinstance(importance, jax.Array):
        importance = as_numpy("importance", importance)
    if importance.ndim < 2 or importance.shape != shape[: importance.ndim]:
        wanted = f"the shape of the inputs {list(shape)}, or of their first axes"
        raise ValueError(f"importance: found {describe(importance)}, wanted {wanted}")
    check_finite("importance", importance)
    if isinstance(importance, np.ndarray) and importance.dtype != np.float32 and importance.itemsize >= 4:
        # float32 would make neighbors equal.
        importance = np.unique(importance, return_inverse=True)[1].astype(np.int32).reshape(importance.shape)
        return jnp.asarray(importance)
    return as_real("importance", importance)


@partial(jax.jit, static_argnames=("measure", "steps"))
def _curves(network, inputs, importance, target, baseline, measure, steps):
    rows = len(inputs)
    ink = jnp.any((inputs != baseline).reshape(rows, importance[0].size, -1), axis=2)
    # Blanks come last whatever their importance: two sorts, both stable.
    order = jnp.argsort(-importance.reshape(rows, -1), axis=1, stable=True)
    blank = jnp.take_along_axis(~ink, order, axis=1)
    order = jnp.take_along_axis(order, jnp.argsort(blank, axis=1, stable=True), axis=1)
    rank = jnp.argsort(order, axis=1).reshape(*importance.shape, *[1] * (inputs.ndim - importance.ndim))
    count = jnp.sum(ink, axis=1)

    def measured(x):
        scores = network(x)
        scores = scores.astype(jnp.promote_types(scores.dtype, jnp.float32))
        scores = jax.nn.softmax(scores, axis=1) if measure == "probability" else scores
        return jnp.take_along_axis(scores, target[:, None], axis=1, mode="fill", fill_value=jnp.nan)[:, 0]

    def at(share):
        most = jnp.round(share * count).astype(rank.dtype).reshape(rows, *[1] * (inputs.ndim - 1))
        gone = rank < most
        return measured(jnp.where(gone, baseline, inputs)), measured(jnp.where(gone, inputs, baseline))

    shares = jnp.arange(steps + 1, dtype=jnp.promote_types(inputs.dtype, jnp.float32)) / steps
    deletion, insertion = (each.T for each in jax.lax.map(at, shares))

    def area(curve):
        return jnp.mean((curve[:, 1:] + curve[:, :-1]) / 2, axis=1)

    return RemovalCurves(shares, deletion, insertion, area(deletion), area(insertion))
