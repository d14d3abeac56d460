"""The ledger of the paper on CNN-INTE: all sections, kept runs that are read, verdicts that change."""

import numpy as np
import pytest

from experiments.claims.papers.cnn_inte import (
    ALIKE,
    FORESTS,
    FULL,
    HALF,
    MEANS,
    NETWORK,
    OURS,
    PAPER,
    PIXELS,
    PUBLISHED,
    RUNS,
    SEES,
)
from experiments.claims.rules import EXPLAINED, FAILS, HOLDS, NOT_TESTED, UNDECIDED
from experiments.cnn_inte import fidelity, instances
from experiments.specificity import explained
from tests.experiments.ledger import assessed, changed

CONTENTS = """
Abstract
I Introduction
II Related Work
III Methodology
III.A Deep Convolutional Neural Network
III.B Meta-learning
III.C Framework
IV Experiments
IV.A Experimental Setup
IV.B Experimental Results
V Conclusion and Future Work
"""


def _scores(values):
    """A change of records to eight networks, with these scores of explanations and 0.5 for the others."""

    def change(metrics):
        for kind in (HALF, FULL):
            for step, name in enumerate(metrics["fidelity"][kind], 1):  # differences of explanations vary, too
                metrics["fidelity"][kind][name] = [list(values.get(name, 0.5) + 1e-5 * step * np.arange(8))] * 2

    return change


def test_every_section_of_the_paper_is_in_the_ledger():
    assert list(PAPER.sections) == CONTENTS.strip().splitlines()
    assert all(PAPER.sections.values())


def test_every_measured_claim_is_read_from_the_kept_runs(records):
    for section, claim in PAPER.claims():
        if claim.parts is None:
            continue
        parts = claim.parts(records)
        assert parts, section
        assert len({part.what for part in parts}) == len(parts), section
        assert np.all(np.isfinite([part.ours.mean for part in parts])), section


def test_the_names_of_explanations_are_those_of_the_studies():
    assert (FORESTS, SEES, ALIKE) == (explained.FORESTS, explained.WEIGHTED, explained.WEIGHTED_COMPONENTS)
    assert (OURS, PIXELS, PUBLISHED, MEANS, NETWORK) == (
        fidelity.OURS, fidelity.PIXELS, fidelity.AS_PUBLISHED, fidelity.BY_MEANS, fidelity.NETWORK
    )  # fmt: skip


@pytest.mark.parametrize(("tree", "verdict"), [(0.935, HOLDS), (0.8, FAILS)])
def test_accuracy_is_not_sacrificed_if_less_than_two_points_are_lost(records, tree, verdict):
    change = _scores({NETWORK: 0.94, OURS: tree, PUBLISHED: tree})
    assert assessed(PAPER, changed(records, RUNS.values(), change), "does not sacrifice").verdict == verdict


@pytest.mark.parametrize(("pixels", "verdict"), [(0.7, HOLDS), (0.95, EXPLAINED)])
def test_the_tree_is_compared_with_one_on_the_pixels(records, pixels, verdict):
    change = _scores({OURS: 0.94, PIXELS: pixels})
    assert (
        assessed(PAPER, changed(records, RUNS.values(), change), "It is the network's hidden layer").verdict == verdict
    )


@pytest.mark.parametrize(("other", "verdict"), [(0.8, HOLDS), (0.9495, EXPLAINED)])
def test_an_explanation_is_specific_if_that_of_another_network_agrees_less(records, other, verdict):
    def change(metrics):
        for kind in (HALF, FULL):
            metrics["fidelity"]["specificity"][kind] = [
                {"agreement": own, "control: another network's explanation": other}
                | {"agreement where the network errs": None, "control where the network errs": None}
                for own in 0.95 + 1e-4 * np.arange(8)
            ]

    made = changed(records, RUNS.values(), change)
    assert assessed(PAPER, made, "inner mechanisms").verdict == verdict
    assert assessed(PAPER, made, "correctly or wrongly").verdict == UNDECIDED, "no errors, no verdict"


