"""Many masks judged on one class's rows: how many decisions hold, and how near the others are to it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax.methods.core_units.class_rows import ClassData, class_number, wanted_class
from interp_jax.methods.core_units.decisions import margins, named
from interp_jax.methods.core_units.gated import GatedTail

# Rows are judged a batch at a time, masks a block at a time, and by their open units, some more or less, where that
# costs less: any number of rows or masks, and about equally many units, share a compilation.
ROWS_AT_ONCE = 128
_MASKS_AT_ONCE, _UNITS_AT_ONCE, _MOST_MOVED = 4, 8, 2
_STEEPNESS, _NEARNESS = 10.0, 1e-2


class Judgment(NamedTuple):
    """The holding rate of every mask, and a cost that also tells apart masks of one rate: [masks] each.

        cost = 1 − rate + 0.01 Σ_n w_n log(1 + exp(−10 m_n))

    m is the margin by which a decision is right, in standard deviations of the row's scores; w_n what a wrong one
    costs.
    """

    rates: np.ndarray
    costs: np.ndarray


class Judge:
    """Judges masks [masks, units] on rows of one class, the prepared layer of which is kept where ``keep`` says so.

    A target that is behind the greatest score by no more than ``tolerance`` standard deviations counts as named.
    """

    def __init__(
        self,
        network: GatedTail,
        hidden,
        predictions,
        data: ClassData,
        target: int | np.integer | None,
        *,
        tolerance: float | np.floating = 0.0,
        keep: bool = False,
    ):
        self.network, self.hidden, self.data, self.target = network, hidden, data, target
        self.tolerance = np.float32(tolerance)
        self.predictions = jnp.asarray(predictions)
        counts = np.array([len(side) for side in data])
        # Both groups weigh the same, however many rows they have.
        self.shares = 1 / (np.maximum(counts, 1) * max(np.sum(counts > 0), 1))
        # In random order, so that the first batches stand for all.
        self._batches = list(self._in_batches(np.random.default_rng(0).permutation(len(data.rows))))
        self._kept = [self._prepared(batch) for _, batch in self._batches] if keep else None
        self._seen = {}

    def __call__(self, masks: np.ndarray, batches: int | None = None) -> Judgment:
        """Judges many masks at once, on some batches of rows or on all."""
        blocks = np.pad(masks, ((0, -len(masks) % _MASKS_AT_ONCE), (0, 0)), mode="edge")
        blocks = blocks.reshape(-1, _MASKS_AT_ONCE, masks.shape[1])
        # What most masks have in common, to which each of them may be near.
        common = np.mean(masks, axis=0) > 0.5
        moves = self.network.moves and np.sum(masks != common[None], axis=1).max() <= _MOST_MOVED
        judge = _judge_moved if moves else _judge
        blocks = [_moved(block, common) if moves else self._open(block) for block in blocks]
        total = np.zeros((2, len(blocks) * _MASKS_AT_ONCE, 2))
        for number, (_, batch) in enumerate(self._batches[:batches]):
            prepared = self._kept[number] if self._kept else self._prepared(batch)
            if moves:
                prepared = _start(self.network, prepared, common.astype(np.float32))
            found = [judge(self.network, prepared, self.predictions, batch, *block) for block in blocks]
            # Fetched before the next batch is prepared: one batch at a time is in memory.
            total += np.concatenate(jax.device_get(found), axis=1)
        wrong, nearness = total[:, : len(masks)] @ self.shares
        return Judgment(1 - wrong, wrong + _NEARNESS * nearness)

    def row_by_row(self, mask: np.ndarray, order: np.ndarray | None = None, most: float = np.inf):
        """Whether each row's decision holds with one mask, and the margin by which; remembered.

        Rows are looked at in ``order``. Where the wrong ones cost more than ``most``, it is given up: None in place of
        the decisions, and no margin (NaN) for rows that were not looked at.
        """
        if mask.tobytes() in self._seen:
            held, margins = self._seen[mask.tobytes()]
            return (None if self.loss(~held) > most else held), margins
        (units, gates), lost = self._open(mask[None], alone=True), 0.0
        held, margins = np.zeros(len(self.data.rows), bool), np.full(len(self.data.rows), np.nan, np.float32)
        for places, batch in self._batches if order is None else self._in_batches(order):
            found = _row_by_row(self.network, self.hidden, self.predictions, batch, units, gates[0])
            held[places], margins[places] = (part[: len(places)] for part in jax.device_get(found))
            lost += self._loss(~held[places], places)
            if lost > most:
                return None, margins
        self._seen[mask.tobytes()] = held, margins
        return held, margins

    def rate(self, mask: np.ndarray) -> float:
        """The holding rate of one mask."""
        return float(1 - self.loss(~self.row_by_row(mask)[0]))

    def loss(self, wrong: np.ndarray) -> float:
        """What wrong decisions [rows] take from the holding rate."""
        return self._loss(wrong, np.arange(len(wrong)))

    def narrowed(self, chosen: np.ndarray) -> "Judge":
        """A judge of some of the rows, given by ascending place."""
        rows, positives = self.data.rows[chosen], np.sum(chosen < len(self.data.positives))
        data = ClassData(rows[:positives], rows[positives:])
        options = {"tolerance": self.tolerance, "keep": True}
        return Judge(self.network, self.hidden, self.predictions, data, self.target, **options)

    def _loss(self, wrong, places):
        negative = places >= len(self.data.positives)
        return np.array([np.sum(wrong & ~negative), np.sum(wrong & negative)]) @ self.shares

    def _open(self, masks, *, alone=False):
        """The numbers of the units open in any of the masks and gates for them, some closed to fill up.

        No numbers for gates of all: where closed units cannot be left out, or where, unless for a mask alone, the units
        are lifted.
        """
        if not self.network.narrows or (self.network.lifts and not alone):
            return None, masks.astype(np.float32)
        used = np.flatnonzero(masks.any(axis=0))
        units = np.pad(used, (0, max(1, -(-len(used) // _UNITS_AT_ONCE)) * _UNITS_AT_ONCE - len(used)))
        return units, (masks[:, units] & (np.arange(len(units)) < len(used))).astype(np.float32)

    def _in_batches(self, order):
        for start in range(0, len(order), ROWS_AT_ONCE):
            places = order[start : start + ROWS_AT_ONCE]
            groups = np.eye(2, dtype=np.float32)[(places >= len(self.data.positives)).astype(int)]
            rows, padding = self.data.rows[places], (0, ROWS_AT_ONCE - len(places))
            groups = np.pad(groups, (padding, (0, 0)))
            yield places, _Batch(np.pad(rows, padding), groups, class_number(self.target), self.tolerance)

    def _prepared(self, batch):
        return _prepare(self.network, self.hidden, batch.rows)


def _moved(masks, common):
    """For every mask as many units, those where it is not like the common one among them, and their gates."""
    apart = masks != common[None]
    units = np.argsort(~apart, axis=1, kind="stable")[:, : max(1, apart.sum(axis=1).max())]
    return units, np.take_along_axis(masks, units, axis=1).astype(np.float32)


class _Batch(NamedTuple):
    """Row numbers, of which group each is (0, 0 for padding), the target's number, and how far it may be behind."""

    rows: np.ndarray
    groups: np.ndarray
    target: int
    tolerance: np.float32


