"""In which form prices are forecast, and forecasts without a network."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from interp_jax import data

LEVELS, DIFFERENCES, LOGARITHMS = "levels", "differences", "differences of logarithms"
FORMS = LEVELS, DIFFERENCES, LOGARITHMS
ALPHAS = 10.0 ** np.arange(-2, 5)  # weights of ridge regression's penalty, for inputs from −1 to 1


class Rows(NamedTuple):
    """Scaled inputs and targets of all windows, and the prices that outputs stand for."""

    inputs: np.ndarray
    targets: np.ndarray
    prices: Callable[[np.ndarray, np.ndarray], np.ndarray]  # of outputs, and of the windows that they are of


def in_form(windows: data.PriceWindows, training: np.ndarray, form: str) -> Rows:
    """The windows in a form, scaled as in the paper by the training rows alone.

    Levels as published. Differences: each month's price less that of the last month, and the next month's less that.
    """
    change = np.log if form == LOGARITHMS else np.asarray
    series = change(windows.inputs.astype(float)).reshape(len(windows.inputs), len(windows.items), -1)
    base = np.zeros_like(series[:, :, -1]) if form == LEVELS else series[:, :, -1]
    inputs = (series - base[:, :, None]).reshape(len(series), -1)
    targets = change(windows.targets.astype(float)) - base
    scaled, scaling = data.fit_scaling(inputs[training], -1.0, 1.0), data.fit_scaling(targets[training], 0.01, 0.99)

    def prices(outputs, rows):
        flat = scaling.invert(np.reshape(outputs, (-1, base.shape[1])))
        forecasts = np.reshape(flat, np.shape(outputs)).astype(float) + base[rows]
        return np.exp(forecasts) if form == LOGARITHMS else forecasts

    return Rows(scaled.apply(inputs), scaling.apply(targets), prices)


def folds(training: int, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Equally many rows to train on, and those right after them to forecast, moving on to the end of the training rows.

    Raises:
        ValueError: too few rows.
    """
    length = training // (2 * count + 1)
    if length < 2:
        raise ValueError(
            f"folds: found {count} for {training} training rows, wanted at most {(training // 2 - 1) // 2}"
        )
    start = training - count * length
    return [
        (np.arange(fold * length, start + fold * length), np.arange(start + fold * length, start + (fold + 1) * length))
        for fold in range(count)
    ]


def error(forecasts: np.ndarray, targets: np.ndarray) -> float:
    """Root mean square error in points."""
    return float(np.sqrt(np.mean((np.asarray(forecasts, float) - targets) ** 2)))


def naive(windows: data.PriceWindows) -> dict[str, np.ndarray]:
    """Forecasts [windows, items] that need no training."""
    series = windows.inputs.astype(float).reshape(len(windows.inputs), len(windows.items), -1)
    measured = {"last month": series[:, :, -1]}
    if series.shape[2] > 12:
        measured["the same month of last year"] = series[:, :, -12]
        measured["last month, changed as a year before"] = series[:, :, -1] + series[:, :, -12] - series[:, :, -13]
    return measured


def ridge(rows: Rows, training: np.ndarray, alpha: float) -> np.ndarray:
    """Ridge regression's outputs for all rows, fitted to the training rows."""
    x, y = (values.astype(float) for values in (rows.inputs, rows.targets))
    means = x[training].mean(axis=0), y[training].mean(axis=0)
    centered = x[training] - means[0]
    normal = centered.T @ centered + alpha * np.eye(x.shape[1])
    return (x - means[0]) @ np.linalg.solve(normal, centered.T @ (y[training] - means[1])) + means[1]


def chosen_ridge(windows: data.PriceWindows, training: int, count: int) -> tuple[np.ndarray, str]:
    """Ridge regression's forecasts of all windows, and the form and penalty chosen for it by rolling validation."""
    errors = {}
    for form in FORMS:
        for alpha in ALPHAS:
            of = []
            for train, test in folds(training, count):
                rows = in_form(windows, train, form)
                of.append(error(rows.prices(ridge(rows, train, alpha)[test], test), windows.targets[test]))
            errors[form, alpha] = np.mean(of)
    form, alpha = min(errors, key=errors.__getitem__)
    every, train = np.arange(len(windows.inputs)), np.arange(training)
    rows = in_form(windows, train, form)
    return rows.prices(ridge(rows, train, alpha), every), f"{form}, penalty {alpha:g}"
