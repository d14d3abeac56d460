"""Runs the tests marked slow, a file at a time, and keeps when each file ran and how it ended.

python -m tests.slow              all files that have not passed yet
python -m tests.slow --again      all files
python -m tests.slow tests/data   the files of one folder

A killed run goes on where it stopped. The results are in tests/slow_results.json. A file that has passed is run
again only with --again, also after a change of the package.
"""

import argparse
import datetime
import json
import re
import subprocess
import sys
from pathlib import Path

from interp_jax._files import write_text
from tests.failures import failures

RESULTS = Path(__file__).with_name("slow_results.json")
ROOT = Path(__file__).parents[1]


def files(folder: Path = ROOT / "tests") -> list[str]:
    """The test files that have slow tests, by their path in the checkout."""
    found = [folder] if folder.is_file() else sorted(folder.rglob("test_*.py"))
    return [path.relative_to(ROOT).as_posix() for path in found if "mark.slow" in path.read_text()]


def run(file: str) -> dict:
    """Runs the slow tests of a file: the date, pytest's counts, and the failing tests."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "slow", "-p", "no:cacheprovider", file]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    lines = ended.stdout.strip().splitlines() or ended.stderr.strip().splitlines() or ["nothing was printed"]
    counts = re.sub(r" in [\d.:()hms ]+$", "", lines[-1].strip("= "))
    # 5: no slow test was found.
    ok = ended.returncode in (0, 5)
    return {"date": f"{datetime.date.today()}", "passed": ok, "counts": counts, "failed": failures(ended.stdout)}


def main(arguments: list[str] | None = None) -> int:
    """Runs what has to be run; 1 if any test failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.slow", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "tests", help="one folder or file")
    parser.add_argument("--again", action="store_true", help="also the files that have passed")
    chosen = parser.parse_args(arguments)
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    wanted = files(chosen.folder.resolve())
    for file in wanted:
        if not chosen.again and kept.get(file, {}).get("passed"):
            continue
        kept[file] = run(file)
        print(f"{file}: {kept[file]['counts']}", flush=True)
        write_text(RESULTS, json.dumps(dict(sorted(kept.items())), indent=1) + "\n")
    return int(not all(kept[file]["passed"] for file in wanted))


if __name__ == "__main__":
    sys.exit(main())
