"""What claims on memorizing networks read from the study of its limits; written before any of its runs was kept.

Epochs until the rows are fitted are the first at which 99% are classified as trained, or the limit of the training,
which makes a ratio of a limited training over another a lower bound.
"""

import numpy as np

from experiments.claims.papers.thesis.records import above, below
from experiments.claims.rules import Control, Number, Part, over_networks

SETS = {"jumps": "jumps", "mnist": "MNIST", "digits": "digits"}
MANY = 2.0  # times as many
THRESHOLD = 1.28  # half-way between the thresholds of the kept runs on jumps (1.31) and MNIST (1.25)
OURS = (
    "ours: Adam with a constant rate; 12,000 jumps; MNIST (3,000 rows, at most 64 epochs, 32 with a regularizer) and "
    "digits (1,000 rows) are our additions. A trial of two networks on 3,000 jumps and three on digits was seen before "
    "the rule was written, and single networks after it to set the lengths of the trainings; digits were added to "
    "these claims after their run had been seen"
)


def limits(records, data, section):
    """What a section measured on a data set."""
    return records[f"limits_of_memorizing_{data}"]["metrics"][section]


def kept_sets(records):
    """The data sets whose runs are kept, with their titles; one is needed."""
    sets = [(data, title) for data, title in SETS.items() if f"limits_of_memorizing_{data}" in records]
    if not sets:
        limits(records, "jumps", "noise")  # names the missing run
    return sets


def shuffled(records):
    """Epochs and gaps by the share of shuffled labels."""
    parts = []
    for data, title in kept_sets(records):
        noise = limits(records, data, "noise")
        epochs, gap = np.log2(noise["epochs"]), np.subtract(noise["training"], noise["held_out"])
        for what, each in (("log2 of epochs", epochs), ("gap", gap)):
            parts.append(above(f"{title}, {what}, all over none", over_networks(each[-1] - each[0])))
            parts.append(above(f"{title}, {what}, least step", over_networks(np.diff(each, axis=0).min(axis=0))))
    return parts


def regularized(records):
    """The share of rows with shuffled labels that is memorized with each regularizer."""
    return [
        Part(f"{title}, {name}", over_networks(each["training"]), Number(1.0, 0.01, better="higher"))
        for data, title in kept_sets(records)
        for name, each in limits(records, data, "regularizers")["shuffled"].items()
        if name != "none"
    ]


def deeper(records):
    """The share of the mean |error| that dropout and batch normalization remove."""
    depths = limits(records, "jumps", "deeper")
    return [
        above(f"{depth}, {name}", over_networks(1 - np.divide(depths[depth][name]["l1"], depths[depth]["none"]["l1"])))
        for depth in ("3 layers", "4 layers")
        for name in ("dropout 0.2", "batch norm")
    ]


def steps(records):
    """Epochs of memorizing over those of learning, by Adam and as in the thesis."""
    parts = []
    for data, title in kept_sets(records):
        noise = limits(records, data, "noise")
        ratio = _ratio(noise["epochs"][-1], noise["epochs"][0], noise["fitted"][0])
        parts.append(above(f"{title}, ratio", ratio, MANY))
    return [*parts, *(slow(records) if "limits_of_memorizing_jumps" in records else [])]


def slow(records):
    """The same by the descent of the thesis."""
    descent = limits(records, "jumps", "descent")
    epochs, fitted = descent["epochs"], descent["fitted"]["fully trained"]
    fitting = _ratio(epochs["memorizing"], epochs["fully trained"], fitted)
    stopping = _ratio(epochs["memorizing"], epochs["learning"])
    return [
        above("jumps, as in the thesis, ratio to fitting", fitting, MANY),
        above("jumps, as in the thesis, ratio to stopping", stopping, MANY),
    ]


def _ratio(memorizing, learning, fitted=True):
    """The ratio of each network's epochs, where those of learning are known."""
    return over_networks(np.where(fitted, np.divide(memorizing, learning), np.nan))


def nearest(records):
    """How often memorizing networks answer with the training label of the nearest training row."""
    parts = []
    for data, title in kept_sets(records):
        answers = limits(records, data, "answers")["memorizing"]
        hidden, chance = np.array(answers["last hidden layer"]), np.array(answers["chance"])
        parts.append(above(f"{title}, last hidden layer", over_networks(hidden), 0.5))
        parts.append(Part(f"{title}, nearest in the last hidden layer", over_networks(hidden - chance), Control(0.1)))
    return parts


def soft(records):
    """What soft answers add to hard ones in held-out accuracy, of students of one teacher each."""
    students = limits(records, "jumps", "soft")["held_out"]
    gain = np.subtract(students["soft answers"], students["hard answers"])
    return [Part("jumps, soft beside hard answers", over_networks(gain), Control(0.01))]


def measures(records):
    """The measures of Arpit et al., of learning and memorizing networks."""
    parts = []
    for data, title in kept_sets(records):
        gini, critical, sizes = (
            limits(records, data, section)[field]
            for section, field in (("sensitivity", "gini"), ("sensitivity", "critical"), ("sizes", "epochs"))
        )
        true, random = "true labels", "shuffled labels"
        parts.append(above(f"{title}, Gini, true minus shuffled", over_networks(np.subtract(gini[true], gini[random]))))
        last = [np.array(critical[kind])[-1] for kind in (random, true)]
        parts.append(above(f"{title}, critical rows, shuffled minus true", over_networks(last[0] - last[1])))
        for what, small, large in (("width", 0, -1), ("rows", -1, 0)):
            slower = [np.log2(np.divide(sizes[kind][what][small], sizes[kind][what][large])) for kind in (random, true)]
            parts.append(above(f"{title}, slowdown by {what}", over_networks(slower[0] - slower[1])))
    return parts


def detected(records):
    """The ratio of the first hidden layer to the input on the side of a threshold that was fixed beforehand."""
    parts = []
    for data, title in kept_sets(records):
        ratios = limits(records, data, "detection")["ratios"]
        if data == "digits":
            parts += [
                above("digits, memorizing", over_networks(ratios["100% shuffled"]), THRESHOLD),
                below("digits, fully trained", over_networks(ratios["0% shuffled"]), THRESHOLD),
                below("digits, early stopped", over_networks(ratios["early stopped"]), THRESHOLD),
            ]
        parts.append(above(f"{title}, half shuffled", over_networks(ratios["50% shuffled"]), THRESHOLD))
    return parts
