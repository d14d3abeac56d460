"""The tasks of the networks: to classify digits, or to forecast next month's prices."""

import dataclasses
from typing import NamedTuple

import jax
import numpy as np

from experiments.tasks import TITLES, image_sets
from interp_jax import data, networks


class Features(NamedTuple):
    """What a role consists of: inputs of this shape, images or prices [items, months], then the named outputs."""

    shape: tuple[int, int]
    images: bool
    outputs: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Task:
    """Training and held-out rows, scaled as in the paper, and the parameters of training and analysis.

    ``labels`` is None for prices, and ``scaled_targets`` for images.
    """

    name: str
    inputs: np.ndarray
    targets: np.ndarray
    held_inputs: np.ndarray
    held_targets: np.ndarray
    features: Features
    hidden: tuple[int, ...]
    passes: int
    penalty: float
    resolutions: tuple[int, ...]
    nmf_rank: int
    labels: np.ndarray | None = None
    scaled_targets: data.Scaling | None = None


# Watanabe 2018, Appendix 3; the paper does not give the sizes of hidden layers.
_DIGITS = {"passes": 100, "penalty": 1.1e-5, "resolutions": (4, 8, 16), "nmf_rank": 16}
_PRICES = {"passes": 500, "penalty": 2e-5, "resolutions": (3, 6, 12), "nmf_rank": 12}
_PASSES = {"mlp": 30, "cnn": 10}  # epochs of the networks that are not in the paper
_TRAINING_SHARE = 270 / 541
_PER_CLASS = 500
LEAST_UNITS = 8


def task(settings, key) -> Task:
    """The task of the settings; simulated prices depend on the key."""
    options = _prices(settings, key) if settings.data == "prices" else _images(settings)
    given = {name: getattr(settings, name) for name in ("resolutions", "hidden", "passes", "penalty")}
    made = Task(**options | {name: value for name, value in given.items() if value not in (None, ())})
    units = sum(made.hidden)
    if units < LEAST_UNITS:
        raise ValueError(f"hidden: found {units} units, wanted at least {LEAST_UNITS} for a tree")
    if settings.network != "lnn":
        jax.eval_shape(lambda: chain(settings.network, made, key))
    if max(made.resolutions) > units:
        raise ValueError(f"resolutions: found {made.resolutions}, wanted at most {units}, the number of hidden units")
    return made


def chain(network: str, task: Task, key) -> networks.Chain:
    """An untrained perceptron or convolutional network."""
    classes = len(task.features.outputs)
    if network == "cnn":
        return networks.image_cnn(key, task.inputs.shape[1:], channels=task.hidden, classes=classes)
    return networks.perceptron(key, (task.inputs.shape[1], *task.hidden, classes))


def _images(settings):
    (train, test), mnist, cnn = image_sets(settings.data), settings.data == "mnist", settings.network == "cnn"
    chosen = data.first_per_class(train.labels, _PER_CLASS if mnist else int(np.bincount(train.labels).min()))
    rows, labels = [train.inputs[chosen], test.inputs], [train.labels[chosen], test.labels]
    if not cnn:
        rows = [data.crop_and_resize(x) if mnist else x[..., 0] for x in rows]
    shape = rows[0].shape[1:3]
    if not cnn:
        rows = [x.reshape(len(x), -1) for x in rows]
        rows = list(map(data.fit_scaling(rows[0], -1.0, 1.0).apply, rows))
    return _DIGITS | {
        "name": TITLES[settings.data],
        "features": Features(shape, True, train.classes),
        "hidden": (32, 64) if cnn else (100,) if mnist else (60,),
        "labels": labels[0],
        "passes": _PASSES.get(settings.network, _DIGITS["passes"]),
        **_rows(rows, [np.float32([0.01, 0.99])[np.eye(len(train.classes), dtype=int)[x]] for x in labels]),
    }


def _rows(inputs, targets):
    return dict(zip(("inputs", "held_inputs", "targets", "held_targets"), (*inputs, *targets), strict=True))


def _prices(settings, key):
    series = data.seasonal_prices(key) if settings.csv is None else data.read_prices(settings.csv)
    windows = data.price_windows(series, settings.months)
    split = max(2, round(len(windows.inputs) * _TRAINING_SHARE))
    if split >= len(windows.inputs):
        windows_in_words = f"{settings.months}-month windows of {len(series.months)} months of prices"
        raise ValueError(f"months: found {windows_in_words}, wanted at least three windows, one of them held out")
    inputs = data.fit_scaling(windows.inputs[:split], -1.0, 1.0).apply(windows.inputs)
    scaling = data.fit_scaling(windows.targets[:split], 0.01, 0.99)
    return _PRICES | {
        "name": "simulated prices" if settings.csv is None else f"prices in {settings.csv.name}",
        "features": Features((len(windows.items), settings.months), False, windows.items),
        "hidden": (160,),
        "scaled_targets": scaling,
        **_rows(*(np.split(x, [split]) for x in (inputs, scaling.apply(windows.targets)))),
    }
