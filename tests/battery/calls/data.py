"""Valid calls of the data sets."""

import jax
import numpy as np

from interp_jax import data
from tests.battery.arguments import INPUTS, Fresh, normal
from tests.battery.calls.instances import folder

IMAGES = np.abs(normal(3, 8, 8, 1, seed=11))


def _csv():
    path = folder() / "prices.csv"
    path.write_text("month,taro,radish\n1970-01,13.6,25.9\n1970-02,13.9,28.5\n1970-03,12,27\n")
    return path


CALLS = {
    "augment_images": lambda: {"images": IMAGES, "size": 5},
    "center_crop": lambda: {"images": IMAGES, "size": 5},
    "crop_and_resize": lambda: {"images": IMAGES, "size": 5},
    "first_per_class": lambda: {"count": 2},
    "fit_scaling": lambda: {"values": INPUTS},
    "Scaling.apply": lambda: {"values": INPUTS},
    "Scaling.invert": lambda: {"values": INPUTS},
    "data.jump_signals": lambda: {"n": 4, "positions": np.array([21, 30, 40, 80])},
    "data.load": lambda: {"name": "digits"},
    "price_windows": lambda: {"csv": data.seasonal_prices(jax.random.key(1), rows=10), "months": 3},
    "read_prices": lambda: {"path": Fresh(_csv)},
    "sample_jump_signals": lambda: {"n": 4, "positions": np.array([21, 30, 40, 80])},
    "seasonal_prices": lambda: {"rows": 10},
    "standardize_images": lambda: {"images": IMAGES},
}
