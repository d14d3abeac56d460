"""Chapter 6 once more: networks that memorize by the descent of the thesis; written before its run was kept."""

import numpy as np

from experiments.claims.claim import Claim
from experiments.claims.papers.thesis.deviations import CHANGES, MARGIN, METHOD
from experiments.claims.papers.thesis.limits import limits
from experiments.claims.papers.thesis.records import DISTANCES, above, below, change
from experiments.claims.rules import Control, Number, Part, over_networks

AS_THERE = "Trained as in the thesis, by plain descent with a rate of .01:"
CONTROL = "networks trained on true labels by the same descent until they fit them (fully trained)"


def _layers(records, kind, field="inner", metric="cosine"):
    """A deviation, or the activation level, of the input and every hidden layer: [layers, networks]."""
    return np.array(limits(records, "jumps", "descent")["deviation"][metric][kind][field])


def _accuracy(records, rows):
    return over_networks(limits(records, "jumps", "descent")["accuracy"]["memorizing"][rows])


def _higher(records):
    low, full, high = (_layers(records, kind, "level")[1:] for kind in ("learning", "fully trained", "memorizing"))
    return [
        above("over learning, least of all layers", over_networks((high / low - 1).min(axis=0))),
        Part(
            "jumps, as in the thesis, activity beside fully trained",
            over_networks((high / full - 1).min(axis=0)),
            Control(0.1),
        ),
    ]


def _climbs(records):
    full, memorizing = (change(_layers(records, kind), 0, 1) for kind in ("fully trained", "memorizing"))
    return [
        *(
            above(f"{metric}, change", over_networks(change(_layers(records, "memorizing", metric=metric), 0, 1)))
            for metric in DISTANCES
        ),
        Part(
            "jumps, as in the thesis, rise beside fully trained",
            over_networks(memorizing - full),
            Control(MARGIN),
        ),
    ]


def _constant(records):
    values = {metric: _layers(records, "memorizing", metric=metric) for metric in DISTANCES}
    return [
        Part(f"{metric}, last over first", over_networks(each[-1] / each[1]), Number(1.0, 0.1))
        for metric, each in values.items()
    ]


def _between_classes(records):
    return [
        above(
            f"{metric}, least step",
            over_networks(np.diff(_layers(records, "memorizing", "inter", metric), axis=0).min(axis=0)),
        )
        for metric in DISTANCES
    ]


def _true_labels(records):
    kind = "memorizing, true labels"
    return [
        above("inner, change", over_networks(change(_layers(records, kind), 0, 1))),
        above("inter, change", over_networks(change(_layers(records, kind, "inter")))),
    ]


DESCENT = {
    "6.2.2 Network structure": [
        Claim(
            "text",
            f"{AS_THERE} a network of four layers reaches 100% accuracy on shuffled labels.",
            "100%",
            lambda records: [
                Part("training accuracy", _accuracy(records, "training_labels"), Number(1.0, 0.001, better="higher"))
            ],
        ),
    ],
    "6.2.4 Averaged hidden layer activation": [
        Claim(
            "Fig. 6.4",
            f"{AS_THERE} a memorizing network fails on true labels.",
            "a heat map without a diagonal",
            lambda records: [below("held-out accuracy (chance .017)", _accuracy(records, "held_out"), 0.05)],
        ),
    ],
    '6.4.3 Insights on "memorizing network" with measurement-based analysis': [
        Claim(
            "Fig. 6.13",
            f"{AS_THERE} the activation level of memorizing networks is higher than that of learning ones.",
            "curves",
            _higher,
            control=CONTROL,
        ),
        Claim(
            "Fig. 6.13",
            f"{AS_THERE} in memorizing networks the distance between rows of one shuffled label climbs from the input "
            f"to the first layer. {CHANGES}",
            "curves of three distances",
            _climbs,
            control=CONTROL,
            method=METHOD,
        ),
        Claim(
            "Fig. 6.13",
            f"{AS_THERE} in memorizing networks this distance remains constant after the first layer.",
            "curves of three distances",
            _constant,
        ),
        Claim(
            "Fig. 6.13",
            f"{AS_THERE} in memorizing networks the distance between classes increases from layer to layer.",
            "curves of three distances",
            _between_classes,
        ),
        Claim(
            "Fig. 6.14",
            f"{AS_THERE} by true labels, too, rows of one class move apart, and classes slightly. {CHANGES}",
            "curves",
            _true_labels,
            note="cosine distance",
        ),
    ],
    "6.4.4 Summary": [
        Claim(
            "text",
            f"{AS_THERE} memorizing networks drive rows of one class apart, up to the last hidden layer. {CHANGES}",
            "no number",
            lambda records: [above("cosine, change", over_networks(change(_layers(records, "memorizing"))))],
            note="cosine distance",
        ),
    ],
}
