"""Interprets a network: ``python -m interp_jax model.py:build --data rows.npz``."""

import sys

from interp_jax._interrupts import end_imports_quietly

if __name__ == "__main__":
    end_imports_quietly()
    from interp_jax.interpreting.command_line import main

    sys.exit(main())
