"""Valid calls of the kernels."""

import numpy as np

from interp_jax.kernels import ward
from tests.battery.arguments import CLASSES, INPUTS, ROWS, UNITS, normal

SIGNALS = normal(ROWS, 100, seed=5)
POINTS = normal(UNITS, 4, seed=3)

CALLS = {
    "align_signs": lambda: {"vectors": POINTS, "iterations": 20, "key": None},
    "correlation.pearson": lambda: {"a": INPUTS, "b": normal(ROWS, 3, seed=6)},
    "Moments.init": lambda: {"columns_a": 4, "columns_b": 3},
    "Moments.update": lambda: {"a": INPUTS, "b": normal(ROWS, 3, seed=6), "weights": np.ones(ROWS, np.float32)},
    "Moments.merge": lambda: {"other": _moments()},
    "dirac": lambda: {"shape": (3, 2, 2)},
    "distances.between": lambda: {"a": INPUTS, "b": normal(ROWS, 4, seed=6)},
    "mean_pairwise": lambda: {"where": np.arange(ROWS) > 2},
    "mean_within": lambda: {"groups": CLASSES},
    "jumps.estimates": lambda: {"log_probabilities": np.log(np.full((ROWS, 60), 1 / 60, np.float32))},
    "gaussian_derivative": lambda: {"signals": SIGNALS},
    "log_posterior": lambda: {"signals": SIGNALS},
    "kmeans.kmeans": lambda: {"k": 3, "restarts": 2, "iterations": 10, "weights": np.ones(ROWS, np.float32)},
    "inequality.gini": lambda: {"values": np.arange(ROWS, dtype=np.float32)},
    "location_errors.location_errors": lambda: {
        "predicted": np.arange(ROWS, dtype=np.float32),
        "true": np.arange(ROWS, dtype=np.float32)[::-1].copy(),
        "best": 0.9,
    },
    "nmf.nmf": lambda: {"v": np.abs(INPUTS), "rank": 2, "iterations": 10},
    "ward.verify": lambda: {"linkage": ward.linkage(POINTS), "vectors": POINTS, "samples": 4},
    "ward.linkage": lambda: {"vectors": POINTS},
    "ward.tree": lambda: {"vectors": POINTS},
}


def _moments():
    from tests.battery.calls.instances import INSTANCES

    return INSTANCES["Moments"]()
