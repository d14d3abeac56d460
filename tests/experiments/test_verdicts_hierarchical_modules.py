"""Verdicts on the paper on hierarchical modules follow its records: made-up numbers turn each of them round."""

from functools import partial

import numpy as np
import pytest

from experiments.claims.papers.hierarchical_modules import (
    MORE,
    NOISE,
    OWN,
    PAPER,
    PERMUTED,
    RUNS,
    TRAINED,
    UNTRAINED,
)
from experiments.claims.rules import EXPLAINED, FAILS
from tests.experiments.ledger import assert_turns, changed, near

NETWORKS, PAIRS, SHUFFLED = 20, 190, "shuffled targets"


def _sparse(metrics, bad):
    metrics["training"]["small_weights"] = near(0.3 if bad else 0.7, NETWORKS)


def _forecast(metrics, bad):
    names = {TRAINED: None, SHUFFLED: "permuted targets", UNTRAINED: "untrained"}
    metrics["training"]["networks"] = {
        kind: {
            "held out": near(10 if name is None else 10.5 if name in bad else 15, NETWORKS),
            "training": near(15 if name in bad else 10, NETWORKS),
        }
        for kind, name in names.items()
    }


def _sums(metrics, bad):
    sums = {"before": 1.0, "Algorithm 1": -3.0 if bad else 5.0, "greedy flips": 5.0 if bad else -3.0}
    metrics["vectors"]["similarity_of_all_networks"] = {name: near(value, NETWORKS) for name, value in sums.items()}


def _signs_of_modules(metrics, bad):
    planted = metrics["planted"]
    own, opposite = (0.6, 0.97) if bad else (0.97, 0.6)
    planted["signs"] = [near(own if noise == NOISE else opposite, NETWORKS) for noise in planted["noise"]]
    planted["adjusted_rand"] = near(opposite, len(planted["noise"]), NETWORKS)


def _factorization(metrics, bad):
    agreements = {"tree": 0.5, "factorization": 0.45 if bad else 0.1}
    metrics["factorization"]["adjusted_rand"] = {name: near(value, PAIRS) for name, value in agreements.items()}


@pytest.mark.parametrize(
    ("sentence", "change", "measures", "other"),
    [
        ("and the network is sparse", _sparse, ("",), FAILS),
        ("The network that is interpreted forecasts", _forecast, ("permuted targets", "untrained"), EXPLAINED),
        ("increases the sum of the cosines", _sums, ("",), FAILS),
        ("with the same role up to the sign", _signs_of_modules, ("",), FAILS),
        ("in more detail than a factorization", _factorization, ("",), EXPLAINED),
    ],
)
def test_each_part_of_a_claim_turns_with_what_it_measures(records, sentence, change, measures, other):
    assert_turns(
        PAPER, sentence, lambda bad: changed(records, RUNS.values(), lambda of: change(of, bad)), measures, other
    )


def _roles(levels, metrics, bad):
    """How much the roles of controls agree at some levels; at the others it is the other way round."""
    untrained, memorized = (
        [0.88 if (name in bad) == (level in levels) else 0.3 for level in range(3)]
        for name in ("untrained", "memorized")
    )
    if "stability" in metrics:
        counts = map(str, metrics["clusters"]["resolutions"])
        agreement = metrics["stability"]["agreement"]
        for count, control in zip(counts, untrained, strict=True):
            for kind, mean in {TRAINED: 0.9, UNTRAINED: control, SHUFFLED: 1.18 - control}.items():
                agreement[kind]["roles"][count], agreement[kind]["roles_spread"][count] = mean, 0.001
    else:
        means = {OWN: [0.9] * 3, PERMUTED: memorized, UNTRAINED: 1.18 - np.array(memorized)}
        metrics["memorized"]["roles"] = {kind: each + near(0, PAIRS, 3) for kind, each in means.items()}


def _signs(metrics, bad):
    control = {name: 0.88 if name in bad else 0.3 for name in ("untrained", "memorized")}
    if "causal" in metrics:
        shares = metrics["causal"]["share_of_signs_as_predicted"]
        for kind, value in {TRAINED: 0.9, UNTRAINED: control["untrained"]}.items():
            shares[kind] = {"resample": [*near(value, NETWORKS), None], "mean_ablation": near(0.5, NETWORKS + 1)}
    else:
        signs = {OWN: near(0.9, NETWORKS), PERMUTED: near(control["memorized"], NETWORKS)}
        metrics["memorized"]["signs"] = {kind: [*each, None] for kind, each in signs.items()}


def _readings(metrics, bad):
    control = {UNTRAINED: "untrained", PERMUTED: "memorized"}
    levels = {kind: 0.88 if control[kind] in bad else 0.3 for kind in control} | dict.fromkeys((TRAINED, OWN), 0.9)
    if "readings" in metrics:
        signs, of = metrics["inputs"]["signs_as_predicted"], metrics["readings"]["readings"]
        for kind, level in levels.items():
            signs[kind] = near(level, NETWORKS)
            of[kind] = {name: near(level, NETWORKS) for name in of[kind]}


@pytest.mark.parametrize(
    ("sentence", "change"),
    [
        ("coarsest clusters are the main function", partial(_roles, [0])),
        ("At finer resolutions", partial(_roles, [1, 2])),
        ("These signs tell", _signs),
        ("The signs of correlations with inputs", _readings),
        ("What is read from", _readings),
    ],
)
def test_what_is_learned_turns_with_either_control(records, sentence, change):
    def made(bad):
        return changed(records, [*RUNS.values(), *MORE.values()], lambda metrics: change(metrics, bad))

    assert_turns(PAPER, sentence, made, ("untrained", "memorized"), EXPLAINED)
