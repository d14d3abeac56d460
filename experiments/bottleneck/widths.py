"""Errors against the width of the bottleneck, and dead units: Table 4.1 and Figures 4.3 to 4.5 of the thesis."""

from typing import NamedTuple

import numpy as np

from experiments.bottleneck.bottleneck_study import KINDS, PUBLISHED, sizes
from experiments.jumps import died
from experiments.study import mean_and_spread
from interp_jax import figures

MEASURES = {"l1": "L1", "l2": "L2", "l1_best": "L1, best 99 %", "l2_best": "L2, best 99 %"}


class Width(NamedTuple):
    """The networks of one kind and width.

    Attributes:
        errors: by measure, [networks].
        dead: number of bottleneck units of each network that are inactive for all training signals.
        least_firing_share: of each network, the share of training signals for which its rarest unit is active.
        best_epoch: [networks].
    """

    errors: dict[str, np.ndarray]
    dead: list[int]
    least_firing_share: list[float]
    best_epoch: np.ndarray


class Widths(NamedTuple):
    """All networks by kind and width, the widths, and the number of test signals."""

    networks: dict[str, dict[int, Width]]
    widths: tuple[int, ...]
    test_signals: int


def measure(study) -> Widths:
    """The errors and the dead units of every network."""
    config, measured = study.config, {kind: {} for kind in KINDS}
    bar = study.progress.task("bottlenecks", len(KINDS) * len(config.widths))
    for kind in KINDS:
        for width in config.widths:
            fit = study.bottleneck(kind, width)
            errors = study.errors(study.predictions(fit.network))
            codes = [study.codes(kind, width, seed, study.train.signals) for seed in range(config.seeds)]
            measured[kind][width] = Width(
                {name: np.asarray(getattr(errors, name)) for name in MEASURES},
                [int(np.sum(each.max(axis=0) <= 0)) for each in codes],
                [float((each > 0).mean(axis=0).min()) for each in codes],
                np.asarray(fit.best_epoch),
            )
            bar.advance(note=f"{kind}, {width}")
    bar.finish()
    return Widths(measured, config.widths, config.test_signals)


def show(result: Widths, page) -> None:
    """A table of all widths, error curves, and the numbers of active units."""
    seeds = len(next(iter(result.networks["deep"].values())).dead)
    page.text(
        "Bottleneck networks have a layer of p ReLU units: 100-p-60 (shallow) or 100-25-p-25-60 (deep), trained as in "
        f"the thesis. {seeds} networks of each kind and width; errors on {result.test_signals:,} test signals."
    )
    page.finding(narrowest(result))
    every = [(kind, width, each) for kind, row in result.networks.items() for width, each in row.items()]
    page.table(
        ("network", *MEASURES.values(), "median L1", "thesis (ratio)", "dead", "failed", "best epoch"),
        [_row(*each) for each in every],
        f"Errors in samples, mean ± standard deviation over {seeds} networks; beside our median the single run "
        "of the thesis, and in brackets the ratio of our median to it.",
        note="Dead: number of bottleneck units of each network that are inactive for all training signals. Failed: "
        f"networks with a mean error above 10, close to that of a constant prediction. {dead_in_words(result)}",
    )
    for kind, number in zip(KINDS, ("4_3", "4_4"), strict=True):
        series = {name: _without_failed(result.networks[kind], measure) for measure, name in MEASURES.items()}
        page.figure(
            f"fig_{number}_{kind}",
            figures.curves.against(
                np.array(result.widths), series, "units of the bottleneck", "error (samples)", extremes=True
            ),
            f"{kind.capitalize()} networks: errors against the width of the bottleneck "
            f"(Fig. {number.replace('_', '.')}); means, and ranges over the networks that have not failed. "
            f"{trend(result.networks[kind])}",
        )
    living = {
        kind: np.array([[width - dead for dead in each.dead] for width, each in row.items()], float)
        for kind, row in result.networks.items()
    }
    page.figure(
        "fig_4_5_living_units",
        figures.curves.against(
            np.array(result.widths), living, "units of the bottleneck", "active units", extremes=True
        ),
        "Units of the bottleneck that are active for at least one training signal (Fig. 4.5): mean and range over the "
        "networks.",
    )
    page.metrics({"networks": {_name(kind, width): _numbers(kind, width, each) for kind, width, each in every}})


