"""Runs the study: ``python -m experiments.limits_of_memorizing``."""

import sys

from experiments.command_line import run_named

if __name__ == "__main__":
    sys.exit(run_named("limits_of_memorizing"))
