"""Which units belong to the core whatever the rows or the start: repeated selections, and each unit's share of them."""

from typing import Any, NamedTuple

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
    as_labels,
    as_numpy,
    as_real,
    check_choice,
    check_number,
    check_same_rows,
)
from interp_jax._readable import readable
from interp_jax.methods.core_units.decisions import ClassData, as_target, class_data
from interp_jax.methods.core_units.holding import holding_rates
from interp_jax.methods.core_units.selection import select

VARIED = ("rows", "starts")


@readable(figure="unit_frequencies")
class Resampled(NamedTuple):
    """The sets selected from each resample, and what share of them has each unit; masks as `select` gives them.

    Attributes:
        masks: [resamples, units] True where a unit is kept; by layer for a mapping as mask_shape.
        frequency: [units] the share of the resamples whose set has the unit.
        core: [units] whether that is at least ``core_share``.
        interchangeable: [units] whether some sets have the unit, but too few for the core.
        never: [units] whether no set has it.
        units: [resamples] number of units of each set.
        holding_rates: [resamples] of each set on the rows that it was selected on.
        held_out_rates: [resamples] of each set on the class's rows that were not drawn; NaN if the rows are all drawn.
        core_share: the share from which on a unit counts as core.
        varied: "rows" or "starts".
        target: the class; None for all classes at once.
    """

    masks: Any
    frequency: Any
    core: Any
    interchangeable: Any
    never: Any
    units: Int[np.ndarray, " resamples"]
    holding_rates: Float[np.ndarray, " resamples"]
    held_out_rates: Float[np.ndarray, " resamples"]
    core_share: float
    varied: str
    target: int | None

    def _finding(self) -> str:
        core, others, never = (
            sum(int(np.sum(part)) for part in jax.tree.leaves(kind))
            for kind in (self.core, self.interchangeable, self.never)
        )
        whose = "all classes" if self.target is None else f"class {self.target}"
        sizes = f"{min(self.units)}" if np.ptp(self.units) == 0 else f"{min(self.units)} to {max(self.units)}"
        many = f"{len(self.units)} {'resamples of rows' if self.varied == 'rows' else 'starts'}"
        new = ""
        if not np.isnan(self.held_out_rates).all():
            drawn, left = 100 * np.mean(self.holding_rates), 100 * np.nanmean(self.held_out_rates)
            new = f"\ndecisions that hold: {drawn:.1f}% of the rows drawn, {left:.1f}% of those left out"
        return (
            f"sets of {sizes} units for {whose} from {many}\n"
            f"core (in at least {100 * self.core_share:g}% of the sets): {core} of {core + others + never} units; "
            f"interchangeable (in some): {others}; in none: {never}{new}"
        )


