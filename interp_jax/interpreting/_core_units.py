"""The units that each class needs, tried on held-out rows beside random sets of the same size."""

from typing import Any, NamedTuple

import numpy as np

from interp_jax import figures, methods
from interp_jax.interpreting._budgets import Budget
from interp_jax.interpreting._subject import Subject
from interp_jax.interpreting._words import counted

HOLDING = 0.95
CLOSE = 0.02  # a median held-out rate this much below the required one still counts as held


class CoreUnits(NamedTuple):
    """The smallest sets found, by class.

    Attributes:
        selections: by class.
        held_out: by class, the share of the decisions for held-out rows that the set preserves.
        random: by class, [sets] that of random sets of as many units.
        skipped: predicted classes left out.
    """

    selections: dict[int, methods.core_units.Selection]
    held_out: dict[int, float]
    random: dict[int, np.ndarray]
    skipped: int


def measure(subject: Subject, budget: Budget) -> CoreUnits:
    """The smallest set of units found for each class."""
    used, held = subject.parts
    tail, hidden, predictions = subject.tail, subject.hidden, subject.predictions
    classes = subject.predicted_classes(budget.classes)
    selections, rates, chance = {}, {}, {}
    rng = np.random.default_rng(subject.seed)
    for each in classes:
        options: dict[str, Any] = {"holding": HOLDING, "steps": budget.core_steps, "starts": budget.core_starts}
        selection = methods.core_units.select(
            tail,
            hidden[used],
            predictions[used],
            each,
            key=subject.key(10 + each),
            alphas=alphas(budget.core_lanes),
            search_rows=budget.search_rows,
            **options,
        )
        count = int(np.sum(selection.mask))
        sets = np.stack([rng.permutation(len(selection.mask)) < count for _ in range(budget.random_sets)])
        masks = np.concatenate([selection.mask[None], sets])
        of_masks = methods.core_units.holding_rates(tail, hidden[held], predictions[held], each, masks)
        selections[each], rates[each], chance[each] = selection, float(of_masks[0]), of_masks[1:]
    predicted = len(np.unique(predictions))
    return CoreUnits(selections, rates, chance, predicted - len(classes))


def show(result: CoreUnits, page: Any, subject: Subject) -> None:
    """A table and a figure of the sets."""
    page.text(
        f"With all units of {subject.layers[-1]} but these set to zero, the network still decides for or against the "
        f"class as before in {HOLDING:.0%} of the rows that the set was chosen on; those of the class and all others "
        "count half each, so that always saying yes gives 50%. Sets are then tried on rows held out from the choice "
        "(not from the network's training), beside random sets of as many units."
    )
    units = subject.hidden.shape[-1]
    page.table(
        ("class", f"units of {units}", "decisions held", "held-out rows", "random sets (best)", "reached"),
        [
            (
                subject.class_names[each],
                selection.units,
                f"{selection.holding_rate:.1%}",
                f"{result.held_out[each]:.1%}",
                f"{np.mean(result.random[each]):.1%} ({np.max(result.random[each]):.1%})",
                "yes" if selection.reached else "no",
            )
            for each, selection in result.selections.items()
        ],
        f"The smallest sets found for {counted(len(result.selections), 'class', 'classes')}.",
        note=_skipped(result.skipped),
    )
    named = {subject.class_names[each]: selection for each, selection in result.selections.items()}
    page.figure(
        "core_units",
        figures.core_units(named, unit_name="hidden unit"),
        f"Units of {subject.layers[-1]} in each set. A unit in many rows serves many classes.",
    )
    page.metrics(
        {
            "units": {str(each): selection.units for each, selection in result.selections.items()},
            "held_out": {str(each): rate for each, rate in result.held_out.items()},
            "random": {str(each): float(np.mean(rates)) for each, rates in result.random.items()},
        }
    )


def sentence(result: CoreUnits, subject: Subject) -> str:
    """How many units a class needs, whether that holds for held-out rows, and whether random sets do as well."""
    counts = [selection.units for selection in result.selections.values()]
    rate, chance = (
        np.median(list(result.held_out.values())),
        np.median([np.mean(each) for each in result.random.values()]),
    )
    holds = "also on held-out rows" if rate >= HOLDING - CLOSE else "but not on held-out rows"
    better = "more than" if rate > chance + CLOSE else "no more than"
    reached = sum(selection.reached for selection in result.selections.values())
    short = (
        "" if reached == len(counts) else f" For {len(counts) - reached} of {len(counts)} classes no set reaches it."
    )
    return (
        f"A class needs {_median(counts)} of {subject.hidden.shape[-1]} units (median of "
        f"{counted(len(counts), 'class', 'classes')}) to hold {HOLDING:.0%} of its decisions, {holds} ({rate:.0%}), "
        f"{better} random sets of as many ({chance:.0%}).{short}"
    )


def _median(counts) -> str:
    return f"{np.median(counts):g}"


def _skipped(count: int) -> str | None:
    if not count:
        return None
    return (
        f"{counted(count, 'predicted class is', 'predicted classes are')} left out: beyond the budget, or predicted "
        "fewer than five times in one part of the rows."
    )


def alphas(lanes: int) -> tuple[float, ...]:
    """Gate costs from all that are usual, evenly spread."""
    usual = sorted(methods.core_units.ALPHAS)
    return tuple(usual[int(place)] for place in np.unique(np.linspace(0, len(usual) - 1, lanes).round()))
