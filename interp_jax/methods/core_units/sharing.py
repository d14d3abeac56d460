"""What different sets of units have in common: what they send to the next layer, beside random sets of their size."""

from itertools import combinations
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from interp_jax._checks import (
    Given,
    Key,
    Network,
    as_count,
    as_key,
    as_mask,
    as_numpy,
    as_real,
    check_callable,
    check_finite,
    check_number,
    describe,
)
from interp_jax._readable import readable
from interp_jax.methods._accept import callable_pytree
from interp_jax.methods._centered import centered
from interp_jax.methods.core_units.similarity import alignment, angles_between, basis


@readable()
class Likeness(NamedTuple):
    """How alike two sets' contributions are, an entry for each comparison.

    Attributes:
        jaccard: Jaccard index of the sets themselves: the units of both by the units of either.
        cka: linear CKA of the contributions; NaN, as the next, if those of a set are the same for all rows.
        overlap: mean squared cosine of their principal angles, 1 if one's space holds the other's.
    """

    jaccard: Float[np.ndarray, "..."]
    cka: Float[np.ndarray, "..."]
    overlap: Float[np.ndarray, "..."]

    def _finding(self) -> str:
        jaccard, cka, overlap = map(_mean, self)
        return f"means: Jaccard index {jaccard}, linear CKA {cka}, squared cosine of principal angles {overlap}"


@readable(figure="shared_contributions")
class SharedContributions(NamedTuple):
    """All pairs of the given sets compared by their contributions to the next layer.

    Attributes:
        pairs: [pairs, 2] the numbers of the two sets.
        likeness: `Likeness` of each pair: arrays [pairs].
        angles: [pairs, angles] principal angles in radians, ascending; NaN beyond the smaller space's dimension.
        random: [pairs, draws] the first set of a pair and a random set of the second's size.
        matched: [pairs, draws] the first set and the units that both have, with random others in place of the rest of
            the second.
        sizes: [sets] number of units.
    """

    pairs: Int[np.ndarray, "pairs 2"]
    likeness: Likeness
    angles: Float[np.ndarray, "pairs angles"]
    random: Likeness
    matched: Likeness
    sizes: Int[np.ndarray, " sets"]

    def _finding(self) -> str:
        sizes = f"{min(self.sizes)}" if np.ptp(self.sizes) == 0 else f"{min(self.sizes)} to {max(self.sizes)}"

        def means(name):
            pairs, random, matched = (_mean(getattr(each, name)) for each in (self.likeness, self.random, self.matched))
            return f"{pairs}; {random} with random sets, {matched} with sets that share as many units"

        return (
            f"{len(self.sizes)} sets of {sizes} units, means over all pairs:\n"
            f"Jaccard index {means('jaccard')}\nlinear CKA of contributions {means('cka')}\n"
            f"mean squared cosine of principal angles {means('overlap')}"
        )


def _mean(values) -> str:
    """The mean in words; sets that send nothing to the next layer have no likeness."""
    values = np.asarray(values)
    finite = values[np.isfinite(values)]
    return f"{finite.mean():.2f}" if finite.size else "unknown"


