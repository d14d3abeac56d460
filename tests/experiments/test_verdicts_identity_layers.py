"""Verdicts on the paper on identity initialization follow its records: made-up numbers turn each of them round."""

import numpy as np
import pytest

from experiments.claims.papers.identity_layers import PAPER, RUNS, STARTS, SURE
from experiments.claims.rules import EXPLAINED, FAILS, HOLDS
from experiments.neuron_contributions import maps
from tests.experiments.ledger import assert_reads, assert_turns, changed, near

NETWORKS, DEPTH = 3, 30


def _every(metrics, column, others, own=None, starts=()):
    """Sets a column of the accuracies of all networks: from some starts to one value, else to the other."""
    for name, of in metrics["accuracy"]["accuracy"].items():
        kind = name.removesuffix(f" {DEPTH}")
        of[column] = near(own if kind in starts else others, len(of[column]))


def _embedded(metrics, bad):
    for column in ("first", "half_best", "last"):
        _every(metrics, column, 0.1 if bad else 0.4)
    _every(metrics, "half_mean", 0.1 if bad else 0.4, 0.4 if bad else 0.1, STARTS)


def _likelihood(metrics, bad):
    exits = metrics["exits"]
    exits["accuracy"] = near(0.95 if bad else 0.85, len(exits["thresholds"]) + 1, NETWORKS)
    exits["accuracy"][exits["thresholds"].index(SURE)] = near(0.85 if bad else 0.95, NETWORKS)


def _first(metrics, bad):
    _every(metrics, "first", 0.5 if bad else 0.05, 0.05 if bad else 0.5, ("identity",))


def _roles(metrics, bad):
    _every(metrics, "first", 0.6)
    _every(metrics, "last", 0.6, 0.62 if "less the first" in bad else 0.9, ("identity",))
    shares = metrics["shares"][f"identity {DEPTH}"]
    early_first = np.repeat([0.02, 0.01], DEPTH // 2)
    for way, late in {"origin": "path less by writes" in bad, "written": "path less by writes" not in bad}.items():
        shares[way] = early_first[:: -1 if late else 1] + near(0, NETWORKS, DEPTH)


def _confirmed(metrics, bad):
    for name, of in metrics["shares"].items():
        of["agreement"] = near(0.95 if name.startswith("identity") else 0.9 if bad else 0.5, NETWORKS)


def _no_cost(metrics, bad):
    _every(metrics, "last", 0.5, 0.95, ("identity",))
    metrics["accuracy"]["accuracy"][f"he {DEPTH}"]["last"] = near(0.98 if bad else 0.952, NETWORKS)


@pytest.mark.parametrize(
    ("sentence", "change", "measures", "other"),
    [
        ("early layers do not show the class", _embedded, ("",), FAILS),
        ("has a likelihood of the classes", _likelihood, ("",), FAILS),
        ("give every layer a recognition accuracy", _first, ("",), FAILS),
        ("The layers have different roles", _roles, ("less the first", "path less by writes"), FAILS),
        ("can be read in a network near the identity", _confirmed, ("",), EXPLAINED),
        ("costs no accuracy", _no_cost, ("",), FAILS),
    ],
)
def test_each_part_of_a_claim_turns_with_what_it_measures(records, sentence, change, measures, other):
    assert_turns(
        PAPER, sentence, lambda bad: changed(records, RUNS.values(), lambda of: change(of, bad)), measures, other
    )


def _class_maps(metrics, bad):
    names = {maps.GRADIENT: "x · gradient", maps.MAP: "the paper's map"}
    areas = {name: near(0.1 if end in bad else 0.2, NETWORKS) for name, end in names.items()}
    metrics["maps"]["deletion"] |= areas | {maps.NEURONS: near(0.1, NETWORKS)}


def _pulled(metrics, bad):
    pull = {
        "0": (0.9, 0.5),
        "0.1": (0.5, 0.5),
        "1": (0.8 if "pull" in bad else 0.895, 0.3 if "distance" in bad else 0.05),
    }
    for name, (accuracy, distance) in pull.items():
        metrics["pull"]["accuracy"][name] = [near(0.1, NETWORKS), near(accuracy, NETWORKS)]  # the last layer counts
        metrics["pull"]["distance"][name] = near(distance, 2, NETWORKS)


@pytest.mark.parametrize(
    ("sentence", "change", "measures", "other"),
    [
        ("rank the pixels by what they contribute", _class_maps, ("x · gradient", "the paper's map"), EXPLAINED),
        ("Pulled back to the identity", _pulled, ("pull", "distance"), FAILS),
    ],
)
def test_each_part_of_a_claim_turns_with_what_is_measured_of_neurons(records, sentence, change, measures, other):
    def made(bad):
        return changed(records, ["neuron_contributions_mnist"], lambda metrics: change(metrics, bad))

    assert_turns(PAPER, sentence, made, measures, other)


@pytest.mark.parametrize("areas", [True, False])
def test_what_decides_nothing_in_a_single_network_is_read_as_it_is_in_the_record(records, areas):
    def change(metrics):
        metrics["convolution"]["distance"] = {"identity": [0.1, 0.2, 0.6], "glorot": [9.0, 9.0, 9.0]}
        gains = {"identity": 0.4, "identity, labels shuffled": 0.2, "orthogonal": 0.42}
        # Either both areas, or the difference of that of the map with its interval.
        metrics["removal"]["controls"] = {
            kind: {"random_ink": 0.7, "map": 0.7 - gain} if areas else [-gain, -2 * gain, -gain / 2]
            for kind, gain in gains.items()
        }

    made = changed(records, RUNS.values(), change)
    assert_reads(PAPER, "that start as Dirac kernels", made, {"": (0.3, FAILS)})
    assert_reads(
        PAPER,
        "due to what the network has learned",
        made,
        {"labels permuted": (0.2, HOLDS), "orthogonal": (-0.02, EXPLAINED)},
    )
