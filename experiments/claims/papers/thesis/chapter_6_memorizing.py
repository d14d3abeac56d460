"""Sections 6.4.3 and 6.4.4: deviations in memorizing networks."""

import numpy as np

from experiments.claims.claim import Claim
from experiments.claims.papers.thesis.deviations import (
    ADAM,
    CHANGES,
    MARGIN,
    METHOD,
    by_chance,
    rise,
    smallest_step,
)
from experiments.claims.papers.thesis.limits import THRESHOLD, detected
from experiments.claims.papers.thesis.records import (
    DISTANCES,
    above,
    below,
    change,
    layers,
    one,
)
from experiments.claims.rules import Control, Number, Part, over_networks


def _higher_levels(records):
    low, full, high = (
        layers(records, "jumps", kind, "level")[1:] for kind in ("learning", "fully trained", "memorizing")
    )
    return [
        above("over learning, least of all layers", over_networks((high / low - 1).min(axis=0))),
        Part("jumps, activity beside fully trained", over_networks((high / full - 1).min(axis=0)), Control(0.1)),
    ]


def _climbs(records):
    full, memorizing = (change(layers(records, "jumps", kind), 0, 1) for kind in ("fully trained", "memorizing"))
    return [
        *(
            above(f"{metric}, change", rise(records, "jumps", "memorizing", 0, 1, metric=metric))
            for metric in DISTANCES
        ),
        Part("jumps, rise beside fully trained", over_networks(memorizing - full), Control(MARGIN)),
    ]


def _constant(records):
    values = {metric: layers(records, "jumps", "memorizing", metric=metric) for metric in DISTANCES}
    return [
        Part(f"{metric}, last over first", over_networks(each[-1] / each[1]), Number(1.0, 0.1))
        for metric, each in values.items()
    ]


def _between_classes(records):
    return [
        *(
            above(f"{metric}, least step", smallest_step(records, "jumps", "memorizing", field="inter", metric=metric))
            for metric in DISTANCES
        ),
        Part(
            "jumps, last layer over permuted labels, one network",
            one(by_chance(records, "memorizing", 1, -1) - 1),
            Control(0.1),
        ),
    ]


def _true_labels(records):
    kind = "memorizing, true labels"
    return [
        above("inner, change", rise(records, "jumps", kind, 0, 1)),
        above("inter, change", rise(records, "jumps", kind, field="inter")),
    ]


def _generalizes(records):
    accuracy = records["memorization_jumps"]["metrics"]["training"]["accuracy"]
    gain = np.subtract(accuracy["fully trained"]["held_out"], accuracy["learning"]["held_out"])
    return [
        below("change, learning", rise(records, "jumps", "learning")),
        below("change, fully trained", rise(records, "jumps", "fully trained")),
        Part("held-out accuracy, fully trained minus learning", over_networks(gain), Number(0.0, 0.03, "higher")),
    ]


def _enhanced(records):
    return [
        above(f"{title}, change", rise(records, data, "memorizing"))
        for data, title in (("jumps", "jumps"), ("mnist", "MNIST"))
    ]


def _detected(records):
    ratios = records["memorization_jumps"]["metrics"]["discrimination"]["ratios"]
    draws = {kind: np.reshape(each, (4, 5)).mean(axis=1) for kind, each in ratios.items()}
    return [
        Part(
            "jumps, ratio of layers beside fully trained",
            over_networks(draws["memorizing"] - draws["fully trained"]),
            Control(MARGIN),
        )
    ]


MEMORIZING = {
    '6.4.3 Insights on "memorizing network" with measurement-based analysis': [
        Claim(
            "Fig. 6.13",
            "The activation level of memorizing networks is higher than that of learning ones.",
            "curves",
            _higher_levels,
            control="networks trained on true labels for as long and by the same descent (fully trained)",
            note=f"mean L1 norm of a row over that in the other networks, less 1, in the layer where least; {ADAM}",
        ),
        Claim(
            "Fig. 6.13",
            "In memorizing networks the distance between rows of one shuffled label climbs from the input to the first "
            f"layer. {CHANGES}",
            "curves of three distances",
            _climbs,
            control="networks trained on true labels for as long and by the same descent (fully trained), cosine",
            note=ADAM,
            method=METHOD,
        ),
        Claim(
            "Fig. 6.13",
            "In memorizing networks this distance remains constant after the first layer.",
            "curves of three distances",
            _constant,
            note=ADAM,
        ),
        Claim(
            "Fig. 6.13",
            "In memorizing networks the distance between classes increases from layer to layer.",
            "curves of three distances",
            _between_classes,
            control="class means of permuted labels, which differ by chance",
            note=ADAM,
        ),
        Claim(
            "Fig. 6.14",
            f"By true labels, too, rows of one class move apart, and classes slightly. {CHANGES}",
            "curves",
            _true_labels,
            note=f"cosine distance; {ADAM}",
        ),
        Claim(
            "text",
            "Networks generalize because they bring rows of one class closer: so do networks with and without early "
            f"stopping, which generalize alike. {CHANGES}",
            "no number",
            _generalizes,
            control="networks trained on true labels without early stopping (fully trained)",
            note="cosine distance; a common occurrence, not a cause",
        ),
    ],
    "6.4.4 Summary": [
        Claim(
            "text",
            f"Memorizing networks drive rows of one class apart, up to the last hidden layer. {CHANGES}",
            "no number",
            _enhanced,
            note=f"cosine distance; {ADAM}; memorizing on MNIST is our addition, two networks, 6,000 rows, 64 epochs",
        ),
        Claim(
            "text",
            "The measures tell memorizing networks from learning ones. Measured: the inner-class deviation of the "
            "first layer over that of the input.",
            "curves",
            _detected,
            control="networks trained on true labels for as long and by the same descent (fully trained)",
            note="this ratio was chosen after both data sets had been seen; four draws of rows and shuffled labels, of "
            f"five networks each, count as four; {ADAM}",
            method=METHOD,
        ),
        Claim(
            "text",
            "The same where it was not chosen: on digits, and with half of the labels shuffled, the ratio is above "
            f"{THRESHOLD} in memorizing networks and below in others.",
            "curves",
            detected,
            control="networks trained on true labels until they fit them (fully trained), and with early stopping",
            note="the threshold is half-way between those of the kept runs on jumps and MNIST and was fixed before any "
            "ratio on digits or by partly shuffled labels was computed",
        ),
    ],
}
