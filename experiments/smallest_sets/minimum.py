"""The size of the sets that the search finds, beside the size of the smallest ones there are."""

from typing import NamedTuple

import jax
import numpy as np
from scipy.stats import binomtest

from experiments.smallest_sets.problems import HOLDING, KINDS, make
from interp_jax.methods import core_units


class Minimum(NamedTuple):
    """An entry for each problem."""

    kind: np.ndarray  # number of the kind
    layer: np.ndarray  # units of the layer
    holding: np.ndarray  # required rate
    found: np.ndarray  # units of the set that the search found
    gates: np.ndarray  # units of the gates' own set, without a search
    gates_reach: np.ndarray  # whether that reaches the rate
    least: np.ndarray  # units of the smallest sets that hold
    sets: np.ndarray  # number of such sets


def measure(study) -> Minimum:
    """Every problem's set by `core_units.select`, and all smallest ones by `core_units.exhaustive_search`."""
    entries = []
    options = {"starts": study.config.starts, "swaps": study.config.swaps}
    bar = study.progress.task("problems", study.config.problems)
    for number in range(study.config.problems):
        kind, tail, hidden, predictions, target, holding = make(study, number)
        network = tail, hidden, predictions
        key = jax.random.fold_in(study.key(1), number)
        core = core_units.select(*network, target, key=key, holding=holding, **options)
        smallest = core_units.exhaustive_search(*network, target, holding=holding, data=core.rows)
        gates = core.gates_units, core.gates_holding_rate >= holding - 1e-9
        entries.append((kind, len(core.mask), holding, core.units, *gates, smallest.units, len(smallest.masks)))
        bar.advance(note=f"{core.units} units, at least {smallest.units}")
    bar.finish()
    return Minimum(*map(np.array, zip(*entries, strict=True)))


def show(result: Minimum, page) -> None:
    """How often the minimum is found, by kind and by size of the layer."""
    page.text(
        "Layers of 8, 12 and 16 units, followed by two further layers with random weights, the same with units planted "
        "for each class, and networks trained on digits. The required rates are "
        f"{', '.join(f'{rate:.1%}' for rate in HOLDING)} of the decisions. The search for core units adds, removes and "
        "exchanges units of the sets that trained gates, one for each unit, propose. Every set of units is tried in "
        "order of size, on the rows that the search saw, until one holds."
    )
    page.finding(in_words(result))
    missed = result.found - result.least
    rows = []
    for name, chosen in groups(result).items():
        rate, low, high = share_found(missed[chosen])
        rows.append(
            [
                name,
                int(chosen.sum()),
                f"{rate:.1%} ({low:.1%} to {high:.1%})",
                f"{missed[chosen].mean():.2f}",
                int(missed[chosen].max()),
                f"{np.mean((result.gates == result.least)[chosen] & result.gates_reach[chosen]):.1%}",
                f"{result.least[chosen].mean():.1f}",
                f"{np.median(result.sets[chosen]):.0f}",
            ]
        )
    columns = (
        "problems", "number", "minimum found (95% interval)", "units too many, mean", "most",
        "minimum found by the gates alone", "units of the minimum, mean", "number of smallest sets, median",
    )  # fmt: skip
    page.table(
        columns, rows, "Sets found by the search, and the smallest sets, by kind of problem and size of the layer."
    )
    page.metrics(metrics(result))


def groups(result: Minimum) -> dict[str, np.ndarray]:
    """Which problems are of each kind, of each size, and all."""
    kinds = {name: result.kind == kind for kind, name in enumerate(KINDS)}
    sizes = {f"{units} units": result.layer == units for units in np.unique(result.layer)}
    every = {"all": np.ones(len(result.kind), bool)}
    return {name: chosen for name, chosen in (kinds | sizes | every).items() if chosen.any()}


def share_found(missed: np.ndarray) -> tuple[float, float, float]:
    """The share of problems without a unit too many, and its exact 95% interval."""
    interval = binomtest(int(np.sum(missed == 0)), len(missed)).proportion_ci(0.95)
    return float(np.mean(missed == 0)), float(interval.low), float(interval.high)


def in_words(result: Minimum) -> str:
    """The finding."""
    missed = result.found - result.least
    rate, low, high = share_found(missed)
    few = int(np.sum(missed > 0))
    alone = np.mean((result.gates == result.least) & result.gates_reach)
    number, most = (f" {few}", "up to ") if few > 1 else ("", "")
    by = f" In the remaining{number} its set has {most}{missed.max()} units too many." if few else ""
    return (
        f"The search finds a set of the true minimum's size in {np.sum(missed == 0)} of {len(missed)} problems "
        f"({rate:.1%}; 95% interval {low:.1%} to {high:.1%}), the gates alone in {alone:.1%}.{by}"
    )


def metrics(result: Minimum) -> dict:
    """What the table of results keeps."""
    missed = result.found - result.least
    return {
        name: {
            "problems": int(chosen.sum()),
            "found": int(np.sum(missed[chosen] == 0)),
            "interval": share_found(missed[chosen])[1:],
            "mean_missed": float(missed[chosen].mean()),
            "most_missed": int(missed[chosen].max()),
            "mean_least": float(result.least[chosen].mean()),
        }
        for name, chosen in groups(result).items()
    }
