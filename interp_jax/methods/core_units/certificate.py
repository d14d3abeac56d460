"""Sets of units that hold a class's decisions on new rows: a guarantee from rows that were used for nothing else."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, Int
from numpy.typing import ArrayLike
from scipy.special import betaincinv

from interp_jax._checks import Count, Given, Key, Network, as_count, as_key, check_number
from interp_jax._readable import readable
from interp_jax.methods.core_units._evaluate import MaskEvaluator
from interp_jax.methods.core_units._tails import mask_shape_of
from interp_jax.methods.core_units.decisions import ClassData
from interp_jax.methods.core_units.holding import as_mask_list, as_tolerance, make_evaluator

# Up to this many units are named where a certificate is described.
_NAMED = 12
# Hoeffding's inequality holds for tails of at most ¼: a binomial exceeds its mean with a greater probability.
LEAST_CONFIDENCE = 0.75


@readable(figure="certificate")
class Certificate(NamedTuple):
    """The certified mask, and what the calibration rows say about each mask that was tested.

    Attributes:
        mask: True where a unit is kept, in the form in which masks were given; None if no mask is certified.
        units: number of units that it keeps; None if no mask is certified.
        certified: whether a mask is certified. The guarantee is that its rate on new rows is at least ``holding``.
        lower_bound: the lower confidence bound of its rate, or of the first mask's if none is certified. It is
            pointwise: right with the given confidence for a mask chosen beforehand. What is guaranteed is ``holding``.
        holding_rate: its rate on the calibration rows, or that of the first mask.
        place: its number among the masks, −1 if none is certified.
        sizes: [masks] number of units that each mask keeps.
        holding_rates: [masks] rate on the calibration rows; NaN for masks not tested, after the first that failed.
        lower_bounds: [masks] pointwise lower bound; NaN for masks not tested.
        rows: the calibration rows that were used.
        target: the class; None for all classes at once.
        holding: the required rate.
        confidence: of the guarantee.
        level: the probability of error allowed to each test: 1 − confidence, or a part of it.
        joint: whether the confidence is that of all classes' certificates together.
    """

    mask: Any
    units: int | None
    certified: bool
    lower_bound: float
    holding_rate: float
    place: int
    sizes: Int[np.ndarray, " masks"]
    holding_rates: Float[np.ndarray, " masks"]
    lower_bounds: Float[np.ndarray, " masks"]
    rows: ClassData
    target: int | None
    holding: float
    confidence: float
    level: float
    joint: bool

    def _finding(self) -> str:
        whose = "all classes'" if self.target is None else f"class {self.target}'s"
        new = f"at least {100 * self.holding:g} % of {whose} decisions on new rows, with {100 * self.confidence:g} %"
        confidence = f"confidence{' for all classes together' if self.joint else ''}"
        if self.certified:
            units = sum(np.size(mask) for mask in jax.tree.leaves(self.mask))
            few = np.ndim(self.mask) == 1 and 0 < int(self.units or 0) <= _NAMED
            numbers = f" ({', '.join(map(str, np.flatnonzero(self.mask)))})" if few else ""
            first = f"{self.units} of {units} units{numbers} hold {new} {confidence}"
            whom = "they hold"
        else:
            first = f"no set of units is certified to hold {new} {confidence}"
            whom = f"the first, of {self.sizes[0]} units, holds"
        return (
            f"{first}\nof {len(self.rows.rows)} calibration rows {whom} {100 * self.holding_rate:.2f} % "
            f"(pointwise lower bound {100 * self.lower_bound:.2f} %)\n"
            "assumed: rows that neither trained the network nor served the search, drawn as new rows are"
        )


def certify(
    tail: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    predictions: Given[Array | np.ndarray, "rows"],
    target: int | np.integer | None,
    masks: Given[ArrayLike | Mapping[str, ArrayLike], "masks *units"],
    *,
    holding: float,
    confidence: float,
    joint: bool = False,
    ordered: bool = True,
    compared: Count = 1,
    key: Key | None = None,
    negatives: bool = True,
    classifier: str = "argmax",
    weight: float = 1.0,
    scores: str = "logits",
) -> Certificate:
    """The smallest of nested sets of units that is certified to hold a class's decisions on new rows.

        P(a mask is certified whose true rate is below holding) ≤ δ = 1 − confidence

    The true rate is that of `holding_rate` over all rows that could be asked about: half the share of those predicted
    as the target that still are, plus half the share of the others that still are not. The calibration rows given here

    * were used neither to search for the masks **nor to train the network**, on whose training rows any bound is too
      high; and nothing about them decided which masks are given, or in which order;
    * are drawn independently from the rows asked about. Windows of one recording or copies of one image are not.

    **Bound.** From equal numbers n of rows predicted as the target and of others, the number of decisions that hold is
    a sum of 2n independent Bernoulli variables with the true rate as mean probability. Its tails are no heavier than
    the binomial's (Hoeffding 1956), so the exact one-sided bound of Clopper & Pearson (1934) holds for the count of
    both groups together. From unequal numbers that count has another mean than the true rate: each group then has a
    bound of its own at half the level, and the bound is their average, which is lower for rows as few. A key draws
    equal numbers at random. For all classes at once (``target`` None), all rows are one group.

    **Order.** Masks are tested one after the other from the first, each at level δ, up to the first that fails; the
    last that passed is returned. A false certificate needs an error at the first mask below the required rate, so that
    a sequence fixed beforehand costs no correction (fixed-sequence testing, Maurer et al. 1995). Without an order each
    mask is tested at δ / masks (Bonferroni), and the smallest that passes is returned.

    Host-level. Cost: an evaluation of the rows per mask tested; memory as in `holding_rates`.

    Args:
        tail: ``hidden -> scores [rows, classes]``; with a mapping of masks, ``(hidden, masks) -> scores``.
        hidden: [rows, …, units] activations of calibration rows.
        predictions: [rows] the whole network's predicted class of each row.
        target: the class of interest; None asks about each row's own predicted class.
        masks: True where a unit is kept, bool or 0/1: [masks, units], or [masks, …] before any last axes of hidden, or
            a mapping of such arrays by layer; nested, from large to small, as ``nested`` of a `Selection`.
        holding: the rate to be certified, in [0, 1).
        confidence: of the guarantee, in [0.75, 1).
        joint: whether the certificates of all classes from the same rows are right together with this confidence, each
            at level δ / classes; otherwise each class's is by itself.
        ordered: False for masks without an order, tested by Bonferroni.
        compared: number of calls on these rows of which one result will be chosen, e.g. with sequences of several
            starts or with several ablations: each is tested at level δ / compared.
        key: a JAX random key, by which as many rows of the larger group are drawn as the smaller has. Without one all
            rows are used.
        negatives: False certifies the rate of the rows predicted as target alone.
        classifier: "argmax", or "center" as in `holding_rate`.
        weight: of the center-based classifier, > 0.
        scores: the tail's outputs: "logits", or "probabilities", whose logarithm is taken.

    Returns:
        `Certificate`: ``.mask``, ``.units``, ``.certified``, the pointwise ``.lower_bound``, and ``.holding_rates``
        and ``.lower_bounds`` of the masks tested.

    Raises:
        TypeError: a tail that is not callable.
        ValueError: arguments that `holding_rates` refuses; ordered masks that are not nested from large to small; a
            holding rate or a confidence out of range; joint for all classes at once; or so few rows that no decision
            could fail for a certificate, or not even that is enough: `rows_needed` gives their number.

    Example:
        >>> hidden = jax.random.normal(jax.random.key(0), (2000, 6))
        >>> predictions = np.argmax(hidden[:, :2], 1)
        >>> masks = np.arange(6) < np.arange(6, -1, -1)[:, None]
        >>> options = {"holding": 0.99, "confidence": 0.95, "key": jax.random.key(1)}
        >>> found = certify(lambda h: h[:, :2], hidden, predictions, 1, masks, **options)
        >>> found.certified, found.units, found.lower_bound > 0.99
        (True, 2, True)

    Source: Clopper & Pearson, Biometrika 26, 1934; Hoeffding, Annals of Mathematical Statistics 27, 1956, theorem 4;
    Maurer, Hothorn & Lehmacher 1995 (in Vollmar, Biometrie in der chemisch-pharmazeutischen Industrie 6). Not in the
    paper of Yan & Feng, whose rates are those of the rows searched on.
    """
    check_holding(holding, confidence)
    masks = as_mask_list("masks", masks)
    tolerance = as_tolerance(classifier, weight)
    options = {"scores": scores, "tolerance": tolerance, "name": "masks"}
    evaluator = make_evaluator(tail, hidden, predictions, target, None, mask_shape_of(masks, leading=1), **options)
    network, target, groups = evaluator.network, evaluator.target, evaluator.data
    packed = np.asarray(network.pack(masks, leading=1))
    if ordered:
        _check_nested(packed)
    if joint and target is None:
        raise ValueError("joint: found True for all classes at once, wanted False: their one mask is one statement")
    tests = as_count("compared", compared) * (network.classes if joint else 1) * (1 if ordered else len(packed))
    if target is not None and not negatives:
        groups = ClassData(groups.positives, groups.negatives[:0])
    elif key is not None:
        groups = equal_groups(groups, len(evaluator.predictions), key=as_key(key))
    level = (1 - float(confidence)) / tests
    one_group = target is None or not negatives
    check_enough(groups, target, float(holding), float(confidence), tests, one_group=one_group)
    if groups is not evaluator.data:
        common = network, evaluator.hidden, evaluator.predictions, groups, target
        evaluator = MaskEvaluator(*common, tolerance=tolerance)
    place, rates, bounds = try_masks(evaluator, packed, float(holding), level, ordered=bool(ordered))
    certified = place >= 0
    sizes = packed.sum(axis=1)
    return Certificate(
        mask=jax.tree.map(np.asarray, network.unpack(packed[place])) if certified else None,
        units=int(sizes[place]) if certified else None,
        certified=certified,
        lower_bound=float(bounds[max(place, 0)]),
        holding_rate=float(rates[max(place, 0)]),
        place=place,
        sizes=sizes,
        holding_rates=rates,
        lower_bounds=bounds,
        rows=groups,
        target=target,
        holding=float(holding),
        confidence=float(confidence),
        level=level,
        joint=bool(joint),
    )


def rows_needed(holding: float, confidence: float, errors: Count = 0, *, tests: Count = 1) -> int:
    """The least number of calibration rows from which a holding rate can be certified although some decisions fail.

        least N with  P(Binomial(N, holding) ≥ N − errors) ≤ (1 − confidence) / tests;   without errors, holdingᴺ

    For a class, half of them are to be predicted as it and half not. A set whose true rate is just the required one
    fails in more rows than any certificate allows: count on errors of the set's true rate, which must be higher.

    Host-level.

    Args:
        holding: the rate to be certified, in [0, 1).
        confidence: of the guarantee, in [0.75, 1).
        errors: number of rows whose decision does not hold.
        tests: number of tests that share the confidence: masks without an order, results compared, classes together.

    Raises:
        ValueError: a holding rate or a confidence out of range, errors below 0, or tests below 1.

    Example:
        >>> rows_needed(0.99, 0.95), rows_needed(0.99, 0.95, errors=5), rows_needed(0.99, 0.95, tests=10)
        (299, 1049, 528)

    Source: Clopper & Pearson, Biometrika 26, 1934.
    """
    check_holding(holding, confidence)
    errors, level = as_count("errors", errors, least=0), (1 - float(confidence)) / as_count("tests", tests)
    # One decision that holds bounds no rate of two groups.
    least, most = errors, max(errors + 2, 4)
    while lower_limit(most - errors, most, level) < holding:
        least, most = most, 2 * most
    # More rows with as many errors raise the bound.
    while most - least > 1:
        middle = (least + most) // 2
        if lower_limit(middle - errors, middle, level) < holding:
            least = middle
        else:
            most = middle
    return most


def check_holding(holding: Any, confidence: Any) -> None:
    """Refuses a rate or a confidence that cannot be certified.

    Raises:
        ValueError: a rate outside [0, 1), or a confidence outside [0.75, 1).
    """
    check_number("holding", holding, least=0, below=1)
    check_number("confidence", confidence, least=LEAST_CONFIDENCE, below=1)


def lower_limit(held, rows, level) -> np.ndarray:
    """The exact one-sided lower bound of a probability from ``held`` of ``rows``, at an error probability ``level``.

    Also of the mean of several probabilities (see `certify`), for levels of at most ¼ and ``held`` above 1; a single
    decision that holds gives 0, since the mean is then not bounded by it.
    """
    held, rows = np.asarray(held, np.float64), np.asarray(rows, np.float64)
    limit = betaincinv(np.maximum(held, 1), rows - np.minimum(held, rows) + 1, level)
    return np.where(held > 1, limit, 0.0)


def balanced_limit(held, counts: tuple[int, int], level: float) -> np.ndarray:
    """The lower bound of the holding rate from decisions held [..., 2] of each group's rows.

    One group, or two of equal size: of all rows together. Two of unequal size: the average of two bounds at half the
    level.
    """
    held = np.asarray(held)
    if min(counts) in (0, max(counts)):
        return lower_limit(held.sum(axis=-1), sum(counts), level)
    return np.asarray(lower_limit(held, np.asarray(counts), level / 2).mean(axis=-1))


def last_in_sequence(lower_bounds, holding: float) -> np.ndarray:
    """The number of the last mask before the first whose bound [..., masks] is below ``holding``; −1 if there is none.

    A bound that is not a number, of a mask not tested, is below.
    """
    return np.asarray(np.cumprod(np.asarray(lower_bounds) >= holding, axis=-1).sum(axis=-1) - 1)


def try_masks(
    evaluator: MaskEvaluator, masks: np.ndarray, holding: float, level: float, *, ordered: bool
) -> tuple[int, np.ndarray, np.ndarray]:
    """The certified mask's number, or −1, and each mask's rate and lower bound; NaN after an ordered one that fails."""
    counts = len(evaluator.data.positives), len(evaluator.data.negatives)
    rates, bounds = np.full((2, len(masks)), np.nan)
    for place, mask in enumerate(masks):
        decisions, _ = evaluator.margins(mask)
        assert decisions is not None  # without a limit all rows are looked at
        held = decisions[: counts[0]].sum(), decisions[counts[0] :].sum()
        rates[place] = np.mean([side / count for side, count in zip(held, counts, strict=True) if count])
        bounds[place] = balanced_limit(held, counts, level)
        if ordered and bounds[place] < holding:
            break
    if ordered:
        return int(last_in_sequence(bounds, holding)), rates, bounds
    # The smallest, of equal ones the highest bound.
    best = np.lexsort((-bounds, masks.sum(axis=1), bounds < holding))[0]
    return int(best) if bounds[best] >= holding else -1, rates, bounds


def equal_groups(data: ClassData, rows: int, *, key: Array) -> ClassData:
    """As many random rows of the larger group as the smaller has; all rows if one of them has none."""
    size = min(len(side) for side in data)
    if not size:
        return data
    # A random number for every row, so that all targets share a compilation.
    order = np.asarray(jax.random.bits(key, (rows,)))
    return ClassData(*(np.sort(side[np.argsort(order[side], kind="stable")[:size]]) for side in data))


def most_errors(rows: int, holding: float, level: float) -> int:
    """The greatest number of decisions that may fail in a certificate; −1 if none may, nor is none enough."""
    errors = np.arange(math.floor(rows * (1 - holding)) + 2)
    return int(np.sum(lower_limit(rows - errors, rows, level) >= holding)) - 1


def check_enough(
    data: ClassData,
    target: int | None,
    holding: float,
    confidence: float,
    tests: int,
    *,
    one_group: bool,
    name: str = "hidden",
) -> None:
    """Refuses so few rows that no mask could be certified even if all decisions hold.

    Raises:
        ValueError: too few rows, with the number needed.
    """
    counts = len(data.positives), len(data.negatives)
    best = balanced_limit(np.array(counts), counts, (1 - confidence) / tests)
    if best >= holding and (one_group or min(counts)):
        return
    needed = rows_needed(holding, confidence, tests=tests)
    shared = f", {tests} tests sharing it" if tests > 1 else ""
    what = f"to certify a holding rate of {holding:g} with confidence {confidence:g}{shared}"
    if one_group:
        of = "rows" if target is None else f"rows predicted as {target}"
        raise ValueError(f"{name}: found {counts[0]} {of}, wanted at least {needed} {what}")
    found = f"{counts[0]} rows predicted as {target} and {counts[1]} others"
    side = -(-needed // 2)
    remedy = "; equal numbers, which a key draws, are enough" if min(counts) >= side else ""
    raise ValueError(f"{name}: found {found}, wanted at least {side} of each {what}{remedy}")


def _check_nested(masks: np.ndarray) -> None:
    more = np.flatnonzero((masks[1:] & ~masks[:-1]).any(axis=1))
    if len(more):
        raise ValueError(
            f"masks: found masks[{more[0] + 1}] with units that masks[{more[0]}] has not, wanted nested masks from "
            "large to small, or ordered=False"
        )
