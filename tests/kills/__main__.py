"""The command line: ``python -m tests.kills``."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests import kills

RESULTS = Path(__file__).with_name("results.json")


def main(arguments: list[str] | None = None) -> int:
    """Kills what has not been killed often enough; 1 where a run ended with something else."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=kills.__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="of each study")
    parser.add_argument("--only", help="one study")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file of the counts")
    options = parser.parse_args(arguments)
    from tests.kills.driver import kill_often
    from tests.kills.studies import QUICK, STUDIES

    faults = []
    with tempfile.TemporaryDirectory() as folder:
        for name, study in STUDIES.items():
            if options.only == name or (options.only is None and name != QUICK):
                place = Path(folder) / name.replace(" ", "_")
                faults += kill_often(name, study, options.kills, place, options.results)
    print("\n".join(faults) or "every run ended as an undisturbed one does")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
