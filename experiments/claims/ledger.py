"""All papers with the verdicts on their claims, from the kept runs, and the file that has them."""

from experiments.claims import in_the_wild
from experiments.claims.claim import assess, kept_records
from experiments.claims.page import Ledger, beside, paper_table, summary
from experiments.claims.papers import PAPERS
from experiments.kept import RESULTS

FILE = RESULTS / "CLAIMS.md"
TITLE = """# What the papers' claims are worth

Every section of the five papers, its claims, a verdict, our numbers over networks with 95% intervals, and the control
that could explain a claim away: untrained networks, networks trained on permuted labels, or a simpler method. Verdicts
follow from rules fixed beforehand (`experiments/claims/rules.py`): a test of each part by the spread over networks,
with Holm's correction within a paper. *Explained by a control*: the control shows nearly as much. *Undecided*: no test
decides; of a paper's claims one network never does. Questions that no paper asks come last and are not counted with the
papers' claims: their intervals are over the file types of one network, and their rules were written with the findings
of a run in view, and not changed after they had been applied.
`python -m experiments.claims` writes this file from the kept runs.
"""


def ledger() -> Ledger:
    """The verdicts on all claims."""
    records = kept_records()
    return {paper: assess(paper, records) for paper in PAPERS}


def others() -> Ledger:
    """The verdicts on what no paper claims: questions of this repository, which the papers' counts leave out."""
    records = kept_records()
    return {study: assess(study, records) for study in (in_the_wild.STUDY,)}


def in_short() -> str:
    """The summary of the papers' claims, and a sentence on the questions of no paper."""
    return "\n\n".join([summary(ledger()), *(beside(study, claims) for study, claims in others().items())])


def text() -> str:
    """The whole ledger: the summary, then a table for every paper."""
    parts = [TITLE, "## In short\n", in_short()]
    for paper, claims in (ledger() | others()).items():
        parts += [f"\n## {paper.title}\n", paper_table(paper, claims)]
    return "\n".join(parts) + "\n"
