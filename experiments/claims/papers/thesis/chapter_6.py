"""Chapter 6: learning and memorizing networks."""

import numpy as np

from experiments.claims.claim import Claim
from experiments.claims.papers.thesis.chapter_6_descent import DESCENT
from experiments.claims.papers.thesis.chapter_6_learning import LEARNING
from experiments.claims.papers.thesis.chapter_6_memorizing import MEMORIZING
from experiments.claims.papers.thesis.deviations import ADAM
from experiments.claims.papers.thesis.limits import slow, soft
from experiments.claims.papers.thesis.records import above, below, neighbors, one
from experiments.claims.rules import Number, Part, over_networks

SAMPLE = "ten nearest neighbors in the layer itself, one network, 4,000 of 12,000 signals"


def _accuracy(records, kind, rows):
    return np.array(records["memorization_jumps"]["metrics"]["training"]["accuracy"][kind][rows])


def _between(records, figure, layer, kind="memorizing"):
    """The share of a layer's variance between classes of a network."""
    measured = records["memorization_jumps"]["metrics"]["averages"]["varies"][figure]
    return one(measured[kind][layer])


def _alike(records):
    return [
        below("last hidden layer", _between(records, "fig_6_3_training_labels", "relu3"), 0.1),
        above("output", _between(records, "fig_6_3_training_labels", "output"), 0.9),
    ]


def _stripes(records):
    memorizing, learning = (
        _between(records, "fig_6_4_true_labels", "relu3", kind) for kind in ("memorizing", "learning")
    )
    return [
        above("first hidden layer", _between(records, "fig_6_4_true_labels", "relu1"), 0.1),
        above("last hidden layer", _between(records, "fig_6_4_true_labels", "relu3"), 0.1),
        Part("last hidden layer over that of a learning network", one(memorizing.mean / learning.mean), Number(1, 0.2)),
    ]


def _looser(records):
    shares = [neighbors(records, "memorizing", layer) for layer in ("input", "relu1", "relu2", "relu3")]
    return [
        *(
            above(f"{name} minus next", one(before - after))
            for name, before, after in zip(("input", "layer 1", "layer 2"), shares, shares[1:], strict=False)
        ),
        below("last hidden layer", one(shares[-1]), 0.05),
    ]


def _regrouped(records):
    return [above("output", one(neighbors(records, "memorizing", "output", "training")), 0.9)]


def _kept(records):
    before, after = (neighbors(records, "learning", layer) for layer in ("input", "relu3"))
    return [Part("last hidden layer over input", one(after / before), Number(1.0, 0.1))]


_SECTIONS = {
    "6.1 Introduction": "an outline and an analogy",
    "6.2 Memorizing Randomized Noise labels": "only its subsections",
    "6.2.1 Input randomization": "definitions",
    "6.2.2 Network structure": [
        Claim(
            "text",
            "A network of four layers can be trained to 100% accuracy on shuffled labels.",
            "100%",
            lambda records: [
                Part(
                    "training accuracy",
                    over_networks(_accuracy(records, "memorizing", "training_labels")),
                    Number(1.0, 0.001, better="higher"),
                )
            ],
            note=ADAM,
        ),
        Claim(
            "text",
            "The training on shuffled labels is slow. Measured: its epochs until 99% of the rows are fitted, over "
            "those on true labels until the same or until the smallest validation loss.",
            "no number",
            slow,
            control="networks trained on true labels by the same descent",
        ),
    ],
    "6.2.3 Weights and biases": "it finds that the figures of the weights show nothing",
    "6.2.4 Averaged hidden layer activation": [
        Claim(
            "Fig. 6.3",
            "By shuffled labels, the mean activations of all classes are alike in hidden layers, and different in the "
            "output. Measured: the share of a layer's variance that is between classes.",
            "heat maps",
            _alike,
            note=f"one network; {ADAM}",
        ),
        Claim(
            "Fig. 6.4",
            "By true labels, mean activations differ as in learning networks, though the network has not learned the "
            "task. "
            "Measured: the share of a layer's variance that is between classes.",
            "heat maps",
            _stripes,
            note=f"one network; {ADAM}",
        ),
        Claim(
            "Fig. 6.4",
            "A memorizing network fails on true labels.",
            "a heat map without a diagonal",
            lambda records: [
                below(
                    "held-out accuracy (chance .017)", over_networks(_accuracy(records, "memorizing", "held_out")), 0.05
                )
            ],
            note=ADAM,
        ),
    ],
    "6.3 Visualization of Hidden Features with t-SNE": [
        Claim(
            "Fig. 6.5",
            "In a memorizing network signals with the same true position are less and less close from layer to layer, "
            "and spread evenly in the last hidden layer. Measured: the share of neighbors with the same position "
            "(1/60 by chance).",
            "t-SNE maps",
            _looser,
            note=f"{SAMPLE}; {ADAM}",
        ),
        Claim(
            "Fig. 6.5",
            "In the output of a memorizing network signals are grouped by the shuffled labels.",
            "a t-SNE map",
            _regrouped,
            note=f"{SAMPLE}; {ADAM}",
        ),
        Claim(
            "Fig. 6.6",
            "In a learning network the signals of the last hidden layer are as close as those of the input.",
            "t-SNE maps",
            _kept,
            note=SAMPLE,
        ),
        Claim(
            "text",
            "Soft answers, as a learning network gives them, contribute to its generalization. Measured: the held-out "
            "accuracy of networks trained on a learning network's soft answers minus that on its hard answers.",
            "no number",
            soft,
            control="networks trained on the hard answers of the same network",
            note="students and teachers trained as in the thesis, with early stopping; the margin is one point",
            method="soft answers of a learning network",
        ),
    ],
    **LEARNING,
    **MEMORIZING,
}
SECTIONS = {
    section: claims if isinstance(claims, str) else [*claims, *DESCENT.get(section, [])]
    for section, claims in _SECTIONS.items()
}
