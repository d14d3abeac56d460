"""A layer in which the units of each cluster act as one: what is lost by taking a cluster for a unit."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from interp_jax._checks import Given, as_labels, as_real, at_hand, check_shape
from interp_jax._readable import readable


@readable()
class Quotient(NamedTuple):
    """The units' means, and how the others' deviations from theirs determine each unit's.

    Attributes:
        means: [units] over the rows that the quotient was fitted to.
        mixing: [units, units] its column k has what unit k takes from each unit; its trace is the number of clusters
            with a unit that varies.
    """

    means: Float[Array, " units"]
    mixing: Float[Array, "units units"]

    def _finding(self) -> str | None:
        if np.ndim(self.mixing) != 2:
            return None
        return f"{len(self.mixing)} units that act as {round(float(np.trace(self.mixing)))}"

    def apply(self, hidden: Given[ArrayLike, "rows *rest units"]) -> Float[Array, "rows *rest units"]:
        """Activations in which the units of each cluster act as one: means + (hidden − means) · mixing.

        Traceable; one matrix product. A row with NaN becomes NaN as a whole.

        Args:
            hidden: [rows, …, units] activations of any rows.

        Raises:
            ValueError: hidden that is not real, or not of the quotient's units.

        Example:
            >>> hidden = jnp.array([[0.0, 4.0], [1.0, 2.0], [2.0, 0.0]])
            >>> quotient(hidden, labels=[0, 0], signs=[1, -1]).apply(jnp.array([[2.0, 2.0]])).tolist()
            [[1.5..., 1.0...]]

        Source: not in the paper; for the clusters of Watanabe, arXiv:1810.01588, section 3.2.
        """
        hidden = as_real("hidden", hidden, shape=["rows", "…", self.means.shape[-1]])
        means = jnp.broadcast_to(self.means, hidden.shape)
        return means + jnp.matmul(hidden - means, self.mixing, precision="highest")


def quotient(
    hidden: Given[ArrayLike, "rows *rest units"], labels: Given[ArrayLike, "units"], signs: Given[ArrayLike, "units"]
) -> Quotient:
    """The `Quotient` of a layer by a partition of its units, in which every cluster acts as a single unit.

        a_C(n) = mean over l in C of s_l (o_l(n) − μ_l) / σ_l,    o_k(n) ← μ_k + s_k σ_k a_C(n)   for each k in C

    Traceable; memory units². Correlations, and so the vectors that are clustered, do not change when a unit is shifted
    or scaled: a cluster therefore has one standardized activation, and each of its units that activation at its own
    mean μ and standard deviation σ. A linear layer after it reads one number for each cluster, by outgoing weights that
    are sums of s_k σ_k w_k; to compute this number all units are needed. ``tail(quotient.apply(head(inputs)))`` are its
    scores, on rows of which none need be among those that it was fitted to.

    With each unit that varies in a cluster of its own nothing changes. Units without a cluster are held at their mean;
    so are constant ones, which do not count for the cluster's activation. Positions count as rows do.
    NaN or infinity in the rows that it is fitted to makes all of it NaN.

    Args:
        hidden: [rows, …, units] the layer's activations, of the rows that means and deviations are taken over.
        labels: [units] each unit's cluster, any whole numbers; negative for units without a cluster.
            ``tree.expand(tree.cut(c), -1)`` of a `Hierarchy` of this layer.
        signs: [units] +1 or −1, from the alignment of the feature vectors: ``tree.expand(tree.signs, 0)``; any number
            for units without a cluster. Of traced ones the sign counts.

    Raises:
        ValueError: hidden that is not real or without rows, labels or signs that do not fit the units, or signs other
            than ±1.

    Example:
        >>> hidden = jnp.array([[0.0, 4.0, 1.0], [1.0, 2.0, 5.0], [2.0, 0.0, 1.0]])
        >>> quotient(hidden, labels=[0, 0, 1], signs=[1, -1, 1]).apply(hidden).round(3)
        Array([[0., 4., 1.],
               [1., 2., 5.],
               [2., 0., 1.]], dtype=float32)

    Source: not in the paper; for the clusters of Watanabe, arXiv:1810.01588, section 3.2.
    """
    check_shape("hidden", hidden, ["rows", "…", "units"])
    hidden = as_real("hidden", hidden)
    units = hidden.shape[-1]
    labels, signs = as_labels("labels", labels, rows=units), as_real("signs", signs, shape=[units])
    if at_hand(signs) and at_hand(labels):
        wrong = np.asarray(signs)[(np.asarray(labels) >= 0) & (np.abs(np.asarray(signs)) != 1)]
        if len(wrong):
            raise ValueError(f"signs: found {wrong[0]:g}, wanted +1 or −1 for every unit of a cluster")
    return _quotient(hidden.reshape(-1, units), labels, jnp.sign(signs))


@jax.jit
def _quotient(hidden, labels, signs):
    means = jnp.mean(hidden, axis=0)
    varies = jnp.any(hidden != hidden[:1], axis=0)
    # Scaled first, so that no square over- or underflows.
    scales = jnp.where(varies, jnp.max(jnp.abs(hidden - means[None]), axis=0), 1)
    deviations = scales * jnp.std(hidden / scales[None], axis=0)
    counted = (labels >= 0) & varies
    together = (labels[:, None] == labels[None, :]) & counted[:, None] & counted[None, :]
    from_unit = jnp.where(counted, signs / jnp.where(varies, deviations, 1), 0)
    to_unit = jnp.where(counted, signs * deviations, 0)
    mixing = jnp.where(together, from_unit[:, None] * to_unit[None, :], 0)
    return Quotient(means, mixing / jnp.maximum(jnp.sum(together, axis=0), 1)[None, :])
