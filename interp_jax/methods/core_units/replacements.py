"""What stands in for a closed unit: zero, a constant such as its mean, or its activation in another row."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from interp_jax._checks import (
    Count,
    Given,
    Key,
    MaskShape,
    as_count,
    as_key,
    as_mask,
    as_real,
    check_choice,
    check_finite,
    describe,
)
from interp_jax._readable import readable
from interp_jax.methods.core_units._tails import (
    Donors,
    GatedTail,
    as_hidden,
    mask_axes,
    masked_rows,
    shown_shape,
    with_replacement,
)

ABLATIONS = ("zero", "mean", "resample")
# Rows that activations are taken from, and how often for each row.
DONORS, DRAWS = 1000, 4
# Folds of keys whose other folds are numbers of problems or of draws.
SEARCHED, _NEW_ROWS = 2**31 - 1, 2**31 - 2


@readable()
@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Replacement:
    """What stands in for closed units; made by `replacement`, and an ``ablation`` of the functions of this folder.

    Attributes:
        values: constants, in the shape of any last axes of the hidden layer; or the rows [donors, …, units] that
            activations are taken from.
        key: a JAX random key, by which each row's donors are drawn; None for constants.
        ablation: "mean", "values" (constants that were given) or "resample".
        rows: number of rows that the means were taken over, or that the donors are from; 0 for given constants.
        draws: donors of each row, each of which counts as a row of its own.
    """

    values: Array
    key: Array | None = None
    ablation: str = dataclasses.field(default="values", metadata={"static": True})
    rows: int = dataclasses.field(default=0, metadata={"static": True})
    draws: int = dataclasses.field(default=1, metadata={"static": True})

    @property
    def constants(self) -> Array:
        """The values that closed units are set to.

        Raises:
            ValueError: units that are taken from other rows.
        """
        if self.ablation == "resample":
            raise ValueError(
                "replacement: found units taken from other rows, wanted constants: what differs from row to row is no "
                "part of a smaller network"
            )
        return self.values

    def phrase(self) -> str:
        """What closed units are, in words."""
        if self.ablation == "resample":
            draws = f", {self.draws} draws a row" if self.draws > 1 else ""
            return f"taken from other rows ({len(self.values)} of {self.rows}{draws})"
        return f"at their means over {self.rows} rows" if self.ablation == "mean" else "at given constants"

    def _finding(self) -> str | None:
        return f"closed units are {self.phrase()}"


# What functions take.
Ablation = Given[str | ArrayLike | Replacement | None, '"zero", "mean", "resample", constants or a Replacement']


def replacement(
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    ablation: str,
    *,
    key: Key | None = None,
    mask_shape: Given[MaskShape | None, "units"] = None,
    donors: Count = DONORS,
    draws: Count = DRAWS,
) -> Replacement:
    """What stands in for closed units, from rows of the hidden layer: their means, or rows to take activations from.

        b ∘ h + (1 − b) ∘ r,    r the means, or the activations of a random other row

    The same on whichever rows it is used, so that it can be taken from the rows that are searched and used on new ones.
    With "resample" all closed units of a row come from one donor, so that they stay consistent with each other. The
    donor is drawn by the key and the number of the row alone; a donor equal to the row is passed over for the next.
    Each row has several, and a rate is the mean over all.

    Traceable. Memory: a copy of the donors. NaN and infinity in a unit are in its mean, and in the donors.

    Args:
        hidden: [rows, …, units] activations, which should not be those of the rows that are to certify.
        ablation: "mean" or "resample"; closed units are 0 without any replacement.
        key: a JAX random key, for "resample".
        mask_shape: the masks' shape, as in `select`: the mean is over rows and over the positions that share a gate.
        donors: the number of random rows to take activations from, or all if there are no more.
        draws: donors of each row.

    Raises:
        ValueError: an unknown ablation, "resample" without a key, arrays that do not fit, or counts below one.

    Example:
        >>> means = replacement(jnp.array([[1.0, 2.0], [3.0, 2.0]]), "mean")
        >>> masked(jnp.array([[5.0, 5.0]]), jnp.array([True, False]), means)
        Array([[5., 2.]], dtype=float32)

    Source: not in the paper; Chan et al. 2022 (causal scrubbing) for resampling.
    """
    check_choice("ablation", ablation, ABLATIONS[1:])
    hidden = as_hidden(hidden)
    donors, draws = as_count("donors", donors), as_count("draws", draws)
    axes = mask_axes(mask_shape, hidden)
    if ablation == "mean":
        values = jnp.mean(hidden, axis=tuple(range(hidden.ndim - axes)))
        return Replacement(values, ablation="mean", rows=len(hidden))
    if key is None:
        raise ValueError("key: found None, wanted a JAX random key for resampling")
    rows, draw = jax.random.split(as_key(key))
    values = hidden if len(hidden) <= donors else hidden[jax.random.permutation(rows, len(hidden))[:donors]]
    return Replacement(values, draw, "resample", len(hidden), draws)


def masked(
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    mask: Given[ArrayLike, "*units"],
    replacement: Given[ArrayLike | Replacement | None, "units"] = None,
) -> Float[Array, "rows *rest units"]:
    """The hidden layer with its closed units replaced: [rows, …, units], or [rows · draws, …, units] if resampled.

        b ∘ h + (1 − b) ∘ r

    Traceable. NaN spreads from closed units too.

    Args:
        hidden: [rows, …, units] activations.
        mask: True where a unit is kept, bool or 0/1: any last axes of hidden.
        replacement: None for zero, constants of any last axes of hidden, or a `Replacement`; a resampled row's draws
            follow each other.

    Raises:
        ValueError: a mask or a replacement that does not fit.

    Example:
        >>> masked(jnp.ones((1, 2)), jnp.array([True, False]), jnp.array([3.0, 4.0]))
        Array([[1., 4.]], dtype=float32)
    """
    hidden, mask = as_hidden(hidden), as_mask("mask", mask)
    mask_axes(mask.shape, hidden, name="mask")
    reference = _in_place(as_replacement(replacement, hidden, name="replacement"))
    if isinstance(reference, Donors):
        hidden, reference, _ = reference.pick(hidden, jnp.arange(len(hidden) * reference.draws))
    return masked_rows(hidden, mask.astype(hidden.dtype), reference)


def once(ablation: Any) -> Any:
    """A user's ``ablation`` with a single donor for each row, by draws that no search has seen."""
    if not isinstance(ablation, Replacement) or ablation.key is None:
        return ablation
    return dataclasses.replace(ablation, key=jax.random.fold_in(ablation.key, _NEW_ROWS), draws=1)


