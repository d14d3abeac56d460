"""The studies that are killed, with small settings. Importing them uses no device: forked processes can."""

import dataclasses
from collections.abc import Callable
from functools import partial
from unittest.mock import patch

from experiments.bottleneck import settings as of_bottleneck
from experiments.bottleneck import study as bottleneck
from experiments.cnn_inte import settings as of_cnn_inte
from experiments.cnn_inte import study as cnn_inte
from experiments.memorization import settings as of_memorization
from experiments.memorization import study as memorization
from experiments.price_forecasts import settings as of_price_forecasts
from experiments.price_forecasts import study as price_forecasts
from tests.experiments import template

BOTTLENECK = dataclasses.replace(
    of_bottleneck.PRESETS["quick"],
    name="small",
    seeds=1,
    widths=(2, 3),
    train_signals=600,
    validation_signals=200,
    test_signals=300,
    averaged_signals=2,
    epochs=2,
    patience=2,
    draws=200,
    start_epochs=2,
)
MEMORIZATION = dataclasses.replace(
    of_memorization.PRESETS["quick"],
    name="small",
    seeds=1,
    train_rows=900,
    validation_rows=200,
    test_rows=300,
    rows_per_class=5,
    epochs=2,
    patience=2,
    full_epochs=2,
    permutations=2,
    embedded_rows=100,
    discriminated=2,
)
PRICE_FORECASTS = dataclasses.replace(
    of_price_forecasts.PRESETS["quick"], name="small", networks=2, penalties=(2e-5,), passes=(2,), hidden=(12,)
)
CNN_INTE = dataclasses.replace(
    of_cnn_inte.PRESETS["quick"], name="small", seeds=1, full_seeds=1, factors=3, ids=4, depth=3, sweep_rows=200
)


def _sweep():
    """The study's sweep over layers, factors, clusters and depths alone."""
    with patch.object(cnn_inte, "SECTIONS", {"sweep": cnn_inte.SECTIONS["sweep"]}):
        cnn_inte.main(CNN_INTE)


STUDIES: dict[str, Callable[[], object]] = {
    "bottleneck": partial(bottleneck.main, BOTTLENECK),
    "memorization": partial(memorization.main, MEMORIZATION),
    "price_forecasts": partial(price_forecasts.main, PRICE_FORECASTS),
    "sweep of cnn_inte": _sweep,
    "template": partial(template.main, dataclasses.replace(template.PRESETS["quick"], epochs=3)),
}
QUICK = "template"  # killed by the quick tests only