def test_classes_that_are_ruled_out_are_counted_once_kept_runs_have_them(records):
    assert instances.share_ruled_out({"ruled_out": [(0, 3), (1, None), (2, 0), (3, 4)]}) == 0.75
    without = changed(records, RUNS.values(), lambda metrics: metrics["instances"].pop("ruled_out", None))
    assert assessed(PAPER, without, "Along the path").verdict == NOT_TESTED
    shares = changed(records, RUNS.values(), lambda metrics: metrics["instances"].update(ruled_out=[0.75, 1.0]))
    (part, _) = assessed(PAPER, shares, "Along the path").parts
    assert part.ours.mean == 0.875
    assert part.ours.networks == 1


def _made_disagreement(specific, beyond, agreement):
    """A record of ten networks of each kind."""
    every = {"specific": specific, "interval": [specific - 0.02, specific + 0.02]}
    spread = 1e-3 * np.arange(10)
    of = {
        FORESTS: every | {"fidelity": list(0.9 + spread)},
        SEES: every | {"fidelity": list(0.9 + agreement + spread)},
        ALIKE: every | {"fidelity": list(0.9 + spread[::-1])},
        "beyond components": {SEES: [beyond, beyond - 0.02, beyond + 0.02]},
    }
    return {"specificity_mnist": {"metrics": {"disagreement": {HALF: of, FULL: of}}}}


@pytest.mark.parametrize(("means", "verdict"), [(0.9, HOLDS), (0.3, FAILS)])
def test_the_other_reading_of_the_algorithm_is_compared_with_the_first(records, means, verdict):
    change = _scores({PUBLISHED: 0.7, MEANS: means})

    def both(metrics):
        metrics["fidelity"][HALF][MEANS] = None
        change(metrics)

    assert assessed(PAPER, changed(records, RUNS.values(), both), "Rows clustered by the means").verdict == verdict


@pytest.mark.parametrize(("more", "verdict"), [(0.05, HOLDS), (-0.05, EXPLAINED)])
def test_paths_are_compared_with_those_of_a_tree_on_components(more, verdict):
    spread = 1e-3 * np.arange(10)
    ours = {"coverage": list(0.1 + more + spread), "listed": list(5.0 - 100 * more + spread)}
    of = {SEES: ours, ALIKE: {"coverage": list(0.1 + spread[::-1]), "listed": list(5.0 + spread[::-1])}}
    made = {"specificity_mnist": {"metrics": {"paths": {HALF: of, FULL: of}}}}
    assert assessed(PAPER, made, "cover more images, or are shorter").verdict == verdict


@pytest.mark.parametrize(("precision", "listed", "verdict"), [(0.95, 6.0, HOLDS), (0.8, 14.0, FAILS)])
def test_paths_are_precise_and_short_above_and_below_their_thresholds(precision, listed, verdict):
    spread = 1e-3 * np.arange(10)
    of = {SEES: {"precision": list(precision + spread), "listed": list(listed + spread)}}
    made = {"specificity_mnist": {"metrics": {"paths": {HALF: of, FULL: of}}}}
    assert assessed(PAPER, made, "decide the class").verdict == verdict
    assert assessed(PAPER, made, "can be read").verdict == verdict


@pytest.mark.parametrize(
    ("numbers", "verdicts"),
    [
        ((0.2, 0.0, 0.0), (HOLDS, HOLDS)),
        ((0.0, -0.2, -0.1), (EXPLAINED, FAILS)),
        ((0.07, -0.05, -0.01), (HOLDS, UNDECIDED)),
    ],
)
def test_specificity_decides_whether_explanations_are_about_their_network(numbers, verdicts):
    made = _made_disagreement(*numbers)
    own, beyond = verdicts
    for sentence in ("that sees the image alone follows", "an explanation that sees the layer follows"):
        assert assessed(PAPER, made, sentence).verdict == own
    assert assessed(PAPER, made, "no less than a tree").verdict == beyond
    assert assessed(PAPER, {}, "no less than a tree").verdict == NOT_TESTED
