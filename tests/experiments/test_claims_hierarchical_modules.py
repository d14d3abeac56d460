"""The ledger of the paper on hierarchical modules: all sections, kept runs that are read, verdicts that can change."""

import numpy as np
import pytest

from experiments.claims.papers.hierarchical_modules import (
    NOISE,
    PAPER,
    RUNS,
    leading,
    of_pairs,
    signed,
)
from experiments.claims.rules import EXPLAINED, FAILS, HOLDS, UNDECIDED
from tests.experiments.ledger import assessed, changed

CONTENTS = """\
Abstract
1 Introduction
2 Training a Layered Neural Network
3 Hierarchical Modular Representation of LNNs
3.1 Determining Feature Vectors of Hidden Layer Units
3.2 Hierarchical Clustering of Units in a Trained LNN
4 Experiments
4.1 Experiment Using the MNIST Data Set
4.2 Experiment Using the Consumer Price Index Data Set
5 Discussion
6 Conclusion
Appendix 1: Comparison with Clustering Method Based on Non-negative Matrix Factorization
Appendix 2: Effect of Sign Alignment of Feature Vectors
Appendix 3: Experimental Settings"""
SPREAD = np.linspace(-0.01, 0.01, 20)


def test_every_section_of_the_paper_is_in_the_ledger():
    assert list(PAPER.sections) == CONTENTS.splitlines()
    assert all(PAPER.sections.values())


def test_every_measured_claim_is_read_from_the_kept_runs(records):
    for section, claim in PAPER.claims():
        if claim.parts is not None:
            parts = claim.parts(records)
            assert parts, section
            assert len({part.what for part in parts}) == len(parts), section
            assert np.all(np.isfinite([part.ours.mean for part in parts])), section


@pytest.mark.parametrize(
    ("trained", "control", "verdicts"),
    [(0.95, 0.6, (HOLDS, HOLDS)), (0.95, 0.94, (HOLDS, EXPLAINED)), (0.6, 0.6, (FAILS, EXPLAINED))],
)
def test_signs_hold_above_the_threshold_and_are_learned_above_the_controls(records, trained, control, verdicts):
    def change(metrics):
        shares = metrics["causal"]["share_of_signs_as_predicted"]
        for kind in shares:
            values = trained + SPREAD if kind == "trained" else control + SPREAD[::-1]
            shares[kind]["resample"] = [*values[:-1], None if kind == "shuffled targets" else values[-1]]

    made = changed(records, RUNS.values(), change)
    assert assessed(PAPER, made, "tells whether the output rises").verdict == verdicts[0]
    assert assessed(PAPER, made, "These signs tell").verdict == verdicts[1]


@pytest.mark.parametrize(
    ("control", "spread", "verdict"), [(0.2, 0.02, HOLDS), (0.9, 0.02, EXPLAINED), (0.8, 0.2, UNDECIDED)]
)
def test_roles_are_learned_only_if_networks_agree_more_than_their_controls(records, control, spread, verdict):
    def change(metrics):
        for kind, of in metrics["stability"]["agreement"].items():
            of["roles"] = dict.fromkeys(of["roles"], 0.9 if kind == "trained" else control)
            of["roles_spread"] = dict.fromkeys(of["roles_spread"], spread)

    assert assessed(PAPER, changed(records, RUNS.values(), change), "coarsest clusters are the main").verdict == verdict


@pytest.mark.parametrize(("rand", "verdict"), [(0.97, HOLDS), (0.5, FAILS)])
def test_the_verdict_on_the_tree_follows_the_modules_that_it_recovers(records, rand, verdict):
    def change(metrics):
        planted = metrics["planted"]
        planted["adjusted_rand"][planted["noise"].index(NOISE)] = list(rand + SPREAD)

    assert assessed(PAPER, changed(records, RUNS.values(), change), "units that have the same role").verdict == verdict


@pytest.mark.parametrize(("after", "verdict"), [(0.5, HOLDS), (1.5, FAILS)])
def test_a_tree_that_is_not_lower_after_the_alignment_fails(records, after, verdict):
    def change(metrics):
        metrics["vectors"]["height_of_all_networks"] = {"before": [1.0] * 20, "after": list(after + SPREAD)}

    assert assessed(PAPER, changed(records, RUNS.values(), change), "lower after the alignment").verdict == verdict


def test_clusters_of_one_network_decide_nothing(records):
    only = assessed(PAPER, records, "Of four clusters")
    assert (only.verdict, only.reason) == (UNDECIDED, "a single network")


def test_the_error_of_a_mean_over_pairs_is_at_most_the_bound():
    rng = np.random.default_rng(0)
    first, second = np.triu_indices(12, 1)
    for agreement in (lambda a, b: a * b, lambda a, b: a + b, lambda a, b: np.abs(a - b)):
        pairs = [agreement(x[first], x[second]) for x in rng.normal(size=(2_000, 12)) + 0.5]
        bounds = [of_pairs(each.mean(), each.std(), 12).error for each in pairs]
        means = np.mean(pairs, axis=1)
        # Attained by the sum; 2,000 draws determine a standard deviation to 2%.
        assert np.std(means) <= 1.05 * np.sqrt(np.mean(np.square(bounds)))
    assert of_pairs(0.5, 0.1, 12)[2:4] == (11, 12)


def test_a_cluster_has_the_outputs_that_the_paper_names_up_to_its_sign():
    roles = np.array([[0.5, -0.3, 0.0], [-0.2, 0.6, 0.4]])
    assert signed(roles, (0,), (1,)) == 0.3
    assert signed(roles, (0,), (1, 2)) == 0.2  # the second cluster, reversed
    assert signed(roles, (0, 1), ()) == -0.2
    np.testing.assert_allclose(leading(roles, (1,)), 0.2)
    np.testing.assert_allclose(leading(roles, (1, 2)), 0.2)
    np.testing.assert_allclose(leading(roles, (2,)), -0.2)