def resampled(
    tail: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    predictions: Given[Array | np.ndarray, "rows"],
    target: int | np.integer | None,
    *,
    key: Key,
    resamples: int = 20,
    vary: str = "rows",
    core_share: float = 0.9,
    **options: Any,
) -> Resampled:
    """The sets that `select` finds on resampled rows or from other starts, and the share of them that has each unit.

    A unit is *core* if at least ``core_share`` of the sets have it, *interchangeable* if some do, *never* if none does.
    Of 20 resamples without a unit, its share in all possible resamples is below 14% with 95% confidence; of 59, below
    5%.

    With "rows", as many rows predicted as the target are drawn with replacement as there are, and as many of the others
    (a bootstrap within both groups); all selections then start alike, so that they differ by their rows alone. With
    "starts", all see the same rows and differ in the gates' starts and minibatches.

    Host-level; a call of `select` and a copy of the class's rows per resample, one resample after the other; all share
    their compilations.

    Args:
        tail: ``hidden -> scores [rows, classes]``, or ``(hidden, masks) -> scores`` for a mapping as mask_shape.
        hidden: [rows, …, units] activations.
        predictions: [rows] the whole network's predicted class of each row.
        target: the class of interest; None asks about each row's own predicted class.
        key: a JAX random key.
        resamples: number of sets.
        vary: "rows" or "starts".
        core_share: in (0, 1].
        **options: those of `select`, except confidence and calibration.

    Returns:
        `Resampled`: ``.masks``, ``.frequency``, and of each unit whether it is ``.core``, ``.interchangeable`` or
        ``.never``. ``.held_out_rates`` are NaN where no row of a group is left out, as with "starts".

    Raises:
        TypeError: a tail that is not callable, or an optimizer not from optax.
        ValueError: what `select` refuses (arrays that do not fit, values out of range), a confidence or calibration
            rows, a share out of range, or fewer than one resample.

    Example:
        >>> hidden = jax.random.normal(jax.random.key(0), (200, 6)).at[:, 3].set(0.0)
        >>> def tail(h):
        ...     return jnp.stack([h[:, 0], h[:, 1] + h[:, 2]], 1)
        >>> found = resampled(tail, hidden, jnp.argmax(tail(hidden), 1), 0, key=jax.random.key(1), resamples=3)
        >>> found.frequency.tolist(), found.core.tolist()[:3]
        ([1.0, 1.0, 1.0, 0.0, 0.0, 0.0], [True, True, True])

    Source: not in the paper, which finds that positions differ from run to run (section 5.1, figure 4). The bootstrap:
    Efron 1979; the frequency of what is selected: Meinshausen & Bühlmann 2010 (stability selection).
    """
    for name in ("confidence", "calibration"):
        if options.get(name) is not None:
            # Copies of a row on both sides would certify what they were searched on.
            raise ValueError(f"{name}: found one, wanted none: rows drawn twice certify nothing; see select")
    check_choice("vary", vary, VARIED)
    check_number("core_share", core_share, above=0, most=1)
    resamples, key = as_count("resamples", resamples), as_key(key)
    hidden = as_real("hidden", hidden, shape=["rows", "…", "units"])
    predictions = np.asarray(as_labels("predictions", as_numpy("predictions", predictions)))
    check_same_rows(hidden=hidden, predictions=predictions)
    asked: int | None = as_target(target, np.iinfo(np.int32).max)
    rows_key, start_key = jax.random.split(key)
    data = class_data(predictions, asked, key=rows_key, negatives=bool(options.get("negatives", True)))
    selections, left_out = [], []
    for number in range(resamples):
        drawn = data if vary == "starts" else _drawn(data, jax.random.fold_in(rows_key, number))
        start = start_key if vary == "rows" else jax.random.fold_in(start_key, number)
        rows = drawn.rows
        core = select(tail, hidden[rows], predictions[rows], asked, key=start, **options)
        selections.append(core)
        left_out.append(_rate(tail, hidden, predictions, asked, core, _without(data, drawn), options))
    masks = jax.tree.map(lambda *each: np.stack(each), *(core.mask for core in selections))
    frequency = jax.tree.map(lambda each: each.mean(axis=0), masks)
    core = jax.tree.map(lambda share: share >= float(core_share) - 1e-9, frequency)
    return Resampled(
        masks=masks,
        frequency=frequency,
        core=core,
        interchangeable=jax.tree.map(lambda share, core: (share > 0) & ~core, frequency, core),
        never=jax.tree.map(lambda share: share == 0, frequency),
        units=np.array([core.units for core in selections]),
        holding_rates=np.array([core.holding_rate for core in selections]),
        held_out_rates=np.array(left_out),
        core_share=float(core_share),
        varied=vary,
        target=asked,
    )


def _drawn(data: ClassData, key) -> ClassData:
    """As many rows of each group, with replacement."""
    keys = jax.random.split(key, 2)
    places = (
        np.asarray(jax.random.uniform(each, (len(side),))) * len(side) for each, side in zip(keys, data, strict=True)
    )
    return ClassData(*(np.sort(side[place.astype(int)]) for side, place in zip(data, places, strict=True)))


def _without(data: ClassData, drawn: ClassData) -> ClassData:
    return ClassData(*(np.setdiff1d(side, taken) for side, taken in zip(data, drawn, strict=True)))


def _rate(tail, hidden, predictions, target, core, data, options) -> float:
    """The rate of a set on rows, as it was selected for: same classifier and ablation; NaN without rows of a group."""
    if any(len(side) == 0 for side, taken in zip(data, core.rows, strict=True) if len(taken)):
        return float("nan")
    used = {name: options[name] for name in ("classifier", "scores") if name in options}
    used |= {"data": data, "weight": core.weight, "ablation": core.replacement}
    masks = jax.tree.map(lambda mask: jnp.asarray(mask)[None], core.mask)
    return float(holding_rates(tail, hidden, predictions, target, masks, **used)[0])
