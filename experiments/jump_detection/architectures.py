"""The seven networks of the thesis (Tables 3.2 to 3.4) beside the optimum, and training past the best epoch."""

from typing import NamedTuple

import jax
import numpy as np

from experiments.jumps import ERRORS, NETWORKS, PUBLISHED, died
from experiments.study import mean_and_spread
from interp_jax import figures, methods
from interp_jax.kernels.location_errors import LocationErrors
from interp_jax.networks import History

CLASSICAL, SHOWN = "Gaussian derivative", "2-layer perceptron"
NEAR = 1.05  # up to 5% above the optimum counts as reaching it


class Kind(NamedTuple):
    """The networks of one kind, and the agreement of their linear filters with those of the optimum."""

    errors: LocationErrors  # [networks] each
    best_epoch: np.ndarray  # [networks]
    agreement: np.ndarray  # [networks]


class Networks(NamedTuple):
    """All networks by kind, the classical detector and the optimum, and two networks SHOWN more closely."""

    kinds: dict[str, Kind]
    classical: float  # mean |error|
    optimum: LocationErrors
    differences: np.ndarray  # [signals], estimated minus true position, of the first of them
    history: History  # [epochs], of the second, which is trained without stopping
    train_signals: int
    learning_rate: float


def measure(study) -> Networks:
    """The errors of all networks and their agreement with the optimum."""
    kinds, best = {}, study.optimal_weights.weights
    for name in NETWORKS:
        fit = study.thesis_fit(name)
        filters = [methods.filters.effective_weights(each, study.validation.signals[:256]) for each in study.lanes(fit)]
        agreement = np.array([methods.filters.agreement(each, best) for each in filters])
        kinds[name] = Kind(study.fit_errors(fit), fit.best_epoch, agreement)
    options = {"seeds": 1, "epochs": study.config.long_epochs, "patience": None}
    long = study.thesis_fit(f"{SHOWN} without stopping", NETWORKS[SHOWN], **options)
    return Networks(
        kinds,
        study.errors(study.derivative_positions).l1,
        study.errors(study.posterior.mode),
        study.predictions(study.thesis_fit(SHOWN).network)[0] - study.test.positions,
        jax.tree.map(lambda curve: curve[:, 0], long.history),
        study.config.train_signals,
        study.config.learning_rate,
    )


def show(result: Networks, page) -> None:
    """A table of errors, and Figures 3.9 and 3.10 of the thesis."""
    seeds = len(result.kinds[SHOWN].best_epoch)
    thesis = ", as in the thesis," if result.learning_rate == 0.01 else " (thesis: 0.01)"
    page.text(
        f"Networks are trained by stochastic gradient descent in batches of 100 at a rate of {result.learning_rate}"
        f"{thesis} up to the smallest validation loss. Convolutions have one filter and no activation function."
    )
    page.finding(range_of_errors(result))
    lines = [figures.comparison.ErrorRow(CLASSICAL, [result.classical], PUBLISHED[CLASSICAL][0])]
    rows, metrics = [], {}
    for name, (errors, epochs, agreement) in result.kinds.items():
        published, dead = PUBLISHED[name], int(died(errors.l1).sum())
        cells = [f"{mean_and_spread(ours)} ({thesis:.3f})" for ours, thesis in zip(errors, published, strict=True)]
        span = "–".join(map(str, np.unique([epochs.min(), epochs.max()])))
        rows.append((name, *cells, span, dead, mean_and_spread(agreement, 2)))
        group = "perceptrons" if "perceptron" in name else "one-filter CNNs"
        lines.append(figures.comparison.ErrorRow(name, errors.l1, published[0], group))
        metrics[name] = {**errors._asdict(), "published_l1": published[0], "best_epoch": epochs, "died": dead}
        metrics[name]["agreement_with_optimal_weights"] = agreement
    page.table(
        ("network", *ERRORS, "best epoch", "died", "agreement"),
        rows,
        "Mean |error| (L1) and root mean square error (L2) in samples, also without the 1% of signals with the "
        f"largest errors: mean ± standard deviation over {seeds} seeds; in brackets the single run of the thesis. "
        "Died: networks no better than a constant prediction. Agreement: correlation of the weights (in several "
        "layers, of the mean gradient) with those of the optimum, both without their mean over the classes.",
    )
    figure = figures.comparison.errors(lines, {"optimum": result.optimum.l1})
    page.figure("networks_against_optimum", figure, "Mean |error|; the optimum is the mode of the exact posterior.")
    histogram = figures.histograms.absolute_errors(result.differences)
    page.figure("fig_3_10_histogram", histogram, f"Errors of a {SHOWN} (Fig. 3.10 of the thesis).")
    loss, error, validation, validation_error = result.history
    perfect, ends = np.flatnonzero(error == 0), {"best": validation.min(), "last": validation[-1]}
    without_error = int(perfect[0]) + 1 if len(perfect) else None
    page.finding(past_the_best(result.history))
    curves = figures.curves.training(loss, validation, error, validation_error, np.argmin(validation) + 1)
    page.figure("fig_3_09_training", curves, f"Loss of a {SHOWN}, and signals placed wrong (Fig. 3.9).")
    page.metrics({"networks": metrics, "optimum": {"mode": result.optimum._asdict()}})
    page.metrics({"overfitting": {"first_epoch_without_training_error": without_error, "validation_loss": ends}})


def range_of_errors(result: Networks) -> str:
    """The finding: the networks' errors between those of the classical detector and the optimum."""
    medians = {name: float(np.median(each.errors.l1)) for name, each in result.kinds.items()}
    best, worst = (choose(medians, key=medians.__getitem__) for choose in (min, max))
    limits = (result.classical, NEAR * result.optimum.l1)
    counts = [sum(median < limit for median in medians.values()) for limit in limits]
    better, near = ({0: "none", len(medians): "all"}.get(count, count) for count in counts)
    return (
        f"{len(medians)} kinds of networks, trained on {result.train_signals:,} signals, miss the jump by "
        f"{medians[best]:.2f} ({best}) to {medians[worst]:.2f} samples ({worst}): {better} of them "
        f"by less than the classical detector ({result.classical:.2f}), {near} of them within 5% of the optimum "
        f"({result.optimum.l1:.2f})."
    )


def past_the_best(history: History) -> str:
    """The finding: whether training past the smallest validation loss, which rises by over 5% then, overfits."""
    best = int(np.argmin(history.validation_loss))
    least, last = history.validation_loss[[best, -1]]
    change = "overfits: its validation loss rises"
    if last <= 1.05 * least:
        change = "does not overfit: its validation loss goes"
    return (
        f"A {SHOWN} that is trained for {len(history.loss):,} epochs {change} from {least:.2f} (epoch {best + 1}, its "
        f"smallest) to {last:.2f}. In the end it places {history.error[-1]:.1%} of the training signals and "
        f"{history.validation_error[-1]:.1%} of the validation signals wrong."
    )
