"""Whether the core is needed, and whether it is the only one: three ways of removal, and disjoint cores."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Integer

from interp_jax._checks import Given, Key, Network, as_count, as_key, as_labels, as_mask, as_real, check_number, renamed
from interp_jax._readable import readable
from interp_jax.methods.core_units._tails import as_hidden, check_scores, gate_tail
from interp_jax.methods.core_units.bounds import LEAST_CONFIDENCE, balanced_limit
from interp_jax.methods.core_units.decisions import as_target
from interp_jax.methods.core_units.holding import held_of_groups
from interp_jax.methods.core_units.replacements import ABLATIONS, ablated, replacement
from interp_jax.methods.core_units.selection import Selection, select


@readable(figure="necessity")
class Necessity(NamedTuple):
    """Holding rates with the core alone kept and with the core alone removed, for three ways of removing units.

    Each a scalar. ``zero`` closes the gates; ``mean`` sets units to their mean over rows and positions; ``resample``
    gives them another row's activations. The core suffices if the rates kept are high, and is needed if those removed
    are low.

    Attributes:
        kept_zero: the rate with the core alone kept, the other units being 0.
        kept_mean: the others at their means.
        kept_resample: the others from another row.
        removed_zero: the rate with the core alone removed, its units being 0.
        removed_mean: its units at their means.
        removed_resample: its units from another row.
        held: [sides, ablations, groups] the decisions that hold, core kept and removed, of the rows predicted as the
            target and of the others.
        rows: [groups] number of rows in each group.
        fixed: whether means and donors are of other rows, so that `bounds` can be given.
    """

    kept_zero: Float[Array, ""]
    kept_mean: Float[Array, ""]
    kept_resample: Float[Array, ""]
    removed_zero: Float[Array, ""]
    removed_mean: Float[Array, ""]
    removed_resample: Float[Array, ""]
    held: Any = None
    rows: Any = None
    fixed: Any = None

    def bounds(self, confidence: float) -> Float[np.ndarray, "sides ablations limits"]:
        """The lower and the upper confidence bound of each rate on new rows: [kept or removed, ablations, 2].

        Each is one-sided and pointwise: right with this confidence by itself, as ``lower_bound`` of `certify` is, and
        under its assumptions: these rows were used neither to search nor to train the network, and are independent
        draws from the rows asked about. The core suffices where the lower bound kept is high, and is needed where the
        upper bound removed is low.

        Host-level.

        Args:
            confidence: of each bound, in [0.75, 1).

        Raises:
            ValueError: a confidence out of range, or means and donors of the rows themselves (no ``reference``).

        Example:
            >>> hidden = jax.random.normal(jax.random.key(0), (400, 3))
            >>> predictions, core = hidden[:, :2].argmax(1), jnp.array([True, True, False])
            >>> options = {"key": jax.random.key(1), "reference": hidden[:200]}
            >>> found = necessity(lambda h: h[:, :2], hidden[200:], predictions[200:], 0, core, **options)
            >>> bounds = found.bounds(0.95)
            >>> bool(bounds[0, 0, 0] > 0.95), bool(bounds[1, 0, 1] < 0.65)
            (True, True)
        """
        check_number("confidence", confidence, least=LEAST_CONFIDENCE, below=1)
        if self.held is None or not bool(self.fixed):
            raise ValueError(
                "reference: found none, wanted other rows for means and donors: of the rows themselves, decisions are "
                "not independent"
            )
        held, counts = np.asarray(self.held), tuple(np.asarray(self.rows).tolist())
        level = 1 - float(confidence)
        wrong = np.asarray(counts) - held
        return np.stack([balanced_limit(held, counts, level), 1 - balanced_limit(wrong, counts, level)], axis=-1)

    def _finding(self) -> str | None:
        if np.ndim(self.kept_zero):
            return None
        alone, removed = (
            ", ".join(f"{100 * float(getattr(self, f'{what}_{way}')):.1f}%" for way in ABLATIONS)
            for what in ("kept", "removed")
        )
        lines = [
            "decisions that hold with units set to 0, to their means, resampled:",
            f"{alone} with the core alone kept",
            f"{removed} with the core alone removed",
        ]
        if self.fixed is not None and bool(self.fixed):
            low, high = (
                ", ".join(f"{100 * bound:.1f}%" for bound in bounds)
                for bounds in (self.bounds(0.95)[0, :, 0], self.bounds(0.95)[1, :, 1])
            )
            lines.append(f"95% bounds for new rows, each by itself: kept at least {low}; removed at most {high}")
        return "\n".join(lines)


def necessity(
    tail: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    predictions: Given[Array | np.ndarray, "rows"],
    target: Integer[Array | np.ndarray, ""] | int | np.integer | None,
    mask: Given[Array | np.ndarray, "units"],
    *,
    key: Key,
    reference: Given[Array | np.ndarray | None, "references *rest units"] = None,
    batch_size: int = 500,
    scores: str = "logits",
) -> Necessity:
    """Six holding rates of a class's decisions: with only the core kept or removed, in three ways each.

    Zeros are out of distribution, so units are also set to their means or resampled from other rows (`replacement`, one
    draw a row). If resampling the core leaves a rate well above ½, the other units decide too.

    Traceable. Memory: a copy of at most 1,000 rows, plus the tail's on batch_size rows.

    Args:
        tail: ``hidden -> scores [rows, classes]``.
        hidden: [rows, …, units] activations; NaN and infinity as in `holding_rate`, but those in a unit are in its mean
            too.
        predictions: [rows] the whole network's predicted class of each row.
        target: the class of interest, or None, as in `holding_rate`.
        mask: [units] the core, True where a unit is kept, bool or 0/1.
        key: a JAX random key for the resampling.
        reference: [references, …, units] other rows, over which means are taken and from which units are resampled, for
            instance those searched; the rows themselves by default, but then there are no bounds.
        batch_size: rows at a time; never changes a rate.
        scores: the tail's outputs, "logits" or "probabilities".

    Returns:
        `Necessity`: `holding_rate` scalars ``.kept_zero``, ``.kept_mean``, ``.kept_resample``, ``.removed_zero``,
        ``.removed_mean``, ``.removed_resample``, and ``.bounds(confidence)`` for new rows.

    Raises:
        TypeError: a tail that is not callable.
        ValueError: arrays that do not fit each other or the tail, predictions or a target not among the classes, a mask
            not [units] of 0 and 1, not a key, batch_size below one, or scores that are not what ``scores`` says.

    Example:
        >>> hidden = jnp.eye(3)[:2]
        >>> mask = jnp.array([True, True, False])
        >>> rates = necessity(lambda h: h, hidden, jnp.array([0, 1]), 0, mask, key=jax.random.key(0))
        >>> float(rates.kept_zero), float(rates.removed_zero)
        (1.0, 0.5)

    Source: not in the paper, which keeps the core and closes the other gates (section 3.1).
    """
    hidden, key, batch_size = as_hidden(hidden), as_key(key), as_count("batch_size", batch_size)
    mask = as_mask("mask", mask, hidden.shape[-1:])
    network = gate_tail(tail, hidden, scores=scores)
    check_scores(network, hidden)
    predictions = as_labels("predictions", predictions, rows=len(hidden), classes=network.classes)
    target = as_target(target, network.classes)
    predictions = jnp.where(predictions < network.classes, predictions, -1)
    asked = predictions if target is None else target
    others = hidden if reference is None else as_real("reference", reference, shape=["rows", *hidden.shape[1:]])
    means = replacement(others, "mean")
    resampled = replacement(others, "resample", key=key, draws=1)
    networks = [ablated(network, hidden, each)[0] for each in (None, means, resampled)]
    counts = [
        [held_of_groups(each, hidden, predictions, asked, network.pack(core), batch_size) for each in networks]
        for core in (mask, ~mask)
    ]
    rows = counts[0][0][1]
    held = jnp.stack([jnp.stack([each for each, _ in side]) for side in counts])
    rates = jnp.sum(held / jnp.maximum(rows, 1)[None, None], axis=-1) / jnp.sum(rows > 0)
    return Necessity(*rates.reshape(-1))._replace(held=held, rows=rows, fixed=reference is not None)


@renamed(batch_size="minibatch_size")
def disjoint_sets(
    tail: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    predictions: Given[Array | np.ndarray, "rows"],
    target: int | np.integer | None,
    *,
    key: Key,
    most: int = 10,
    **options: Any,
) -> list[Selection]:
    """Disjoint sets of units, each of which holds the class's decisions at the required rate.

    The first is `select`'s; each next one is selected from the units in no earlier set, until those left do not
    suffice. The search is greedy: other first sets may allow more.

    Host-level; a call of `select` and a copy of hidden per set.

    Args:
        tail: ``hidden -> scores [rows, classes]``.
        hidden: [rows, …, units] activations.
        predictions: [rows] the whole network's predicted class of each row.
        target: the class of interest.
        key: a JAX random key.
        most: maximum number of sets.
        **options: those of `select`, except mask_shape, confidence, calibration and resampling. Units of earlier sets
            are what stands in for closed units.

    Returns:
        The `Selection` of each set; empty if no set reaches the rate or no unit is needed for it.

    Raises:
        TypeError: a tail that is not callable, or an optimizer not from optax.
        ValueError: what `select` refuses (arrays that do not fit, values out of range), a mask_shape, a confidence or
            calibration rows, units taken from other rows, or ``most`` below one.

    Example:
        >>> hidden = jax.random.normal(jax.random.key(0), (200, 1)) * jnp.ones((1, 4))
        >>> def tail(h):
        ...     return jnp.stack([h.sum(1), -h.sum(1)], 1)
        >>> predictions = jnp.argmax(tail(hidden), 1)
        >>> [core.units for core in disjoint_sets(tail, hidden, predictions, 0, key=jax.random.key(1))]
        [1, 1, 1, 1]

    Source: not in the paper, which finds that positions differ from run to run (section 5.1, figure 4).
    """
    if "mask_shape" in options:
        raise ValueError("mask_shape: found one, wanted none: only units of the last axis are taken away")
    for name in ("confidence", "calibration"):
        if options.get(name) is not None:
            # Which units are left would depend on the rows that certified the sets before.
            raise ValueError(
                f"{name}: found one, wanted none: certify each set by rows that were given to no other call"
            )
    most, key, hidden = as_count("most", most), as_key(key), as_hidden(hidden)
    given, stands_in = options.get("ablation", "zero"), None
    if not (given is None or (isinstance(given, str) and given == "zero")):
        network = gate_tail(tail, hidden, scores=options.get("scores", "logits"))
        _, stands_in = ablated(network, hidden, given, key=key)
        options["ablation"] = stands_in
    if stands_in is not None and stands_in.key is not None:
        raise ValueError(
            "ablation: found units taken from other rows, wanted zero or constants, at which units are gone"
        )
    used = np.zeros(hidden.shape[-1], bool)
    sets = []
    while len(sets) < most and not used.all():
        left = _without_units(hidden, used, 0 if stands_in is None else stands_in.values)
        core = select(tail, left, predictions, target, key=jax.random.fold_in(key, len(sets)), **options)
        # Units that are gone change nothing, kept or not.
        mask = core.mask & ~used
        if not core.reached or not mask.any():
            break
        sets.append(core._replace(mask=mask, units=int(mask.sum())))
        used |= mask
    return sets


@jax.jit
def _without_units(hidden, used, values):
    return jnp.where(jnp.broadcast_to(used, hidden.shape), jnp.broadcast_to(values, hidden.shape), hidden)
