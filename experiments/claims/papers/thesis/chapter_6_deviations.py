"""Section 6.4: how far apart rows of one class are in every layer, and classes from each other."""

import numpy as np

from experiments.claims.claim import Claim
from experiments.claims.papers.thesis.records import (
    DISTANCES,
    above,
    below,
    change,
    layers,
    one,
    untrained_layers,
)
from experiments.claims.rules import Control, Number, Part, over_networks

METHOD = "Inner-class deviation of hidden layers"
MARGIN = 0.1  # of the deviation of the input
ADAM = "memorizing by Adam for 512 epochs (thesis: plain gradient descent with a rate of .01)"
MNIST = (
    "two networks; batches of 100 with momentum and a rate that decays from .05 in 8 epochs (thesis: batches of 1,000, "
    "no momentum, .01)"
)
CHANGES = "Changes are shares of the value of the input."


def _rise(records, data, kind, first=0, last=-1, **options):
    return over_networks(change(layers(records, data, kind, **options), first, last))


def _smallest_step(records, data, kind, **options):
    return over_networks(np.diff(layers(records, data, kind, **options), axis=0).min(axis=0))


def _shrinking(records, data, title):
    """By how much more the deviation of learning networks shrinks than that of the same networks before training."""
    learned, start = change(layers(records, data, "learning")), change(untrained_layers(records, data))
    return Part(f"{title}, beside untrained", over_networks(start - learned), Control(MARGIN))


def _by_chance(records, kind, place, layer):
    """A deviation of the first network over its mean under permuted labels."""
    found = records["memorization_jumps"]["metrics"]["deviations"]
    measured = np.array(found["deviation"]["cosine"][kind][("inner", "inter")[place]])[layer, 0]
    return measured / np.mean(np.array(found["null"][kind])[:, place, layer])


def _euclidean(records):
    inner = {"metric": "euclidean"}
    return [
        below("inner, input to first", _rise(records, "jumps", "learning", 0, 1, **inner)),
        above("inner, first to last", _rise(records, "jumps", "learning", 1, -1, **inner)),
        above("inter, input to last", _rise(records, "jumps", "learning", field="inter", metric="euclidean")),
    ]


def _falls(records):
    return [
        *(below(f"{metric}, change", _rise(records, "jumps", "learning", metric=metric)) for metric in DISTANCES),
        _shrinking(records, "jumps", "jumps"),
        above(
            "fall beyond that of all pairs, one network",
            one(_by_chance(records, "learning", 0, 0) - _by_chance(records, "learning", 0, -1)),
        ),
    ]


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
            above(f"{metric}, change", _rise(records, "jumps", "memorizing", 0, 1, metric=metric))
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
            above(f"{metric}, least step", _smallest_step(records, "jumps", "memorizing", field="inter", metric=metric))
            for metric in DISTANCES
        ),
        Part(
            "jumps, last layer over permuted labels, one network",
            one(_by_chance(records, "memorizing", 1, -1) - 1),
            Control(0.1),
        ),
    ]


def _true_labels(records):
    kind = "memorizing, true labels"
    return [
        above("inner, change", _rise(records, "jumps", kind, 0, 1)),
        above("inter, change", _rise(records, "jumps", kind, field="inter")),
    ]


def _generalizes(records):
    accuracy = records["memorization_jumps"]["metrics"]["training"]["accuracy"]
    gain = np.subtract(accuracy["fully trained"]["held_out"], accuracy["learning"]["held_out"])
    return [
        below("change, learning", _rise(records, "jumps", "learning")),
        below("change, fully trained", _rise(records, "jumps", "fully trained")),
        Part("held-out accuracy, fully trained minus learning", over_networks(gain), Number(0.0, 0.03, "higher")),
    ]


def _enhanced(records):
    return [
        above(f"{title}, change", _rise(records, data, "memorizing"))
        for data, title in (("jumps", "jumps"), ("mnist", "MNIST"))
    ]


def _detected(records):
    ratios = records["memorization_jumps"]["metrics"]["discrimination"]["ratios"]
    draws = {kind: np.reshape(each, (4, 5)).mean(axis=1) for kind, each in ratios.items()}
    return [
        Part(
            "jumps, ratio beside fully trained",
            over_networks(draws["memorizing"] - draws["fully trained"]),
            Control(MARGIN),
        )
    ]


