"""A number that tells memorizing networks apart, with its threshold fixed beforehand, where it was not chosen."""

from typing import NamedTuple

import numpy as np

from experiments.limits_of_memorizing.limits_study import SHARES
from interp_jax import figures
from interp_jax.figures.comparison import ErrorRow

# Half-way between the thresholds of the kept runs on jumps (1.31) and MNIST (1.25), where the number was chosen.
THRESHOLD = 1.28
STOPPED, UNTRAINED = "early stopped", "untrained"


class Detection(NamedTuple):
    """By kind of network, [networks]."""

    ratios: dict[str, np.ndarray]  # inner-class cosine deviation of the first hidden layer over that of the input
    change: dict[str, np.ndarray]  # that deviation's change from the input to the last hidden layer, as a share
    title: str


def measure(study) -> Detection:
    """The inner-class deviations, by training labels, of networks by share of shuffled labels, and of controls."""
    ratios, change = {}, {}
    shares = {f"{share:.0%} shuffled": share for share in SHARES}
    for name in study.counted("deviations", [*shares, STOPPED, UNTRAINED]):
        if name in shares:
            stacked = study.noisy(shares[name]).network
        elif name == STOPPED:
            stacked = study.early_stopped("teachers").network
        else:
            stacked, _ = study.stacked(study.constructor, study.config.seeds)
        inner = study.profiles(stacked, study.labels(shares.get(name, 0.0))).inner
        ratios[name], change[name] = inner[:, 1] / inner[:, 0], inner[:, -1] / inner[:, 0] - 1
    return Detection(ratios, change, study.task.title)


def show(result: Detection, page) -> None:
    """A figure and a table."""
    page.text(
        "The ratio is the inner-class cosine deviation in the first hidden layer over that in the input, by the labels "
        f"of the training. It was chosen on networks with no or all labels shuffled, of jump signals and of MNIST, and "
        f"so was the threshold, {THRESHOLD:g}; digits and partly shuffled labels played no part. Networks with early "
        "stopping are trained by plain descent, the others by Adam until they fit their rows, which is shorter than "
        "the training for which the threshold was chosen."
    )
    page.finding(sentence(result))
    rows = [ErrorRow(name, each) for name, each in result.ratios.items()]
    figure = figures.comparison.errors(rows, {"threshold": THRESHOLD}, x_label="deviation, first hidden layer / input")
    page.figure("detection", figure, f"Each network's ratio on {result.title}.")
    table = [
        (name, f"{each.mean():.2f}", f"{np.sum(each > THRESHOLD)} of {len(each)}", f"{result.change[name].mean():+.0%}")
        for name, each in result.ratios.items()
    ]
    header = "network", "ratio", "above the threshold", "change of the deviation, input to last hidden layer"
    page.table(header, table, "Means over networks.")
    page.metrics({"threshold": THRESHOLD, **result._asdict()})


def sentence(result: Detection) -> str:
    """The finding: which kinds are above the threshold, and what of the shrinking remains without early stopping."""
    above = {name: int(np.sum(each > THRESHOLD)) for name, each in result.ratios.items()}
    count = len(result.ratios[STOPPED])
    every, none = above.pop("100% shuffled"), above.pop("0% shuffled")
    others = ", ".join(f"{name}: {number}" for name, number in above.items())
    stopped, full = (result.change[name].mean() for name in (STOPPED, "0% shuffled"))
    return (
        "A threshold fixed beforehand, on the spread of classes in the first hidden layer relative to that in the "
        f"input, flags {every} of {count} networks with all labels shuffled, and wrongly {none} of {count} with true "
        f"ones ({others}). From the input to the last hidden layer the deviation changes by {stopped:+.0%} in networks "
        f"with early stopping, by {full:+.0%} in those trained on true labels by Adam, and by "
        f"{result.change[UNTRAINED].mean():+.0%} before training."
    )