def as_replacement(given: Any, hidden: Array, *, name: str = "ablation") -> Replacement | None:
    """Constants or a `Replacement`, after checking that they fit the hidden layer; None for zero.

    Raises:
        ValueError: something else, or what does not fit.
    """
    if given is None or (isinstance(given, str) and given == "zero"):
        return None
    row = hidden.shape[1:]
    if isinstance(given, Replacement):
        if given.key is not None and given.values.shape[1:] != row:
            found = f"donors of shape {shown_shape(given.values.shape[1:])}"
            raise ValueError(f"{name}: found {found}, wanted those of hidden, {shown_shape(row)}")
        if given.key is not None:
            return given
        values = given.values
    else:
        if isinstance(given, str):
            raise ValueError(f"{name}: found {given!r}, wanted constants or a Replacement")
        values = as_real(name, given)
        check_finite(name, values)
    try:
        fits = values.ndim > 0 and np.broadcast_shapes(values.shape, row) == row
    except ValueError:
        fits = False
    if not fits:
        wanted = f"constants [units] or of other last axes of hidden, {shown_shape(row)}"
        raise ValueError(f"{name}: found {describe(values)}, wanted {wanted}")
    values = jnp.broadcast_to(values, (*values.shape[:-1], row[-1]))
    if isinstance(given, Replacement):
        return dataclasses.replace(given, values=values)
    return Replacement(values)


def ablated(
    network: GatedTail, hidden: Array, ablation: Any, *, key: Any = None, rows: Any = None, fixed: bool = False
) -> tuple[GatedTail, Replacement | None]:
    """The tail with what a user's ``ablation`` puts in place of closed units, and that; None for zero.

    ``rows`` are the numbers of those that means and donors are from, None for all. With ``fixed`` nothing may depend on
    these rows: names are refused. Without a key resampling needs a `Replacement`.

    Raises:
        ValueError: an unknown name, something that does not fit, or masks of several layers.
    """
    if isinstance(ablation, str):
        check_choice("ablation", ablation, ABLATIONS)
    if ablation is None or (isinstance(ablation, str) and ablation == "zero"):
        return network, None
    if isinstance(network.shapes[0], tuple):
        found = describe(ablation)
        raise ValueError(
            f"ablation: found {found} for masks of several layers, wanted 'zero': their tail applies the masks itself, "
            "and networks.gate(chain, names, values=...) closes units at constants"
        )
    if isinstance(ablation, str):
        ablation = _from_name(ablation, hidden, network, key, rows, fixed)
    stands_in = as_replacement(ablation, hidden)
    return with_replacement(network, hidden, _in_place(stands_in)), stands_in


def _in_place(replacement: Replacement | None) -> Any:
    """A replacement as a gated tail takes it."""
    if replacement is None or replacement.key is None:
        return None if replacement is None else replacement.values
    return Donors(replacement.values, replacement.key, replacement.draws)


def _from_name(ablation: str, hidden: Array, network: GatedTail, key: Any, rows: Any, fixed: bool) -> Replacement:
    if fixed:
        raise ValueError(
            f"ablation: found {ablation!r} on the rows that are to certify, wanted what was fixed before: constants, "
            f"Selection.replacement, or replacement(hidden of other rows, {ablation!r})"
        )
    if ablation == "resample" and key is None:
        wanted = "replacement(hidden, 'resample', key=...), which has a key"
        raise ValueError(f"ablation: found 'resample' without a key, wanted {wanted}")
    among = hidden if rows is None else hidden[rows]
    return replacement(among, ablation, key=key, mask_shape=network.shapes)
