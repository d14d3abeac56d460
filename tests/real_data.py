"""Where tests find real data sets; those that need one skip where it is not."""

import os
from pathlib import Path

REAL_DATA = Path(os.environ.get("INTERP_JAX_DATA", Path(__file__).parents[2] / "shared" / "data"))
