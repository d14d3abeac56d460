"""Many masks judged on one class's rows: how many decisions hold, and how near the others are to it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax.methods.core_units.class_rows import ClassData, class_number, wanted_class
from interp_jax.methods.core_units.decisions import is_target, margins
from interp_jax.methods.core_units.gated import GatedTail

# Rows are judged a batch at a time and masks a block at a time: any number of either shares a compilation.
ROWS_AT_ONCE = 128
_MASKS_AT_ONCE = 16
_STEEPNESS, _NEARNESS = 10.0, 1e-2


class Judgement(NamedTuple):
    """The holding rate of every mask, and a cost that also tells apart masks of one rate: [masks] each.

        cost = 1 − rate + 0.01 Σ_n w_n log(1 + exp(−10 m_n))

    m is the margin by which a decision is right, in standard deviations of the row's scores; w_n what a wrong one
    costs.
    """

    rates: np.ndarray
    costs: np.ndarray


class Judge:
    """Judges masks [masks, units] on rows of one class, the prepared layer of which is kept where ``keep`` says so."""

    def __init__(
        self,
        network: GatedTail,
        hidden,
        predictions,
        data: ClassData,
        target: int | np.integer | None,
        *,
        keep: bool = False,
    ):
        self.network, self.hidden, self.data, self.target = network, hidden, data, target
        self.predictions = jnp.asarray(predictions)
        counts = np.array([len(side) for side in data])
        # Both groups weigh the same, however many rows they have.
        self.shares = 1 / (np.maximum(counts, 1) * max(np.sum(counts > 0), 1))
        rows = data.rows
        padded = -(-len(rows) // ROWS_AT_ONCE) * ROWS_AT_ONCE
        groups = np.pad(np.repeat(np.eye(2, dtype=np.float32), counts, axis=0), ((0, padded - len(rows)), (0, 0)))
        rows = np.pad(rows, (0, padded - len(rows)))
        starts = range(0, padded, ROWS_AT_ONCE)
        self._batches = [
            _Batch(*(values[start : start + ROWS_AT_ONCE] for values in (rows, groups)), class_number(target))
            for start in starts
        ]
        self._kept = [self._prepared(batch) for batch in self._batches] if keep else None
        self._seen = {}

    def __call__(self, masks: np.ndarray) -> Judgement:
        """Judges many masks at once."""
        blocks = [masks[start : start + _MASKS_AT_ONCE] for start in range(0, len(masks), _MASKS_AT_ONCE)]
        gates = [np.pad(block, ((0, _MASKS_AT_ONCE - len(block)), (0, 0))).astype(np.float32) for block in blocks]
        total = np.zeros((2, len(blocks) * _MASKS_AT_ONCE, 2))
        for number, batch in enumerate(self._batches):
            prepared = self._kept[number] if self._kept else self._prepared(batch)
            found = [_judge(self.network, prepared, self.predictions, batch, block) for block in gates]
            # Fetched before the next batch is prepared: one batch at a time is in memory.
            total += np.concatenate(jax.device_get(found), axis=1)
        wrong, nearness = total[:, : len(masks)] @ self.shares
        return Judgement(1 - wrong, wrong + _NEARNESS * nearness)

    def row_by_row(self, mask: np.ndarray):
        """Whether each row's decision holds with one mask, and the margin by which; remembered."""
        found = self._seen.get(mask.tobytes())
        if found is None:
            count, gates = len(self.data.rows), mask.astype(np.float32)
            parts = [_row_by_row(self.network, self.hidden, self.predictions, batch, gates) for batch in self._batches]
            found = tuple(np.concatenate(part)[:count] for part in zip(*jax.device_get(parts), strict=True))
            self._seen[mask.tobytes()] = found
        return found

    def rate(self, mask: np.ndarray) -> float:
        """The holding rate of one mask."""
        return float(1 - self.loss(~self.row_by_row(mask)[0]))

    def loss(self, wrong: np.ndarray) -> float:
        """What wrong decisions [rows] take from the holding rate."""
        positives = len(self.data.positives)
        return np.array([wrong[:positives].sum(), wrong[positives:].sum()]) @ self.shares

    def narrowed(self, chosen: np.ndarray) -> "Judge":
        """A judge of some of the rows, given by ascending place; their decisions weigh as before."""
        rows, positives = self.data.rows[chosen], np.sum(chosen < len(self.data.positives))
        data = ClassData(rows[:positives], rows[positives:])
        found = Judge(self.network, self.hidden, self.predictions, data, self.target, keep=True)
        found.shares = self.shares
        return found

    def _prepared(self, batch):
        return _prepare(self.network, self.hidden, batch.rows)


class _Batch(NamedTuple):
    """Row numbers, of which group each is (0, 0 for padding), and the target's number."""

    rows: np.ndarray
    groups: np.ndarray
    target: int


@jax.jit
def _prepare(network, hidden, rows):
    return network.prepare(hidden[rows])


@jax.jit
def _judge(network, prepared, predictions, batch, gates):
    def one(gates):
        as_before, margin = _decided(network.scores(prepared, gates), predictions, batch)
        measures = jnp.stack([(~as_before).astype(jnp.float32), jax.nn.softplus(-_STEEPNESS * margin)])
        return jnp.sum(jnp.where(batch.groups[None] > 0, measures[:, :, None], 0), axis=1)

    return jnp.moveaxis(jax.vmap(one)(gates), 1, 0)


@jax.jit
def _row_by_row(network, hidden, predictions, batch, gates):
    return _decided(network.direct(hidden[batch.rows], gates), predictions, batch)


def _decided(scores, predictions, batch):
    wanted = wanted_class(batch.target, predictions[batch.rows])
    positive = batch.groups[:, 1] == 0
    margin = margins(scores, wanted)
    # Scores that overflow have no margin.
    margin = jnp.where(jnp.isnan(margin), 0, jnp.where(positive, margin, -margin))
    return is_target(scores, wanted) == positive, margin
