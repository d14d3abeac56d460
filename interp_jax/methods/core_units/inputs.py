"""The fewest units that keep the decision about a single input, one lane per input."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int

from interp_jax._checks import Given, Key, MaskShape, Network, as_count, as_key, as_labels
from interp_jax._readable import readable
from interp_jax.methods.core_units._tails import as_hidden, check_scores, gate_tail
from interp_jax.methods.core_units.decisions import is_target, margins
from interp_jax.methods.core_units.gates import ADAM, ALPHAS, Minibatch, as_alphas, descend, make_recipe


@readable()
class InputSelection(NamedTuple):
    """For each input, the units that keep its predicted class.

    Attributes:
        mask: [rows, units] True where a unit is kept.
        gates: the gates of the best α.
        units: [rows] number of units kept.
        gates_units: number that the gates alone keep.
        holds: whether the predicted class is kept.
    """

    mask: Bool[Array, "rows units"]
    gates: Float[Array, "rows units"]
    units: Int[Array, " rows"]
    gates_units: Int[Array, " rows"]
    holds: Bool[Array, " rows"]

    def _finding(self) -> str | None:
        if np.ndim(self.units) != 1 or not len(self.units):
            return None
        units = np.asarray(self.units)
        return (
            f"{units.min()} to {units.max()} of {self.mask.shape[1]} units (median {np.median(units):g}) are "
            f"kept; they hold the predicted class of {int(np.sum(self.holds))} of {len(units)} inputs"
        )


def select_for_inputs(
    tail: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    predictions: Given[Array | np.ndarray, "rows"],
    *,
    key: Key,
    alphas: Sequence[float] | np.ndarray = ALPHAS,
    mask_shape: MaskShape | None = None,
    steps: int = 100,
    batch_size: int = 4,
    optimizer: Given[optax.GradientTransformation, "minimizer"] = ADAM,
    scores: str = "logits",
) -> InputSelection:
    """For each input by itself, the smallest set of units found that keeps its predicted class.

    Gates are trained for each α and rounded; from the smallest set that keeps the class (all units if none does) units
    are dropped one by one, each time the one that leaves the class furthest ahead in standard deviations of the scores.
    The same is done from the set grown from no units in that way; the smaller is returned.

    Traceable. Memory, for each of batch_size inputs: 2 · units forward passes of the tail, and one forward and backward
    pass per alpha. A row with NaN keeps all units and does not hold.

    Args:
        tail: ``hidden -> scores [rows, classes]``.
        hidden: [rows, …, units] activations.
        predictions: [rows] the network's predicted class of each input; one outside the classes never holds.
        key: a JAX random key; row i's lanes follow from its i-th fold.
        alphas: costs of an open gate, at least 0.
        mask_shape: as in `select`; for several layers the masks are concatenated in the mapping's order.
        steps: gradient steps.
        batch_size: inputs at a time; never changes a result.
        optimizer: any optax optimizer.
        scores: the tail's outputs: "logits", or "probabilities", whose logarithm is taken.

    Raises:
        TypeError: a tail that is not callable, or an optimizer not from optax.
        ValueError: predictions or a tail that do not fit hidden, scores that are not what ``scores`` says, no alphas or
            one below 0, counts below one.

    Example:
        >>> hidden = jnp.array([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
        >>> core = select_for_inputs(lambda h: h, hidden, jnp.array([0, 2]), key=jax.random.key(0))
        >>> core.units.tolist(), core.mask[1].tolist()
        ([0, 1], [False, False, True])

    Source: Yan & Feng, ICLR 2018 submission, section 3.3, for one input in place of a class.
    """
    hidden = as_hidden(hidden)
    predictions = as_labels("predictions", predictions, rows=len(hidden))
    alphas, batch_size = as_alphas(alphas), as_count("batch_size", batch_size)
    network = gate_tail(tail, hidden, mask_shape, scores=scores)
    check_scores(network, hidden)
    recipe = make_recipe("straight_through", None, steps, 1, optimizer)
    return _select(network, hidden, predictions, as_key(key), jnp.asarray(alphas), recipe, batch_size)


@partial(jax.jit, static_argnames="batch_size")
def _select(network, hidden, predictions, key, alphas, recipe, batch_size):
    def one(arguments):
        number, row, target = arguments
        prepared = network.prepare(row[None])
        batch = Minibatch(prepared, target, jnp.ones(1))
        keys = _folds(jax.random.fold_in(key, number), len(alphas))
        gates = descend(network, lambda _: batch, alphas, keys, recipe, has_negatives=False).gates

        def ahead(mask):
            scores = network.scores(prepared, mask.astype(jnp.float32))
            # Never infinite, so that there is always a unit to add.
            return is_target(scores, target)[0], jnp.nan_to_num(margins(scores, target)[0])

        def cost(mask):
            return jnp.where(ahead(mask)[0], jnp.sum(mask), network.units + 1)

        rounded = gates >= 0.5
        lane = jnp.argmin(jax.vmap(cost)(rounded))
        start = jnp.where(ahead(rounded[lane])[0], rounded[lane], True)
        masks = jax.vmap(partial(_dropped, ahead))(jnp.stack([start, _added(ahead, jnp.zeros_like(start))]))
        mask = masks[jnp.argmin(jax.vmap(cost)(masks))]
        return InputSelection(mask, gates[lane], jnp.sum(mask), jnp.sum(start), ahead(mask)[0])

    return jax.lax.map(one, (jnp.arange(len(hidden)), hidden, predictions), batch_size=batch_size)


def _folds(key, count):
    return jax.vmap(partial(jax.random.fold_in, key))(jnp.arange(count))


def _added(ahead, mask):
    """The mask after adding, until the class is kept or all are in, the unit that leaves it furthest ahead."""
    units = jnp.arange(len(mask))

    def add(mask):
        _, margins = jax.vmap(ahead)(mask[None] | (units[:, None] == units[None]))
        return mask | (units == jnp.argmax(jnp.where(mask, -jnp.inf, margins)))

    return jax.lax.while_loop(lambda mask: ~ahead(mask)[0] & ~jnp.all(mask), add, mask)


def _dropped(ahead, mask):
    """The mask after dropping, as long as that is possible, the unit that leaves the class furthest ahead."""
    units = jnp.arange(len(mask))

    def drop(state):
        mask, _ = state
        fewer = mask[None] & (units[:, None] != units[None])
        holds, margins = jax.vmap(ahead)(fewer)
        allowed = holds & mask
        best = jnp.argmax(jnp.where(allowed, margins, -jnp.inf))
        return jnp.where(jnp.any(allowed), fewer[best], mask), jnp.any(allowed)

    return jax.lax.while_loop(lambda state: state[1], drop, (mask, jnp.array(True)))[0]
