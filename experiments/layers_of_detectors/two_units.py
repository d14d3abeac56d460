"""Networks with two hidden units, trained until they no longer improve (Figs 4.6 to 4.8, Table 7.1 of the thesis)."""

from typing import NamedTuple

import numpy as np

from experiments.jumps import FIRST, POSITIONS
from experiments.layers_of_detectors.detector_study import NARROW, TRAINED, TWO, UNTRAINED, if_any
from experiments.study import mean_and_spread
from interp_jax import figures

TITLE = "100-2-60"
SILENT = 0.01  # of a unit's largest mean activity


class TwoUnits(NamedTuple):
    """Arrays [networks], [networks, positions] or [networks, positions, units]."""

    l1: np.ndarray
    best_epoch: np.ndarray
    epochs: int  # that were trained
    most: int  # that were allowed
    codes: dict[str, np.ndarray]  # mean activities by variant
    narrow: np.ndarray  # the share of test signals placed exactly, by their position
    wide: np.ndarray  # the same of networks with 100 hidden units


def measure(study) -> TwoUnits:
    """Errors, codes and accuracies by position."""
    config = study.config
    options = {"epochs": config.narrow_epochs, "patience": config.narrow_patience}
    fit = study.thesis_fit(TITLE, NARROW, **options)
    networks = {TRAINED: study.lanes(fit), UNTRAINED: study.untrained(NARROW, config.seeds)}
    codes = {
        kind: np.stack([np.asarray(study.averages(each)["relu1"]) for each in of]) for kind, of in networks.items()
    }
    accuracies = [_accuracies(study, each) for each in (fit, study.thesis_fit(TWO))]
    epochs = len(fit.history.loss)
    return TwoUnits(study.fit_errors(fit).l1, fit.best_epoch, epochs, config.narrow_epochs, codes, *accuracies)


def _accuracies(study, fit):
    correct = np.asarray(study.predictions(fit.network) == study.test.positions[None])
    return np.stack([correct[:, study.test.positions == at].mean(axis=1) for at in POSITIONS], axis=1)


def silent(codes) -> np.ndarray:
    """Positions [positions] at which a unit of mean activities [positions, units] is silent; units that always are not.

    Of a network in which a unit never is active, none.
    """
    largest = codes.max(axis=0)
    return (codes < SILENT * largest).any(axis=1) & bool((largest > 0).all())


def by_silence(result: TwoUnits) -> dict[str, dict[str, np.ndarray]]:
    """Accuracies [networks] of narrow and wide networks at positions where a unit of the narrow one is silent."""
    places = np.array([silent(each) for each in result.codes[TRAINED]])

    def of(accuracy, chosen):
        rows = zip(accuracy, chosen, strict=True)
        return np.array([each[at].mean() if at.any() and not at.all() else np.nan for each, at in rows])

    return {
        kind: {"silent": of(accuracy, places), "other": of(accuracy, ~places)}
        for kind, accuracy in (("narrow", result.narrow), ("wide", result.wide))
    }


def agreements(codes) -> np.ndarray:
    """For each network, the mean share of the variance of its codes that affine maps of the others' explain.

    NaN for networks in which a unit is never active, which are not compared with.
    """
    alive = [place for place, each in enumerate(codes) if (each.max(axis=0) > 0).all()]
    shares = np.full(len(codes), np.nan)
    for place in alive:
        others = [explained(codes[other], codes[place]) for other in alive if other != place]
        shares[place] = np.mean(others) if others else np.nan
    return shares


def explained(source, target) -> float:
    """The share of the variance of points that the best affine map of other points explains."""
    with_one = np.column_stack([source, np.ones(len(source))]).astype(np.float64)
    residual = target - with_one @ np.linalg.lstsq(with_one, target, rcond=None)[0]
    return float(1 - np.sum(residual**2) / np.sum((target - target.mean(axis=0)) ** 2))


def show(result: TwoUnits, page) -> None:
    """Errors and epochs, accuracies by position, and codes of several networks."""
    page.text(
        f"Networks {TITLE} pass everything through two units. They are trained for at most {result.most:,} epochs; "
        f"training ended after {result.epochs:,}."
    )
    page.finding(converged_in_words(result))
    page.text(silence_in_words(result))
    lines = {TITLE: result.narrow.mean(axis=0), TWO: result.wide.mean(axis=0)}
    figure = figures.comparison.by_position(POSITIONS, lines, "share placed exactly")
    page.figure("accuracy_by_position", figure, "Test signals placed exactly, mean over the networks.")
    figure = figures.heatmaps.class_averages(
        {f"network {number}": each for number, each in enumerate(result.codes[TRAINED][:4], 1)}, POSITIONS
    )
    page.figure("fig_4_6_codes", figure, "Mean activities of the two units by position (Fig. 4.6), several networks.")
    agree = {kind: agreements(codes) for kind, codes in result.codes.items()}
    page.table(
        ("network", "mean |error|", "best epoch", "silent positions", "explained by others' codes (%)"),
        [
            (number + 1, f"{result.l1[number]:.3f}", int(result.best_epoch[number]), _ranges(silent(each)),
             None if np.isnan(agree[TRAINED][number]) else f"{100 * agree[TRAINED][number]:.1f}")
            for number, each in enumerate(result.codes[TRAINED])
        ],
        "Every network; silent: positions at which a unit's mean activity is below 1% of its largest. Explained: "
        "variance of the mean codes that an affine map of another network's codes explains, the mean over the others; "
        f"before training {if_any(100 * agree[UNTRAINED], 1) or 'not defined'} (%).",
    )  # fmt: skip
    page.metrics({"l1": result.l1, "best_epoch": result.best_epoch, "epochs": result.epochs, "most": result.most})
    page.metrics({"accuracy": by_silence(result), "agreement": agree})


def _ranges(flags) -> str | None:
    """True places as ranges of positions."""
    places = FIRST + np.flatnonzero(flags)
    if not len(places):
        return None
    parts = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    return ", ".join(f"{each[0]}–{each[-1]}" if len(each) > 1 else str(each[0]) for each in parts)


def converged_in_words(result: TwoUnits) -> str:
    """The finding: the error, and whether the best epochs lie before the end of training."""
    inside = int(np.sum(result.best_epoch < 0.95 * result.most))
    return (
        f"{TITLE} (100 inputs, 2 hidden units, 60 outputs) misses the jump by {mean_and_spread(result.l1, 2)} samples "
        f"(thesis: 1.549, one network). The best epochs are {result.best_epoch.min():,} to "
        f"{result.best_epoch.max():,}: {inside} of {len(result.l1)} lie before the last twentieth of the "
        f"{result.most:,} allowed."
    )


def silence_in_words(result: TwoUnits) -> str:
    """The finding: accuracy where a unit is silent, beside a wide network."""
    of = by_silence(result)
    some = np.isfinite(of["narrow"]["silent"])
    if not some.any():
        return "No network has both positions at which one of its two units is silent and others at which none is."
    numbers = [
        f"{100 * np.nanmean(of[kind][place]):.0f}%" for kind in ("narrow", "wide") for place in ("silent", "other")
    ]
    return (
        f"In {some.sum()} of {len(some)} networks there are positions at which a unit is silent. They place "
        f"{numbers[0]} of the signals there exactly and {numbers[1]} elsewhere; networks with 100 hidden units "
        f"{numbers[2]} and {numbers[3]} at the same positions."
    )
