"""Small settings of the studies that are both tested and killed. Importing them uses no device."""

import dataclasses

from experiments.bottleneck import settings as bottleneck
from experiments.cnn_inte import settings as cnn_inte
from experiments.memorization import settings as memorization
from experiments.price_forecasts import settings as price_forecasts

BOTTLENECK = dataclasses.replace(
    bottleneck.PRESETS["quick"],
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
    memorization.PRESETS["quick"],
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
    price_forecasts.PRESETS["quick"], name="small", networks=2, penalties=(2e-5,), passes=(20,), hidden=(12,)
)
CNN_INTE = dataclasses.replace(
    cnn_inte.PRESETS["quick"],
    name="small",
    seeds=1,
    full_seeds=1,
    factors=3,
    ids=4,
    depth=3,
    trees=2,
    draws=1,
    sweep_rows=600,
    instances=5,
)
