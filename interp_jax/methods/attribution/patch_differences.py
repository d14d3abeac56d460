"""Which parts of an input speak for a class: how far the prediction falls when a patch of it is unknown."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from interp_jax.methods._accept import callable_pytree
from interp_jax.methods.attribution._patches import Patches

MEASURES = ("evidence", "information", "probability", "score")


def prediction_difference(
    network: Callable,
    inputs: Shaped[Array | np.ndarray, "rows *features"],
    target,
    *,
    reference: Shaped[Array | np.ndarray, "..."],
    patch: float | int | Sequence[int],
    stride: float | int | Sequence[int] = 1,
    samples: int | None = None,
    key=None,
    measure: str = "evidence",
    instances: int | None = None,
    batch_size: int = 1024,
) -> Float[Array, "rows *places"]:
    """How far the prediction of a class falls when a patch of the input is not known, averaged over the patches.

        p(c | x without w) = mean over reference rows r of  p(c | x with x_w ← r_w)
        relevance(w) = log₂ odds p(c | x) − log₂ odds p(c | x without w),    odds p = p / (1 − p)
        relevance(i) = mean over the patches w that hold place i of relevance(w)

    Positive where the patch speaks for the class. Odds are of p ← (p N + 1) / (N + K), Laplace's correction for N
    instances and K classes, so that certainty stays finite. The patch's values come from one other row at a time (its
    marginal distribution); what they have to do with the values around them is lost. Of a linear network, by scores,
    a patch's relevance is Σ_w weight · (x − mean of the reference).

    Traceable; patches × samples forward passes a row, whatever their batches. Memory: the network's for ``batch_size``
    rows and, a row, twice its features and one number a patch; with ``samples``, as many numbers a patch at a time too.

    Args:
        network: ``[batch, …] -> logits [batch, classes]``. A plain function is compiled once: what it reads from
            outside itself must not change.
        inputs: the rows to explain: images [rows, height, width, channels], signals or features [rows, length].
        target: the class c, one for all rows or [rows]; in an array one that is no class makes its row NaN.
        reference: rows like the inputs that patches are replaced from, training rows say.
        patch: the sides of a patch, or one number for all; without their number given, a row's last axis is channels
            unless it is the only one. Channels are replaced together.
        stride: from patch to patch, at most the patch's side, so that every place is covered; the last patch ends where
            the input does.
        samples: reference rows to draw for every patch, with replacement, the same for all inputs; None takes
            each row of the reference once.
        key: a JAX random key, for samples. Draws do not depend on batch_size.
        measure: "evidence" as above; "information", log₂ p in place of the log odds; "probability" or "score",
            the plain difference of probabilities or of logits.
        instances: N, how many rows the network was trained on; the reference's number of rows by default.
        batch_size: changed rows that go through the network at a time.

    Returns:
        The relevance of every place, channels taken together: [rows, height, width] or [rows, length].

    Raises:
        ValueError: no rows, an empty reference or one of another shape, a patch larger than the input, a stride larger
            than the patch, samples without a key, an unknown measure, outputs that are no scores of at least two
            classes (one for "score"), a target that is no class, or sizes below one.

    Example:
        >>> import jax.numpy as jnp
        >>> weights = jnp.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0]])
        >>> x, others = jnp.ones((1, 3)), jnp.zeros((4, 3))
        >>> prediction_difference(lambda x: x @ weights, x, 0, reference=others, patch=1, measure="score")
        Array([[ 1.,  2., -1.]], dtype=float32)

    Source: Zintgraf, Cohen, Adel & Welling, arXiv:1702.04595, sections 2 and 3 and Algorithm 1 with marginal sampling;
    Robnik-Šikonja & Kononenko 2008, section 3, for the three measures of probabilities (Chen 2017, section 2.2.1).
    """
    inputs, reference, target = jnp.asarray(inputs), jnp.asarray(reference), jnp.asarray(target)
    if inputs.ndim < 2 or not inputs.shape[0]:
        raise ValueError(f"inputs: found shape {inputs.shape}, wanted at least one row of features")
    if reference.ndim != inputs.ndim or not len(reference) or reference.shape[1:] != inputs.shape[1:]:
        raise ValueError(f"reference: found shape {reference.shape}, wanted rows of shape {inputs.shape[1:]}")
    if measure not in MEASURES:
        raise ValueError(f"measure: found {measure!r}, wanted one of {', '.join(map(repr, MEASURES))}")
    if samples is not None and key is None:
        raise ValueError(f"key: found none for {samples} samples, wanted a JAX random key")
    samples, key = (len(reference), None) if samples is None else (samples, key)
    instances = len(reference) if instances is None else instances
    for name, value in (("samples", samples), ("instances", instances), ("batch_size", batch_size)):
        if value < 1:
            raise ValueError(f"{name}: found {value}, wanted at least 1")
    patches = Patches.over(inputs.shape[1:], patch, stride)
    kind = jnp.result_type(inputs, reference)
    network, inputs, reference = callable_pytree(network), inputs.astype(kind), reference.astype(kind)
    scores = _scores.eval_shape(network, inputs)
    wanted = 1 if measure == "score" else 2
    if len(scores.shape) != 2 or scores.shape[1] < wanted:
        raise ValueError(f"network: found outputs of shape {scores.shape}, wanted scores of at least {wanted} classes")
    target = _target(target, *scores.shape)
    setting = _Setting(patches, samples, measure, instances, scores.shape[1], batch_size)
    return _relevance(network, inputs, target, reference, key, setting)


class _Setting(NamedTuple):
    """What a compilation is for."""

    patches: Patches
    samples: int
    measure: str
    instances: int
    classes: int
    batch_size: int


@jax.jit
def _scores(network, x):
    return network(x)


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
        """Mean changes of some rows' predictions when one of their patches each is unknown."""
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
    """The reference rows for each patch number, [numbers or 1, samples]."""
    if key is None:
        return jnp.arange(samples)[None]
    return jax.vmap(lambda one: jax.random.randint(jax.random.fold_in(key, one), (samples,), 0, rows))(number)


def _target(target, rows, classes):
    """The class of every row; numbers that are no class are too large, as negative ones would count from the end."""
    if target.shape not in ((), (rows,)) or not jnp.issubdtype(target.dtype, jnp.integer):
        found = f"{target.dtype} of shape {target.shape}"
        raise ValueError(f"target: found {found}, wanted a class or whole numbers of shape ({rows},)")
    if not target.ndim and not isinstance(target, jax.core.Tracer) and not 0 <= int(target) < classes:
        raise ValueError(f"target: found {target}, wanted a class, 0 to {classes - 1}")
    return jnp.broadcast_to(jnp.where(target < 0, classes, target), (rows,))


def _batches(count, most):
    """How many batches of which size, equal and of at most so many, hold the count."""
    number = -(-count // most)
    return number, -(-count // number)


def _in_batches(function, count, most):
    """``function`` of the numbers 0 … count − 1, so many at a time."""
    batches, size = _batches(count, most)
    numbers = jnp.minimum(jnp.arange(batches * size), count - 1).reshape(batches, size)
    return jax.lax.map(function, numbers).reshape(-1)[:count]
