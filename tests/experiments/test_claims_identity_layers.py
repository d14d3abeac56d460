"""The ledger of the paper on identity initialization: all sentences, kept runs that are read, verdicts that change."""

import numpy as np
import pytest
from scipy import stats

from experiments.claims.papers.identity_layers import PAPER, RUNS, difference
from experiments.claims.rules import EXPLAINED, FAILS, HOLDS, IN_PART, NOT_TESTED, UNDECIDED
from experiments.neuron_contributions import maps
from tests.experiments.ledger import assessed, changed

SENTENCES = 7  # of the abstract


def _near(value, count):
    return list(value + 1e-5 * np.arange(count))


def test_every_sentence_of_the_abstract_is_in_the_ledger():
    names = [f"Abstract, sentence {number}" for number in range(1, SENTENCES + 1)]
    assert list(PAPER.sections) == [*names, "Sections of the paper"]
    assert all(PAPER.sections.values())


def test_every_measured_claim_is_read_from_the_kept_runs(records):
    for section, claim in PAPER.claims():
        if claim.parts is None:
            continue
        parts = claim.parts(records)
        assert parts, section
        assert len({part.what for part in parts}) == len(parts), section
        assert np.all(np.isfinite([part.ours.mean for part in parts])), section


@pytest.mark.parametrize(("distance", "verdict"), [(0.05, HOLDS), (0.2, FAILS)])
def test_weights_are_near_the_identity_below_a_tenth_of_its_norm(records, distance, verdict):
    def change(metrics):
        for depth in (10, 30, 100):
            layers = [_near(distance, 3)] * (depth - 1) + [[9.0, 9.0, 9.0]]  # the last layer does not count
            metrics["distance"]["by_layer"][str(depth)] = layers

    assert assessed(PAPER, changed(records, RUNS.values(), change), "remain near the identity").verdict == verdict


@pytest.mark.parametrize(("power", "verdict"), [(-1.5, HOLDS), (-0.5, IN_PART), (0.5, FAILS)])
def test_the_distance_is_compared_with_one_over_depth(records, power, verdict):
    def change(metrics):
        for depth in (10, 30, 100):
            factors = np.array([0.99, 1.0, 1.01]) * depth ** (power + np.array([-1e-3, 0, 1e-3]))
            metrics["distance"]["by_layer"][str(depth)] = [list(factors)] * depth

    assert assessed(PAPER, changed(records, RUNS.values(), change), "The deeper the network").verdict == verdict


@pytest.mark.parametrize(("random", "verdict"), [(0.2, HOLDS), (0.85, EXPLAINED)])
def test_early_layers_are_compared_with_those_of_random_networks(records, random, verdict):
    def change(metrics):
        for name, of in metrics["accuracy"]["accuracy"].items():
            of["half_best"] = _near(0.9 if name.startswith("identity") else random, len(of["half_best"]))

    assert assessed(PAPER, changed(records, RUNS.values(), change), "that gives early layers").verdict == verdict


@pytest.mark.parametrize(("baseline", "verdict"), [(0.5, HOLDS), (0.32, EXPLAINED)])
def test_maps_have_a_verdict_once_the_areas_of_every_network_are_kept(records, baseline, verdict):
    maps = "is the contribution to the classification"

    def change(metrics):
        for name, of in metrics["removal"]["area"].items():
            of["deletion_area"] = [0.3, 0.3, 0.3] if name == "contribution map" else _near(baseline, 3)

    def one_network(metrics):
        for of in metrics["removal"]["area"].values():
            of["deletion_area"] = of["deletion_area"][:1]

    assert assessed(PAPER, changed(records, RUNS.values(), one_network), maps).verdict == UNDECIDED
    assert assessed(PAPER, changed(records, RUNS.values(), change), maps).verdict == verdict


def test_a_difference_of_independent_groups_is_that_of_welch():
    one, two = np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.0, 0.75, -1.0, 0.25])
    test = stats.ttest_ind(one, two, equal_var=False)
    ours, interval = difference(one, two), test.confidence_interval(0.95)
    np.testing.assert_allclose(ours.interval(), interval, rtol=1e-12)
    np.testing.assert_allclose(2 * ours.above(0.0), test.pvalue, rtol=1e-12)
    assert difference([1.0, 2.0], [0.5]).freedom == 0
    assert difference([1.0, 1.0], [0.5, 0.5]).above(0.0) == 0.5**3  # two degrees of freedom


def _made_contributions(missing, order, gradient, probe, pulled):
    """A record of three networks."""
    metrics = {
        "split": {"missing": _near(missing, 3), "order_of_networks": _near(order, 3)},
        "maps": {
            "deletion": {
                maps.NEURONS: [0.1, 0.1, 0.1],
                maps.GRADIENT: _near(0.1 + gradient, 3),
                maps.MAP: _near(0.2, 3),
            }
        },
        "probes": {
            "probe": {start: [_near(probe, 3)] * 4 for start in ("identity", "he", "glorot")},
            "own": {"identity": [_near(0.6, 3)] * 4},
        },
        "pull": {
            "accuracy": {"0": [_near(0.9, 3)] * 2, "1": [[0.0] * 3, list(np.array(_near(0.9 + pulled, 3))[::-1])]},
            "distance": {"0": [_near(0.9, 3)] * 2, "1": [_near(0.05, 3)] * 2},
        },
    }
    return {"neuron_contributions_mnist": {"metrics": metrics}}


@pytest.mark.parametrize(
    ("numbers", "verdicts"),
    [
        ((0.002, 0.95, 0.05, 0.3, 0.0), (HOLDS, HOLDS, HOLDS, HOLDS)),
        ((0.1, 0.5, -0.05, 0.9, -0.1), (FAILS, IN_PART, FAILS, IN_PART)),
        ((0.002, 0.5, -0.05, 0.9, -0.1), (IN_PART, IN_PART, FAILS, IN_PART)),
    ],
)
def test_contributions_of_neurons_have_verdicts_on_both_sides(numbers, verdicts):
    made = _made_contributions(*numbers)
    sentences = "of each neuron to the classification", "rank the pixels by", "A linear classifier,", "Pulled back"
    beyond = assessed(PAPER, made, "Early layers near the identity show the class better")
    assert beyond.verdict == (HOLDS if numbers[3] < 0.6 else EXPLAINED)
    for sentence, verdict in zip(sentences, verdicts, strict=True):
        assert assessed(PAPER, made, sentence).verdict == verdict, sentence
        assert assessed(PAPER, {}, sentence).verdict == NOT_TESTED
