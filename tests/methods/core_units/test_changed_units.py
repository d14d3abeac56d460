"""Masks that differ in few units from a common one are evaluated by what changes, and as any other mask."""

import jax
import numpy as np
import pytest
from flax import nnx

from interp_jax import networks
from interp_jax.methods import core_units
from interp_jax.methods.core_units._evaluate import MaskEvaluator, of_draws
from interp_jax.methods.core_units._search import with_one_more, without_one
from interp_jax.methods.core_units._tails import GatedTail, LinearGatedTail, accept
from interp_jax.methods.core_units.replacements import ablated

DRAW = np.random.default_rng(0)


def _layer(kind):
    """A tail, lifted, and a hidden layer of 11 units."""
    rngs = nnx.Rngs(0)
    if kind == "dense":
        stages = {"first": nnx.Linear(11, 9, rngs=rngs), "relu": nnx.relu, "last": nnx.Linear(9, 3, rngs=rngs)}
        shape = (11,)
    else:
        stages = {"first": nnx.Conv(11, 4, (3, 3), rngs=rngs), "relu": nnx.relu}
        stages |= {"flat": lambda x: x.reshape(len(x), -1), "last": nnx.Linear(36, 3, rngs=rngs)}
        shape = (3, 3, 11)
    return networks.lift(networks.Chain(**stages), shape), DRAW.normal(size=(150, *shape)).astype(np.float32)


@pytest.mark.parametrize("ablation", ["zero", "mean", "resample"])
@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_changed_masks_are_evaluated_as_masked_rows(kind, ablation):
    tail, hidden = _layer(kind)
    network, hidden, predictions = accept(tail, hidden, np.asarray(tail(hidden)).argmax(axis=1))
    data = core_units.class_data(predictions, 1, key=jax.random.key(0))
    network, _ = ablated(network, hidden, ablation, key=jax.random.key(1))
    assert isinstance(network, LinearGatedTail)
    assert network.most_changed == 2
    rows = of_draws(network, predictions, data)
    evaluator = MaskEvaluator(network, hidden, *rows, 1)
    # Masked row by row, and then run as a whole.
    plain = GatedTail(network.tail, network.shapes, network.scores_are, network.classes, network.replacement)
    whole = MaskEvaluator(plain, hidden, *rows, 1)
    mask = np.arange(11) % 2 == 0
    one_less, one_more = without_one(mask), with_one_more(mask, ~mask)
    exchanged = without_one(mask) | (np.arange(11) == 3)[None]
    for masks in (one_less, one_more, exchanged, mask[None], np.zeros((1, 11), bool), without_one(np.ones(11, bool))):
        found = evaluator(masks)
        np.testing.assert_allclose(found.rates, [whole.rate(mask) for mask in masks], atol=1e-12)
        apart = np.array([_cost(whole, mask) for mask in masks])
        np.testing.assert_allclose(found.costs, apart, rtol=1e-5, atol=1e-7)


def _cost(evaluator, mask):
    """The cost by the margins of the mask alone."""
    held, margins = evaluator.margins(mask)
    near = np.logaddexp(0, -10 * margins.astype(float))
    positives = len(evaluator.data.positives)
    sums = np.array([[part[:positives].sum(), part[positives:].sum()] for part in (~held, near)]) @ evaluator.shares
    return sums[0] + 0.01 * sums[1]


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_the_layer_of_donors_is_computed_once(kind):
    tail, hidden = _layer(kind)
    network, hidden, _ = accept(tail, hidden, np.asarray(tail(hidden)).argmax(axis=1))
    network, _ = ablated(network, hidden, "resample", key=jax.random.key(1))
    ahead = network.ahead()
    assert len(ahead.replacement.outputs) == len(network.replacement.rows)
    numbers, mask = np.arange(100), np.arange(11) < 4
    gates = mask.astype(np.float32)
    units = np.arange(5), np.array([1, 1, 1, 1, 0], np.float32)
    changed = np.array([[2, 7], [3, 9]]), np.array([[0, 1], [0, 0]], np.float32)

    def scores(network):
        rows = network.pick(hidden, numbers)
        yield network.direct(rows, gates)
        yield network.scores(network.prepare(rows), gates)
        yield network.alone_scores(rows, *network.encode_alone(mask))
        yield from network.changed_scores(network.start(rows, *units), *changed)

    wanted, found = list(scores(network)), list(scores(ahead))
    for one, other in zip(wanted, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-5)
    for same in found[1:3]:
        np.testing.assert_allclose(same, wanted[0], rtol=1e-5, atol=1e-5)


def test_a_search_prepares_no_rows(monkeypatch):
    """Parts of all units, which take much memory, are computed only for masks that have little in common."""
    tail, hidden = _layer("convolution")
    network, hidden, predictions = accept(tail, hidden, np.asarray(tail(hidden)).argmax(axis=1))
    data = core_units.class_data(predictions, 1, key=jax.random.key(0))
    evaluator = MaskEvaluator(network, hidden, predictions, data, 1, cached=True)
    evaluator(without_one(np.arange(11) < 7))
    assert not evaluator._prepared
    far = DRAW.random((6, 11)) < 0.5
    rates = evaluator(far).rates
    assert len(evaluator._prepared) == len(evaluator._batches)
    np.testing.assert_allclose(rates, [evaluator.rate(mask) for mask in far], atol=1e-12)
