"""Writes the ledger of the papers' claims from the kept runs: ``python -m experiments.claims``."""

from experiments.claims import report
from experiments.claims.ledger import FILE, in_short, ledger, others
from experiments.keep_results import write_tables

if __name__ == "__main__":
    write_tables()
    print(f"{in_short()}\n\nwrote {FILE} and {report.write(ledger(), others=others())}")
