"""Memorizing by the plain descent of the thesis, and the deviations of such networks (chapter 6)."""

from typing import NamedTuple

import numpy as np

from experiments.limits_of_memorizing import limits_study
from experiments.limits_of_memorizing.limits_study import KINDS, SHUFFLED, TRUE
from experiments.study import mean_and_spread
from interp_jax.methods.deviation import Profile

LEARNING, FULLY_TRAINED, MEMORIZING = "learning", "fully trained", "memorizing"
NAMES = {TRUE: FULLY_TRAINED, SHUFFLED: MEMORIZING}
FACTOR = 4  # between the lengths of trainings; shorter ones are few
METRICS = "normalized euclidean", "cosine", "correlation"


class Descent(NamedTuple):
    """By kind of network."""

    epochs: dict[str, np.ndarray]  # [networks] until the rows are fitted, the limit if not; of learning, the best
    fitted: dict[str, np.ndarray]
    accuracy: dict[str, dict[str, np.ndarray]]  # by training labels and on held-out rows
    profiles: dict[str, dict[str, Profile]]  # by distance
    limit: int
    rate: float
    required: float


def measure(study) -> Descent:
    """Networks trained on true and on shuffled labels until they fit them, and with early stopping."""
    config, rows = study.config, study.task.train.inputs
    optimizer = {"optimizer": limits_study.descent(config.learning_rate)}
    networks, epochs, fitted, accuracy = {}, {}, {}, {}
    stopped = study.early_stopped("teachers")
    networks[LEARNING], epochs[LEARNING] = stopped.network, np.asarray(stopped.best_epoch)
    fitted[LEARNING] = np.zeros(config.seeds, bool)
    for kind, share in study.counted("plain descent", KINDS.items()):
        of = study.until_fitted(f"descent, {kind}", study.labels(share), config.descent_epochs, FACTOR, **optimizer)
        networks[NAMES[kind]], epochs[NAMES[kind]], fitted[NAMES[kind]] = of.network, of.epochs, of.fitted
    cases = {name: (each, study.labels(float(name == MEMORIZING))) for name, each in networks.items()}
    for name, (each, labels) in cases.items():
        accuracy[name] = {
            "training_labels": study.accuracy(each, rows, labels),
            "held_out": study.accuracy(each, *study.task.held_out),
        }
    cases["memorizing, true labels"] = networks[MEMORIZING], study.labels(0.0)
    profiles = {metric: {name: study.profiles(*case, metric) for name, case in cases.items()} for metric in METRICS}
    return Descent(epochs, fitted, accuracy, profiles, config.descent_epochs, config.learning_rate, config.fitted)


def show(result: Descent, page) -> None:
    """Two tables."""
    page.text(
        f"Plain descent with a rate of {result.rate:g} and batches of 100, for longer and longer, until "
        f"{result.required:.0%} of the rows are classified as trained, at most {result.limit:,}. Learning networks are "
        "stopped by the smallest validation loss; fully trained ones fit true labels, memorizing ones shuffled labels."
    )
    page.finding(sentence(result))
    rows = [
        (
            name,
            mean_and_spread(result.epochs[name], 0),
            "–" if name == LEARNING else f"{result.fitted[name].sum()} of {len(result.fitted[name])}",
            *(mean_and_spread(100 * each, 2) for each in by.values()),
        )
        for name, by in result.accuracy.items()
    ]
    header = "network", "epochs", "fitted", "training labels (%)", "held out (%)"
    page.table(header, rows, "Mean ± standard deviation over networks; the limit where rows are not fitted.")
    cosine = result.profiles["cosine"]
    names = ["input", *(f"hidden {number}" for number in range(1, cosine[LEARNING].inner.shape[1]))]
    rows = [
        (name, f"{field}-class", *(mean_and_spread(each, 3) for each in getattr(of, field).T))
        for name, of in cosine.items()
        for field in ("inner", "inter")
    ]
    page.table(
        ("network", "deviation", *names),
        rows,
        "Mean cosine distance of two rows of a class (inner-class) and of different classes (inter-class) by the "
        "labels of the training, layer by layer.",
    )
    deviation = {
        metric: {name: {field: getattr(of, field).T for field in of._fields[:3]} for name, of in by.items()}
        for metric, by in result.profiles.items()
    }
    fields = result._asdict()
    del fields["profiles"]
    page.metrics({**fields, "deviation": deviation})


def sentence(result: Descent) -> str:
    """The finding: whether plain descent memorizes, and how long it takes."""
    epochs, fitted = (each[MEMORIZING] for each in (result.epochs, result.fitted))
    ratios = [float((epochs / result.epochs[name]).mean()) for name in (FULLY_TRAINED, LEARNING)]
    reached = result.accuracy[MEMORIZING]["training_labels"].mean()
    least = "" if fitted.all() else "at least "
    if not result.fitted[FULLY_TRAINED].all():
        least = "where true labels are not fitted either, "
    return (
        f"By plain descent {fitted.sum()} of {len(fitted)} networks fit {result.required:.0%} of the shuffled labels "
        f"within {result.limit:,} epochs (in the end {reached:.1%}), after {least}{ratios[0]:.1f} times as many epochs "
        f"as true labels, and {least}{ratios[1]:.1f} times as many as up to the smallest validation loss."
    )
