"""Runs the study: ``python -m experiments.quotient_networks``."""

import sys

from experiments.command_line import run_named

if __name__ == "__main__":
    sys.exit(run_named("quotient_networks"))
