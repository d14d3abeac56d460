"""Verdicts on the paper on core units follow the numbers of its records: made-up ones turn each of them round."""

import copy

import numpy as np
import pytest

from experiments.claims.papers.core_units import PAPER, PLACES
from experiments.claims.rules import EXPLAINED, FAILS, HOLDS
from experiments.core_units.necessity import COLUMNS
from tests.experiments.ledger import assert_reads, assert_turns, changed, near

RUNS = {run for run, _ in PLACES.values()}


def _in_layers(records, change, *args):
    """Made-up records: those of all runs with each of their layers changed."""

    def every(metrics):
        for layer in metrics["cores"]:
            change(metrics, layer, *args)

    return changed(records, RUNS, every)


def _without_core(metrics, layer, bad):
    names, columns = list(map(str, range(40))), dict.fromkeys(COLUMNS, near(0.75, 40))
    for column, measure in {"removed_zero": "zero", "removed_resample": "resampled"}.items():
        columns[column] = near(0.95 if measure in bad else 0.6, 40)
    rates = dict(zip(names, zip(*columns.values(), strict=True), strict=True))
    sets = dict.fromkeys(names, [11, 12, 13] if "disjoint sets" in bad else [11]) | {names[0]: [11, 12]}
    of = metrics["necessity"]
    if layer in of:  # as stored before
        by_name = {name: dict(zip(COLUMNS, each, strict=True)) for name, each in rates.items()}
        of[layer] = {"rates": by_name, "disjoint": sets}
    else:
        of["rates"][layer], of["disjoint"][layer] = rates, sets


def _planted(metrics, _, bad):
    if "sanity_controls" in metrics:
        connected, others = (near(0, 12), near(12, 12))[:: 1 if bad else -1]
        metrics["sanity_controls"]["planted"] = {"connected": connected, "others": others}


def _gates(metrics, layer, bad):
    of = metrics["cores"][layer]
    of["units"], of["required"] = near(12, 10, 3), near(0.95, 10)
    of["gates_units"] = of["units"] + near(5 if "units more" in bad else 0.5, 10, 3)
    more = [0.03, 0.03, -0.02 if "rate missed" in bad else 0.01]  # the worst of three selections counts
    of["gates_holding"] = of["required"][:, None] + more + near(0, 10, 3)


def _ranges(metrics, layer, bad):
    for name, measure in {"units": "search", "gates_units": "gates alone"}.items():
        metrics["cores"][layer][name] = near([12, 13, 16 if measure in bad else 14], 10, 3)


def _positions(metrics, layer, bad):
    of = {str(name): near(0.97 if bad else 0.5, 3) for name in range(3)}
    selections = {"jaccard": of, "by_chance": dict(zip(of, near(0.5 if bad else 0.47, 3), strict=True))}
    if layer in metrics.get("positions", {}):  # as stored before
        metrics["positions"][layer] = selections
    else:
        metrics["overlap"][layer]["selections"] = selections


def _both_layers(metrics, _, bad):
    by_layer = [12 + np.array([0, 0 if name in bad else 3, 0.1]) for name in ("max1", "max2")]
    units = {name: np.transpose(by_layer) + near(0, 3, 2) for name in "018"}
    metrics["joint"] = {"units": units, "rates": dict.fromkeys(units, [[0.99, 0.98]] * 3)}


def _random_sets(metrics, layer, bad):
    ours = dict(enumerate(near(0.97, 10)))
    metrics["baselines"][layer] |= {
        "ours_holding": ours,
        "random": {name: near(0.95 if bad else np.linspace(0.25, 0.95, 10), 10) for name in ours},
    }


@pytest.mark.parametrize(
    ("sentence", "change", "measures", "other"),
    [
        ("These units are necessary", _without_core, ("zero", "resampled", "disjoint sets"), FAILS),
        ("only units that matter", _planted, ("",), FAILS),
        ("the same solution as the binary one", _gates, ("units more", "rate missed"), FAILS),
        ("varies", _ranges, ("search", "gates alone"), FAILS),
        ("are not fixed", _positions, ("",), FAILS),
        ("how much information the units retain", _positions, ("",), FAILS),
        ("of the two layers differ between selections", _both_layers, ("max1", "max2"), FAILS),
        ("Random sets as large", _random_sets, ("",), EXPLAINED),
    ],
)
def test_each_part_of_a_claim_turns_with_what_it_measures(records, sentence, change, measures, other):
    assert_turns(PAPER, sentence, lambda bad: _in_layers(records, change, bad), measures, other)


