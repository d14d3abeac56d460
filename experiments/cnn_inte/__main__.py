"""Runs the study: ``python -m experiments.cnn_inte``."""

from experiments.command_line import run_named

if __name__ == "__main__":
    raise SystemExit(run_named("cnn_inte"))
