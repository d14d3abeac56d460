"""Verdicts follow from their rules, on both sides of each; the ledger says what is missing."""

import re

import numpy as np
import pytest

from experiments.claims import page, report
from experiments.claims.claim import Assessed, Claim, Paper, assess
from experiments.claims.rules import (
    EXPLAINED,
    FAILS,
    HOLDS,
    IN_PART,
    NOT_TESTED,
    UNDECIDED,
    Control,
    Direction,
    Number,
    Part,
    over_networks,
    together,
    verdicts,
)

NEAR = [0.99, 1.0, 1.01, 1.0, 1.0]


@pytest.mark.parametrize(
    ("values", "rule", "verdict"),
    [
        (NEAR, Number(1.0, 0.1), HOLDS),
        (NEAR, Number(2.0, 0.1), FAILS),
        (NEAR, Number(2.0, 0.1, better="lower"), HOLDS),
        (NEAR, Number(2.0, 0.1, better="higher"), FAILS),
        (NEAR, Number(0.5, 0.1, better="higher"), HOLDS),
        ([0.5, 1.5, 1.0], Number(1.0, 0.1), UNDECIDED),
        (NEAR, Direction(0.5), HOLDS),
        (NEAR, Direction(1.5), FAILS),
        (NEAR, Direction(1.5, upwards=False), HOLDS),
        (NEAR, Direction(1.0), UNDECIDED),
        (NEAR, Control(0.1), HOLDS),
        ([0.01, -0.01, 0.0, 0.01, 0.0], Control(0.1), EXPLAINED),
        ([-1.0, -1.1, -0.9, -1.0, -1.0], Control(0.1), EXPLAINED),
        ([0.050, 0.051, 0.049, 0.050, 0.050], Control(0.1), EXPLAINED),
        ([0.3, -0.2, 0.1], Control(0.1), UNDECIDED),
        ([1.0], Direction(0.5), UNDECIDED),
        ([np.nan, np.nan], Direction(0.5), UNDECIDED),
        ([2.0] * 6, Direction(0.5), HOLDS),  # by their signs: 1 / 64
        ([2.0] * 5, Direction(0.5), UNDECIDED),  # 1 / 32
        ([2.0] * 6, Direction(2.0), UNDECIDED),
    ],
)
def test_a_rule_decides_by_the_spread_over_networks(values, rule, verdict):
    assert verdicts([Part("this", over_networks(values), rule)]) == [verdict]
    assert rule.words()


def test_an_interval_is_that_of_students_t():
    values = np.array([1.0, 2.0, 4.0, 3.0])
    low, high = over_networks(values).interval()
    half = 3.182446 * values.std(ddof=1) / 2
    np.testing.assert_allclose([low, high], [2.5 - half, 2.5 + half], rtol=1e-6)
    assert over_networks([1.0]).interval() == (-np.inf, np.inf)


def test_the_parts_of_a_paper_share_one_correction():
    close = Part("close", over_networks([0.05, 0.12, 0.02, 0.09, 0.07]), Direction())
    (alone,) = verdicts([close])
    others = [Part("other", over_networks([1.0, -1.0, 0.5, -0.4]), Direction()) for _ in range(40)]
    assert (alone, verdicts([close, *others])[0]) == (HOLDS, UNDECIDED)


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        ((), NOT_TESTED),
        ((HOLDS, HOLDS), HOLDS),
        ((HOLDS, FAILS), IN_PART),
        ((HOLDS, UNDECIDED), IN_PART),
        ((EXPLAINED, EXPLAINED), EXPLAINED),
        ((EXPLAINED, UNDECIDED), UNDECIDED),
        ((FAILS, EXPLAINED), FAILS),
    ],
)
def test_a_claim_holds_in_part_if_some_of_its_parts_do(parts, verdict):
    assert together(parts) == verdict


def _paper():
    def trained_more(records):
        return [Part("digits", over_networks(records["run"]), Control(0.1))]

    claims = [
        Claim("Fig. 1", "Trained is more.", "a picture", trained_more, control="untrained", method="roles"),
        Claim("Fig. 2", "A record that is not there.", "1", lambda records: [records["none"]]),
        Claim("Table 1", "Not measured.", "2", untested="no such data"),
    ]
    return Paper("A", "A paper", {"1 Introduction": "background", "2 Results": claims})


def test_a_ledger_has_every_section_and_says_what_is_missing():
    paper = _paper()
    assessed = assess(paper, {"run": [0.5, 0.6, 0.55]})
    assert [each.verdict for each in assessed] == [HOLDS, NOT_TESTED, NOT_TESTED]
    assert assessed[1].reason == "no kept run has 'none'"
    table = page.paper_table(paper, assessed)
    assert "| 1 Introduction | *no claim: background* |" in table
    assert "digits: 0.55 (0.426 to 0.674, 3 networks)" in table
    assert "**not tested here**: no such data" in table
    text = page.summary({paper: assessed})
    assert "Of 1: yes, 1 (every comparison shows more than the control does)." in text
    assert "| roles | **yes** | digits | – | – |" in text
    assert "| A | 1 | – | – | – | – | 2 |" in text


@pytest.mark.parametrize(
    ("verdicts", "row"),
    [
        ((HOLDS, HOLDS), "**yes** | MNIST: untrained / permuted, all | – | – |"),
        ((HOLDS, EXPLAINED), "**in part**, 1 of 2 | MNIST: untrained | MNIST: permuted, all | – |"),
        ((EXPLAINED, UNDECIDED), "**no** | – | MNIST: untrained | unclear: MNIST |"),
        ((UNDECIDED, UNDECIDED), "**undecided** | – | – | unclear: MNIST |"),
    ],
)
def test_the_summary_answers_for_each_method_whether_it_shows_more_than_its_controls(verdicts, row):
    parts = [Part(f"MNIST, {name}", over_networks(NEAR), Control(0.1)) for name in ("untrained", "permuted, all")]
    assessed = Assessed("2", Claim("Fig. 1", "More.", "1", lambda _: parts, method="roles"), parts, [*verdicts], HOLDS)
    assert f"| roles | {row}" in page.summary({_paper(): [assessed]})


def test_numbers_are_written_out_and_parts_without_a_spread_are_named():
    part = Part("digits", over_networks([1234.5]), Control(0.1))
    assessed = Assessed(
        "2", Claim("Fig. 1", "More.", "1", lambda _: [part], method="roles"), [part], [UNDECIDED], HOLDS
    )
    paper = Paper("A", "A paper", {"2": [assessed.claim]})
    assert "digits: 1,234 (one network)" in page.paper_table(paper, [assessed])
    assert "| no spread over networks: digits |" in page.summary({paper: [assessed]})


def test_the_page_has_every_claim_and_marks_those_that_are_decided(tmp_path):
    paper = _paper()
    assessed = assess(paper, {"run": NEAR})
    path = report.write({paper: assessed}, tmp_path)
    html = path.read_text()
    assert path == tmp_path / "claims" / "ledger" / "report.html"
    for each in assessed:
        assert each.claim.sentence in html
    assert "1 Introduction: no claim, background." in html
    assert f"only: {report.DECIDED} (1)" in re.sub(r"<[^>]*>", "", html)
    assert report.write({paper: assessed}, tmp_path).read_text() == html


def test_a_single_network_decides_nothing():
    assessed = assess(_paper(), {"run": [0.5]})
    assert (assessed[0].verdict, assessed[0].reason) == (UNDECIDED, "a single network")


def test_a_claim_is_measured_or_says_why_not():
    with pytest.raises(ValueError, match="parts: found"):
        Claim("Fig. 1", "Neither.", "1")
