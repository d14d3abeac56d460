"""Many masks evaluated on one class's rows: how many decisions hold, and how near the others are to holding."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax._shards import fetched
from interp_jax.methods.core_units._tails import GatedTail
from interp_jax.methods.core_units.decisions import ClassData, asked_class, class_number, decided, margins

# Rows are evaluated a batch at a time and masks a block at a time, so that any number of rows or masks, and about
# equally many open units, share a compilation.
ROWS_AT_ONCE = 128
_MASKS_AT_ONCE = 4
# Masks of one call where all sets of a size are evaluated.
_MANY_MASKS = 128
_STEEPNESS, _NEARNESS = 10.0, 1e-2
# Rates are sums of fractions.
ROUNDING = 1e-9


class Evaluation(NamedTuple):
    """The holding rate of each mask, and a cost that also orders masks of equal rate: [masks] each.

        cost = 1 − rate + 0.01 Σ_n w_n log(1 + exp(−10 m_n))

    m is a decision's margin, in standard deviations of the row's scores, negative if it does not hold; w_n is the cost
    of a decision that does not hold.
    """

    rates: np.ndarray
    costs: np.ndarray


class MaskEvaluator:
    """Evaluates masks [masks, units] on rows of one class; prepared rows stay in memory if ``cached``.

    If units are resampled, ``predictions`` and ``data`` are those of the rows' draws (`of_draws`).
    A decision is for the target if it is at most ``tolerance`` standard deviations behind the greatest score.
    ``shares`` are the costs of a wrong decision about a positive and a negative row: by default both groups weigh the
    same, whatever their sizes.
    """

    def __init__(
        self,
        network: GatedTail,
        hidden,
        predictions,
        data: ClassData,
        target: int | None,
        *,
        tolerance: float | np.floating = 0.0,
        cached: bool = False,
        shares: np.ndarray | None = None,
    ):
        self.network, self.hidden, self.data, self.target = network, hidden, data, target
        self.tolerance = np.float32(tolerance)
        self.predictions = jnp.asarray(predictions)
        counts = np.array([len(side) for side in data])
        equal = 1 / (np.maximum(counts, 1) * max(np.sum(counts > 0), 1))
        self.shares = equal if shares is None else shares
        # In random order, so that the first batches stand for all.
        self._batches = list(self._in_batches(np.random.default_rng(0).permutation(len(data.rows))))
        self._cached, self._prepared = cached, {}
        self._seen: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}

    def __call__(self, masks: np.ndarray, batches: int | None = None) -> Evaluation:
        """Evaluates many masks at once, on some batches of rows or on all."""
        blocks = np.pad(masks, ((0, -len(masks) % _MASKS_AT_ONCE), (0, 0)), mode="edge")
        blocks = blocks.reshape(-1, _MASKS_AT_ONCE, masks.shape[1])
        # What most masks have in common, from which each of them may differ in few units.
        common = np.mean(masks, axis=0) > 0.5
        few = np.sum(masks != common[None], axis=1).max() <= self.network.most_changed
        evaluate = _evaluate_changed if few else _evaluate
        blocks = [_changed_units(block, common) if few else self.network.encode(block) for block in blocks]
        total = np.zeros((2, len(blocks) * _MASKS_AT_ONCE, 2))
        for number, (_, batch) in enumerate(self._batches[:batches]):
            prepared = self._start(batch, common) if few else self._rows(number, batch)
            lost = [evaluate(self.network, prepared, self.predictions, batch, *block) for block in blocks]
            # Fetched before the next batch is prepared: one batch at a time is in memory.
            total += np.concatenate(fetched(lost), axis=1)
        wrong, nearness = total[:, : len(masks)] @ self.shares
        return Evaluation(1 - wrong, wrong + _NEARNESS * nearness)

    def margins(self, mask: np.ndarray, order: np.ndarray | None = None, most: float = np.inf):
        """Whether each row's decision holds with one mask, and its margin; cached.

        Rows are looked at in ``order``. It stops once wrong ones cost more than ``most``: None in place of the
        decisions, and NaN margins for rows not looked at.
        """
        if mask.tobytes() in self._seen:
            held, row_margins = self._seen[mask.tobytes()]
            return (None if self.loss(~held) > most else held), row_margins
        units, gates = self.network.encode_alone(mask)
        held, row_margins = np.zeros(len(self.data.rows), bool), np.full(len(self.data.rows), np.nan, np.float32)
        lost = 0.0
        for places, batch in self._batches if order is None else self._in_batches(order):
            rows = fetched(_evaluate_alone(self.network, self.hidden, self.predictions, batch, units, gates))
            held[places], row_margins[places] = (part[: len(places)] for part in rows)
            lost += self._loss(~held[places], places)
            if lost > most:
                return None, row_margins
        self._seen[mask.tobytes()] = held, row_margins
        return held, row_margins

    def that_hold(self, masks: np.ndarray, most: float) -> tuple[np.ndarray, np.ndarray]:
        """Those of many masks whose wrong decisions cost at most ``most``, and their rates.

        A mask is left out after the batch of rows that makes it cost more.
        """
        lost = np.zeros(len(masks))
        for _, batch in self._batches if len(masks) else ():
            blocks = np.pad(masks, ((0, -len(masks) % _MANY_MASKS), (0, 0)), mode="edge")
            blocks = blocks.reshape(-1, _MANY_MASKS // _MASKS_AT_ONCE, _MASKS_AT_ONCE, masks.shape[1])
            prepared = self._prepare(batch)
            wrong = [
                _count_wrong(self.network, prepared, self.predictions, batch, block.astype(np.float32))
                for block in blocks
            ]
            lost += np.concatenate(fetched(wrong))[: len(masks)] @ self.shares
            masks, lost = masks[lost <= most], lost[lost <= most]
            if not len(masks):
                break
        return masks, 1 - lost

    def rate(self, mask: np.ndarray) -> float:
        """The holding rate of one mask."""
        held, _ = self.margins(mask)
        assert held is not None  # without a limit all rows are looked at
        return 1 - self.loss(~held)

    def loss(self, wrong: np.ndarray) -> float:
        """The loss of holding rate from wrong decisions [rows]."""
        return float(self._loss(wrong, np.arange(len(wrong))))

    def subset(self, chosen: np.ndarray, *, alone: bool = False) -> "MaskEvaluator":
        """An evaluator of some rows, given by ascending index, with the weights that they have among all.

        With ``alone`` the weights are those of a class without other rows.
        """
        rows, positives = self.data.rows[chosen], np.sum(chosen < len(self.data.positives))
        data = ClassData(rows[:positives], rows[positives:])
        common = self.network, self.hidden, self.predictions, data, self.target
        return MaskEvaluator(*common, tolerance=self.tolerance, cached=True, shares=None if alone else self.shares)

    def _loss(self, wrong, places):
        negative = places >= len(self.data.positives)
        return np.array([np.sum(wrong & ~negative), np.sum(wrong & negative)]) @ self.shares

    def _in_batches(self, order):
        for start in range(0, len(order), ROWS_AT_ONCE):
            places = order[start : start + ROWS_AT_ONCE]
            groups = np.eye(2, dtype=np.float32)[(places >= len(self.data.positives)).astype(int)]
            rows, padding = self.data.rows[places], (0, ROWS_AT_ONCE - len(places))
            groups = np.pad(groups, (padding, (0, 0)))
            yield places, _Batch(np.pad(rows, padding), groups, class_number(self.target), self.tolerance)

    def _rows(self, number, batch):
        """The prepared rows of a batch, which stay in memory if ``cached``."""
        if number in self._prepared:
            return self._prepared[number]
        prepared = self._prepare(batch)
        if self._cached:
            self._prepared[number] = prepared
        return prepared

    def _prepare(self, batch):
        return _prepare(self.network, self.hidden, batch.rows)

    def _start(self, batch, common):
        return _start(self.network, self.hidden, batch.rows, *self.network.encode_start(common))


def of_draws(network: GatedTail, predictions: np.ndarray, data: ClassData) -> tuple[np.ndarray, ClassData]:
    """The predictions and row numbers with each row's draws, if units are resampled, as rows of their own."""
    draws = network.draws
    if draws == 1:
        return predictions, data
    sides = ((side[:, None] * draws + np.arange(draws)[None]).reshape(-1) for side in data)
    return np.repeat(predictions, draws), ClassData(*sides)


