"""Where tests find real data sets: in the folder INTERP_JAX_DATA alone; those that need one skip without it."""

import os
from pathlib import Path

REAL_DATA = Path(os.environ.get("INTERP_JAX_DATA", "INTERP_JAX_DATA is not set"))