def _numbers(metrics, layer):
    """One network, in which each measure has a number of its own."""
    of = metrics["cores"][layer]
    of["units"] = np.array([[10, 11, 12], [9, 11, 13]] * 5) + (3 if layer == "max1" else 0)
    of["gates_units"] = [[14, 15, 16]] * 10
    for name, mean in {"holding": 0.97, "held_out": 0.95, "gates_holding": 0.93}.items():
        of[name] = [[mean - 0.01, mean, mean + 0.01]] * 10
    if "by_center" in of:
        name = "held_out" if layer == "max1" else "held_out_by_argmax"  # as stored now, and before
        of["by_center"] = {"units": [[8, 9, 10]] * 10, "holding": [[0.98, 1.0]] * 10, name: [[0.93, 0.95]] * 10}
    controls = metrics.get("sanity_controls", {"networks": {}})["networks"]
    for kind, units in {"trained": 10, "trained on shuffled labels": 14, "untrained": 9}.items():
        if layer in controls.get(kind, {}):
            controls[kind][layer] = {
                name: {"units": units + (int(name) - 3 if kind == "trained" else 0)} for name in "018"
            }
    if controls:
        metrics["sanity_controls"]["memorized"] = 0.29
    metrics["training"]["accuracy"] = {"held out": 0.9915, "learned": 0.5}
    curve = [0.5, 0.6, 0.7, 0.9, 1.0]
    if "curve" in metrics:
        metrics["curve"]["removal"][layer] = curve
    metrics["baselines"][layer]["curves"]["ours"] = [*curve, None, None]
    metrics["pixels"] = {"units": {"0": 98, "1": 294}, "holding": {"0": 0.98, "1": 1.0}}
    whole, small = {"flops": 200, "parameters": 100}, {"flops": 50, "parameters": 60}
    metrics["shrunken"] = {
        "cores of all classes together": {"accuracy": 0.1, "flops": 1, "parameters": 1},
        "one set for all classes": {"accuracy": 0.9} | small,
        "whole network": {"accuracy": 0.95} | whole,
    }
    units, rates = [[10, 11], [12, 13], [14, 15]], [[1.0, 0.95], [0.99, 0.97], [0.98, 0.96]]
    metrics["joint"] = {"units": dict.fromkeys("018", units), "rates": dict.fromkeys("018", rates)}


LEARNED = {"permuted labels": (4, HOLDS), "untrained": (-1, EXPLAINED), "labels fitted": (0.29, FAILS)}
SIZES = {
    "max1, search": (14, HOLDS),
    "max2, search": (11, HOLDS),
    "gates alone": (15, FAILS),
    "center-based": (9, HOLDS),
    "relaxed gates": (5, HOLDS),
}
SIZES_CIFAR = {end: (SIZES[end][0], HOLDS) for end in ("max1, search", "max2, search", "gates alone")}
RATES = {"search": (0.97, FAILS), "held-out rows": (0.95, FAILS), "gates alone": (0.93, FAILS)}
SHARES = {
    "share of max1": (14 / 32, HOLDS),
    "share of max2": (11 / 64, HOLDS),
    "less that of max2": (17 / 64, HOLDS),
    "those of max2": (3, HOLDS),
}
SAVED = {"accuracy lost": (0.05, FAILS), "operations saved": (0.75, HOLDS), "parameters saved": (0.4, HOLDS)}


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("what the network has learned", LEARNED),
        ("The center-based classifier says no", {"": (0.05 - 0.02, FAILS)}),
        ("has a test accuracy of", {"": (0.9915, HOLDS)}),
        ("about 13 of 32", SIZES),
        ("about 46 of 64", SIZES_CIFAR),
        ("99.5% of the decisions hold", RATES),
        ("95% of the decisions hold", RATES | {"search": (0.97, HOLDS)}),
        ("a smaller share of its units", SHARES),
        ("with at least 99.2% of the decisions", {"units of both": (25, HOLDS), "held-out rows": (0.96, FAILS)}),
        ("The rate drops fast", {"": (0.3, HOLDS)}),
        ("A part of the pixels suffices", {"share of the pixels": (0.25, HOLDS), "decisions that hold": (0.99, HOLDS)}),
        ("need similar numbers", {"less that of max2": (3 / 64, HOLDS), "of a class in max2": (9, FAILS)}),
        ("the network is smaller and faster", SAVED),
    ],
)
def test_what_decides_nothing_in_a_single_network_is_read_as_it_is_in_the_record(records, sentence, wanted):
    made = _in_layers(records, _numbers) | {"certified_units_mnist": copy.deepcopy(records["certified_units_mnist"])}
    layers = made["certified_units_mnist"]["metrics"]["as_published"]["layers"]
    layers |= {layer: {"units": [[6, 2], [5, 7]], "selected": [[1, 0.9], [1, 1]]} for layer in layers}
    assert_reads(PAPER, sentence, made, wanted)
