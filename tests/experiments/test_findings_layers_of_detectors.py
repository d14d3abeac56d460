"""The sentences of the study of layers of detectors, on both sides of what each depends on, from made-up results."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.layers_of_detectors import (
    arrival,
    filters,
    fooling,
    learned_inputs,
    noise,
    output_layer,
    separable,
    stripes,
    two_units,
)
from experiments.layers_of_detectors.detector_study import CNNS, FOUR, ONE, SHUFFLED, TRAINED, TWO, UNTRAINED
from experiments.layers_of_detectors.readers import DISCRIMINANT, LEARNED, NEAREST, READERS


def _readers(learned, **others):
    """Errors of the readers of trained networks, and of those of untrained ones, of which the discriminant is best."""
    trained = {reader: np.array([9.0]) for reader in READERS} | {LEARNED: np.array([learned])}
    trained |= {name: np.array([error]) for name, error in others.items()}
    before = {reader: np.array([5.0]) for reader in READERS} | {DISCRIMINANT: np.array([4.0])}
    errors = {FOUR: {TRAINED: trained, UNTRAINED: before}}
    return output_layer.Output(errors, {}, {}, {}, {}, np.array([]), 9)


def test_another_reader_does_as_well_as_the_learned_layer_or_errs_several_times_as_much():
    well = output_layer.readers_in_words(_readers(1.0, **{NEAREST: 0.8}))
    assert f"({NEAREST}) errs by 0.80 samples, no more than the learned output layer (1.00)." in well
    assert well.endswith(f"before training ({DISCRIMINANT}) errs by 4.00.")
    badly = output_layer.readers_in_words(_readers(1.0, **{DISCRIMINANT: 1.6}))
    assert f"({DISCRIMINANT}) errs by 1.60 samples, 1.6 times the learned output layer (1.00)." in badly


def _order(*of, before=0.3):
    trained = {layer: np.array([value]) for layer, value in zip(output_layer.LAYERS, of, strict=True)}
    order = {FOUR: {TRAINED: trained, UNTRAINED: {"last hidden layer": np.array([before])}}}
    return output_layer.Output({}, {}, {}, order, {}, np.array([]), 9)


def test_the_first_layer_in_which_positions_are_out_of_order_is_named_if_there_is_one():
    words = output_layer.order_in_words(_order(0.99, 0.95, 0.8, 0.1))
    assert (
        "falls below 0.9 first in the scores: 0.95 in the last hidden layer, 0.80 in the scores, 0.10 in the" in words
    )
    assert words.endswith("Before training it is 0.30 in the last hidden layer.")
    assert "first in the last hidden layer: 0.70" in output_layer.order_in_words(_order(0.99, 0.7, 0.8, 0.1))
    assert "is above 0.9 in all layers: 0.95" in output_layer.order_in_words(_order(0.99, 0.95, 0.94, 0.93))


@pytest.mark.parametrize(("count", "share"), [(0, "0.0%"), (5, "50.0%"), (10, "100.0%")])
def test_every_map_has_its_share_of_separated_sets(count, share):
    separated = {"pseudo-inverse": count, "nearest point": 10, "descent": 9}
    words = separable.in_words(separable.Separable(separated, 10, 20, {}, {}))
    assert f"separate {share} (the pseudo-inverse), 100.0% (the map to the nearest point), 90.0% (a layer tr" in words


def _stage(*widths):
    return learned_inputs.Stage(np.array(widths), *[np.zeros(len(widths))] * 2, np.zeros(3))


def test_networks_whose_last_signal_has_the_narrower_peak_are_counted():
    stages = {
        CNNS[0]: {"input": _stage(4.0, 2.0), "conv1": _stage(3.0, 2.0)},
        CNNS[1]: {"input": _stage(4.0, 4.0), "conv1": _stage(5.0, 5.0), "conv2": _stage(1.0, 2.0)},
        CNNS[2]: {"input": _stage(4.0, 4.0), "conv1": _stage(1.0, 1.0), "conv2": _stage(5.0, 4.0)},
    }
    words = learned_inputs.widths_in_words(learned_inputs.Learned({}, stages, {}))
    assert words.endswith(f"in 1 of 2 ({CNNS[0]}), 2 of 2 ({CNNS[1]}), 0 of 2 ({CNNS[2]}).")


def test_falls_are_given_beside_those_before_training():
    def of(*values):
        return {name: np.array([value]) for name, value in zip(learned_inputs.FALLS, values, strict=True)}

    measured = {TRAINED: of(0.2, 0.3, 0.4, 0.5), UNTRAINED: of(0.01, 0.02, 0.0, 0.0)}
    words = learned_inputs.falls_in_words(learned_inputs.Learned(measured, {}, {}))
    assert "fall by 20% of their range before the rise and by 30% after it (1% and 2% before training)" in words
    assert words.endswith("by 40% before the first position and by 50% after the last.")


def _fooling(one, four, exact=0.5):
    far = {ONE: one, FOUR: four, fooling.EXACT: exact}
    distance = {name: {"any": np.array([value / 2]), "far": np.array([value])} for name, value in far.items()}
    return fooling.Fooling(distance, {}, {name: np.array([0.3]) for name in far}, np.array([7]), 9)


def test_deep_networks_are_fooled_by_a_smaller_change_or_not():
    smaller = fooling.depth_in_words(_fooling(2.0, 1.0))
    assert "noise, 0.50 for networks of four layers, smaller than for those of one (1.00), and 0.25 for" in smaller
    assert "five positions 1.00 for networks of four layers, smaller than for those of one (2.00)" in smaller
    assert smaller.endswith("and 0.50 for the exact posterior.")
    assert "2.00 for networks of four layers, larger than" in fooling.depth_in_words(_fooling(1.0, 2.0))
    assert "1.00 for networks of four layers, as large as" in fooling.depth_in_words(_fooling(1.0, 1.0))
    for one, four in ((np.nan, 1.0), (1.0, np.nan)):
        assert fooling.depth_in_words(_fooling(one, four)).startswith("Too few signals are placed exactly")


@pytest.mark.parametrize(("one", "drawn"), [(2.0, True), (np.nan, False)])
def test_changes_by_depth_are_drawn_only_where_some_were_measured(monkeypatch, one, drawn):
    monkeypatch.setattr(fooling.figures.curves, "against", lambda *_: None)
    names = []
    page = SimpleNamespace(
        text=lambda _: None,
        finding=lambda _: None,
        table=lambda *_: None,
        figure=lambda name, *_: names.append(name),
        metrics=lambda _: None,
    )
    fooling.show(_fooling(one, one), page)
    assert bool(names) == drawn


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ((0.1, 0.5), "more gradual and wider than"),
        ((0.1, 0.3), "more gradual but not wider than"),
        ((0.3, 0.5), "wider but not more gradual than"),
        ((0.9, 0.02), "neither more gradual nor wider than"),
    ],
)
def test_stripes_of_trained_networks_are_compared_with_those_of_the_controls(shares, words):
    step, run = ({TRAINED: np.array([share]), SHUFFLED: np.array([0.3])} for share in shares)
    result = stripes.Stripes(step, run, {TRAINED: np.ones(1), SHUFFLED: np.ones(1)}, {})
    sentence = stripes.in_words(result)
    assert f"by up to {shares[0]:.0%} of its range from a position to the next (shuffled labels 30%)" in sentence
    assert f"without a break at {shares[1]:.0%} of the positions (shuffled labels 30%): stripes" in sentence
    assert sentence.endswith(f"are {words} those of the controls.")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (CNNS, "the CNNs with 1, 2 and 3 convolutions"),
        (CNNS[1:], "the CNNs with 2 and 3 convolutions"),
        (CNNS[:1], CNNS[0]),
        ([TWO, CNNS[0]], f"{TWO}; {CNNS[0]}"),
    ],
)
def test_several_cnns_are_named_together(names, words):
    assert arrival.together(names) == words


@pytest.mark.parametrize(("last", "verb"), [(2.5, "grows with"), (1.5, "does not grow with"), (1.0, "does not grow")])
def test_learned_widths_grow_with_the_noise_or_not(last, verb):
    learned = np.array([[1.5], [9.0], [last]])
    result = noise.Noise(np.zeros(0), np.array([0.1, 0.3, 0.6]), learned, learned, np.array([0.8, 2.0, 3.2]), {})
    words = noise.in_words(result)
    assert f"networks learn {verb}" in words
    assert f"1.5 samples at 0.1 of the height, {last:.1f} at 0.6" in words
    assert words.endswith("best widths are 0.8 and 3.2.")


@pytest.mark.parametrize(("share", "words"), [(0.97, "97% (trained)"), (0.05, "5% (trained)")])
def test_dense_weights_near_the_jump_are_given_beside_what_is_there_by_number(share, words):
    diagonal = {TRAINED: np.array([share]), UNTRAINED: np.array([0.11])}
    sentence = filters.in_words(filters.Filters(diagonal, {}, {}, {}))
    assert f"position is {words}, 11% (untrained); {filters.NEAR.mean():.0%} of the weights" in sentence


def _two_units(code, best=(5,), most=100):
    codes = np.stack([code, code])[: len(best)]
    accuracy = np.full((len(best), 60), 0.8)
    return two_units.TwoUnits(
        np.ones(len(best)), np.array(best), most, most, {TRAINED: codes}, accuracy, np.full((len(best), 60), 0.9)
    )


def test_accuracies_at_silent_positions_are_given_only_if_there_are_such_positions():
    always = np.stack([np.full(60, 1.0), np.full(60, 2.0)], axis=1)
    assert two_units.silence_in_words(_two_units(always)) == (
        "No network has both positions at which one of its two units is silent and others at which none is."
    )
    silent = always.copy()
    silent[:6, 0] = 0
    result = _two_units(silent)
    result.narrow[0, :6] = 0.3
    words = two_units.silence_in_words(result)
    assert words.startswith("In 1 of 1 networks there are positions at which a unit is silent. They place 30% of")
    assert words.endswith(
        "exactly and 80% elsewhere; networks with 100 hidden units 90% and 90% at the same positions."
    )


@pytest.mark.parametrize(("best", "count"), [((5, 94), 2), ((5, 95), 1), ((95, 100), 0)])
def test_best_epochs_before_the_last_twentieth_are_counted(best, count):
    words = two_units.converged_in_words(_two_units(np.ones((60, 2)), best))
    assert f"{best[0]} to {best[1]}: {count} of 2 lie before the last twentieth of the 100 allowed." in words


def test_networks_with_a_dead_unit_are_not_compared_with_others(monkeypatch):
    monkeypatch.setattr(two_units.figures.comparison, "by_position", lambda *_: None)
    monkeypatch.setattr(two_units.figures.heatmaps, "class_averages", lambda *_: None)
    alive = np.stack([np.arange(60.0), np.full(60, 2.0) + np.arange(60) % 2], axis=1)
    result = _two_units(alive, (5, 6, 7))
    codes = np.stack([alive, 2 * alive, alive * [0.0, 1.0]])
    result = result._replace(codes={TRAINED: codes, UNTRAINED: codes}, l1=np.ones(3))
    sentences, tables = [], []
    page = SimpleNamespace(
        text=sentences.append,
        finding=sentences.append,
        figure=lambda *_: None,
        table=lambda *each: tables.append(each),
        metrics=lambda _: None,
    )
    two_units.show(result, page)
    ((_, rows, caption),) = tables
    assert [row[-1] for row in rows] == ["100.0", "100.0", None]
    assert [row[-2] for row in rows] == ["21", "21", None], "a position at which a unit is silent"
    assert "before training 100.0" in caption
    lone = result._replace(codes={TRAINED: codes[2:].repeat(3, 0), UNTRAINED: codes[2:].repeat(3, 0)})
    two_units.show(lone, page)
    assert "before training not defined (%)." in tables[-1][2]


def test_starts_that_arrive_are_compared_with_those_that_stay_only_within_a_network():
    def cause(*published, step=-9.0):
        arrives = np.array(published) > 0
        shares = {way: np.array([0.5]) for way in arrival.WAYS}
        values = -1.0 - np.arange(arrives.size, dtype=float).reshape(arrives.shape)
        of = arrival.Ascents(shares, shares, arrives, values, np.full(arrives.shape, step), np.ones(1))
        return arrival.cause_in_words(arrival.Arrival({TWO: of}, 0.05))

    within = cause([1, 0])
    assert "100.0% have a first step below 5e-05" in within
    assert within.endswith("than one that stays in 100.0% of pairs.")
    apart = cause([1, 1], [0, 0], step=1.0)
    assert "0.0% have a first step below 5e-05" in apart
    assert apart.endswith("in no pair, as there is none in one network.")
