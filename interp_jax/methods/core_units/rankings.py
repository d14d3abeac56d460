"""Units in order of importance by what others measure it by, and how well the first of each order hold a class."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Integer, Shaped

from interp_jax.methods.core_units.checks import check_counts, check_data, check_predictions, check_target
from interp_jax.methods.core_units.class_rows import ClassData
from interp_jax.methods.core_units.gated import accept, gated
from interp_jax.methods.core_units.judging import Judge
from interp_jax.methods.core_units.search import ROUNDING, added_one_by_one, dropped_one_by_one


def activation_magnitude(hidden: Shaped[Array | np.ndarray, "..."]) -> Float[Array, " units"]:
    """Every unit's mean absolute activation over rows and places. Traceable.

    Args:
        hidden: [rows, …, units].

    Raises:
        ValueError: no rows, or no units.

    Example:
        >>> activation_magnitude(jnp.array([[1.0, -2.0], [3.0, 0.0]]))
        Array([2., 1.], dtype=float32)
    """
    hidden = jnp.asarray(hidden)
    if hidden.ndim < 2 or not hidden.shape[0]:
        raise ValueError(f"hidden: found shape {hidden.shape}, wanted [rows, …, units] with at least one row")
    return jnp.mean(jnp.abs(hidden), axis=tuple(range(hidden.ndim - 1)))


def outgoing_magnitude(kernel: Shaped[Array | np.ndarray, "..."], units: int) -> Float[Array, " units"]:
    """The Euclidean norm of every unit's outgoing weights. Traceable.

    Args:
        kernel: weights of the layer that follows, inputs and outputs last; a dense layer's may come after flattening
            (places × units inputs, units changing fastest).
        units: how many units there are.

    Raises:
        ValueError: inputs that are no multiple of the units.

    Example:
        >>> outgoing_magnitude(jnp.array([[3.0], [1.0], [4.0], [0.0]]), 2)
        Array([5., 1.], dtype=float32)
    """
    kernel = jnp.asarray(kernel)
    check_counts(units=units)
    if kernel.ndim < 2 or kernel.shape[-2] % units:
        raise ValueError(
            f"kernel: found shape {kernel.shape}, wanted […, inputs, outputs], inputs {units} or a multiple"
        )
    return jnp.sqrt(jnp.sum(kernel.reshape(-1, units, kernel.shape[-1]) ** 2, axis=(0, 2)))


def gradient_times_activation(
    tail,
    hidden: Shaped[Array | np.ndarray, "..."],
    target: Integer[Array | np.ndarray, ""] | int | np.integer,
    *,
    mask_shape=None,
    batch_size: int = 100,
) -> Float[Array, " units"]:
    """How much closing a unit's gate would change the target's log-probability, to first order.

        mean over rows of |∂ log p_target / ∂ b_i| at b = 1,  which is |Σ_places h_i ∂ log p_target / ∂ h_i|

    Traceable. Memory: batch_size rows, forward and back.

    Args:
        tail: ``hidden -> logits``.
        hidden: [rows, …, units], the rows to average over, those predicted as the target say.
        target: the class.
        mask_shape: as in `select`.
        batch_size: rows at a time.

    Raises:
        ValueError: no rows, a tail that does not take them, a target that is none of the classes, a batch_size below
            one.

    Example:
        >>> gradient_times_activation(lambda h: h, jnp.array([[2.0, 0.0]]), 0).round(2).tolist()[1]
        0.0

    Source: Molchanov et al. 2017, arXiv:1611.06440, equation 8.
    """
    hidden = jnp.asarray(hidden)
    check_predictions(hidden, jnp.zeros(hidden.shape[:1], int))
    check_counts(batch_size=batch_size)
    network = gated(tail, hidden, mask_shape)
    check_target(target, network.classes)
    return _sensitivity(network, hidden, target, batch_size)


@partial(jax.jit, static_argnames="batch_size")
def _sensitivity(network, hidden, target, batch_size):
    def one(row):
        prepared = network.prepare(row[None])

        def log_probability(gates):
            return jax.nn.log_softmax(network.scores(prepared, gates))[0, target]

        return jnp.abs(jax.grad(log_probability)(jnp.ones(network.units)))

    return jnp.mean(jax.lax.map(one, hidden, batch_size=batch_size), axis=0)


def greedy(
    tail,
    hidden: Shaped[Array | np.ndarray, "..."],
    predictions: Shaped[Array | np.ndarray, "..."],
    data: ClassData,
    target: int | np.integer | None,
    *,
    direction: str,
    mask_shape=None,
) -> Int[np.ndarray, " units"]:
    """Units, the most important first, as greedy selection orders them.

    Forward adds the unit that leaves the fewest wrong decisions, from no units on; backward drops it, from all on.
    Equal numbers are told apart by the margins, as in the search that `select` does, and then by their order.

    Host-level; units²/2 judgments of the rows, whose prepared layer is kept in memory: pass a sample of the class's
    rows where there are many.

    Args:
        tail: as in `select`.
        hidden: [rows, …, units].
        predictions: [rows] the class that the whole network gives each row.
        data: the rows to judge on, from `class_data`.
        target: the class.
        direction: "forward" or "backward".
        mask_shape: as in `select`.

    Raises:
        ValueError: another direction, no rows to judge on, or arrays that `select` would refuse.

    Example:
        >>> hidden = jnp.array([[2.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
        >>> data = ClassData(np.array([0]), np.array([1]))
        >>> greedy(lambda h: h, hidden, np.array([0, 1]), data, 0, direction="forward").tolist()
        [0, 1, 2]
    """
    if direction not in ("forward", "backward"):
        raise ValueError(f"direction: found {direction!r}, wanted 'forward' or 'backward'")
    judge = _judge(tail, hidden, predictions, data, target, mask_shape, keep=True)
    return added_one_by_one(judge) if direction == "forward" else dropped_one_by_one(judge)[::-1]


def nested_holding(
    tail,
    hidden: Shaped[Array | np.ndarray, "..."],
    predictions: Shaped[Array | np.ndarray, "..."],
    data: ClassData,
    target: int | np.integer | None,
    order: Shaped[Array | np.ndarray, "..."],
    *,
    mask_shape=None,
) -> Float[np.ndarray, " sizes"]:
    """The holding rate with the first 0, 1, 2, … all units of an order kept.

    Host-level; units + 1 judgments of the rows.

    Args:
        tail: as in `select`.
        hidden: [rows, …, units].
        predictions: [rows] the class that the whole network gives each row.
        data: the rows to judge on, from `class_data`.
        target: the class.
        order: [units] the number of every unit once.
        mask_shape: as in `select`.

    Returns:
        [units + 1] rates by argmax.

    Raises:
        ValueError: an order that is no permutation, no rows to judge on, or arrays that `select` would refuse.

    Example:
        >>> hidden = jnp.array([[2.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
        >>> data = ClassData(np.array([0]), np.array([1]))
        >>> nested_holding(lambda h: h, hidden, np.array([0, 1]), data, 0, np.array([0, 1, 2])).tolist()
        [0.5, 0.5, 1.0, 1.0]

    Source: Yan & Feng, ICLR 2018 submission, section 5.1, figure 6.
    """
    judge = _judge(tail, hidden, predictions, data, target, mask_shape)
    order, units = np.asarray(order), judge.network.units
    if order.shape != (units,) or not np.array_equal(np.sort(order), np.arange(units)):
        raise ValueError(f"order: found {order}, wanted every number from 0 to {units - 1} once")
    return judge(np.argsort(order)[None] < np.arange(units + 1)[:, None]).rates


def fewest(rates: Float[np.ndarray, " sizes"], holding: float) -> int:
    """The smallest size whose rate is at least ``holding``; −1 where none is. Host-level.

    Example:
        >>> fewest(np.array([0.5, 0.9, 1.0]), 0.9)
        1
    """
    enough = np.flatnonzero(np.asarray(rates) >= holding - ROUNDING)
    return int(enough[0]) if len(enough) else -1


def _judge(tail, hidden, predictions, data, target, mask_shape, keep=False):
    network, hidden, predictions = accept(tail, hidden, predictions, mask_shape)
    check_target(target, network.classes)
    check_data(data, len(hidden))
    target = None if target is None else int(target)
    return Judge(network, hidden, predictions, data, target, keep=keep)