def _changed_units(masks, common):
    """For each mask equally many units, including those where it differs from the common one, and their gates."""
    apart = masks != common[None]
    units = np.argsort(~apart, axis=1, kind="stable")[:, : max(1, apart.sum(axis=1).max())]
    return units, np.take_along_axis(masks, units, axis=1).astype(np.float32)


class _Batch(NamedTuple):
    """Row numbers, each row's group (0, 0 for padding), the target's number, and how far it may be behind."""

    rows: np.ndarray
    groups: np.ndarray
    target: int
    tolerance: np.float32


@jax.jit
def _prepare(network, hidden, rows):
    return network.prepare(network.pick(hidden, rows))


@jax.jit
def _start(network, hidden, rows, units, gates):
    return network.start(network.pick(hidden, rows), units, gates)


@jax.jit
def _evaluate(network, prepared, predictions, batch, units, gates):
    def one(gates):
        return _lost(network.encoded_scores(prepared, units, gates), predictions, batch)

    return jnp.moveaxis(jax.vmap(one)(gates), 1, 0)


@jax.jit
def _evaluate_changed(network, start, predictions, batch, units, gates):
    scores = network.changed_scores(start, units, gates)
    return jnp.moveaxis(jax.vmap(lambda scores: _lost(scores, predictions, batch))(scores), 1, 0)


@jax.jit
def _evaluate_alone(network, hidden, predictions, batch, units, gates):
    return _held(network.alone_scores(network.pick(hidden, batch.rows), units, gates), predictions, batch)


@jax.jit
def _count_wrong(network, prepared, predictions, batch, blocks):
    """Per mask and group the rows decided differently: [masks, groups]."""

    def one(gates):
        return _lost(network.scores(prepared, gates), predictions, batch)[0]

    return jax.lax.map(jax.vmap(one), blocks).reshape(-1, 2)


def _lost(scores, predictions, batch):
    """Per group the rows decided differently, and the sum of a cost that grows as margins fall: [2, groups]."""
    held, margin = _held(scores, predictions, batch)
    measures = jnp.stack([(~held).astype(jnp.float32), jax.nn.softplus(-_STEEPNESS * margin)])
    return jnp.sum(jnp.where(batch.groups[None] > 0, measures[:, :, None], 0), axis=1)


def _held(scores, predictions, batch):
    """Whether each row is decided as before, and its margin."""
    asked = asked_class(batch.target, predictions[batch.rows])
    positive = batch.groups[:, 1] == 0
    ahead = margins(scores, asked) + batch.tolerance
    # Scores that overflow have no margin.
    margin = jnp.where(jnp.isnan(ahead), 0, jnp.where(positive, ahead, -ahead))
    return decided(scores, asked, batch.tolerance) == positive, margin
