"""Runs the study: ``python -m experiments.hierarchical_modules``."""

from experiments.command_line import run_named

if __name__ == "__main__":
    raise SystemExit(run_named("hierarchical_modules"))
