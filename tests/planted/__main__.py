"""Plants faults in a copy of the package and finds out which of them the tests notice."""

import argparse
import sys
from pathlib import Path

from tests.planted import kernels, methods
from tests.planted.driver import try_all

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).with_name("results.json")
FAULTS = [*kernels.FAULTS, *methods.FAULTS]


def main(arguments: list[str] | None = None) -> int:
    """The command line; 1 where a fault survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    parser.add_argument("--only", default="", help="source files whose path, below interp_jax or whole, begins so")
    parser.add_argument("--part", default="0/1", help="faults to plant: 0/2 and 1/2 are two halves")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file of the outcomes")
    options = parser.parse_args(arguments)
    part, parts = map(int, options.part.split("/"))
    only = options.only.removeprefix("interp_jax/")
    chosen = [fault for fault in FAULTS if fault.source.removeprefix("interp_jax/").startswith(only)][part::parts]
    survivors = try_all(chosen, ROOT, options.results)
    print(f"{len(chosen)} faults planted, {len(survivors)} survived")
    return int(bool(survivors))


if __name__ == "__main__":
    sys.exit(main())
