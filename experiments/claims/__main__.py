"""Writes the ledger of the papers' claims from the kept runs: ``python -m experiments.claims``."""

import sys

from experiments.claims.claim import assess, kept_records
from experiments.claims.page import paper_table, summary
from experiments.claims.papers import PAPERS
from experiments.kept import RESULTS
from interp_jax._files import write_text

TITLE = """# What the papers' claims are worth

Every section of the five papers, its claims, our numbers over networks with 95% intervals, the control that could
explain a claim away, and a verdict. Verdicts follow from rules fixed beforehand (`experiments/claims/rules.py`): a test
of each part by the spread over networks, with Holm's correction within a paper. *Undecided* is what no test decides; a
single network decides nothing. `python -m experiments.claims` writes this file from the kept runs.
"""


def ledger() -> dict:
    """All papers with the verdicts on their claims."""
    records = kept_records()
    return {paper: assess(paper, records) for paper in PAPERS}


def main() -> None:
    """Writes ``experiments/results/CLAIMS.md`` and prints the summary."""
    assessed = ledger()
    parts = [TITLE, "## In short\n", summary(assessed)]
    for paper, claims in assessed.items():
        parts += [f"\n## {paper.title}\n", paper_table(paper, claims)]
    write_text(RESULTS / "CLAIMS.md", "\n".join(parts) + "\n")
    print(summary(assessed))


if __name__ == "__main__":
    sys.exit(main())
