"""The seven networks of the thesis (Tables 3.2 to 3.4), compared with the optimum."""

from typing import NamedTuple

import numpy as np

from experiments.jumps import NETWORKS, PUBLISHED, died
from experiments.study import lane, mean_and_spread
from interp_jax import figures, methods
from interp_jax.kernels.location_errors import LocationErrors

CLASSICAL, SHOWN = "Gaussian derivative", "2-layer perceptron"
NEAR = 1.05  # up to 5 % above the optimum counts as reaching it


class Kind(NamedTuple):
    """The networks of one kind, and the agreement of their linear filters with those of the optimum."""

    errors: LocationErrors  # [networks] each
    best_epoch: np.ndarray  # [networks]
    agreement: np.ndarray  # [networks]


class Networks(NamedTuple):
    """All networks by kind, the mean |error| of the classical detector, and the optimum by estimate."""

    kinds: dict[str, Kind]
    classical: float
    optimum: dict[str, LocationErrors]
    differences: np.ndarray  # [signals], estimated minus true position, of the network SHOWN
    train_signals: int
    learning_rate: float


def measure(study) -> Networks:
    """The errors of all networks and their agreement with the optimum."""
    kinds, best = {}, study.optimal_weights.weights
    for name in NETWORKS:
        fit = study.thesis_fit(name)
        lanes = [lane(fit.network, seed) for seed in range(study.config.seeds)]
        weights = [methods.filters.effective_weights(each, study.validation.signals[:256]) for each in lanes]
        agreement = np.array([methods.filters.agreement(each, best) for each in weights])
        kinds[name] = Kind(study.errors(study.predictions(fit.network)), np.asarray(fit.best_epoch), agreement)
    shown = study.predictions(study.thesis_fit(SHOWN).network)[0]
    return Networks(
        kinds,
        float(study.errors(study.derivative_positions).l1),
        {name: study.errors(getattr(study.posterior, name)) for name in ("mode", "median")},
        np.asarray(shown - study.test.positions),
        study.config.train_signals,
        study.config.learning_rate,
    )


def show(result: Networks, page) -> None:
    """A table of errors, and Figure 3.10 of the thesis."""
    seeds = len(result.kinds[SHOWN].best_epoch)
    page.text(
        "Each network is trained by stochastic gradient descent in batches of 100 with a learning rate of "
        f"{result.learning_rate} (0.01 in the thesis), and has the weights of its epoch of smallest validation loss. "
        f"The {seeds} networks of each kind differ in their initial weights and in the order of the "
        f"{result.train_signals:,} training signals. Each convolutional layer has one filter and no activation "
        "function, as in the figures of the thesis."
    )
    page.finding(range_of_errors(result))
    page.table(
        ("network", "L1", "L2", "L1, best 99 %", "L2, best 99 %", "best epoch", "died", "agreement"),
        [_row(name, each) for name, each in result.kinds.items()],
        "Mean |error| (L1) and root mean square error (L2) in samples, also without the 1 % of signals with the "
        f"largest errors: mean ± standard deviation over {seeds} seeds; in brackets the single run of the thesis.",
        note="Died: networks that are no better than a constant prediction. Agreement: correlation of the network's "
        "linear filters with those of the optimum, after subtraction of the mean over the classes, to which the "
        "softmax is invariant.",
    )
    lines = [figures.comparison.ErrorRow(CLASSICAL, [result.classical], PUBLISHED[CLASSICAL][0])]
    for name, each in result.kinds.items():
        group = "perceptrons" if "perceptron" in name else "one-filter CNNs"
        lines.append(figures.comparison.ErrorRow(name, each.errors.l1, PUBLISHED[name][0], group))
    limit, label = {"optimum": float(result.optimum["mode"].l1)}, "mean |error| of the jump position (samples)"
    page.figure(
        "networks_against_optimum",
        figures.comparison.errors(lines, limit, x_label=label),
        "Mean |error| of the classical detector and of the networks, beside those of the thesis. The optimum is the "
        "mode of the exact posterior, which a single layer of weights can represent.",
    )
    histogram = figures.histograms.absolute_errors(result.differences)
    page.figure("fig_3_10_histogram", histogram, f"Errors of a {SHOWN} (Fig. 3.10 of the thesis).")
    optimum = {name: error._asdict() for name, error in result.optimum.items()}
    page.metrics({"networks": {name: _numbers(name, each) for name, each in result.kinds.items()}, "optimum": optimum})


def _row(name, each):
    errors = zip(each.errors, PUBLISHED[name], strict=True)
    return (
        name,
        *(f"{mean_and_spread(ours)} ({published:.3f})" for ours, published in errors),
        f"{each.best_epoch.min()}–{each.best_epoch.max()}",
        int(died(each.errors.l1).sum()),
        mean_and_spread(each.agreement, 2),
    )


def _numbers(name, each):
    return {
        **each.errors._asdict(),
        "median_l1": np.median(each.errors.l1),
        "published_l1": PUBLISHED[name][0],
        "median_l1_over_published": np.median(each.errors.l1) / PUBLISHED[name][0],
        "best_epoch": each.best_epoch,
        "died": int(died(each.errors.l1).sum()),
        "agreement_with_optimal_weights": each.agreement,
    }


def range_of_errors(result: Networks) -> str:
    """The finding: the networks' errors between those of the classical detector and the optimum."""
    medians = {name: float(np.median(each.errors.l1)) for name, each in result.kinds.items()}
    best, worst = (choose(medians, key=medians.__getitem__) for choose in (min, max))
    optimum = float(result.optimum["mode"].l1)
    below = (sum(median < limit for median in medians.values()) for limit in (result.classical, NEAR * optimum))
    better, reached = ({0: "none", len(medians): "all"}.get(count, count) for count in below)
    return (
        f"{len(medians)} kinds of networks, trained on {result.train_signals:,} signals, miss the jump by "
        f"{medians[best]:.2f} ({best}) to {medians[worst]:.2f} samples ({worst}), {better} of them by less than the "
        f"classical detector ({result.classical:.2f}) and {reached} within 5 % of the optimum ({optimum:.2f})."
    )
