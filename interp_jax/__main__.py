"""Interprets a network: ``python -m interp_jax model.py:build --data rows.npz``."""

import sys

from interp_jax.interpreting.command_line import main

if __name__ == "__main__":
    sys.exit(main())