def _name(kind: str, width: int) -> str:
    return "-".join(map(str, sizes(kind, width)))


def _median(each: Width) -> float:
    return float(np.median(each.errors["l1"]))


def _row(kind: str, width: int, each: Width) -> tuple:
    paper = PUBLISHED.get((kind, width))
    return (
        _name(kind, width),
        *(mean_and_spread(each.errors[name]) for name in MEASURES),
        f"{_median(each):.3f}",
        f"{paper[0]:.3f} ({_median(each) / paper[0]:.2f})" if paper else None,
        ", ".join(map(str, each.dead)),
        str(int(died(each.errors["l1"]).sum())),
        f"{each.best_epoch.min()}–{each.best_epoch.max()}",
    )


def _numbers(kind: str, width: int, each: Width) -> dict:
    paper = PUBLISHED.get((kind, width))
    return {
        **each.errors,
        "median_l1": _median(each),
        "published_l1": paper[0] if paper else None,
        "dead": each.dead,
        "failed": died(each.errors["l1"]).tolist(),
        "least_firing_share": each.least_firing_share,
        "best_epoch": each.best_epoch,
    }


def _without_failed(by_width: dict[int, Width], measure: str) -> np.ndarray:
    """Errors [widths, seeds], with NaN for failed networks unless all have failed."""
    failed = np.stack([died(each.errors["l1"]) for each in by_width.values()])
    return np.where(failed & ~failed.all(), np.nan, np.stack([each.errors[measure] for each in by_width.values()]))


def narrowest(result: Widths) -> str:
    """The finding: what the narrowest bottleneck costs, and whether depth helps there."""
    narrow, wide = min(result.widths), max(result.widths)
    medians = {kind: {width: _median(each) for width, each in row.items()} for kind, row in result.networks.items()}
    shallow, deep = medians["shallow"][narrow], medians["deep"][narrow]
    failed = sum(int(died(row[narrow].errors["l1"]).sum()) for row in result.networks.values())
    count = sum(len(row[narrow].dead) for row in result.networks.values())
    less = "less" if deep < shallow else "no less"
    return (
        f"With {narrow} units in the bottleneck, networks locate the jump to within {deep:.2f} samples (deep) and "
        f"{shallow:.2f} (shallow; medians of the mean error): deep ones err {less}. With {wide} units it is "
        f"{medians['deep'][wide]:.2f} and {medians['shallow'][wide]:.2f}."
        + (f" {failed} of {count} of the narrowest networks failed to learn." if failed else "")
    )


def dead_in_words(result: Widths) -> str:
    """The number of networks with dead units, which the thesis observes in narrow deep networks."""
    counts = []
    for kind, row in result.networks.items():
        numbers = [dead for each in row.values() for dead in each.dead]
        counts.append(f"{sum(number > 0 for number in numbers)} of {len(numbers)} {kind} networks")
    return f"Networks with a dead unit: {' and '.join(counts)}."


def trend(by_width: dict[int, Width]) -> str:
    """Whether the median error falls with the width, and where not."""
    widths, medians = list(by_width), [_median(each) for each in by_width.values()]
    pairs = zip(widths, widths[1:], medians, medians[1:], strict=False)
    rises = [f"{narrow} to {wide}" for narrow, wide, before, after in pairs if after > before]
    if len(rises) == len(widths) - 1 > 0:
        return "The median L1 does not decrease with the width."
    except_for = f", except from {', '.join(rises)}" if rises else ""
    return f"The median L1 decreases with the width{except_for}." if len(widths) > 1 else ""
