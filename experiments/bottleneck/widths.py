"""Errors against the width of the bottleneck, and dead units: Table 4.1 and Figures 4.3 to 4.5 of the thesis."""

from typing import NamedTuple

import numpy as np

from experiments.bottleneck.bottleneck_study import PUBLISHED, STAGES, title
from experiments.jumps import ERRORS, died
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.kernels.location_errors import LocationErrors

NUMBERS = {"shallow": "4.3", "deep": "4.4"}


class Width(NamedTuple):
    """The networks of one kind and width: arrays [networks]."""

    errors: LocationErrors
    dead: np.ndarray  # units of the bottleneck that are inactive for all training signals
    best_epoch: np.ndarray


def measure(study) -> dict[str, dict[int, Width]]:
    """The errors and the dead units of every network, by kind and width."""
    return {kind: {width: _measured(study, kind, width) for width in study.config.widths} for kind in STAGES}


def _measured(study, kind, width):
    fit = study.bottleneck(kind, width)
    codes = [study.codes(kind, network, study.train.signals) for network in study.lanes(fit)]
    return Width(study.fit_errors(fit), np.array([np.sum(each.max(axis=0) <= 0) for each in codes]), fit.best_epoch)


def show(result: dict[str, dict[int, Width]], page) -> None:
    """A table of all widths, error curves, and the numbers of active units."""
    rows, metrics = [], {}
    for name, each in ((title(kind, width), each) for kind, row in result.items() for width, each in row.items()):
        failed, median, published = died(each.errors.l1), _median(each), PUBLISHED.get(name)
        thesis = published and f"{published:.3f} ({median / published:.2f})"
        dead, epochs = ", ".join(map(str, each.dead)), f"{each.best_epoch.min()}–{each.best_epoch.max()}"
        rows.append(
            (name, *map(mean_and_spread, each.errors), f"{median:.3f}", thesis, dead, int(failed.sum()), epochs)
        )
        metrics[name] = {**each.errors._asdict(), "median_l1": median, "published_l1": published, "dead": each.dead}
        metrics[name] |= {"failed": failed, "best_epoch": each.best_epoch}
    page.text("Bottleneck networks have a layer of p ReLU units: 100-p-60 (shallow) or 100-25-p-25-60 (deep).")
    page.finding(narrowest(result))
    page.table(
        ("network", *ERRORS, "median L1", "thesis (ratio)", "dead", "failed", "best epoch"),
        rows,
        f"Errors in samples, mean ± standard deviation over {len(each.dead)} networks. L1: mean absolute error; L2: "
        "root mean square error; best 99%: of the signals with the smallest errors. Beside our median is the single "
        "run of the thesis, and in brackets the ratio of our median to it. Dead: number of bottleneck units of each "
        "network that are inactive for all training signals. Failed: networks with a mean error above 10; that of a "
        "constant prediction is at least 15. Best epoch: range of the epochs with the smallest validation loss.",
    )
    axis = "units of the bottleneck"
    for kind, row in result.items():
        page.figure(
            f"fig_{NUMBERS[kind].replace('.', '_')}_{kind}",
            figures.curves.against(list(row), _without_failed(row), axis, "error (samples)", extremes=True),
            f"{kind.capitalize()} networks: errors against the width of the bottleneck (Fig. {NUMBERS[kind]}); means, "
            "and ranges over the networks that have not failed.",
        )
    living = {kind: np.stack([width - each.dead for width, each in row.items()]) for kind, row in result.items()}
    figure = figures.curves.against(list(row), living, axis, "active units", extremes=True)
    page.figure(
        "fig_4_5_living_units", figure, "Units active for at least one training signal (Fig. 4.5): mean and range."
    )
    page.metrics({"networks": metrics})


def _median(each: Width) -> float:
    return float(np.median(each.errors.l1))


def _without_failed(row: dict[int, Width]) -> dict[str, np.ndarray]:
    """Errors [widths, networks] by name, with NaN for failed networks unless all have failed."""
    failed = np.stack([died(each.errors.l1) for each in row.values()])
    errors = (np.stack(values) for values in zip(*(each.errors for each in row.values()), strict=True))
    return {name: np.where(failed & ~failed.all(), np.nan, values) for name, values in zip(ERRORS, errors, strict=True)}


def narrowest(result: dict[str, dict[int, Width]]) -> str:
    """The finding: what the narrowest bottleneck costs, and whether depth helps there."""
    narrow, wide = min(result["deep"]), max(result["deep"])
    medians = {kind: {width: _median(each) for width, each in row.items()} for kind, row in result.items()}
    shallow, deep = medians["shallow"][narrow], medians["deep"][narrow]
    failed = np.concatenate([died(row[narrow].errors.l1) for row in result.values()])
    less = "less" if deep < shallow else "no less"
    return (
        f"With {narrow} units in the bottleneck, networks locate the jump to within {deep:.2f} samples (deep) and "
        f"{shallow:.2f} (shallow; medians of the mean error): deep ones err {less}. With {wide} units it is "
        f"{medians['deep'][wide]:.2f} and {medians['shallow'][wide]:.2f}."
        + (f" {failed.sum()} of {len(failed)} of the narrowest networks failed to learn." if any(failed) else "")
    )
