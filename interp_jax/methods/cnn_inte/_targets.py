"""What a tree has to predict: a class of each row or its shares of all classes, and how much the row counts."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import csr_array

from interp_jax._checks import as_labels, as_numpy, check_finite, check_shape, describe


class Targets(NamedTuple):
    """A class of every row, or its share of every class, times the row's weight.

    Attributes:
        classes: of each row, indices into ``present``; None for shares.
        masses: the weight of each row, None if each is 1; or of each row and present class, its weight times the share.
        present: the classes that have some mass.
    """

    classes: Int[np.ndarray, " rows"] | None
    masses: Float[np.ndarray, " rows"] | Float[np.ndarray, "rows present"] | None
    present: Int[np.ndarray, " present"]

    def at(self, rows: Int[np.ndarray, " chosen"] | Bool[np.ndarray, " rows"]) -> "Targets":
        """Those of some rows."""
        classes, masses = (None if each is None else each[rows] for each in (self.classes, self.masses))
        return Targets(classes, masses, self.present)

    def total(self) -> np.ndarray:
        """The mass of each class: whole numbers if each row counts 1."""
        if self.classes is None:
            return np.asarray(self.masses).sum(axis=0)
        return np.bincount(self.classes, self.masses, minlength=len(self.present))

    def table(self, ids: Int[np.ndarray, " rows"], count: int) -> np.ndarray:
        """The mass of each class [count, present] among the rows of each ID."""
        if self.classes is None:
            of_ids = csr_array((np.ones(len(ids)), ids, np.arange(len(ids) + 1)), shape=(len(ids), count))
            return of_ids.T @ self.masses
        places = ids * len(self.present) + self.classes
        table = np.bincount(places, self.masses, minlength=count * len(self.present))
        return table.reshape(count, len(self.present))

    def mass_of(self, predictions: Int[np.ndarray, " rows"]) -> np.ndarray:
        """What each row counts for if this class, one of all classes, is predicted: whole numbers if rows count 1."""
        if self.classes is None:
            places = np.minimum(np.searchsorted(self.present, predictions), len(self.present) - 1)
            masses = np.take_along_axis(self.masses, places[:, None], axis=1)[:, 0]
            return np.where(self.present[places] == predictions, masses, 0)
        right = self.present[self.classes] == predictions
        return right.astype(int) if self.masses is None else right * self.masses

    def accuracy(self, predictions: Int[np.ndarray, " rows"]) -> float:
        """The share of the mass that is predicted."""
        return float(np.sum(self.mass_of(predictions)) / self.total().sum())


def as_targets(labels: Any, weights: Any = None, *, rows: int | None = None, classes: int | None = None) -> Targets:
    """Class numbers [rows], or shares of classes [rows, classes] that sum to 1, as `Targets`.

    Args:
        labels: class numbers or shares.
        weights: [rows] of each row; 1 by default.
        rows: the required number of rows; None for any.
        classes: the number of classes; None for any.

    Raises:
        ValueError: labels that are neither, of the wrong size, or weights that are not finite, negative, or all 0.
    """
    if are_shares(labels):
        shares = as_numpy("labels", labels)
        check_shape("labels", shares, [rows, classes])
        check_finite("labels", shares)
        shares = shares.astype(np.float64)
        negative = shares.size and shares.min() < 0
        if negative or not np.allclose(shares.sum(axis=1), 1, atol=1e-3):
            fault = "below 0" if negative else "that do not sum to 1"
            wanted = "classes [rows] or the share of each class [rows, classes]"
            raise ValueError(f"labels: found {describe(labels)} {fault}, wanted {wanted}")
        weighted = shares * as_weights(weights, len(shares))[:, None]
        present = np.flatnonzero(weighted.any(axis=0))
        return Targets(None, np.take(weighted, present, axis=1), present)
    present, places = np.unique(as_labels("labels", labels, rows=rows, classes=classes), return_inverse=True)
    places = places.astype(np.int64)
    if weights is None:
        return Targets(places, None, present)
    weighted = as_weights(weights, len(places))
    alive = np.bincount(places, weighted, minlength=len(present)) > 0
    return Targets(np.where(alive, np.cumsum(alive) - 1, 0)[places], weighted, present[alive])


def are_shares(labels: Any) -> bool:
    """Whether labels have an axis of classes."""
    return as_numpy("labels", labels).ndim == 2


def as_weights(weights: Any, rows: int) -> Float[np.ndarray, " rows"]:
    """The weight of each row as float64; 1 for None.

    Raises:
        ValueError: weights that are not finite, negative, all 0, or not one a row.
    """
    if weights is None:
        return np.ones(rows)
    values = as_numpy("weights", weights, shape=[rows]).astype(np.float64)
    check_finite("weights", values)
    if values.size and (values.min() < 0 or not values.any()):
        raise ValueError(f"weights: found {values.min():g} to {values.max():g}, wanted none below 0, some above")
    return values
