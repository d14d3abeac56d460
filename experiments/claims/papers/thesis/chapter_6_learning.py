"""Sections 6.4.1 and 6.4.2: deviations in learning networks."""

from experiments.claims.claim import Claim
from experiments.claims.papers.thesis.deviations import (
    CHANGES,
    METHOD,
    MNIST,
    by_chance,
    rise,
    shrinking,
    smallest_step,
)
from experiments.claims.papers.thesis.records import (
    DISTANCES,
    above,
    below,
    one,
)
from experiments.claims.rules import Number, Part, over_networks


def _euclidean(records):
    inner = {"metric": "euclidean"}
    return [
        below("inner, input to first", rise(records, "jumps", "learning", 0, 1, **inner)),
        above("inner, first to last", rise(records, "jumps", "learning", 1, -1, **inner)),
        above("inter, least step", smallest_step(records, "jumps", "learning", field="inter", metric="euclidean")),
    ]


def _falls(records):
    return [
        *(below(f"{metric}, change", rise(records, "jumps", "learning", metric=metric)) for metric in DISTANCES),
        shrinking(records, "jumps", "jumps"),
        above(
            "fall beyond that of all pairs, one network",
            one(by_chance(records, "learning", 0, 0) - by_chance(records, "learning", 0, -1)),
        ),
    ]


LEARNING = {
    "6.4 Measuring Deviation of Hidden Features in MLPs": "only its subsections",
    "6.4.1 Methodology and testing on jump detection task": [
        Claim(
            "Fig. 6.7",
            "By Euclidean distance, rows of one class come closer in the first layer and then move apart; "
            f"classes move apart throughout. {CHANGES}",
            "curves",
            _euclidean,
        ),
        Claim(
            "Fig. 6.8",
            "The activation level increases from layer to layer.",
            "a curve",
            lambda records: [above("least step", smallest_step(records, "jumps", "learning", field="level"))],
        ),
        Claim(
            "Figs. 6.8, 6.9",
            "By distances that do not depend on the activation level, rows of one class come closer from the input to "
            f"the last hidden layer. {CHANGES}",
            "curves of three distances",
            _falls,
            control="the same networks before training, and pairs of rows of any class",
            method=METHOD,
        ),
        Claim(
            "Fig. 6.9",
            f"The distance between adjacent classes falls a little. {CHANGES}",
            "an overall drop, no clear tendency",
            lambda records: [below("cosine, change", rise(records, "jumps", "learning", field="inter"))],
        ),
    ],
    "6.4.2 Test on MNIST data": [
        Claim(
            "text",
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
            f"On MNIST, too, rows of one class come closer and the activation level increases. {CHANGES}",
            "curves",
            lambda records: [
                below("cosine, change", rise(records, "mnist", "learning")),
                above("level, least step", smallest_step(records, "mnist", "learning", field="level")),
                shrinking(records, "mnist", "MNIST"),
            ],
            control="the same networks before training",
            note=MNIST,
            method=METHOD,
        ),
        Claim(
            "Fig. 6.12",
            "On MNIST rows of one class come closer in the first layer already, by Euclidean distance as well. "
            f"{CHANGES}",
            "a sharp drop",
            lambda records: [
                below(f"{metric}, input to first", rise(records, "mnist", "learning", 0, 1, metric=metric))
                for metric in ("euclidean", "cosine")
            ],
            note=MNIST,
        ),
        Claim(
            "Fig. 6.12",
            f"On MNIST classes first come closer, and are farther apart in the end than in the input. {CHANGES}",
            "a curve",
            lambda records: [
                below("cosine, input to first", rise(records, "mnist", "learning", 0, 1, field="inter")),
                above("cosine, input to last", rise(records, "mnist", "learning", field="inter")),
            ],
            note=MNIST,
        ),
    ],
}
