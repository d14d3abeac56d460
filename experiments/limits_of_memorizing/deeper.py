"""Whether dropout and batch normalization help deeper networks on the true task (section 7.1)."""

from typing import NamedTuple

import numpy as np

from experiments.limits_of_memorizing.limits_study import NONE, answers
from experiments.study import mean_and_spread


class Deeper(NamedTuple):
    """On held-out rows, by number of layers and regularizer, [networks]."""

    wrong: dict[str, dict[str, np.ndarray]]  # share of rows
    l1: dict[str, dict[str, np.ndarray]]  # mean |error| of the class number: samples, for jumps
    epochs: dict[str, dict[str, np.ndarray]]
    ordered: bool
    rate: float


def measure(study) -> Deeper:
    """Networks of several depths, trained with and without dropout and batch normalization."""
    task, names = study.task, [f"{depth} layers" for depth in study.config.depths]
    cells = [(depth, kind) for depth in study.config.depths for kind in study.regularizers]
    wrong, l1, epochs = ({name: {} for name in names} for _ in range(3))
    for depth, kind in study.counted("deeper networks", cells):
        sizes, name = (*task.sizes[:depth], task.sizes[-1]), f"{depth} layers"
        fit = study.early_stopped(f"{name}, {kind}", sizes=sizes, layers=study.regularizers[kind])
        error = np.abs(np.asarray(answers(fit.network, np.asarray(task.held_out.inputs))) - task.held_out.labels)
        wrong[name][kind], l1[name][kind] = np.mean(error > 0, axis=1), error.mean(axis=1)
        epochs[name][kind] = fit.best_epoch
    return Deeper(wrong, l1, epochs, task.pairs == "adjacent", study.config.learning_rate)


def show(result: Deeper, page) -> None:
    """A table."""
    page.text(
        f"Trained on true labels: plain descent with a rate of {result.rate:g} (thesis: 0.01), batches of 100, early "
        "stopping by the validation loss. Dropout and batch normalization as above."
    )
    page.finding(sentence(result))
    measured = result.l1 if result.ordered else result.wrong
    rows = [
        (depth, *(mean_and_spread(each if result.ordered else 100 * each, 3 if result.ordered else 1) for each in of))
        for depth, of in ((depth, [*by.values()]) for depth, by in measured.items())
    ]
    what = "Mean |error| in samples" if result.ordered else "Held-out rows that are classified wrongly (%)"
    page.table(("layers", *next(iter(measured.values()))), rows, f"{what}, mean ± standard deviation over networks.")
    fields = {"wrong": result.wrong, "l1": result.l1, "epochs": result.epochs}
    page.metrics(
        {
            depth: {name: {field: of[depth][name] for field, of in fields.items()} for name in result.l1[depth]}
            for depth in result.wrong
        }
    )


def sentence(result: Deeper) -> str:
    """The finding: the change of the error by each, for every depth."""
    measured = result.l1 if result.ordered else result.wrong
    parts = []
    for depth, by in measured.items():
        changes = (
            f"{by[name].mean() / by[NONE].mean() - 1:+.0%} with {name} (less in {np.sum(by[name] < by[NONE])})"
            for name in by
            if name != NONE
        )
        parts.append(f"{', '.join(changes)} in networks of {depth}")
    count = len(next(iter(measured.values()))[NONE])
    return (
        f"The held-out {'mean |error|' if result.ordered else 'error'} changes by {'; '.join(parts)}. In brackets: in "
        f"how many of {count} networks."
    )