DEVIATIONS = {
    "6.4 Measuring Deviation of Hidden Features in MLPs": "only its subsections",
    "6.4.1 Methodology and testing on jump detection task": [
        Claim(
            "Fig. 6.7",
            "By Euclidean distance, rows of one class come closer in the first layer and then move apart, and so do "
            f"classes throughout. {CHANGES}",
            "curves",
            _euclidean,
        ),
        Claim(
            "Fig. 6.8",
            "The activation level increases from layer to layer.",
            "a curve",
            lambda records: [above("least step", _smallest_step(records, "jumps", "learning", field="level"))],
        ),
        Claim(
            "Figs. 6.8, 6.9",
            "By distances that do not depend on it, rows of one class come closer from the input to the last hidden "
            f"layer. {CHANGES}",
            "curves of three distances",
            _falls,
            control="the same networks before training, and pairs of rows of any class",
            method=METHOD,
        ),
        Claim(
            "Fig. 6.9",
            f"The distance between adjacent classes falls a little. {CHANGES}",
            "an overall drop, no clear tendency",
            lambda records: [below("cosine, change", _rise(records, "jumps", "learning", field="inter"))],
        ),
    ],
    "6.4.2 Test on MNIST data": [
        Claim(
            "p. 92",
            "A network of five layers of 784 units has a test accuracy of 98.07%.",
            "98.07%",
            lambda records: [
                Part(
                    "held-out accuracy",
                    over_networks(
                        records["memorization_mnist"]["metrics"]["training"]["accuracy"]["learning"]["held_out"]
                    ),
                    Number(0.9807, 0.005),
                )
            ],
            note=MNIST,
        ),
        Claim(
            "Fig. 6.12",
            f"As with jumps, rows of one class come closer and the activation level increases. {CHANGES}",
            "curves",
            lambda records: [
                below("cosine, change", _rise(records, "mnist", "learning")),
                above("level, least step", _smallest_step(records, "mnist", "learning", field="level")),
                _shrinking(records, "mnist", "MNIST"),
            ],
            control="the same networks before training",
            note=MNIST,
            method=METHOD,
        ),
        Claim(
            "Fig. 6.12",
            f"Most of it happens in the first layer, by Euclidean distance as well. {CHANGES}",
            "a sharp drop",
            lambda records: [
                below(f"{metric}, input to first", _rise(records, "mnist", "learning", 0, 1, metric=metric))
                for metric in ("euclidean", "cosine")
            ],
            note=MNIST,
        ),
        Claim(
            "Fig. 6.12",
            f"Classes first come closer, and are farther apart in the end than in the input. {CHANGES}",
            "a curve",
            lambda records: [
                below("cosine, input to first", _rise(records, "mnist", "learning", 0, 1, field="inter")),
                above("cosine, input to last", _rise(records, "mnist", "learning", field="inter")),
            ],
            note=MNIST,
        ),
    ],
    '6.4.3 Insights on "memorizing network" with measurement-based analysis': [
        Claim(
            "Fig. 6.13",
            "The activation level of memorizing networks is higher than that of learning ones.",
            "curves",
            _higher_levels,
            control="networks trained on true labels for as long and by the same descent (fully trained)",
            note=ADAM,
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
        Claim("Fig. 6.13", "It then remains constant.", "curves of three distances", _constant, note=ADAM),
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
            f"By true labels both distances increase as well, the second slightly. {CHANGES}",
            "curves",
            _true_labels,
            note=f"cosine distance; {ADAM}",
        ),
        Claim(
            "p. 97",
            "Networks generalize because they bring rows of one class closer; then a network that generalizes as well "
            f"does so, too. {CHANGES}",
            "no number",
            _generalizes,
            control="networks trained on true labels without early stopping (fully trained)",
            note="cosine distance; a common occurrence, not a cause",
        ),
    ],
    "6.4.4 Summary": [
        Claim(
            "p. 98",
            f"Memorizing networks drive rows of one class apart, up to the last hidden layer. {CHANGES}",
            "no number",
            _enhanced,
            note=f"cosine distance; {ADAM}; memorizing on MNIST is our addition, on two networks and 6,000 rows",
        ),
        Claim(
            "p. 98",
            "The measures tell memorizing networks from learning ones. Measured: the inner-class deviation of the "
            "first layer over that of the input.",
            "curves",
            _detected,
            control="networks trained on true labels for as long and by the same descent (fully trained)",
            note="this ratio was chosen after both data sets had been seen; four draws of rows and shuffled labels, of "
            f"five networks each, count as four; {ADAM}",
            method=METHOD,
        ),
    ],
}
