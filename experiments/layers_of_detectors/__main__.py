"""Runs the study: ``python -m experiments.layers_of_detectors``."""

import sys

from experiments.command_line import run_named

if __name__ == "__main__":
    sys.exit(run_named("layers_of_detectors"))
