"""Runs the study: ``python -m experiments.identity_layers``."""

from experiments.command_line import run_named

if __name__ == "__main__":
    raise SystemExit(run_named("identity_layers"))
