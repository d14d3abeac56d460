"""What the functions of this package refuse."""

import operator

import jax
import jax.numpy as jnp
import numpy as np


def check_predictions(hidden, predictions):
    """Refuses predictions that are not one whole number for each row of hidden, and hidden without rows or units."""
    if hidden.ndim < 2 or not hidden.shape[0]:
        raise ValueError(f"hidden: found shape {hidden.shape}, wanted [rows, …, units] with at least one row")
    if predictions.shape != hidden.shape[:1] or not jnp.issubdtype(predictions.dtype, jnp.integer):
        found = f"{predictions.dtype} of shape {predictions.shape}"
        raise ValueError(f"predictions: found {found}, wanted whole numbers of shape {hidden.shape[:1]}")


def check_values(hidden, predictions, classes: int):
    """Refuses hidden layers that are not finite and predictions of classes that there are not."""
    if not bool(jnp.isfinite(hidden).all()):
        raise ValueError("hidden: found NaN or infinity, wanted finite numbers")
    least, greatest = predictions.min(), predictions.max()
    if least < 0 or greatest >= classes:
        raise ValueError(f"predictions: found {least} to {greatest}, wanted 0 to {classes - 1}")


def check_target(target, classes: int):
    """Refuses a target that is neither one of the classes nor None; what is known only later is let through."""
    if target is None or (isinstance(target, jax.Array) and not target.ndim):
        return
    try:
        number = operator.index(target)
    except TypeError as error:
        raise ValueError(f"target: found {target!r}, wanted None or a whole number from 0 to {classes - 1}") from error
    if not 0 <= number < classes:
        raise ValueError(f"target: found {number}, wanted None or a whole number from 0 to {classes - 1}")


def check_counts(**counts):
    """Refuses anything but whole numbers of at least one."""
    for name, count in counts.items():
        if not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 1:
            raise ValueError(f"{name}: found {count!r}, wanted a whole number of at least 1")


def check_alphas(alphas):
    """Refuses costs of an open gate that are none, negative or not finite."""
    if not len(alphas):
        raise ValueError("alphas: found none, wanted at least one")
    if not all(np.isfinite(alpha) and alpha >= 0 for alpha in alphas):
        raise ValueError(f"alphas: found {tuple(alphas)}, wanted finite numbers of at least 0")


def check_data(data, rows: int):
    """Refuses rows to judge on that are none, or not whole numbers of rows that there are."""
    for name, side in zip(data._fields, data, strict=True):
        side = np.asarray(side)
        if side.ndim != 1 or not np.issubdtype(side.dtype, np.integer) or np.any((side < 0) | (side >= rows)):
            raise ValueError(f"data: found {name} {side}, wanted row numbers from 0 to {rows - 1}")
    if not len(data.rows):
        raise ValueError("data: found no rows, wanted at least one")
