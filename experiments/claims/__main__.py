"""Writes the ledger of the papers' claims from the kept runs: ``python -m experiments.claims``."""

from experiments.claims import report
from experiments.claims.ledger import FILE, ledger
from experiments.claims.page import summary
from experiments.keep_results import write_tables

if __name__ == "__main__":
    write_tables()
    verdicts = ledger()
    print(f"{summary(verdicts)}\n\nwrote {FILE} and {report.write(verdicts)}")
