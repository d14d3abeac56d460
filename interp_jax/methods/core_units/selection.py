"""The smallest set of units found that keeps a class's decisions."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, Shaped

from interp_jax.methods.core_units.checks import check_alphas, check_counts
from interp_jax.methods.core_units.class_rows import ClassData
from interp_jax.methods.core_units.decisions import tolerated
from interp_jax.methods.core_units.gated import accept
from interp_jax.methods.core_units.judging import Judge
from interp_jax.methods.core_units.questions import answer, ask
from interp_jax.methods.core_units.search import ROUNDING, smallest_set
from interp_jax.methods.core_units.sweeping import ALPHAS
from interp_jax.methods.core_units.training import ADAM, make_recipe


class Selection(NamedTuple):
    """The units kept, and what led there.

    ``mask`` (bool) and ``gates`` (openings, those that ``gates_mask`` is rounded from) have the form of the mask shape.
    ``units`` are kept and hold ``holding_rate`` of the class's decisions, by the classifier asked for, which has
    ``weight`` if it is the center-based one, on ``rows``; ``reached`` says
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
    hidden: Shaped[Array | np.ndarray, "..."],
    predictions: Shaped[Array | np.ndarray, "..."],
    target: int | np.integer | None,
    *,
    key,
    holding: float = 0.995,
    classifier: str = "argmax",
    alphas: Sequence[float] = ALPHAS,
    mask_shape=None,
    negatives: bool = True,
    kind: str = "hard_concrete",
    polish: bool = True,
    penalty: float | None = None,
    steps: int = 400,
    batch_size: int = 128,
    optimizer=ADAM,
    swaps: int = 20,
    search_rows: int = 1024,
    starts: int = 6,
) -> Selection:
    """The smallest set of units found that holds a given share of a class's decisions.

    Gates are trained for every α (`sweep`, one repeat) and rounded. The sets that look best are then polished: units
    are added until the rate is reached and dropped one by one while it allows that; the best set is joined with each
    other and dropped from again; last, units are exchanged one by one where that lets another one go.

    Host-level. Memory: hidden on the device; the prepared layer of search_rows rows (lifted if the tail can), and of
    all rows where that is at most 1 GiB. Cost: the gates' training, and for every start about units² judgments of
    search_rows rows and ten of all rows.

    Args:
        tail: ``hidden -> scores [rows, classes]``, or ``(hidden, masks) -> scores`` for a mapping as mask_shape.
        hidden: [rows, …, units] activations of the layer whose units are gated.
        predictions: the class that the whole network gives each row.
        target: the class of interest; None asks every row about the class predicted for it: one mask for all classes.
        key: a JAX random key.
        holding: the share of decisions that has to hold, in [0, 1].
        classifier: who decides: "argmax", or "center" for the paper's center-based classifier with the weight that was
            trained with the gates, which lets the target be a little behind.
        alphas: costs of an open gate, a lane each.
        mask_shape: the gates' own shape: by default a gate for each unit of the last axis; ``hidden.shape[1:]`` gates
            every element; a mapping of shapes gates several layers of a tail that takes a mapping of masks.
        negatives: False judges on the rows predicted as target alone, as the paper does for pixels.
        kind: how the gates are trained, as in `sweep`; "relaxed" is the paper's letter, and is not polished.
        polish: False gives the gates' own result.
        penalty: λ, as in `sweep`.
        steps: gradient steps.
        batch_size: rows a step.
        optimizer: any optax optimizer.
        swaps: exchanges tried before a smaller set is given up.
        search_rows: rows nearest to failing that sets are compared on; the result is judged on all of the class's.
        starts: how many sets are polished and joined: the gates', those first that hold enough and are smallest, and
            last, unless there is but one, a set grown from no units, as greedy selection does. Where units have copies,
            gates may keep all of them, since none can go alone.

    Raises:
        ValueError: as `sweep`, and a holding rate outside [0, 1].

    Example:
        >>> import jax.numpy as jnp
        >>> hidden = jax.random.normal(jax.random.key(0), (200, 6))
        >>> predictions = jnp.argmax(hidden[:, :2], 1)
        >>> found = select(lambda h: h[:, :2], hidden, predictions, 1, key=jax.random.key(1))
        >>> found.mask.tolist(), found.units, found.holding_rate
        ([True, True, False, False, False, False], 2, 1.0)

    Source: Yan & Feng, ICLR 2018 submission, sections 3.1 and 3.3; the polishing is not in the paper.
    """
    network, hidden, predictions = accept(tail, hidden, predictions, mask_shape)
    if not 0 <= holding <= 1:
        raise ValueError(f"holding: found {holding}, wanted a share in [0, 1]")
    tolerated(classifier, np.ones(1))
    check_alphas(alphas)
    check_counts(search_rows=search_rows, starts=starts)
    if swaps < 0:
        raise ValueError(f"swaps: found {swaps}, wanted at least 0")
    recipe = make_recipe(kind, penalty, steps, batch_size, optimizer)
    questions = ask(network, predictions, [target], key=key, negatives=negatives)
    found = answer(network, hidden, predictions, questions, alphas, 1, recipe, rates=False)
    data, gates = questions[0].data, found.gates[0]
    rounded, tolerances = gates >= 0.5, np.asarray(tolerated(classifier, found.weight[0])).tolist()
    # One judge for lanes that are judged alike: it remembers what it has seen. Most units of a mask are closed, so that
    # a mask at a time costs less here than all in the program that trains them.
    judges = {
        tolerance: Judge(network, hidden, predictions, data, questions[0].target, tolerance=tolerance)
        for tolerance in tolerances
    }
    rates = np.array([judges[tolerance].rate(mask) for tolerance, mask in zip(tolerances, rounded, strict=True)])
    order = best_first(rounded, rates, holding)
    own = order[0]
    judge = judges[tolerances[own]]
    mask = rounded[own]
    if polish and kind != "relaxed":
        sets = _distinct(rounded[order])[: max(1, starts - 1)]
        sets += [np.zeros_like(mask)] if starts > 1 else []
        mask = smallest_set(judge, sets, holding, rows=search_rows, swaps=swaps)
    rate = judge.rate(mask)

    def unpack(vector):
        return jax.tree.map(np.asarray, network.unpack(vector))

    return Selection(
        unpack(mask),
        unpack(gates[own]),
        int(mask.sum()),
        rate,
        rate >= holding - ROUNDING,
        unpack(rounded[own]),
        int(rounded[own].sum()),
        judge.rate(rounded[own]),
        float(found.weight[0, own]),
        found.objective[0],
        data,
    )


def best_first(masks, rates, holding) -> np.ndarray:
    """Lanes that hold enough, the smallest first, then the others, those that hold most first."""
    enough = rates >= holding - ROUNDING
    return np.lexsort((-rates, np.where(enough, masks.sum(axis=1), 0), ~enough))


def _distinct(masks):
    return list({mask.tobytes(): mask for mask in masks}.values())
