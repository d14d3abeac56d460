"""The evidence of each patch for a class: the fall of its prediction when the patch is unknown."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from interp_jax._checks import Given, Key, as_count, as_key, check_choice, check_shape
from interp_jax.methods._accept import as_rows
from interp_jax.methods._scored import scored_rows
from interp_jax.methods.attribution._patches import Patches

MEASURES = ("evidence", "information", "probability", "score")


def prediction_difference(
    network: Callable[..., Any],
    inputs: Given[Array | np.ndarray, "rows *features"],
    target: Given[ArrayLike, "#rows"],
    *,
    reference: Given[Array | np.ndarray, "others *features"],
    patch: float | int | Sequence[int],
    stride: float | int | Sequence[int] = 1,
    samples: int | None = None,
    key: Key | None = None,
    measure: str = "evidence",
    instances: int | None = None,
    batch_size: int = 1024,
    scores: str = "logits",
) -> Float[Array, "rows *places"]:
    """The fall of a class's prediction when a patch of the input is unknown, averaged over each position's patches.

        p(c | x without w) = mean over reference rows r of  p(c | x with x_w ← r_w)
        relevance(w) = log₂ odds p(c | x) − log₂ odds p(c | x without w),    odds p = p / (1 − p)
        relevance(i) = mean over the patches w that hold position i of relevance(w)

    Positive where the patch is evidence for the class. Odds use p ← (p N + 1) / (N + K), Laplace's correction for N
    instances and K classes, so that certainty stays finite. The patch's values come from one other row at a time (its
    marginal distribution), regardless of the values around them. For a linear network and measure "score", a patch's
    relevance is Σ_w weight · (x − mean of the reference).

    Traceable; patches × samples forward passes per row. Memory: the network's for ``batch_size`` rows and, per row,
    twice its features and one number per patch; with ``samples``, also as many numbers per patch at a time.

    NaN and infinity affect only their row; in the reference, all rows.

    Args:
        network: ``[batch, …] -> logits [batch, classes]``. A plain function is compiled once: variables that it
            captures must not change.
        inputs: the rows to explain: images [rows, height, width, channels], signals or features [rows, length];
            integers stay integers, as token ids must.
        target: the class c, one for all rows or [rows]; in an array, one outside the classes makes its row NaN.
        reference: [rows, …] rows like the inputs, such as training rows, whose patches replace theirs.
        patch: the sides of a patch along the first axes of a row, or one number for all axes but the last (channels,
            unless the only axis). Channels are replaced together.
        stride: from patch to patch, at most the patch's side, so that all positions are covered; the last patch ends
            where the input does.
        samples: reference rows to draw per patch, with replacement, the same for all inputs; None takes each reference
            row once.
        key: a JAX random key, for samples; draws do not depend on batch_size.
        measure: "evidence" as above; "information", log₂ p in place of the log odds; "probability" or "score",
            the plain difference of probabilities or of logits.
        instances: N, the number of training rows of the network; by default the reference's number of rows.
        batch_size: changed rows at a time; never changes the result.
        scores: "logits", or "probabilities" for a network that ends in a softmax, whose logarithm is the score.

    Returns:
        The relevance of each position, channels together: [rows, height, width] or [rows, length].

    Raises:
        TypeError: a network that is not callable.
        ValueError: no rows, a reference that is empty or has rows of the wrong shape, a patch larger than the input, a
            stride larger than the patch, samples without a key, an unknown measure, outputs that are not scores of at
            least two classes (one for "score") or are probabilities declared as logits, a single target outside the
            classes, or counts below one.

    Example:
        >>> weights = jnp.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0]])
        >>> x, others = jnp.ones((1, 3)), jnp.zeros((4, 3))
        >>> prediction_difference(lambda x: x @ weights, x, 0, reference=others, patch=1, measure="score")
        Array([[ 1.,  2., -1.]], dtype=float32)

    Source: Zintgraf, Cohen, Adel & Welling, arXiv:1702.04595, sections 2 and 3 and Algorithm 1 with marginal sampling;
    Robnik-Šikonja & Kononenko 2008, section 3, for the three measures of probabilities (Chen 2017, section 2.2.1).
    """
    check_choice("measure", measure, MEASURES)
    least = 1 if measure == "score" else 2
    network, inputs, target, classes = scored_rows(
        network, inputs, target, scores=scores, floating=False, refuse=False, least=least
    )
    reference = as_rows("reference", reference, finite=False)
    check_shape("reference", reference, ["rows", *inputs.shape[1:]])
    if samples is not None and key is None:
        raise ValueError(f"key: found None for {samples} samples, wanted a JAX random key such as jax.random.key(0)")
    key = None if samples is None else as_key(key)
    samples = len(reference) if samples is None else as_count("samples", samples)
    instances = len(reference) if instances is None else as_count("instances", instances)
    patches = Patches.over(inputs.shape[1:], patch, stride)
    kind = jnp.result_type(inputs, reference)
    setting = _Setting(patches, samples, measure, instances, classes, as_count("batch_size", batch_size))
    return _relevance(network, inputs.astype(kind), target, reference.astype(kind), key, setting)


class _Setting(NamedTuple):
    """The static arguments of a compilation."""

    patches: Patches
    samples: int
    measure: str
    instances: int
    classes: int
    batch_size: int


@partial(jax.jit, static_argnames="setting")
def _relevance(network, inputs, target, reference, key, setting):
    rows, patches = len(inputs), setting.patches
    sample_batches, samples_at_once = _batches(setting.samples, setting.batch_size)
    sample_numbers = jnp.arange(sample_batches * samples_at_once).reshape(sample_batches, samples_at_once)

    def predicted(x, target):
        scores = network(x)
        scores = scores.astype(jnp.promote_types(scores.dtype, jnp.float32))
        values = scores if setting.measure == "score" else jax.nn.softmax(scores, axis=1)
        return jnp.take_along_axis(values, target[:, None], axis=1, mode="fill", fill_value=jnp.nan)[:, 0]

    intact = _in_batches(lambda row: predicted(inputs[row], target[row]), rows, setting.batch_size)

    def changes(lane):
        """Mean changes of some rows' predictions, each with one of its patches unknown."""
        row, number = jnp.divmod(lane, len(patches))
        x, before, wanted = inputs[row], intact[row], jnp.repeat(target[row], samples_at_once)
        unknown = patches.inside(number)
        drawn = _drawn(key, number, setting.samples, len(reference))

        def add(total, sample):
            others = reference[jnp.take(drawn, sample, axis=1, mode="clip")]
            mixed = jnp.where(unknown[:, None], others, x[:, None])
            after = predicted(mixed.reshape(-1, *x.shape[1:]), wanted).reshape(len(lane), -1)
            return total + jnp.sum(jnp.where(sample[None] < setting.samples, after - before[:, None], 0), axis=1), None

        return jax.lax.scan(add, jnp.zeros_like(before), sample_numbers)[0] / setting.samples

    change = _in_batches(changes, rows * len(patches), setting.batch_size // samples_at_once)
    return patches.by_place(_difference(intact[:, None], change.reshape(rows, -1), setting))


def _difference(before, change, setting):
    if setting.measure in ("probability", "score"):
        return -change

    def bits(probability):
        count, against = probability * setting.instances + 1, (1 - probability) * setting.instances
        rest = against + setting.classes - 1 if setting.measure == "evidence" else setting.instances + setting.classes
        return jnp.log2(count / rest)

    return bits(before) - bits(before + change)


def _drawn(key, number, samples, rows):
    """The reference rows of each patch number, [numbers or 1, samples]."""
    if key is None:
        return jnp.arange(samples)[None]
    return jax.vmap(lambda one: jax.random.randint(jax.random.fold_in(key, one), (samples,), 0, rows))(number)


def _batches(count, most):
    """The number and size of equal batches of at most ``most`` that hold the count."""
    number = -(-count // most)
    return number, -(-count // number)


def _in_batches(function, count, most):
    """``function`` of the numbers 0 … count − 1, at most ``most`` at a time."""
    batches, size = _batches(count, most)
    numbers = jnp.minimum(jnp.arange(batches * size), count - 1).reshape(batches, size)
    return jax.lax.map(function, numbers).reshape(-1)[:count]
