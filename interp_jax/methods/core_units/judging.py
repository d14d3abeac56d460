"""Many masks judged on one class's rows: which decisions hold, and by how much."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax.methods.core_units.class_rows import ClassData, class_number, wanted_class
from interp_jax.methods.core_units.decisions import is_target, own_score

# Rows come in whole numbers of these, so that classes of about one size share a compilation.
ROWS_AT_ONCE = 128
_BATCHES = 8


class Judgement(NamedTuple):
    """[masks, rows]: whether the decision holds, and its margin in standard deviations of the row's scores."""

    held: np.ndarray
    margins: np.ndarray


class Judge:
    """Judges masks on rows of one class; what does not depend on the masks is kept where ``keep`` says so."""

    def __init__(self, network, hidden, predictions, data: ClassData, target: int | None, *, keep: bool = False):
        self.data, self._network, self._source = data, network, (network, hidden, predictions)
        self._target = target
        rows, count = data.rows, len(data.rows)
        size = ROWS_AT_ONCE * (_BATCHES if count > ROWS_AT_ONCE * _BATCHES else 1)
        padded = np.concatenate([rows, np.repeat(rows[:1], -count % size)]).reshape(-1, ROWS_AT_ONCE)
        is_positive = np.arange(padded.size).reshape(padded.shape) < len(data.positives)
        self._hidden, self._rows, self._positive = hidden, jnp.asarray(padded), jnp.asarray(is_positive)
        self._wanted = wanted_class(class_number(target), jnp.asarray(predictions)[self._rows])
        # A wrong decision about a positive row weighs as much as the whole of its group allows.
        sizes = np.repeat([len(data.positives), len(data.negatives)], [len(data.positives), len(data.negatives)])
        self.weights = 1 / (sizes * (2.0 if len(data.negatives) else 1.0))
        self._kept = _prepare(network, hidden, self._rows) if keep else None

    def part(self, places: np.ndarray) -> "Judge":
        """A judge of some of the rows, whose prepared layer is kept; weights are those among all rows."""
        positives = len(self.data.positives)
        groups = places[places < positives], places[places >= positives]
        found = Judge(*self._source, ClassData(*(self.data.rows[group] for group in groups)), self._target, keep=True)
        found.weights = self.weights[np.concatenate(groups)]
        return found

    @property
    def units(self) -> int:
        """How many gates a mask has."""
        return self._network.units

    def __call__(self, masks: np.ndarray) -> Judgement:
        """Judges bool masks [masks, units]."""
        found = [self._block(masks[start : start + _BLOCK]) for start in range(0, len(masks), _BLOCK)]
        return Judgement(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def rates(self, judgement: Judgement) -> np.ndarray:
        """The holding rate of every mask."""
        return 1 - (~judgement.held).astype(float) @ self.weights

    def _block(self, masks):
        size = 1 if len(masks) == 1 else _BLOCK
        gates = jnp.asarray(np.pad(masks, ((0, size - len(masks)), (0, 0))), jnp.float32)
        if self._kept is None:
            found = _judge(self._network, self._hidden, self._rows, self._positive, self._wanted, gates)
        else:
            found = _judge_kept(self._network, self._kept, self._positive, self._wanted, gates)
        count = len(self.data.rows)
        return tuple(np.asarray(part).swapaxes(0, 1).reshape(size, -1)[: len(masks), :count] for part in found)


# Masks judged together: enough to read what they share once, few enough that little of a last block is for nothing.
_BLOCK = 16


@jax.jit
def _prepare(network, hidden, rows):
    return jax.lax.map(lambda batch: network.prepare(hidden[batch]), rows)


@jax.jit
def _judge(network, hidden, rows, positive, wanted, gates):
    def batch(arguments):
        rows, positive, wanted = arguments
        if len(gates) == 1:
            return _decide(partial(network.direct, hidden[rows]), positive, wanted, gates)
        return _decide(partial(network.scores, network.prepare(hidden[rows])), positive, wanted, gates)

    return jax.lax.map(batch, (rows, positive, wanted))


@jax.jit
def _judge_kept(network, kept, positive, wanted, gates):
    def batch(arguments):
        prepared, positive, wanted = arguments
        return _decide(partial(network.scores, prepared), positive, wanted, gates)

    return jax.lax.map(batch, (kept, positive, wanted))


def _decide(scores_of, positive, wanted, gates):
    def one(gates):
        scores = scores_of(gates)
        is_own = jnp.arange(scores.shape[1])[None] == wanted[:, None]
        ahead = own_score(scores, wanted) - jnp.max(jnp.where(is_own, -jnp.inf, scores), axis=1)
        deviation = jnp.std(scores, axis=1)
        margins = jnp.where(deviation > 0, ahead / jnp.where(deviation > 0, deviation, 1), 0)
        return is_target(scores, wanted) == positive, jnp.where(positive, margins, -margins)

    return jax.vmap(one)(gates)
