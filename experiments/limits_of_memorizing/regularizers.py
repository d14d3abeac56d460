"""Whether dropout, batch normalization and weight decay keep networks from memorizing (sections 2.3.2 and 7.1)."""

from typing import NamedTuple

import numpy as np

from experiments.limits_of_memorizing.limits_study import KINDS, NONE, SHUFFLED, TRUE, adam, decayed
from experiments.study import mean_and_spread


class Regularizers(NamedTuple):
    """Accuracy on the labels of the training and on held-out rows, by labels and regularizer, [networks]."""

    training: dict[str, dict[str, np.ndarray]]
    held_out: dict[str, dict[str, np.ndarray]]
    epochs: int
    rate: float


def measure(study) -> Regularizers:
    """Networks trained with each regularizer for the same number of epochs on true and on shuffled labels."""
    task, epochs = study.task, study.config.regularized_epochs
    training, held_out = {kind: {} for kind in KINDS}, {kind: {} for kind in KINDS}
    decays = {f"weight decay {strength:g}": strength for strength in study.config.decay}
    cells = [(kind, name) for kind in KINDS for name in (*study.regularizers, *decays)]
    for kind, name in study.counted("regularizers", cells):
        labels = study.labels(KINDS[kind])
        optimizer = decayed(task.rate, weight_decay=decays[name]) if name in decays else adam(task.rate)
        options = {"layers": study.regularizers.get(name), "optimizer": optimizer}
        stacked = study.trained(f"{kind}, {name}", labels, epochs, **options).network
        training[kind][name] = study.accuracy(stacked, task.train.inputs, labels)
        held_out[kind][name] = study.accuracy(stacked, *task.held_out)
    return Regularizers(training, held_out, epochs, task.rate)


def show(result: Regularizers, page) -> None:
    """A table."""
    page.text(
        f"Networks of the same layers, trained by Adam with a rate of {result.rate:g} for {result.epochs:,} epochs. "
        "Dropout after every hidden layer, batch normalization before it is rectified, or weight decay as in "
        "AdamW. Accuracies are those of the network in inference. The rates and strengths are ours, common ones."
    )
    page.finding(sentence(result))
    columns = [result.training[SHUFFLED], result.training[TRUE], result.held_out[TRUE]]
    rows = [(name, *(mean_and_spread(100 * each[name], 1) for each in columns)) for name in columns[0]]
    header = "regularizer", "shuffled labels memorized (%)", "true labels fitted (%)", "held out, true labels (%)"
    page.table(header, rows, "Mean ± standard deviation over networks.")
    metrics = {
        kind.split()[0]: {
            name: {"training": result.training[kind][name], "held_out": result.held_out[kind][name]}
            for name in result.training[kind]
        }
        for kind in KINDS
    }
    page.metrics({**metrics, "epochs": result.epochs})


def sentence(result: Regularizers) -> str:
    """The finding: which regularizers leave less than 99% memorized, and which help on held-out rows."""
    memorized = {name: float(each.mean()) for name, each in result.training[SHUFFLED].items()}
    held = {name: float(each.mean()) for name, each in result.held_out[TRUE].items()}
    # As far as the table's digits tell: 98.96% is 99.0% there.
    less = [f"{name} ({of:.1%})" for name, of in memorized.items() if name != NONE and round(of, 3) < 0.99]
    each = result.held_out[TRUE]
    better = [
        f"{name} ({held[name]:.1%}, in {np.sum(each[name] > each[NONE])} of {len(each[NONE])} networks)"
        for name in held
        if held[name] > held[NONE]
    ]
    return (
        f"Without a regularizer {memorized[NONE]:.1%} of the shuffled labels are memorized in {result.epochs:,} "
        f"epochs; less than 99% with {', '.join(less) or 'none of them'}. Trained on true labels, {held[NONE]:.1%} "
        f"of held-out rows are classified correctly without one, and more with {', '.join(better) or 'none'}."
    )
