"""All papers with the verdicts on their claims, from the kept runs, and the file that has them."""

from experiments.claims import in_the_wild
from experiments.claims.claim import assess, kept_records
from experiments.claims.page import Ledger, beside, paper_table, summary
from experiments.claims.papers import PAPERS
from experiments.kept import RESULTS

FILE = RESULTS / "CLAIMS.md"
TITLE = """# What the papers' claims are worth

Every section of the five papers, its claims, a verdict, our numbers over networks with 95% intervals, and the control
that could explain a claim away: untrained networks, networks trained on permuted labels, or a simpler method.

No verdict is given by hand. Each part of a claim has a rule of one of three kinds (`experiments/claims/rules.py`): a
number, the same as the published one up to a tolerance; a direction, above or below a threshold; a control, more than
the control shows. What a picture shows is measured, and then is one of these. A part is tested by the spread over
networks, or where its number says so over classes, selections, draws or problems, one-sided at 2.5%, with Holm's
correction for all parts of a paper; where all networks have the same value, by their number alone. The intervals shown
are not corrected, so that a part can be undecided though its interval lies on one side. Thresholds are round numbers or
chances. They were chosen before the rules were applied, but for most with the means of earlier runs in view, and were
not changed afterwards; a note says where it was otherwise.

*Holds*: all parts do. *Holds in part*: as many parts as stated do. *Fails*: none does, and all parts are decided.
*Explained by a control*: the control shows nearly as much, as much, or more. *Undecided*: no part holds, and not every
part is decided by its test; a single number decides nothing.

Questions that no paper asks come last and are not counted with the papers' claims: their intervals are over the file
types of one network, and their rules were written with the findings of a run in view.
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
