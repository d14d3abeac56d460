"""Runs the study: ``python -m experiments.core_units``."""

from experiments.command_line import run_named

if __name__ == "__main__":
    raise SystemExit(run_named("core_units"))
