"""Runs the study: ``python -m experiments.in_the_wild``."""

import sys

from experiments.command_line import run_named

if __name__ == "__main__":
    sys.exit(run_named("in_the_wild"))
