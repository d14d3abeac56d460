"""Studies: each repeats the experiments of one paper with the package's functions and writes a report."""

import sys

if sys.argv[:1] == ["-m"]:  # python -m, before all other imports
    from interp_jax._interrupts import end_imports_quietly

    end_imports_quietly()
