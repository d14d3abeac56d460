"""The studies that are killed, with small settings. Importing them uses no device: forked processes can."""

import dataclasses
from collections.abc import Callable
from functools import partial
from unittest.mock import patch

from experiments.bottleneck import study as bottleneck
from experiments.cnn_inte import study as cnn_inte
from experiments.memorization import study as memorization
from experiments.price_forecasts import study as price_forecasts
from tests.experiments import small, template


def _sweep():
    """The study's sweep over layers, factors, clusters and depths alone."""
    with patch.object(cnn_inte, "SECTIONS", {"sweep": cnn_inte.SECTIONS["sweep"]}):
        cnn_inte.main(dataclasses.replace(small.CNN_INTE, sweep_rows=200))


STUDIES: dict[str, Callable[[], object]] = {
    "bottleneck": partial(bottleneck.main, small.BOTTLENECK),
    "memorization": partial(memorization.main, small.MEMORIZATION),
    "price_forecasts": partial(price_forecasts.main, dataclasses.replace(small.PRICE_FORECASTS, passes=(2,))),
    "sweep of cnn_inte": _sweep,
    "template": partial(template.main, dataclasses.replace(template.PRESETS["quick"], epochs=3)),
}
QUICK = "template"  # killed by the quick tests only
