"""Runs the study: ``python -m experiments.price_forecasts``."""

import sys

from experiments.command_line import run_named

if __name__ == "__main__":
    sys.exit(run_named("price_forecasts"))
