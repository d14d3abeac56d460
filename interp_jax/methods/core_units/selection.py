"""The smallest set of units found that preserves a class's decisions."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from jaxtyping import Array, Float

from interp_jax._checks import Given, Key, MaskShape, Network, as_count, as_key, check_number, renamed
from interp_jax._readable import readable
from interp_jax.methods.core_units._calibration import as_calibration
from interp_jax.methods.core_units._evaluate import ROUNDING, MaskEvaluator, of_draws
from interp_jax.methods.core_units._needed import lost_at, needed_set
from interp_jax.methods.core_units._search import larger_masks, nested_masks, smallest_set, without_doubtful
from interp_jax.methods.core_units._tails import accept
from interp_jax.methods.core_units.bounds import check_holding
from interp_jax.methods.core_units.decisions import ClassData, as_target, tolerance_of
from interp_jax.methods.core_units.gates import ADAM, ALPHAS, as_alphas, make_recipe
from interp_jax.methods.core_units.replacements import SEARCHED, Ablation, Replacement, ablated, once
from interp_jax.methods.core_units.sweeping import make_problems, train_all

_NAMED = 12  # up to this many units are named where a selection is described


@readable(figure="core_units")
class Selection(NamedTuple):
    """The units kept, and how they were found; masks and gates have the form of the mask shape.

    Attributes:
        mask: True where a unit is kept.
        gates: the values that ``gates_mask`` is rounded from.
        units: number of units kept.
        holding_rate: the share of the class's decisions that hold on ``rows``, by the chosen classifier.
        reached: whether that is the required rate.
        gates_mask: the gates' own set: the smallest lane that reaches the rate, or else the one that holds most.
        gates_units: number of units that it keeps.
        gates_holding_rate: the share of decisions that it holds.
        weight: of the center-based classifier, trained with those gates.
        objective: [lanes] the final value of the gates' objective, a lane per α.
        trace: [steps, lanes] its value at each step.
        rows: the class's data that sets are evaluated on.
        target: the class; None for all classes at once.
        holding: the required rate.
        certified: with a confidence, whether ``mask`` is certified: that its rate on new rows is at least ``holding``.
        lower_bound: with a confidence, the lower bound of the mask's rate on new rows. It is pointwise: right with that
            confidence for a mask chosen beforehand. What is guaranteed is ``holding``.
        confidence: of the guarantee; None without one.
        nested: with a confidence, [masks, …] the nested sets tested, from large to small, as `certify` takes them.
        calibration_rows: the rows that certify, numbers of the rows given as ``calibration``, or else of ``hidden``.
        replacement: what stands in for closed units, to be given as ``ablation`` for new rows; None for zero.
        joint: whether the confidence is that of all classes' selections together.
        needed: if that was asked for, whether ``mask`` is also missed: removed alone, it leaves at most ``lost``.
        removed_rate: if that was asked for, the share of decisions that hold with the mask's units removed alone.
        lost: the rate at which decisions count as lost.
    """

    mask: Any
    gates: Any
    units: int
    holding_rate: float
    reached: bool
    gates_mask: Any
    gates_units: int
    gates_holding_rate: float
    weight: float
    objective: Float[np.ndarray, " lanes"]
    trace: Float[np.ndarray, "steps lanes"]
    rows: ClassData
    target: int | None
    holding: float
    certified: bool | None = None
    lower_bound: float | None = None
    confidence: float | None = None
    nested: Any = None
    calibration_rows: ClassData | None = None
    replacement: Replacement | None = None
    joint: bool = False
    needed: bool | None = None
    removed_rate: float | None = None
    lost: float | None = None

    def _finding(self) -> str:
        whose = "all classes'" if self.target is None else f"class {self.target}'s"
        units = sum(np.size(mask) for mask in jax.tree.leaves(self.mask))
        few = np.ndim(self.mask) == 1 and 0 < self.units <= _NAMED
        numbers = f" ({', '.join(map(str, np.flatnonzero(self.mask)))})" if few else ""
        return (
            f"{self.units} of {units} units{numbers} hold {100 * self.holding_rate:.1f}% of {whose} decisions "
            f"(required: {100 * self.holding:g}%{'' if self.reached else ', not reached'})"
            f"{f', closed units {self.replacement.phrase()}' if self.replacement else ''}"
            f"{self._removed()}{self._on_new_rows()}"
        )

    def _removed(self) -> str:
        if self.needed is None or self.removed_rate is None:
            return ""
        leaves = f"removed alone they leave {100 * self.removed_rate:.1f}% (lost: at most {100 * (self.lost or 0):g}%)"
        return f"\n{leaves}{'' if self.needed else '; no set was found that suffices and is missed'}"

    def _on_new_rows(self) -> str:
        if self.confidence is None or self.lower_bound is None:
            return ""
        bound = f"pointwise lower bound {100 * self.lower_bound:.2f}%"
        confidence = f"{100 * self.confidence:g}% confidence{' for all classes together' if self.joint else ''}"
        if not self.certified:
            return f"\nnot certified for new rows at {confidence}: {bound}"
        return (
            f"\nat least {100 * self.holding:g}% on new rows, with {confidence} ({bound}), "
            "if the calibration rows did not train the network"
        )


@renamed(batch_size="minibatch_size")
def select(
    tail: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    predictions: Given[Array | np.ndarray, "rows"],
    target: int | np.integer | None,
    *,
    key: Key,
    holding: float = 0.995,
    confidence: float | None = None,
    calibration: Given[tuple[Any, Any] | None, "a pair of hidden and predictions"] = None,
    joint: bool = False,
    classifier: str = "argmax",
    alphas: Sequence[float] | np.ndarray = ALPHAS,
    mask_shape: MaskShape | None = None,
    negatives: bool = True,
    kind: str = "hard_concrete",
    polish: bool = True,
    penalty: float | None = None,
    steps: int = 400,
    minibatch_size: int = 128,
    optimizer: Given[optax.GradientTransformation, "minimizer"] = ADAM,
    swaps: int = 20,
    search_rows: int = 1024,
    starts: int = 6,
    ablation: Ablation = "zero",
    needed: bool | float = False,
    scores: str = "logits",
) -> Selection:
    """The smallest set of units found that preserves a given share of a class's decisions.

    Gates are trained for each α (`sweep`, one repeat) and rounded. The most promising sets are then polished: units are
    added until the rate is reached and dropped one by one while it stays reached; the best set is united with each
    other one and units are dropped again; last, units are exchanged one by one if that allows another to be dropped.

    Searched are all rows predicted as the target and as many others, drawn by the key (`class_data`). Of a rare class
    these are few: a set may fit them and hold fewer decisions on the other rows (`holding_rate` evaluates all). To
    search against all others, repeat the rows of the class, ``rows = np.concatenate([np.resize(positives,
    len(others)), others])``; with a ``confidence`` then give ``calibration`` rows that are not repeated.

    With a ``confidence`` the set is certified to hold that share of decisions on new rows too (`certify`). Half of the
    rows of each group, or those given as ``calibration``, take no part in the search, which asks for the rate that they
    must show for a certificate. Around the set found, nested sets are made, from all units to the fewest that reach
    ``holding``; those that hold less on the search's rows than a smaller one are left out. The rest are tested in this
    order; the smallest certified one is the result. The guarantee assumes that the calibration rows did not train
    the network either, and are independent draws from the rows asked about. It is that of one call, whose starts are
    compared by the search's rows: for several calls of which one is chosen, see ``compared`` of `certify`, which takes
    ``nested``.

    Outputs that are no classes, such as several labels a row or a regression, are asked about one at a time, by their
    side of a threshold: with a tail of two scores, [the threshold, the output], class 1 is "above". Two scores have no
    center-based score that changes with their distance, so that the gates get no gradient, and the search alone, which
    starts from no units too, finds the set.

    Host-level. Memory: hidden on the device; for the gates' training the prepared layer (lifted for a `LinearTail`) of
    all rows if at most 1 GiB, else of a minibatch. Cost: the gates' training, and per start about units² evaluations of
    search_rows rows and ten of all rows.

    Args:
        tail: ``hidden -> scores [rows, classes]``, or ``(hidden, masks) -> scores`` for a mapping as mask_shape. A
            `LinearTail` or `SubsetTail` (`networks.lift`, `networks.narrow`) is searched faster.
        hidden: [rows, …, units] activations of the layer whose units are gated.
        predictions: [rows] the whole network's predicted class of each row.
        target: the class of interest; None asks about each row's own predicted class: one mask for all classes.
        key: a JAX random key.
        holding: the share of decisions that must hold, in [0, 1].
        confidence: None, or that of a guarantee for new rows, in [0.75, 1); holding is then below 1.
        calibration: (hidden, predictions) of rows that are to certify; by default half of those given.
        joint: whether the certificates of all classes from the same calibration rows are right together with that
            confidence: each is then at level (1 − confidence) / classes.
        classifier: how scores decide: "argmax", or "center" for the paper's center-based classifier with the weight
            trained with the gates, which lets the target be slightly behind.
        alphas: costs of an open gate, at least 0, one lane each.
        mask_shape: the gates' shape: by default one gate per unit of the last axis, so that a closed unit is closed at
            all positions and none are pooled; ``hidden.shape[1:]`` gates each element, a unit at each position; a
            mapping of shapes gates several layers of a tail that takes a mapping of masks.
        negatives: False evaluates on the rows predicted as target alone, as the paper does for pixels.
        kind: how the gates are trained, as in `sweep`; "relaxed" is as published, without polishing.
        polish: False returns the gates' own result.
        penalty: λ, as in `sweep`.
        steps: gradient steps.
        minibatch_size: rows of a gradient step.
        optimizer: any optax optimizer.
        swaps: exchanges tried before a smaller set is given up.
        search_rows: rows nearest to failing, on which sets are compared; the result is evaluated on all of the class's.
        starts: number of sets polished and united: the gates', the smallest that reach the rate first, and last, unless
            ``starts`` is 1, a set grown greedily from no units. If units have copies, gates may keep them all, since
            none can be dropped alone.
        ablation: what stands in for closed units: "zero"; "mean", their means over the rows that are searched (all
            rows, or without those that certify); "resample", their activations in other searched rows (`replacement`:
            at most 1,000 donors, 4 draws a row, with which the search takes 4 times as long); constants, [units] or
            any last axes of hidden; or a `Replacement`. Certified is what stands in for them on new rows too,
            ``replacement`` of the result, so that constants and a `Replacement` must not be of the rows that certify;
            resampled calibration rows have one donor each.
        needed: True looks for a set that suffices and is also missed: removed alone, with the same ablation, it leaves
            at most ¾ of the decisions (½ if all rows are of one group), midway between all and those that hold if no
            row, or every row, is decided to be of the class; a number is another such rate. If none is found,
            ``needed`` of the result is False and its set the smallest that suffices.
        scores: the tail's outputs: "logits", or "probabilities", whose logarithm is taken.

    Raises:
        TypeError: a tail that is not callable, or an optimizer not from optax.
        ValueError: arguments that `sweep` refuses (arrays that do not fit, a target never predicted, values out of
            range), a holding rate outside [0, 1], or, with a confidence, too few calibration rows (`rows_needed`).

    Example:
        >>> import jax.numpy as jnp
        >>> hidden = jax.random.normal(jax.random.key(0), (200, 6))
        >>> predictions = jnp.argmax(hidden[:, :2], 1)
        >>> core = select(lambda h: h[:, :2], hidden, predictions, 1, key=jax.random.key(1))
        >>> core.mask.tolist(), core.units, core.holding_rate
        ([True, True, False, False, False, False], 2, 1.0)
        >>> above = lambda h: jnp.stack([jnp.full(len(h), 0.5), h[:, 2] - h[:, 3]], axis=1)
        >>> core = select(above, hidden, jnp.argmax(above(hidden), 1), 1, key=jax.random.key(1), steps=1)
        >>> core.mask.tolist()
        [False, False, True, True, False, False]
        >>> core = select(
        ...     lambda h: h[:, :2], hidden, predictions, 1, key=jax.random.key(1), holding=0.9, confidence=0.9
        ... )
        >>> core.certified, core.units, core.lower_bound > 0.9
        (True, 2, True)

    Source: Yan & Feng, ICLR 2018 submission, sections 3.1 and 3.3; the polishing and the certificate (sources in
    `certify`) are not in the paper.
    """
    network, hidden, predictions = accept(tail, hidden, predictions, mask_shape, scores=scores)
    asked: int | None = as_target(target, network.classes)
    check_number("holding", holding, least=0, most=1)
    tolerance_of(classifier, np.ones(1))
    alphas, swaps = as_alphas(alphas), as_count("swaps", swaps, least=0)
    search_rows, starts = as_count("search_rows", search_rows), as_count("starts", starts)
    recipe = make_recipe(kind, penalty, steps, minibatch_size, optimizer)
    calibrated, required, key = None, float(holding), as_key(key)
    if confidence is not None:
        check_holding(holding, confidence)
        if joint and asked is None:
            raise ValueError("joint: found True for all classes at once, wanted False: their one mask is one statement")
        options = {"holding": float(holding), "confidence": float(confidence), "negatives": negatives}
        options["tests"] = network.classes if joint else 1
        options["key"] = jax.random.fold_in(key, 1)  # the one problem has 0
        calibrated = as_calibration(calibration, hidden, predictions, asked, network.classes, **options)
        required = calibrated.required
    elif calibration is not None:
        raise ValueError("calibration: found rows without a confidence, wanted a confidence for them, such as 0.95")
    elif joint:
        raise ValueError("joint: found True without a confidence, wanted one, such as 0.95")
    lost = _as_lost(needed, calibrated, polish and kind != "relaxed")
    among = None if calibrated is None else calibrated.searched
    network, replacement = ablated(network, hidden, ablation, key=jax.random.fold_in(key, SEARCHED), rows=among)
    network = network.ahead()
    problems = make_problems(predictions, [asked], key=key, negatives=negatives, among=among)
    trained = train_all(network, hidden, predictions, problems, alphas, 1, recipe, rates=False)
    data, gates = problems[0].data, trained.gates[0]
    drawn = of_draws(network, predictions, data)
    rounded, tolerances = gates >= 0.5, np.asarray(tolerance_of(classifier, trained.weight[0])).tolist()
    # One evaluator for lanes of one tolerance: it remembers what it has seen. Most units of a mask are closed, so that
    # a mask at a time costs less here than all in the program that trains them.
    evaluators = {
        tolerance: MaskEvaluator(network, hidden, *drawn, asked, tolerance=tolerance) for tolerance in tolerances
    }
    rates = np.array([evaluators[tolerance].rate(mask) for tolerance, mask in zip(tolerances, rounded, strict=True)])
    order = _best_first(rounded, rates, required)
    own = order[0]
    evaluator = evaluators[tolerances[own]]
    mask = rounded[own]
    polished = polish and kind != "relaxed"
    if polished:
        sets = _distinct(rounded[order])[: max(1, starts - 1)]
        sets += [np.zeros_like(mask)] if starts > 1 else []
        mask = smallest_set(evaluator, sets, required, rows=search_rows, swaps=swaps)
    removal = {}
    if lost is not None:
        lost = lost_at(evaluator) if needed is True else lost
        missed = needed_set(evaluator, mask, required, lost, rows=search_rows)
        mask = mask if missed is None else missed
        removal = {"needed": missed is not None, "removed_rate": evaluator.rate(~mask), "lost": lost}
    certificate = {}
    if calibrated is not None:
        if polished:
            nested = nested_masks(evaluator, mask, float(holding), rows=search_rows)
        else:
            # As the gates have it: the next unit is that of the widest gate.
            closed = np.flatnonzero(~mask)
            larger = larger_masks(mask, closed[np.argsort(-gates[own][closed], kind="stable")])
            nested = np.concatenate([larger, mask[None]])
        nested = without_doubtful(evaluator, nested)
        options = {"holding": float(holding), "tolerance": tolerances[own]}
        tested, _ = ablated(network, hidden, once(replacement))
        place, bound = calibrated.test(tested.ahead(), nested, mask, asked, **options)
        mask = nested[place] if place >= 0 else mask
        certificate = {
            "certified": place >= 0,
            "lower_bound": bound,
            "confidence": float(confidence or 0),
            "nested": jax.tree.map(np.asarray, network.unpack(nested)),
            "calibration_rows": calibrated.data,
            "joint": bool(joint),
        }
    rate = evaluator.rate(mask)

    def unpack(vector):
        return jax.tree.map(np.asarray, network.unpack(vector))

    return Selection(
        mask=unpack(mask),
        gates=unpack(gates[own]),
        units=int(mask.sum()),
        holding_rate=rate,
        reached=rate >= float(holding) - ROUNDING,
        gates_mask=unpack(rounded[own]),
        gates_units=int(rounded[own].sum()),
        gates_holding_rate=evaluator.rate(rounded[own]),
        weight=float(trained.weight[0, own]),
        objective=trained.trace[0, -1],
        trace=trained.trace[0],
        rows=data,
        target=asked,
        holding=float(holding),
        replacement=replacement,
        **certificate,
        **removal,
    )


def _as_lost(needed, calibrated, polished) -> float | None:
    """The rate at which decisions count as lost, None if that is not asked about."""
    if needed is False:
        return None
    if not polished:
        raise ValueError('needed: found without polishing, wanted polish=True and another kind than "relaxed"')
    if calibrated is not None:
        raise ValueError(
            "needed: found with a confidence, wanted one of the two: necessity(...).bounds(confidence) on new rows "
            "says what a set keeps and what its removal leaves"
        )
    if needed is not True:
        check_number("needed", needed, least=0, most=1)
    return float(needed)


def _best_first(masks, rates, holding) -> np.ndarray:
    """Lane numbers: those that reach the rate, smallest first, then the others, those that hold most first."""
    enough = rates >= float(holding) - ROUNDING
    return np.lexsort((-rates, np.where(enough, masks.sum(axis=1), 0), ~enough))


def _distinct(masks):
    return list({mask.tobytes(): mask for mask in masks}.values())
