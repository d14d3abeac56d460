"""The questions on a network that others trained: read from the kept run, and verdicts that change."""

import numpy as np
import pytest

from experiments.claims import ledger, page
from experiments.claims.claim import assess
from experiments.claims.in_the_wild import RUN, STUDY, over
from experiments.claims.papers import PAPERS
from experiments.claims.rules import EXPLAINED, FAILS, HOLDS, IN_PART, NOT_TESTED, UNDECIDED
from experiments.in_the_wild import explained, modules, places, smaller
from experiments.in_the_wild.needed import ABLATIONS
from experiments.in_the_wild.study import SECTIONS
from tests.experiments.ledger import assessed, changed

NEAR = 1e-4 * np.arange(8)


def _verdict(records, sentence, change):
    return assessed(STUDY, changed(records, [RUN], change), sentence).verdict


def _types(metrics):
    return zip(NEAR, metrics["needed"]["types"].items(), strict=True)


def test_every_question_is_of_a_section():
    assert set(STUDY.sections) <= {title for title, _ in SECTIONS.values()}


def test_every_question_is_read_from_the_kept_run(records):
    for section, claim in STUDY.claims():
        parts = claim.parts(records)
        assert parts, section
        assert len({part.what for part in parts}) == len(parts)
        assert np.all(np.isfinite([part.ours.mean for part in parts])), section


def test_without_a_kept_run_nothing_is_tested():
    assert {each.verdict for each in assess(STUDY, {})} == {NOT_TESTED}


def test_the_papers_counts_leave_these_questions_out():
    assert STUDY not in PAPERS
    assert STUDY not in ledger.ledger()
    assert STUDY.short not in page.summary(ledger.ledger())
    assert f"Beside the papers, {len(STUDY.claims())} questions on {STUDY.short}." in ledger.in_short()
    assert f"## {STUDY.title}" in ledger.text()


@pytest.mark.parametrize(("rate", "verdict"), [(0.992, HOLDS), (0.95, FAILS)])
def test_the_searchs_rate_is_compared_on_other_packages(records, rate, verdict):
    def change(metrics):
        for small, (_, of) in _types(metrics):
            for name in ABLATIONS:
                of[name]["checked"][1] = rate + small

    assert _verdict(records, "hold 99% of the decisions", change) == verdict


@pytest.mark.parametrize(("more", "verdict"), [(0.01, HOLDS), (-0.01, FAILS)])
def test_certified_sets_are_compared_with_the_required_rate(records, more, verdict):
    def change(metrics):
        for small, (kind, of) in _types(metrics):
            for name in ABLATIONS:
                of[name]["certified"] = True
                of[name]["checked"][0] = metrics["needed"]["required"][kind] + more + small

    assert _verdict(records, "hold the required rate", change) == verdict


@pytest.mark.parametrize(("random", "verdict"), [(0.5, HOLDS), (0.97, EXPLAINED)])
def test_sets_are_compared_with_random_ones(records, random, verdict):
    def change(metrics):
        for small, (_, of) in _types(metrics):
            for name in ABLATIONS:
                of[name]["checked"][0], of[name]["random"] = 0.98 + small, random

    assert _verdict(records, "than random sets as large", change) == verdict


@pytest.mark.parametrize(("other", "verdict"), [(0.97, HOLDS), (0.5, FAILS)])
def test_what_stands_in_for_the_others_is_compared(records, other, verdict):
    def change(metrics):
        for small, (_, of) in _types(metrics):
            of["mean"]["checked"][1], of["resample"]["checked"][1] = 0.98 + small, other

    assert _verdict(records, "hold as much if these have the values", change) == verdict


@pytest.mark.parametrize(("control", "verdict"), [(1.0, HOLDS), (0.001, EXPLAINED)])
def test_sequences_are_compared_with_those_at_another_files_place(records, control, verdict):
    def change(metrics):
        for number, units in enumerate(metrics["witnesses"].values()):
            units[:] = [dict(unit) for unit in units for _ in range(50)]
            for unit in units:
                unit["adjusted"], unit["permuted"] = 0.001, control
            if number in (0, 3):  # not all types alike
                units[0]["permuted"] = 1.001 - control

    assert _verdict(records, "a sequence of bytes stands out", change) == verdict


