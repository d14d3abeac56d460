"""The seven networks of the thesis (Tables 3.2 to 3.4) against the optimum."""

import numpy as np

from experiments.jump_detection.jump_study import NETWORKS, PUBLISHED, died
from experiments.study import lane, mean_and_spread
from interp_jax import figures, methods

MEASURES = ("l1", "l2", "l1_best", "l2_best")


def write(study, section) -> None:
    """The table and Figure 3.10."""
    config = study.config
    section.text(
        "Each network is trained as in the thesis: plain gradient descent at rate 0.01, batches of 100, the weights of "
        f"the epoch with the least validation loss. {config.seeds} networks of each kind differ in their starting "
        f"weights and in the order of the {config.train_signals:,} training signals, which are the same for all. The "
        "convolutional layers have one filter each and no activation function, as the thesis' own figures show."
    )
    rows, lines, metrics = [], [], {}
    optimum = {name: study.errors(getattr(study.posterior, name)) for name in ("mode", "median")}
    for name in NETWORKS:
        fit = study.thesis_fit(name)
        errors = study.errors(study.predictions(fit.network))
        agreement = _agreement(study, fit.network)
        values = {measure: np.asarray(getattr(errors, measure)) for measure in MEASURES}
        lost = died(values["l1"])
        metrics[name] = {
            **values,
            "median_l1": np.median(values["l1"]),
            "published_l1": PUBLISHED[name][0],
            "median_l1_over_published": np.median(values["l1"]) / PUBLISHED[name][0],
            "best_epoch": fit.best_epoch,
            "died": int(lost.sum()),
            "agreement_with_optimal_weights": agreement,
        }
        cells = (
            f"{mean_and_spread(values[measure])} ({published:.3f})"
            for measure, published in zip(MEASURES, PUBLISHED[name], strict=True)
        )
        epochs = f"{fit.best_epoch.min()}–{fit.best_epoch.max()}"
        rows.append((name, *cells, epochs, int(lost.sum()), mean_and_spread(agreement, 2)))
        lines.append(figures.comparison.ErrorRow(name, values["l1"], PUBLISHED[name][0], _group(name)))
    section.table(
        ("network", "L1", "L2", "L1, best 99 %", "L2, best 99 %", "best epoch", "died", "agreement"),
        rows,
        f"Errors in samples, mean ± standard deviation over {config.seeds} seeds, the thesis' single run in brackets.",
        note="Died: networks that do no better than a constant answer. Agreement: correlation of the network's linear "
        "filters with those of the optimum, after removing what a softmax cannot see.",
    )
    detector = study.errors(study.derivative_positions).l1
    lines.insert(0, figures.comparison.ErrorRow("Gaussian derivative", [detector], PUBLISHED["Gaussian derivative"][0]))
    section.figure(
        "networks_against_optimum",
        figures.comparison.errors(
            lines, {"optimum": float(optimum["mode"].l1)}, x_label="mean |error| of the jump position (samples)"
        ),
        "Mean |error| of the classical detector and of the networks. The optimum (the mode of the exact posterior) is "
        "something that a single layer of weights could be: the distance to it is what training leaves undone.",
    )
    section.metrics({"networks": metrics, "optimum": {name: error._asdict() for name, error in optimum.items()}})
    true = np.asarray(study.test.positions)
    predicted = np.asarray(study.predictions(study.thesis_fit("2-layer perceptron").network)[0])
    largest = [int(np.abs(np.asarray(found) - true).max()) for found in (predicted, study.derivative_positions)]
    section.figure(
        "fig_3_10_histogram",
        figures.histograms.absolute_errors(predicted - true),
        f"Errors of a 2-layer perceptron: the largest is {largest[0]}, the classical detector's {largest[1]} "
        "(Fig. 3.10).",
    )


def _group(name):
    return "perceptrons" if "perceptron" in name else "one-filter CNNs"


def _agreement(study, stacked):
    rows = study.validation.signals[:256]
    weights = [methods.filters.effective_weights(lane(stacked, seed), rows) for seed in range(study.config.seeds)]
    return np.array([methods.filters.agreement(each, study.optimal_weights.weights) for each in weights])
