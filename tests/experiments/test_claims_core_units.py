"""The ledger of the paper on core units: all sections, kept runs that are read, verdicts that change."""

import copy

import numpy as np
import pytest

from experiments.claims.papers import core_units
from experiments.claims.papers.core_units import COMPARED, PAPER, PLACES
from experiments.claims.rules import EXPLAINED, FAILS, HOLDS, UNDECIDED
from experiments.core_units import overlap
from tests.experiments.ledger import assessed

CONTENTS = """
Abstract
1 Introduction
2 Related Work
3 Method
3.1 Problem Formulation and Objective Function
3.2 Center-Based Binary Classifier
3.3 Selecting Units in Hidden Layers through Binary Optimization
4 Experiment Setup
5 Result Analysis
5.1 Results on MNIST
5.2 Results on CIFAR10
6 Conclusion
"""


def _changed(records, change, places=PLACES):
    """Made-up records: those of all kept runs, with the metrics of each place changed."""
    made = {run: copy.deepcopy(records[run]) for run, _ in PLACES.values()}
    for run, layer in (PLACES[place] for place in places):
        change(made[run]["metrics"], layer)
    return made


def _near(value, count):
    return value + 1e-5 * np.arange(count)


def test_every_section_of_the_paper_is_in_the_ledger():
    assert list(PAPER.sections) == CONTENTS.strip().splitlines()
    assert all(PAPER.sections.values())


def test_every_measured_claim_is_read_from_the_kept_runs(records):
    for section, claim in PAPER.claims():
        if claim.parts is not None:
            parts = claim.parts(records)
            assert parts, section
            assert len({part.what for part in parts}) == len(parts), section
            assert np.all(np.isfinite([part.ours.mean for part in parts])), section
            assert all(part.ours.networks == 1 or part.ours.repeated != "networks" for part in parts), section


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(("removed", "verdict"), [(0.6, HOLDS), (0.95, EXPLAINED)])
def test_a_core_is_responsible_if_less_holds_with_its_units_resampled(records, removed, verdict, named):
    made = _changed(records, lambda *_: None)
    for record in made.values():
        layers = [layer for run, layer in PLACES.values() if made[run] is record]
        rates = {
            layer: {str(name): [0.9] * 5 + [value] for name, value in enumerate(_near(removed, 10))} for layer in layers
        }
        # Rates by name, as stored before, or in the order of their columns, as stored now.
        columns = [f"{side}_{ablation}" for side in ("kept", "removed") for ablation in ("zero", "mean", "resample")]
        by_name = {
            layer: {"rates": {name: dict(zip(columns, each, strict=True)) for name, each in of.items()}}
            for layer, of in rates.items()
        }
        record["metrics"]["necessity"] = by_name if named else {"rates": rates}
    assert assessed(PAPER, made, "the ones most responsible").verdict == verdict


@pytest.mark.parametrize(("fewest", "verdict"), [(20, HOLDS), (10, EXPLAINED)])
def test_the_number_is_the_least_if_the_best_of_the_simpler_methods_needs_more(records, fewest, verdict):
    def change(metrics, layer):
        needed = metrics["baselines"][layer]["needed"]
        for place, of in enumerate(needed.values()):
            of.update(dict.fromkeys(of, 30.0) | {"activation": fewest, "ours": 12 + 0.01 * place})
        metrics["cores"][layer]["gates_units"] = [[12, 12, 12 + 0.01 * place] for place in range(len(needed))]

    assert assessed(PAPER, _changed(records, change), "the least number of units").verdict == verdict


@pytest.mark.parametrize(("largest", "verdict"), [(13, HOLDS), (16, FAILS)])
def test_a_range_of_three_units_is_not_small(records, largest, verdict):
    def change(metrics, layer):
        for measure in ("units", "gates_units"):
            metrics["cores"][layer][measure] = [[12, 12, largest]] * 9 + [[12, 11, largest]]

    assert assessed(PAPER, _changed(records, change), "varies by at most two").verdict == verdict
    assert assessed(PAPER, _changed(records, change), "varies within a small range").verdict == verdict


@pytest.mark.parametrize("units", [5, 60])
def test_a_single_network_decides_nothing_on_its_own_number_of_units(records, units):
    def change(metrics, layer):
        metrics["cores"][layer]["units"] = [[units] * 3] * 10
        for networks in metrics["sanity_controls"]["networks"].values() if "sanity_controls" in metrics else ():
            for each in networks.get(layer, {}).values():
                each["units"] = units

    made = _changed(records, change)
    for sentence in ("about 13 of 32", "about 46 of 64", "what the network has learned"):
        assert assessed(PAPER, made, sentence).verdict == UNDECIDED


def test_the_agreement_of_selections_is_read_as_it_is_stored_now(records):
    runs = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0]], bool)
    selections = {"jaccard": {"0": overlap.agreements(runs)}, "by_chance": {"0": overlap.chance(runs)}}

    def change(metrics, layer):
        metrics.pop("positions", None)
        metrics["overlap"][layer]["selections"] = selections

    made = _changed(records, change, COMPARED)
    agreement, chance = core_units._agreement(made, "MNIST, max1")
    np.testing.assert_allclose(agreement, [(1 / 3 + 1 + 1 / 3) / 3])
    np.testing.assert_allclose(chance, [1 / 3])  # one unit in common of three in either


def test_both_layers_together_are_read_in_both_forms():
    units, rates = [[3, 4], [5, 6]], [[0.99, 0.98], [1.0, 0.97]]
    runs = [{"max1": 3, "max2": 4, "holding": 0.99, "held_out": 0.98}]
    runs += [{"max1": 5, "max2": 6, "holding": 1.0, "held_out": 0.97}]
    for joint in ({"0": runs}, {"units": {"0": units}, "rates": {"0": rates}}):
        ((name, (found, held_out)),) = core_units._joint(
            {"core_units_mnist": {"metrics": {"joint": joint}}}, "mnist"
        ).items()
        assert name == "0"
        np.testing.assert_array_equal(found, units)
        np.testing.assert_array_equal(held_out, [0.98, 0.97])


def test_the_relaxed_gates_count_at_their_best_setting():
    layers = {"max2": {"selected": [[[[0.0, 0.3], [0.7, 0.1]]]]}}
    record = {"certified_units_digits": {"metrics": {"as_published": {"layers": layers}}}}
    (part,) = core_units._relaxed(record)
    assert part.what == "digits, max2"
    assert part.ours.mean == 0.7
    with pytest.raises(KeyError, match="as_published"):
        core_units._relaxed({})


@pytest.mark.parametrize(("missed", "verdict"), [(0, HOLDS), (40, FAILS)])
def test_a_smallest_set_has_to_be_found_in_nine_of_ten_problems(records, missed, verdict):
    made = copy.deepcopy(records)
    for each in made["smallest_sets"]["metrics"]["minimum"].values():
        each.update(found=200 - missed, problems=200)
    assert assessed(PAPER, made, "no smaller set is missed").verdict == verdict
