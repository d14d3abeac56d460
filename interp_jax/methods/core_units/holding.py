"""How often a class's decisions hold when only a mask's units are kept: one mask, traceable, or many at once."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Integer
from numpy.typing import ArrayLike

from interp_jax._checks import Given, Network, as_count, as_labels, as_mask, check_choice, check_number
from interp_jax._shards import map_rows
from interp_jax.methods.core_units._evaluate import MaskEvaluator, of_draws
from interp_jax.methods.core_units._tails import accept, as_hidden, check_scores, gate_tail, mask_shape_of
from interp_jax.methods.core_units.decisions import (
    CLASSIFIERS,
    ClassData,
    as_target,
    center_score,
    check_data,
    is_target,
    rate_held,
    tolerance_of,
)
from interp_jax.methods.core_units.replacements import Ablation, ablated


def holding_rate(
    tail: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    predictions: Given[Array | np.ndarray, "rows"],
    target: Integer[Array | np.ndarray, ""] | int | np.integer | None,
    mask: Given[ArrayLike | Mapping[str, ArrayLike], "*units"],
    *,
    classifier: str = "argmax",
    weight: Float[Array | np.ndarray, ""] | float = 1.0,
    ablation: Ablation = "zero",
    batch_size: int = 500,
    scores: str = "logits",
) -> Float[Array, ""]:
    """The share of decisions, target class or not, that stay as they are when only the mask's units are kept: a scalar.

        ½ (share of the rows predicted as target that still are + share of the other rows that still are not)

    Traceable. Memory: the tail's for batch_size rows. If all rows belong to one of the two groups, the rate is that
    group's. Rows with traced predictions outside the classes are left out; NaN in hidden decides for no class.

    Args:
        tail: ``hidden -> scores [rows, classes]``; with a mapping of masks, ``(hidden, masks) -> scores``.
        hidden: [rows, …, units] the layer's activations.
        predictions: [rows] the whole network's predicted class of each row.
        target: the class of interest; None asks about each row's own predicted class.
        mask: True where a unit is kept, bool or 0/1: [units], or any last axes of hidden, or a mapping of masks by
            layer. An empty mask is allowed: the tail sees what stands in for all units.
        classifier: "argmax", or "center" for `center_score` of at least ½.
        weight: of the center-based classifier, > 0.
        ablation: what stands in for the other units: "zero" (or None, as in a `Selection`); "mean", their means over
            these rows; constants, [units] or any last axes of hidden; or a `Replacement`, which `replacement` makes of
            other rows, also for resampling: the rate is then that over each row's draws.
        batch_size: rows at a time; never changes the rate.
        scores: the tail's outputs: "logits", or "probabilities", whose logarithm is taken.

    Raises:
        TypeError: a tail that is not callable.
        ValueError: arrays that do not fit each other or the tail, predictions or a target not among the classes, a mask
            with values other than 0 and 1, a tail with one output, an unknown classifier, counts below one; with
            "center", scores that are not what ``scores`` says.

    Example:
        >>> hidden = jnp.array([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
        >>> holding_rate(lambda h: h[:, :2] - h[:, 1:], hidden, jnp.array([0, 1]), 0, jnp.array([True, True, False]))
        Array(1., dtype=float32)

    Source: Yan & Feng, ICLR 2018 submission, section 3.1 (the rate) and 3.2 (the classifier).
    """
    hidden = as_hidden(hidden)
    check_choice("classifier", classifier, CLASSIFIERS)
    check_number("weight", weight, above=0)
    batch_size, mask = as_count("batch_size", batch_size), _as_masks("mask", mask)
    network = gate_tail(tail, hidden, mask_shape_of(mask), name="mask", scores=scores)
    predictions = as_labels("predictions", predictions, rows=len(hidden), classes=network.classes)
    target = as_target(target, network.classes)
    if classifier == "center":
        check_scores(network, hidden)
    network, _ = ablated(network, hidden, ablation)
    predictions = jnp.where(predictions < network.classes, predictions, -1)
    asked = predictions if target is None else target
    return _holding_rate(network, hidden, predictions, asked, network.pack(mask), weight, classifier, batch_size)


@partial(jax.jit, static_argnames=("classifier", "batch_size"))
def _holding_rate(network, hidden, predictions, target, gates, weight, classifier, batch_size):
    return rate_held(*_decided(network, hidden, predictions, target, gates, weight, classifier, batch_size))


@partial(jax.jit, static_argnames="batch_size")
def held_of_groups(network, hidden, predictions, target, gates, batch_size) -> tuple[Array, Array]:
    """How many decisions hold of the rows predicted as the target and of the others, and how many there are: [2] each.

    Of rows with a negative prediction none counts.
    """
    arguments = network, hidden, predictions, target, gates, jnp.ones(()), "argmax", batch_size
    decisions, predictions, target = _decided(*arguments)
    positive, present = predictions == target, predictions >= 0
    groups = jnp.stack([positive & present, ~positive & present])
    return jnp.sum(groups & (decisions == positive)[None], axis=1), jnp.sum(groups, axis=1)


def _decided(network, hidden, predictions, target, gates, weight, classifier, batch_size):
    """Whether each row is decided to be of the target class, with its prediction and target: a row's draws are rows."""

    def decide(row):
        hidden, target = row
        # Of a row's draws only the number is given, so that they are not all in memory.
        rows = network.pick(whole, hidden[None]) if network.draws_rows else hidden[None]
        scores = network.direct(rows, gates)
        return (is_target(scores, target) if classifier == "argmax" else center_score(scores, target, weight) >= 0.5)[0]

    whole, targets = hidden, jnp.broadcast_to(target, predictions.shape)
    if network.draws_rows:
        hidden = jnp.arange(len(hidden) * network.draws)
        predictions, targets = (jnp.repeat(each, network.draws) for each in (predictions, targets))
        target = targets
    return map_rows(decide, (hidden, targets), batch_size=batch_size), predictions, target


def holding_rates(
    tail: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    predictions: Given[Array | np.ndarray, "rows"],
    target: int | np.integer | None,
    masks: Given[ArrayLike | Mapping[str, ArrayLike], "masks *units"],
    *,
    data: ClassData | None = None,
    classifier: str = "argmax",
    weight: float = 1.0,
    ablation: Ablation = "zero",
    scores: str = "logits",
) -> Float[np.ndarray, " masks"]:
    """The `holding_rate` of each of many masks, float64 [masks].

    Host-level; one mask after the other, 128 rows at a time. A tail of `networks.lift` or `networks.narrow` runs on the
    open units alone, so small masks cost little; masks of similar size share a compilation. Memory: hidden on the
    device, and the tail's for 128 rows.

    Args:
        tail: ``hidden -> scores [rows, classes]``; with a mapping of masks, ``(hidden, masks) -> scores``.
        hidden: [rows, …, units] activations.
        predictions: [rows] the whole network's predicted class of each row.
        target: the class of interest; None asks about each row's own predicted class.
        masks: True where a unit is kept, bool or 0/1: [masks, units], or [masks, …] before any last axes of hidden, or
            a mapping of such arrays by layer.
        data: the rows to evaluate on, from `class_data`; all rows by default.
        classifier: "argmax", or "center" as in `holding_rate`.
        weight: of the center-based classifier, > 0.
        ablation: what stands in for the other units, as in `holding_rate`.
        scores: the tail's outputs: "logits", or "probabilities", whose logarithm is taken.

    Raises:
        TypeError: a tail that is not callable.
        ValueError: arguments that `holding_rate` refuses; NaN or infinity in hidden; no masks, or different numbers of
            masks; data with rows other than the class's.

    Example:
        >>> hidden = jnp.array([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
        >>> masks = [[True, True, False], [False, False, False]]
        >>> holding_rates(lambda h: h[:, :2] - h[:, 1:], hidden, np.array([0, 1]), 0, masks).tolist()
        [1.0, 0.5]

    Source: Yan & Feng, ICLR 2018 submission, section 3.1.
    """
    masks = as_mask_list("masks", masks)
    tolerance = as_tolerance(classifier, weight)
    shape = mask_shape_of(masks, leading=1)
    options = {"scores": scores, "tolerance": tolerance, "name": "masks", "ablation": ablation}
    evaluator = make_evaluator(tail, hidden, predictions, target, data, shape, **options)
    packed = np.asarray(evaluator.network.pack(masks, leading=1))
    return np.array([evaluator.rate(mask) for mask in packed])


def make_evaluator(
    tail,
    hidden,
    predictions,
    target,
    data,
    mask_shape,
    *,
    scores,
    ablation="zero",
    fixed=False,
    name="mask_shape",
    **options,
) -> MaskEvaluator:
    """The evaluator of masks for a user's arguments; without data, on all rows.

    Raises:
        TypeError: a tail that is not callable.
        ValueError: arrays, a target or data that do not fit each other.
    """
    network, hidden, predictions = accept(tail, hidden, predictions, mask_shape, scores=scores, name=name)
    target = as_target(target, network.classes)
    if data is None:
        positive = predictions == (predictions if target is None else target)
        data = ClassData(np.flatnonzero(positive), np.flatnonzero(~positive))
    else:
        data = check_data(data, predictions, target)
    network, _ = ablated(network, hidden, ablation, fixed=fixed)
    predictions, data = of_draws(network, predictions, data)
    return MaskEvaluator(network.ahead(), hidden, predictions, data, target, **options)


def as_tolerance(classifier: str, weight: Any) -> float:
    """The standard deviations that a classifier's target may be behind, as `tolerance_of`, for a user's weight.

    Raises:
        ValueError: an unknown classifier, or a weight that is not above 0.
    """
    check_number("weight", weight, above=0)
    with jax.ensure_compile_time_eval():
        return float(tolerance_of(classifier, np.float32(weight)))


def as_mask_list(name: str, masks: Any) -> Any:
    """Several masks as bool, an array [masks, …] or a mapping of them by layer.

    Raises:
        ValueError: numbers other than 0 and 1, no masks, or different numbers of them.
    """
    masks = _as_masks(name, masks)
    counts = {jnp.shape(layer)[:1] for layer in (masks.values() if isinstance(masks, Mapping) else [masks])}
    if len(counts) > 1 or counts & {(), (0,)}:
        raise ValueError(f"{name}: found leading axes {sorted(counts)}, wanted [masks, …] with at least one mask")
    return masks


def _as_masks(name, masks):
    if isinstance(masks, Mapping):
        return {layer: as_mask(f"{name}[{layer!r}]", mask) for layer, mask in masks.items()}
    return as_mask(name, masks)
