"""The smallest set of units found that keeps a class's decisions."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from interp_jax.methods.core_units.checks import check_rows
from interp_jax.methods.core_units.class_rows import ClassData, class_data
from interp_jax.methods.core_units.gated import gated
from interp_jax.methods.core_units.judging import Judge
from interp_jax.methods.core_units.search import Search
from interp_jax.methods.core_units.sweeping import ALPHAS, train_classes
from interp_jax.methods.core_units.training import ADAM, Kind


class Selection(NamedTuple):
    """The units kept, and what led there.

    ``mask`` (bool) and ``gates`` (the openings of the lane that it was found from) have the form of the mask shape.
    ``units`` are kept and hold ``holding_rate`` of the class's decisions, by argmax on ``rows``; ``reached`` says
    whether that is the rate asked for. ``gates_mask``, ``gates_units`` and ``gates_holding_rate`` are the gates' own:
    the smallest rounded lane that reaches the rate, or else the one that holds most.
    """

    mask: Any
    gates: Any
    units: int
    holding_rate: float
    reached: bool
    gates_mask: Any
    gates_units: int
    gates_holding_rate: float
    weight: float
    objective: Float[np.ndarray, "steps lanes"]
    rows: ClassData


def select(
    tail,
    hidden: Shaped[Array | np.ndarray, "rows *features"],
    predictions: Int[Array | np.ndarray, " rows"],
    target: int | None,
    *,
    key,
    holding: float = 0.995,
    alphas: Sequence[float] = ALPHAS,
    mask_shape=None,
    negatives: bool = True,
    kind: Kind = "straight_through",
    polish: bool = True,
    penalty: float | None = None,
    steps: int = 400,
    batch_size: int = 128,
    optimizer=ADAM,
    swaps: int = 20,
    search_rows: int = 1024,
) -> Selection:
    """The smallest set of units found that holds a given share of a class's decisions.

    Gates are trained for every α (`sweep`, one repeat) and rounded. The two sets that look best are then polished:
    units are dropped one by one while the rate allows it, and exchanged one by one where that lets another one go.

    Host-level. Memory: hidden on the device; the prepared layer of search_rows rows (lifted if the tail can). Cost: the
    gates' training, and about units² judgements of search_rows rows.

    Args:
        tail: ``hidden -> scores [rows, classes]``, or ``(hidden, masks) -> scores`` for a mapping as mask_shape.
        hidden: [rows, …, units] activations of the layer whose units are gated.
        predictions: the class that the whole network gives each row.
        target: the class of interest; None asks every row about the class predicted for it: one mask for all classes.
        key: a JAX random key.
        holding: the share of decisions that has to hold, in [0, 1].
        alphas: costs of an open gate, a lane each.
        mask_shape: the gates' own shape: by default a gate for each unit of the last axis; ``hidden.shape[1:]`` gates
            every element; a mapping of shapes gates several layers of a tail that takes a mapping of masks.
        negatives: False judges on the rows predicted as target alone, as the paper does for pixels.
        kind: how the gates are trained, as in `sweep`; "relaxed" is the paper's letter, and is not polished.
        polish: False gives the gates' own result.
        penalty: λ, as in `sweep`.
        steps: gradient steps.
        batch_size: rows a step.
        optimizer: any optax optimiser.
        swaps: exchanges tried before a smaller set is given up.
        search_rows: rows nearest to failing that sets are compared on; the result is judged on all of the class's.

    Raises:
        ValueError: as `sweep`, and a holding rate outside [0, 1].

    Example:
        >>> hidden = jax.random.normal(jax.random.key(0), (200, 6))
        >>> predictions = jnp.argmax(hidden[:, :2], 1)
        >>> found = select(lambda h: h[:, :2], hidden, predictions, 1, key=jax.random.key(1))
        >>> found.mask.tolist(), found.units, found.holding_rate
        ([True, True, False, False, False, False], 2, 1.0)

    Source: Yan & Feng, ICLR 2018 submission, sections 3.1 and 3.3; the polishing is not in the paper.
    """
    hidden, predictions = check_rows(hidden, predictions)
    network = gated(tail, hidden, mask_shape)
    if not 0 <= holding <= 1:
        raise ValueError(f"holding: found {holding}, wanted a share in [0, 1]")
    keys = jax.random.split(key, 3)
    data = class_data(predictions, target, key=keys[0], negatives=negatives)
    trained = train_classes(
        network, hidden, predictions, [data], [target], alphas, 1, [keys], penalty, steps, batch_size, optimizer, kind
    )
    gates, weight, objective, _ = (np.asarray(part)[0] for part in trained)
    judge = Judge(network, hidden, predictions, data, target)
    rounded = gates >= 0.5
    rates = judge.rates(judge(rounded))
    order = best_first(rounded, rates, holding)
    own = order[0]
    masks, used = rounded[own], own
    if polish and kind != "relaxed":
        search = Search(judge, search_rows, holding)
        starts = _distinct(rounded, order)[:2]
        polished = [search.smaller(rounded[lane], swaps=swaps) for lane in starts]
        best = int(np.argmin([mask.sum() for mask in polished]))
        masks, used = polished[best], starts[best]
    rate = float(judge.rates(judge(masks[None]))[0])
    unpack = _numpy(network)
    return Selection(
        unpack(masks),
        unpack(gates[used]),
        int(masks.sum()),
        rate,
        rate >= holding - 1e-9,
        unpack(rounded[own]),
        int(rounded[own].sum()),
        float(rates[own]),
        float(weight[used]),
        objective,
        data,
    )


def best_first(masks, rates, holding) -> np.ndarray:
    """Lanes that hold enough, the smallest first, then the others, those that hold most first."""
    enough = rates >= holding - 1e-9
    return np.lexsort((-rates, np.where(enough, masks.sum(axis=1), 0), ~enough))


def _distinct(masks, order):
    seen = {}
    for lane in order:
        seen.setdefault(masks[lane].tobytes(), lane)
    return list(seen.values())


def _numpy(network):
    return lambda gates: jax.tree.map(np.asarray, network.unpack(jnp.asarray(gates)))