def shared_contributions(
    layer: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    masks: Given[Array | np.ndarray, "sets units"],
    *,
    key: Key,
    draws: int = 20,
    explained: float = 0.99,
) -> SharedContributions:
    """How alike the contributions of several sets of units to the next layer are, and those of random sets.

        C(S) = layer(hidden with the units outside S at 0), its columns without their means over the rows

    Two sets without a common unit can send the same to the next layer. Each pair is compared by the principal angles
    between the column spaces of their contributions, by linear CKA, and by the Jaccard index of the units. So is the
    first set of each pair with random sets of the second's size, and with sets that share the same units with it as the
    second does and are random otherwise: what exceeds these is common to the sets beyond the units that they share.

    Host-level; one compiled program for all sets, one set after the other. Memory: the outputs for all rows, twice.
    Cost: a singular value decomposition of [rows, outputs] per set, random ones included: a few hundred rows suffice.

    Args:
        layer: what follows the units, ``hidden -> outputs [rows, …]``, such as ``lambda h: h @ kernel`` or the next
            convolution; a bias does not matter. The tail itself compares contributions to the scores.
        hidden: [rows, …, units] activations, e.g. ``hidden[core.rows.rows]``.
        masks: [sets, units] True where a unit is kept; at least two sets, each of at least one unit.
        key: a JAX random key for the random sets.
        draws: random sets for each pair, of either kind.
        explained: the share of the variance of its contributions that a set's space holds, in (0, 1].

    Returns:
        `SharedContributions`: ``.likeness``, ``.random`` and ``.matched``, each with ``jaccard``, ``cka`` and
        ``overlap``, and ``.angles``.

    Raises:
        TypeError: a layer that is not callable.
        ValueError: arrays that do not fit each other or the layer, values that are not finite, fewer than two sets, an
            empty set, a share out of range, or fewer than one draw.

    Example:
        >>> hidden = jax.random.normal(jax.random.key(0), (100, 3))[:, jnp.array([0, 0, 1, 1, 2, 2])]
        >>> masks = np.array([[1, 0, 1, 0, 0, 0], [0, 1, 0, 1, 0, 0]])
        >>> shared = shared_contributions(lambda h: h[:, ::2] + h[:, 1::2], hidden, masks, key=jax.random.key(1))
        >>> alike = shared.likeness
        >>> alike.jaccard.item(), round(alike.cka.item(), 3), round(alike.overlap.item(), 3)
        (0.0, 1.0, 1.0)

    Source: not in the paper, which asks what such sets have in common (section 6). Principal angles and linear CKA as
    in `principal_angles` and `linear_cka`.
    """
    check_callable("layer", layer)
    hidden = as_real("hidden", hidden, shape=["rows", "…", "units"])
    check_finite("hidden", hidden)
    check_number("explained", explained, above=0, most=1)
    draws, key = as_count("draws", draws), as_key(key)
    units = hidden.shape[-1]
    masks = np.asarray(as_mask("masks", as_numpy("masks", masks)))
    if masks.ndim != 2 or len(masks) < 2 or masks.shape[1] != units:
        raise ValueError(f"masks: found {describe(masks)}, wanted [sets, {units}] with at least two sets")
    if not masks.any(axis=1).all():
        raise ValueError(f"masks: found masks[{np.argmin(masks.any(axis=1))}] without a unit, wanted at least one")
    network = callable_pytree(layer, name="layer")
    _check_outputs(network, hidden)
    pairs = np.array(list(combinations(range(len(masks)), 2)))
    first, second = masks[pairs[:, 0]], masks[pairs[:, 1]]
    # A row of random numbers for each draw: the smallest ones are the units.
    order = np.asarray(jax.random.uniform(key, (2, len(pairs), draws, units)))
    random = _smallest(order[0], second.sum(axis=1))
    others = _smallest(np.where(~first[:, None], order[1], np.inf), (second & ~first).sum(axis=1))
    matched = (first & second)[:, None] | others
    compared = np.concatenate([second[:, None], random, matched], axis=1)
    cka, overlap, angles = map(np.asarray, _compare(network, hidden, first, compared, float(explained)))
    jaccard = (first[:, None] & compared).sum(axis=-1) / (first[:, None] | compared).sum(axis=-1)
    every = Likeness(jaccard, cka, overlap)
    given, random, matched = (
        Likeness(*(part[:, places] for part in every))
        for places in (0, slice(1, 1 + draws), slice(1 + draws, 1 + 2 * draws))
    )
    return SharedContributions(pairs, given, angles[:, 0], random, matched, masks.sum(axis=1))


def _check_outputs(layer, hidden) -> None:
    row = jax.ShapeDtypeStruct((2, *hidden.shape[1:]), hidden.dtype)
    try:
        outputs = jax.eval_shape(layer, row)
    except Exception as error:
        reason = str(error).partition("\n")[0]
        found = f"one that fails on hidden units of shape {list(hidden.shape[1:])} ({type(error).__name__}: {reason})"
        raise ValueError(f"layer: found {found}, wanted a function hidden -> outputs [rows, …]") from error
    shape, dtype = getattr(outputs, "shape", None), getattr(outputs, "dtype", None)
    if (
        dtype is None
        or shape is None
        or len(shape) < 2
        or shape[0] != 2
        or not jnp.issubdtype(dtype, jnp.floating)
        or 0 in shape
    ):
        found = type(outputs).__name__ if shape is None else f"{dtype} outputs of shape {list(shape)}"
        raise ValueError(f"layer: found {found} for two rows, wanted real outputs [2, …]")


def _smallest(numbers, counts):
    """Masks of the ``counts`` smallest numbers: [pairs, draws, units]."""
    return np.argsort(np.argsort(numbers, axis=-1), axis=-1) < counts[:, None, None]


@jax.jit
def _compare(layer, hidden, first, compared, explained):
    """CKA, mean squared cosine and angles between each first set and those compared with it."""

    def contribution(mask):
        outputs = layer(hidden * jnp.broadcast_to(mask, hidden.shape).astype(hidden.dtype))
        outputs = outputs.reshape(len(outputs), -1).astype(jnp.float32)
        return centered(outputs, 0)

    def pair(contributed, space, other):
        theirs = contribution(other)
        angles = angles_between(space, basis(theirs, explained))
        return alignment(contributed, theirs), jnp.nanmean(jnp.cos(angles) ** 2), angles

    def one(masks):
        mask, others = masks
        mine = contribution(mask)
        space = basis(mine, explained)
        return jax.lax.map(lambda other: pair(mine, space, other), others)

    return jax.lax.map(one, (first, compared))
