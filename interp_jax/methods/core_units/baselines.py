"""Units in order of importance by common baselines, and the holding rates of the first units of each order."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Integer
from numpy.typing import ArrayLike

from interp_jax._checks import (
    Given,
    MaskShape,
    Network,
    as_count,
    as_labels,
    as_numpy,
    as_real,
    check_choice,
    check_finite,
    check_number,
    describe,
)
from interp_jax.methods.core_units._evaluate import ROUNDING
from interp_jax.methods.core_units._search import added_one_by_one, dropped_one_by_one
from interp_jax.methods.core_units._tails import as_hidden, check_scores, gate_tail
from interp_jax.methods.core_units.decisions import ClassData, as_target
from interp_jax.methods.core_units.holding import make_evaluator
from interp_jax.methods.core_units.replacements import Ablation, ablated


def activation_magnitude(hidden: Given[Array | np.ndarray, "rows *rest units"]) -> Float[Array, " units"]:
    """Each unit's mean absolute activation over the other axes, [units].

    Traceable. NaN makes its unit NaN.

    Args:
        hidden: [rows, …, units] activations.

    Raises:
        ValueError: no rows, or no units.

    Example:
        >>> activation_magnitude(jnp.array([[1.0, -2.0], [3.0, 0.0]]))
        Array([2., 1.], dtype=float32)
    """
    hidden = as_hidden(hidden)
    return jnp.mean(jnp.abs(hidden), axis=tuple(range(hidden.ndim - 1)))


def outgoing_magnitude(
    kernel: Given[Array | np.ndarray, "*positions inputs outputs"], units: int
) -> Float[Array, " units"]:
    """The Euclidean norm of each unit's outgoing weights, [units].

    Traceable. NaN makes its unit NaN.

    Args:
        kernel: […, inputs, outputs] weights of the next layer; a dense layer's may come after flattening (positions ×
            units inputs, units varying fastest).
        units: number of units.

    Raises:
        ValueError: inputs not a multiple of the units.

    Example:
        >>> outgoing_magnitude(jnp.array([[3.0], [1.0], [4.0], [0.0]]), 2)
        Array([5., 1.], dtype=float32)
    """
    kernel, units = as_real("kernel", kernel), as_count("units", units)
    if kernel.ndim < 2 or not kernel.size or kernel.shape[-2] % units:
        wanted = f"[…, inputs, outputs], inputs {units} or a multiple"
        raise ValueError(f"kernel: found {describe(kernel)}, wanted {wanted}")
    weights = kernel.reshape(-1, units, kernel.shape[-1])
    # In units of a power of two near the greatest weight, squares neither overflow nor vanish.
    _, exponent = jnp.frexp(jnp.max(jnp.abs(weights), axis=(0, 2)))
    scaled = jnp.ldexp(weights, jnp.broadcast_to(-exponent[None, :, None], weights.shape))
    return jnp.ldexp(jnp.sqrt(jnp.sum(scaled**2, axis=(0, 2))), exponent)


def gradient_times_activation(
    tail: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    target: Integer[Array | np.ndarray, ""] | int | np.integer,
    *,
    mask_shape: MaskShape | None = None,
    ablation: Ablation = "zero",
    batch_size: int = 100,
    scores: str = "logits",
) -> Float[Array, " units"]:
    """The size of the first-order change of the target's log-probability when a unit's gate closes, [units].

        mean over rows of |∂ log p_target / ∂ b_i| at b = 1,  which is |Σ_positions (h_i − r_i) ∂ log p_target / ∂ h_i|

    Traceable. Memory: batch_size rows, forward and back. NaN gives NaN.

    Args:
        tail: ``hidden -> scores [rows, classes]``.
        hidden: [rows, …, units], the rows to average over, e.g. those predicted as the target.
        target: the class.
        mask_shape: as in `select`.
        ablation: what stands in for closed units, r, as in `holding_rate`.
        batch_size: rows at a time; never changes a result.
        scores: the tail's outputs: "logits", or "probabilities", whose logarithm is taken.

    Raises:
        TypeError: a tail that is not callable.
        ValueError: no rows, a tail that fails on them, scores that are not what ``scores`` says, a target outside the
            classes, or batch_size below one.

    Example:
        >>> gradient_times_activation(lambda h: h, jnp.array([[2.0, 0.0]]), 0).round(2).tolist()[1]
        0.0

    Source: Molchanov et al. 2017, arXiv:1611.06440, equation 8.
    """
    hidden, batch_size = as_hidden(hidden), as_count("batch_size", batch_size)
    network = gate_tail(tail, hidden, mask_shape, scores=scores)
    if target is None:
        raise ValueError(f"target: found None, wanted a whole number from 0 to {network.classes - 1}")
    target = as_target(target, network.classes)
    check_scores(network, hidden)
    network, _ = ablated(network, hidden, ablation)
    return _sensitivity(network, hidden, target, batch_size)


@partial(jax.jit, static_argnames="batch_size")
def _sensitivity(network, hidden, target, batch_size):
    def one(row):
        prepared = network.prepare(network.pick(hidden, row[None]) if network.draws_rows else row[None])

        def log_probability(gates):
            return jax.nn.log_softmax(network.scores(prepared, gates))[0, target]

        return jnp.abs(jax.grad(log_probability)(jnp.ones(network.units)))

    rows = jnp.arange(len(hidden) * network.draws) if network.draws_rows else hidden
    return jnp.mean(jax.lax.map(one, rows, batch_size=batch_size), axis=0)


def greedy(
    tail: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    predictions: Given[Array | np.ndarray, "rows"],
    target: int | np.integer | None,
    *,
    data: ClassData | None = None,
    direction: str,
    mask_shape: MaskShape | None = None,
    ablation: Ablation = "zero",
    scores: str = "logits",
) -> Int[np.ndarray, " units"]:
    """Unit numbers in greedy selection's order, most important first: [units].

    Forward starts from no units and adds the one that leaves the fewest wrong decisions; backward starts from all and
    drops it. Ties are broken by the margins, as in `select`'s search, then by unit number.

    Host-level; units²/2 evaluations of the rows, whose prepared layer is kept in memory: pass a sample of the class's
    rows if there are many.

    Args:
        tail: as in `select`.
        hidden: [rows, …, units] activations.
        predictions: [rows] the whole network's predicted class of each row.
        target: the class.
        data: the rows to evaluate on, from `class_data`; all rows by default.
        direction: "forward" or "backward".
        mask_shape: as in `select`.
        ablation: what stands in for closed units, as in `holding_rate`.
        scores: the tail's outputs: "logits", or "probabilities", whose logarithm is taken.

    Raises:
        TypeError: a tail that is not callable.
        ValueError: an unknown direction, no rows to evaluate on or rows of another class, or arrays that `select`
            refuses.

    Example:
        >>> hidden = jnp.array([[2.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
        >>> data = ClassData(np.array([0]), np.array([1]))
        >>> greedy(lambda h: h, hidden, np.array([0, 1]), 0, data=data, direction="forward").tolist()
        [0, 1, 2]
    """
    check_choice("direction", direction, ("forward", "backward"))
    options = {"scores": scores, "ablation": ablation, "cached": True}
    evaluator = make_evaluator(tail, hidden, predictions, target, data, mask_shape, **options)
    return added_one_by_one(evaluator) if direction == "forward" else dropped_one_by_one(evaluator)[::-1]


def nested_holding(
    tail: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    predictions: Given[Array | np.ndarray, "rows"],
    target: int | np.integer | None,
    order: Given[Array | np.ndarray, "units"],
    *,
    data: ClassData | None = None,
    mask_shape: MaskShape | None = None,
    ablation: Ablation = "zero",
    scores: str = "logits",
) -> Float[np.ndarray, " sizes"]:
    """The holding rates with the first 0, 1, 2, …, all units of an order kept, float64 [units + 1].

    Host-level; units + 1 evaluations of the rows, four masks at a time; a `LinearTail` lifts each row once.

    Args:
        tail: as in `select`.
        hidden: [rows, …, units] activations.
        predictions: [rows] the whole network's predicted class of each row.
        target: the class.
        order: [units] each unit's number once.
        data: the rows to evaluate on, from `class_data`; all rows by default.
        mask_shape: as in `select`.
        ablation: what stands in for closed units, as in `holding_rate`.
        scores: the tail's outputs: "logits", or "probabilities", whose logarithm is taken.

    Raises:
        TypeError: a tail that is not callable.
        ValueError: an order that is not a permutation, no rows to evaluate on, or arrays that `select` refuses.

    Example:
        >>> hidden = jnp.array([[2.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
        >>> nested_holding(lambda h: h, hidden, np.array([0, 1]), 0, np.arange(3)).tolist()
        [0.5, 0.5, 1.0, 1.0]

    Source: Yan & Feng, ICLR 2018 submission, section 5.1, figure 6.
    """
    options = {"scores": scores, "ablation": ablation}
    evaluator = make_evaluator(tail, hidden, predictions, target, data, mask_shape, **options)
    units = evaluator.network.units
    order = np.asarray(as_labels("order", as_numpy("order", order), rows=units, classes=units))
    if not np.array_equal(np.sort(order), np.arange(units)):
        raise ValueError(f"order: found {describe(order.tolist())}, wanted every number from 0 to {units - 1} once")
    return evaluator(np.argsort(order)[None] < np.arange(units + 1)[:, None]).rates


def fewest(rates: Given[ArrayLike, "sizes"], holding: float) -> int:
    """The smallest size whose rate is at least ``holding``; −1 if none is.

    Host-level.

    Args:
        rates: [sizes] of 0, 1, 2, … units, from `nested_holding`.
        holding: the required rate.

    Raises:
        ValueError: no rates, NaN among them, or a holding rate outside [0, 1].

    Example:
        >>> fewest(np.array([0.5, 0.9, 1.0]), 0.9)
        1
    """
    rates = as_numpy("rates", rates, shape=["sizes"])
    rates = rates.astype(np.promote_types(rates.dtype, np.float32))
    check_finite("rates", rates)
    check_number("holding", holding, least=0, most=1)
    enough = np.flatnonzero(rates >= float(holding) - ROUNDING)
    return int(enough[0]) if len(enough) else -1
