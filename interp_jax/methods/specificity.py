"""Whether explanations follow their own network where networks differ, or say what is true of any network."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from interp_jax._checks import (
    Given,
    Key,
    as_count,
    as_key,
    as_labels,
    as_numpy,
    check_mesh,
    check_number,
    check_shape,
    is_traced,
)
from interp_jax._readable import readable


@readable()
class Specificity(NamedTuple):
    """How much more often explanations follow their own network than another one.

    Attributes:
        specific: S, on the rows where two networks disagree; 1 if explanations always follow their own network, 0 if
            they follow the other one as often, NaN where no networks disagree.
        interval: [2] confidence interval of S, by bootstrap.
        disagreement: the share of rows where two networks disagree.
        excess: S × disagreement, the agreement on all rows that is owed to the network itself.
        excess_interval: [2] of it.
        neither: the share of the rows where two networks disagree for which an explanation agrees with neither.
        pairs: [networks, networks] S of each pair; NaN on the diagonal and where the two never disagree.
        resampled: [resamples] S in each resample, NaN where it has no two networks or no row where they disagree.
            Those of two explainers with the same key are paired: the quantiles of their difference, ``nanquantile``,
            are its confidence interval.
    """

    specific: Float[Array, ""]
    interval: Float[Array, " 2"]
    disagreement: Float[Array, ""]
    excess: Float[Array, ""]
    excess_interval: Float[Array, " 2"]
    neither: Float[Array, ""]
    pairs: Float[Array, "networks networks"]
    resampled: Float[Array, " resamples"]

    def _finding(self) -> str | None:
        if np.ndim(self.specific):
            return None
        if not float(self.disagreement):
            return f"{len(self.pairs)} networks that never disagree"
        (low, high), gained = map(float, self.interval), 100 * float(self.excess)
        return (
            f"{float(self.specific):.3f} ({low:.3f} to {high:.3f}) on the {float(self.disagreement):.1%} of rows where "
            f"two of {len(self.pairs)} networks disagree; {gained:.2f} points of agreement on all rows"
        )


def specificity(
    explained: Given[ArrayLike, "networks rows"],
    predictions: Given[ArrayLike, "networks rows"],
    *,
    key: Key,
    resamples: int = 2_000,
    confidence: float = 0.95,
) -> Specificity:
    """`Specificity` of explanations that predict a class: whether they follow this network, or any of these data.

        S = Σ ½ ([E_a = a] − [E_a = b] + [E_b = b] − [E_b = a]) / Σ 1   over pairs a, b and the rows where a ≠ b

    An explanation can agree with its network because both classify the data correctly. Where two networks a and b
    disagree, at most one of them is correct, so that agreement with the own network there is about the network.
    Explanations of more leaves or levels follow more: compare explainers of equal size alone.

    The bootstrap draws networks and rows, both with replacement; pairs of a network with itself are left out. Of two
    networks it draws rows alone. With few networks intervals are too narrow.

    Traceable, ``resamples`` and ``confidence`` static. Time: resamples × rows × pairs. Memory: rows × pairs.

    Args:
        explained: [networks, rows] the class that the explanation of each network predicts, on held-out rows.
        predictions: [networks, rows] the network's class; at least two networks, trained alike.
        key: a JAX random key, for the resamples.
        resamples: number of resamples.
        confidence: of the intervals.

    Raises:
        ValueError: arrays that are not whole numbers of the same shape, fewer than two networks, no rows, a number of
            resamples below one, a confidence outside (0, 1), or not a key.

    Example:
        >>> networks = np.array([[0, 1, 1, 0], [0, 1, 0, 0], [1, 1, 1, 0]])
        >>> own, data = networks, np.array([[0, 1, 1, 0]] * 3)
        >>> [float(specificity(each, networks, key=jax.random.key(0)).specific) for each in (own, data)]
        [1.0, 0.0]

    Source: the controls of Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018, on models; S is ours.
    """
    resamples = as_count("resamples", resamples)
    check_number("confidence", confidence, above=0, below=1)
    predictions = _classes("predictions", predictions)
    explained = _classes("explained", explained, predictions.shape)
    if predictions.shape[0] < 2 or not predictions.shape[1]:
        raise ValueError(
            f"predictions: found {list(predictions.shape)}, wanted [networks, rows], at least two networks"
        )
    return _specificity(explained, predictions, as_key(key), resamples, float(confidence))


def _classes(name, values, shape=("networks", "rows")):
    values = values if isinstance(values, jax.Array) or is_traced(values) else as_numpy(name, values)
    check_shape(name, values, list(shape))
    check_mesh(name, values)
    return as_labels(name, values.reshape(-1)).reshape(values.shape)


@functools.partial(jax.jit, static_argnames=("resamples", "confidence"))
def _specificity(explained, predictions, key, resamples, confidence):
    networks, rows = predictions.shape
    first, second = jnp.triu_indices(networks, 1)
    a, b, of_a, of_b = predictions[first], predictions[second], explained[first], explained[second]
    differ = (a != b).astype(jnp.float32)
    own = (of_a == a).astype(jnp.float32) + (of_b == b)
    other = (of_a == b).astype(jnp.float32) + (of_b == a)
    excess = differ * (own - other) / 2
    neither = differ * (1 - (own + other) / 2)

    def drawn(key):
        """The numerator and the denominator of S in a resample, each a mean over rows and pairs."""
        network_key, row_key = jax.random.split(key)
        times = jnp.bincount(jax.random.randint(network_key, (networks,), 0, networks), length=networks)
        weights = jnp.bincount(jax.random.randint(row_key, (rows,), 0, rows), length=rows).astype(jnp.float32)
        pairs = (times[first] * times[second]).astype(jnp.float32)
        sums = [jnp.dot(pairs, jnp.matmul(each, weights, precision="highest")) for each in (excess, differ)]
        return jnp.stack(sums) / (rows * jnp.sum(pairs))

    sums = jax.lax.map(drawn, jax.random.split(key, resamples))
    resampled, ends = sums[:, 0] / sums[:, 1], jnp.array([(1 - confidence) / 2, (1 + confidence) / 2])
    totals = [jnp.sum(each, axis=1) for each in (excess, differ, neither)]
    of_pairs = jnp.full((networks, networks), jnp.nan).at[first, second].set(totals[0] / totals[1])
    of_pairs = of_pairs.at[second, first].set(totals[0] / totals[1])
    gained, disagreement, missed = (jnp.sum(each) / (rows * len(first)) for each in totals)
    return Specificity(
        gained / disagreement,
        jnp.nanquantile(resampled, ends),
        disagreement,
        gained,
        jnp.nanquantile(sums[:, 0], ends),
        missed / disagreement,
        of_pairs,
        resampled,
    )