def test_one_tree_decides_nothing(records):
    def change(metrics):
        metrics["modules"]["beside"] = {modules.NETWORK: [0.9, 0.5, 0.5], modules.WEIGHTS: [0.0, 0.5, 0.5]}

    assert _verdict(records, "Modules of units are the same", change) == UNDECIDED


@pytest.mark.parametrize(("inside", "verdict"), [(0.6, HOLDS), (0.11, EXPLAINED)])
def test_units_of_a_set_are_compared_with_random_sets_in_the_tree(records, inside, verdict):
    def change(metrics):
        of = metrics["modules"]
        for small, name in zip(NEAR, of["inside"], strict=True):
            of["inside"][name], of["by_chance"][name][0] = inside + small, 0.1

    assert _verdict(records, "lie in one module", change) == verdict


@pytest.mark.parametrize(("value", "verdict"), [(0.5, HOLDS), (-0.5, FAILS)])
def test_specificity_is_compared_with_nothing_by_its_interval(records, value, verdict):
    def change(metrics):
        metrics["explained"]["disagree"] = 51
        for name in (explained.SEES, explained.FORESTS, explained.PLAIN):
            metrics["explained"]["specific"][name] = [value, value - 0.1, value + 0.1]

    assert _verdict(records, "explains this version", change) == verdict
    assert _verdict(records, "explains this version", lambda of: of["explained"]["specific"].clear()) == NOT_TESTED


@pytest.mark.parametrize(("other", "verdict"), [(0.6, HOLDS), (0.21, EXPLAINED)])
def test_orders_of_deletion_are_compared(records, other, verdict):
    def change(metrics):
        kinds = list(metrics["needed"]["types"])
        areas = {
            name: dict(zip(kinds, other + NEAR, strict=True)) for name in (places.CONTROL, places.ENDS, places.RANDOM)
        }
        metrics["places"]["areas"] = {**areas, places.INTEGRATED: dict.fromkeys(kinds, 0.2)}

    assert _verdict(records, "integrated gradients", change) == verdict


@pytest.mark.parametrize(("held", "verdict"), [(19.5, HOLDS), (2, FAILS)])
def test_opening_bytes_mislead_or_not(records, held, verdict):
    def change(metrics):
        of = metrics["places"]
        of["asked"], of["held"] = 20, {name: held + 0.01 * number for number, name in enumerate(of["held"])}

    assert _verdict(records, "opening bytes of another type", change) == verdict


@pytest.mark.parametrize(("back", "verdict"), [(0.9, HOLDS), (0.0, FAILS)])
def test_bytes_nearest_to_an_ascents_end_are_read_back(records, back, verdict):
    def change(metrics):
        for small, of in zip(NEAR, metrics["written"].values(), strict=True):
            of["read_back"] = back + small

    assert _verdict(records, "nearest bytes are of the type", change) == verdict


@pytest.mark.parametrize(("random", "verdict"), [(0.0, HOLDS), (0.95, EXPLAINED)])
def test_bytes_by_the_gradient_are_compared_with_random_ones(records, random, verdict):
    def change(metrics):
        for small, of in zip(NEAR, metrics["written"].values(), strict=True):
            of["replaced"], of["random"] = 0.99 + small, random

    assert _verdict(records, "Bytes that the gradient chooses", change) == verdict


@pytest.mark.parametrize(
    ("small", "random", "verdict"), [(0.99, 0.6, HOLDS), (0.99, 0.985, IN_PART), (0.9, 0.9, FAILS)]
)
def test_a_cut_network_is_compared_with_one_of_random_units(records, small, random, verdict):
    def change(metrics):
        metrics["smaller"][smaller.SMALL]["decisions"] = list(small + NEAR)
        metrics["smaller"][smaller.RANDOM]["decisions"] = [random] * len(NEAR)

    assert _verdict(records, "A network cut to the units", change) == verdict


def test_types_without_a_value_are_left_out():
    assert over([0.1, np.nan, 0.3])[2:] == (1, 2, "types")
