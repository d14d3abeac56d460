"""Builds the site without network, with warnings as errors: ``python -m docs``."""

import argparse
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

DOCS = Path(__file__).parent


def main() -> int:
    """Builds into docs/_build/html and returns Sphinx's exit status."""
    parser = argparse.ArgumentParser(prog="python -m docs", description=__doc__)
    parser.add_argument("--no-cells", action="store_true", help="show the cells without running them")
    chosen = parser.parse_args()
    options = ["-D", "nb_execution_mode=off", "-D", "suppress_warnings=myst-nb.lexer"] if chosen.no_cells else []
    status = build_main(["-W", "--keep-going", "-b", "html", *options, str(DOCS), str(DOCS / "_build" / "html")])
    print(f"site: {DOCS / '_build' / 'html' / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
