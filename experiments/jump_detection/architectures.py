"""The seven networks of the thesis (Tables 3.2 to 3.4), compared with the optimum."""

import numpy as np

from experiments.jumps import NETWORKS, PUBLISHED, died
from experiments.study import lane, mean_and_spread
from interp_jax import figures, methods

MEASURES = ("l1", "l2", "l1_best", "l2_best")


def write(study, section) -> None:
    """A table of errors, and Figure 3.10 of the thesis."""
    config = study.config
    section.text(
        "Each network is trained as in the thesis: stochastic gradient descent with a learning rate of 0.01 and "
        f"batches of 100, with the weights of the epoch of the smallest validation loss. The {config.seeds} networks "
        f"of each kind differ in their initial weights and in the order of the {config.train_signals:,} training "
        "signals. Each convolutional layer has one filter and no activation function, as in the figures of the thesis."
    )
    rows, lines, metrics = [], [], {}
    optimum = {name: study.errors(getattr(study.posterior, name)) for name in ("mode", "median")}
    for name in NETWORKS:
        fit = study.thesis_fit(name)
        errors = study.errors(study.predictions(fit.network))
        agreement = _agreement(study, fit.network)
        values = {measure: np.asarray(getattr(errors, measure)) for measure in MEASURES}
        failed = died(values["l1"])
        metrics[name] = {
            **values,
            "median_l1": np.median(values["l1"]),
            "published_l1": PUBLISHED[name][0],
            "median_l1_over_published": np.median(values["l1"]) / PUBLISHED[name][0],
            "best_epoch": fit.best_epoch,
            "died": int(failed.sum()),
            "agreement_with_optimal_weights": agreement,
        }
        cells = (
            f"{mean_and_spread(values[measure])} ({published:.3f})"
            for measure, published in zip(MEASURES, PUBLISHED[name], strict=True)
        )
        epochs = f"{fit.best_epoch.min()}–{fit.best_epoch.max()}"
        rows.append((name, *cells, epochs, int(failed.sum()), mean_and_spread(agreement, 2)))
        lines.append(figures.comparison.ErrorRow(name, values["l1"], PUBLISHED[name][0], _group(name)))
    section.table(
        ("network", "L1", "L2", "L1, best 99 %", "L2, best 99 %", "best epoch", "died", "agreement"),
        rows,
        f"Errors in samples, mean ± standard deviation over {config.seeds} seeds; in brackets the single run of the "
        "thesis.",
        note="Died: networks that are no better than a constant prediction. Agreement: correlation of the network's "
        "linear filters with those of the optimum, after subtraction of the mean over the classes, to which the "
        "softmax is invariant.",
    )
    detector = study.errors(study.derivative_positions).l1
    lines.insert(0, figures.comparison.ErrorRow("Gaussian derivative", [detector], PUBLISHED["Gaussian derivative"][0]))
    section.figure(
        "networks_against_optimum",
        figures.comparison.errors(
            lines, {"optimum": float(optimum["mode"].l1)}, x_label="mean |error| of the jump position (samples)"
        ),
        "Mean |error| of the classical detector and of the networks. The optimum (the mode of the exact posterior) can "
        "be represented by a single layer of weights; the difference to it is due to training.",
    )
    section.metrics({"networks": metrics, "optimum": {name: error._asdict() for name, error in optimum.items()}})
    true = np.asarray(study.test.positions)
    predicted = np.asarray(study.predictions(study.thesis_fit("2-layer perceptron").network)[0])
    largest = [int(np.abs(np.asarray(each) - true).max()) for each in (predicted, study.derivative_positions)]
    section.figure(
        "fig_3_10_histogram",
        figures.histograms.absolute_errors(predicted - true),
        f"Errors of a 2-layer perceptron. The largest is {largest[0]}, that of the classical detector {largest[1]} "
        "(Fig. 3.10).",
    )


def _group(name):
    return "perceptrons" if "perceptron" in name else "one-filter CNNs"


def _agreement(study, stacked):
    rows = study.validation.signals[:256]
    weights = [methods.filters.effective_weights(lane(stacked, seed), rows) for seed in range(study.config.seeds)]
    return np.array([methods.filters.agreement(each, study.optimal_weights.weights) for each in weights])
