"""Labels of which a share is shuffled: epochs until the rows are fitted, and what generalizes (section 2.3.2)."""

from typing import NamedTuple

import numpy as np

from experiments.limits_of_memorizing.limits_study import SHARES
from experiments.study import mean_and_spread
from interp_jax import figures


class Noise(NamedTuple):
    """By share of shuffled labels and network, and the task."""

    epochs: np.ndarray  # [shares, networks] until the required share of rows is fitted, or the limit
    fitted: np.ndarray  # [shares, networks]
    training: np.ndarray  # [shares, networks] accuracy on the labels of the training
    held_out: np.ndarray  # [shares, networks] accuracy on held-out rows by true labels
    required: float
    limit: int
    rows: int
    title: str
    sizes: tuple[int, ...]


def measure(study) -> Noise:
    """Networks that start from the same weights, trained on each share of shuffled labels until they fit them."""
    task, cells = study.task, []
    for share in study.counted("shares of shuffled labels", SHARES):
        of = study.noisy(share)
        training = study.accuracy(of.network, task.train.inputs, study.labels(share))
        cells.append((of.epochs, of.fitted, training, study.accuracy(of.network, *task.held_out)))
    epochs, fitted, training, held_out = (np.stack(each) for each in zip(*cells, strict=True))
    required, limit, rows = study.config.fitted, study.config.epochs, len(task.train.labels)
    return Noise(epochs, fitted, training, held_out, required, limit, rows, task.title, task.sizes)


def show(result: Noise, page) -> None:
    """A table and two curves."""
    page.text(
        f"{result.title}, {result.rows:,} training rows, networks {'-'.join(map(str, result.sizes))}, "
        f"{result.epochs.shape[1]} of each kind, which start from the same weights. A share of the rows have their "
        "labels permuted among themselves. Adam with a constant rate, batches of 100, for 4, 8, 16, … epochs until in "
        f"one of them each network classifies {result.required:.0%} of the rows as trained, at most {result.limit:,}."
    )
    page.finding(sentence(result))
    rows = [
        (
            f"{share:.0%}",
            mean_and_spread(epochs, 1) + ("" if fitted.all() else f" ({fitted.sum()} of {len(fitted)} networks)"),
            *(mean_and_spread(100 * each, 1) for each in (training, held_out, training - held_out)),
        )
        for share, epochs, fitted, training, held_out in zip(SHARES, *result[:4], strict=True)
    ]
    header = "labels shuffled", "epochs until fitted", "training (%)", "held out, true labels (%)", "gap (points)"
    page.table(header, rows, "Mean ± standard deviation over networks; the limit where rows are not fitted.")
    shares = 100 * np.array(SHARES)
    curve = figures.curves.against(
        shares,
        {"epochs until fitted": result.epochs},
        "labels shuffled (%)",
        "epochs",
        x_names=[f"{share:g}" for share in shares],
    )
    caption = "Epochs until the training rows are fitted: mean ± standard deviation over networks, a dot for each."
    page.figure("epochs_until_fitted", curve, caption)
    page.metrics({"shares": SHARES, **result._asdict()})


def sentence(result: Noise) -> str:
    """The finding: the cost of shuffled labels, and the gap."""
    ratio = (result.epochs[-1] / result.epochs[0]).mean()
    rising = np.all(np.diff(result.epochs.mean(axis=1)) > 0)
    gap = (result.training - result.held_out).mean(axis=1)
    least = "" if result.fitted[-1].all() else "at least "
    cost = f"Fitting shuffled labels takes {least}{ratio:.1f} times as many epochs as fitting true ones"
    if not result.fitted[0].all():
        cost = f"True labels are not fitted within {result.limit:,} epochs"
    return (
        f"{cost}; from one share to the next the number {'rises' if rising else 'does not always rise'}. The gap "
        f"between training and held-out accuracy is {100 * gap[0]:.1f} points with true labels and "
        f"{100 * gap[-1]:.1f} with shuffled ones, and "
        f"{'rises' if np.all(np.diff(gap) > 0) else 'does not always rise'} in between."
    )