@jax.jit
def _prepare(network, hidden, rows):
    return network.prepare(hidden[rows])


@jax.jit
def _start(network, prepared, gates):
    return network.start(prepared, gates)


@jax.jit
def _judge(network, prepared, predictions, batch, units, gates):
    def one(gates):
        scores = network.scores(prepared, gates) if units is None else network.kept(prepared, units, gates)
        return _lost(scores, predictions, batch)

    return jnp.moveaxis(jax.vmap(one)(gates), 1, 0)


@jax.jit
def _judge_moved(network, start, predictions, batch, units, gates):
    def one(moved):
        return _lost(network.moved(start, *moved), predictions, batch)

    # One after the other: together, each has weights of its own, which is slow in a convolution on CPUs.
    return jnp.moveaxis(jax.lax.map(one, (units, gates)), 1, 0)


def _lost(scores, predictions, batch):
    """Of each group the rows decided otherwise, and the sum of a cost that also tells by how much: [2, groups]."""
    as_before, margin = _decided(scores, predictions, batch)
    measures = jnp.stack([(~as_before).astype(jnp.float32), jax.nn.softplus(-_STEEPNESS * margin)])
    return jnp.sum(jnp.where(batch.groups[None] > 0, measures[:, :, None], 0), axis=1)


@jax.jit
def _row_by_row(network, hidden, predictions, batch, units, gates):
    rows = hidden[batch.rows]
    scores = network.direct(rows, gates) if units is None else network.kept(rows, units, gates)
    return _decided(scores, predictions, batch)


def _decided(scores, predictions, batch):
    wanted = wanted_class(batch.target, predictions[batch.rows])
    positive = batch.groups[:, 1] == 0
    ahead = margins(scores, wanted) + batch.tolerance
    # Scores that overflow have no margin.
    margin = jnp.where(jnp.isnan(ahead), 0, jnp.where(positive, ahead, -ahead))
    return named(scores, wanted, batch.tolerance) == positive, margin
