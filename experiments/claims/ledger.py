"""All papers with the verdicts on their claims, from the kept runs, and the file that has them."""

from experiments.claims.claim import assess, kept_records
from experiments.claims.page import Ledger, paper_table, summary
from experiments.claims.papers import PAPERS
from experiments.kept import RESULTS

FILE = RESULTS / "CLAIMS.md"
TITLE = """# What the papers' claims are worth

Every section of the five papers, its claims, a verdict, our numbers over networks with 95% intervals, and the control
that could explain a claim away: untrained networks, networks trained on permuted labels, or a simpler method. Verdicts
follow from rules fixed beforehand (`experiments/claims/rules.py`): a test of each part by the spread over networks,
with Holm's correction within a paper. *Explained by a control*: the control shows nearly as much. *Undecided*: no test
decides; one network never does. `python -m experiments.claims` writes this file from the kept runs.
"""


def ledger() -> Ledger:
    """The verdicts on all claims."""
    records = kept_records()
    return {paper: assess(paper, records) for paper in PAPERS}


def text() -> str:
    """The whole ledger: the summary, then a table for every paper."""
    verdicts = ledger()
    parts = [TITLE, "## In short\n", summary(verdicts)]
    for paper, claims in verdicts.items():
        parts += [f"\n## {paper.title}\n", paper_table(paper, claims)]
    return "\n".join(parts) + "\n"
