"""Runs the study: ``python -m experiments.certified_units``."""

import sys

from experiments.command_line import run_named

if __name__ == "__main__":
    sys.exit(run_named("certified_units"))
