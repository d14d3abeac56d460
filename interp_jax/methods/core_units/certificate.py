"""Sets of units that hold a class's decisions on new rows: a guarantee from rows that were used for nothing else."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, Int
from numpy.typing import ArrayLike

from interp_jax._checks import Count, Given, Key, Network, as_count, as_key
from interp_jax._readable import readable
from interp_jax.methods.core_units._evaluate import MaskEvaluator
from interp_jax.methods.core_units._tails import mask_shape_of
from interp_jax.methods.core_units.bounds import check_enough, check_holding, equal_groups, try_masks
from interp_jax.methods.core_units.decisions import ClassData
from interp_jax.methods.core_units.holding import as_mask_list, as_tolerance, make_evaluator
from interp_jax.methods.core_units.replacements import Ablation, Replacement, as_replacement, once

# Up to this many units are named where a certificate is described.
_NAMED = 12


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
        replacement: what stands in for closed units; None for zero.
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
    replacement: Replacement | None = None

    def _finding(self) -> str:
        whose = "all classes'" if self.target is None else f"class {self.target}'s"
        new = f"at least {100 * self.holding:g}% of {whose} decisions on new rows, with {100 * self.confidence:g}%"
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
        closed = f", closed units {self.replacement.phrase()}" if self.replacement else ""
        return (
            f"{first}\nof {len(self.rows.rows)} calibration rows {whom} {100 * self.holding_rate:.2f}% "
            f"(pointwise lower bound {100 * self.lower_bound:.2f}%){closed}\n"
            "assumed: rows that neither trained the network nor served the search, drawn independently as new rows are"
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
    ablation: Ablation = "zero",
    scores: str = "logits",
) -> Certificate:
    """The smallest of nested sets of units that is certified to hold a class's decisions on new rows.

        P(a mask is certified whose true rate is below holding) ≤ δ = 1 − confidence

    The true rate is that of `holding_rate` over all rows that could be asked about: half the share of those predicted
    as the target that still are, plus half the share of the others that still are not. The calibration rows given here

    * were used neither to search for the masks **nor to train the network**, on whose training rows any bound is too
      high; and nothing about them decided which masks are given, or in which order;
    * are independent draws from the rows that will be asked about. Windows of one recording or copies of one image are
      not independent.

    **Bound.** From equal numbers n of rows predicted as the target and of others, the number of decisions that hold is
    a sum of 2n independent Bernoulli variables whose mean probability is the true rate. Its tails are no heavier than
    the binomial's (Hoeffding 1956), so the exact one-sided bound of Clopper & Pearson (1934) holds for both groups'
    count together, whose share is what `holding_rate` gives. From unequal numbers it is not: `holding_rate` averages
    the two groups' shares, while the share of all rows is mostly the larger group's. Each group then has a bound of its
    own, at half the level, and the bound is their average, in most cases a lower one. With a key, equal numbers are
    drawn at random. For all classes at once (``target`` None) all rows are one group.

    **Order.** Masks are tested one after the other from the first, each at level δ, up to the first that fails; the
    last that passed is returned. A false certificate needs an error at the first mask below the required rate, so that
    a sequence fixed beforehand costs no correction (fixed-sequence testing, Maurer et al. 1995). Without an order each
    mask is tested at δ / masks (Bonferroni), and the smallest that passes is returned.

    **Precision.** Certified are the decisions that this tail computes. In half precision scores tie, and a lifted, cut
    or otherwise arranged tail sums in another order and may decide tied rows otherwise: give the one that will be used.

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
        ablation: what stands in for closed units, fixed without these rows: "zero", constants, or a `Replacement` such
            as ``replacement`` of a `Selection`. If it resamples, each row has one donor, by draws of this function's
            own, so that rows stay independent; what is certified is the rate over new rows and these donors.
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

    Source: Clopper & Pearson, Biometrika 26, 1934; Hoeffding, Annals of Mathematical Statistics 27, 1956;
    Maurer, Hothorn & Lehmacher 1995 (in Vollmar, Biometrie in der chemisch-pharmazeutischen Industrie 6). Not in the
    paper of Yan & Feng, whose rates are those of the rows searched on.
    """
    check_holding(holding, confidence)
    masks = as_mask_list("masks", masks)
    tolerance = as_tolerance(classifier, weight)
    stands_in = once(ablation)
    options = {"scores": scores, "tolerance": tolerance, "name": "masks", "ablation": stands_in, "fixed": True}
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
        replacement=as_replacement(stands_in, evaluator.hidden),
    )


def _check_nested(masks: np.ndarray) -> None:
    more = np.flatnonzero((masks[1:] & ~masks[:-1]).any(axis=1))
    if len(more):
        raise ValueError(
            f"masks: found masks[{more[0] + 1}] with units that masks[{more[0]}] has not, wanted nested masks from "
            "large to small, or ordered=False"
        )
