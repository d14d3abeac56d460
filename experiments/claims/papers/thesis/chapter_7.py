"""Chapter 7: conclusion."""

import numpy as np

from experiments.claims.claim import Claim
from experiments.claims.papers.thesis.chapter_4 import order_by_width, table
from experiments.claims.papers.thesis.chapter_5 import ASCENT, ascents
from experiments.claims.papers.thesis.inside_layers import STUDY, abrupt, converged_bottleneck, ordered
from experiments.claims.papers.thesis.limits import OURS, deeper, measures, nearest, steps
from experiments.claims.papers.thesis.records import (
    CNN,
    FOUR,
    ONE,
    THREE,
    TWO,
    above,
    apart,
    below,
    detector,
    errors,
    jumps,
    one,
)
from experiments.claims.rules import Control, Number, Part, over_networks

OPTIMUM = "optimum, mode"


def _best(records):
    return [
        above(f"{number} convolutions minus {name}", apart(errors(records, CNN[number]), errors(records, name)))
        for number in (2, 3)
        for name in (ONE, TWO)
    ]


def _room(records):
    optimum = detector(records, OPTIMUM)
    fresh = np.array(jumps(records)["optimum"]["fresh"]["l1"])
    return [
        above("1 layer over the optimum", over_networks(errors(records, ONE) / optimum), 1.1),
        above("4 layers over the optimum", over_networks(errors(records, FOUR) / optimum), 1.1),
        above("4 layers minus 1 layer", apart(errors(records, FOUR), errors(records, ONE))),
        below("1 layer on fresh signals over the optimum", over_networks(fresh / optimum), 1.05),
    ]


def _reliability(records):
    absolute, square = (order_by_width(records, "shallow", measure) for measure in ("l1", "l2"))
    return [above("shallow bottlenecks", over_networks(square - absolute))]


def _probes(records):
    predicted = records["gradient_ascent_jumps"]["metrics"]["observer"]["probes"]["predicted"]
    kinds = "2 layers, as in the thesis", "30,000 steps", "exact posterior"
    network, near_optimal, posterior = (np.mean([each == [50] for each in predicted[kind]]) for kind in kinds)
    return [
        above("share at 50", one(network), 0.99),
        Part("jumps, answers to Fig. 7.1 beside the exact posterior", one(network - posterior), Control(0.1)),
        Part("jumps, answers to Fig. 7.1 beside a near-optimal network", one(network - near_optimal), Control(0.1)),
    ]


def _depth(records):
    single = ascents(records, ONE, "correct_lanes")
    return [
        Part(f"1 layer minus {name}", apart(single, ascents(records, name, "correct_lanes")), Number(0.0, 0.05))
        for name in (TWO, THREE, FOUR)
    ]


def _narrow(records):
    if STUDY not in records:
        return table({("shallow", 2): 1.5486, ("deep", 2): 0.9830})(records)
    return [converged_bottleneck(records), *table({("deep", 2): 0.9830})(records)]


SECTIONS = {
    "7.1 About the Jump Detection Task": [
        Claim(
            "Table 7.1",
            "Mean |errors| of networks with a bottleneck of two units.",
            "1.5486 (shallow), 0.9830 (deep)",
            _narrow,
            note="100-2-60 until converged: trained until it no longer improves; the others for at most 2,000 epochs, "
            "when 100-2-60 is still improving; the last number of the published table, 0.2621, is impossible beside a "
            "mean |error| of 0.9542",
        ),
        Claim(
            "Table 7.1",
            "Networks of one and two layers are better than all others.",
            "0.3065 and 0.3083 against 0.3213 or more",
            _best,
        ),
        Claim(
            "text",
            "There is room for improvement, most in deeper networks.",
            "no number; the optimum is not computed",
            _room,
            control="a network of one layer that is trained on fresh signals at every step: if it reaches the optimum, "
            "training is missing and not a better network",
            note="mean |error| of the network over that of the optimum; room where the ratio is above 1",
        ),
        Claim(
            "text",
            "The root mean square error is a less reliable measure than the mean |error|. Measured: its rank "
            "correlation with the width of the bottleneck minus that of the mean |error|.",
            "a curve with an outlier",
            _reliability,
        ),
        Claim(
            "text",
            "Dropout and batch normalization would help deeper networks. Measured: the share of the mean |error| that "
            "they remove.",
            "no number",
            deeper,
            control="the same networks without them",
            note="trained as in the thesis, with early stopping; a rate of dropout of 0.2 is our choice",
        ),
    ],
    "7.2 Towards a Final Conclusion: Principal Subpatterns and Generalization": [
        Claim(
            "Fig. 7.1",
            "Networks learn the principal pattern, the largest rise: they call signals that share nothing else with "
            "those of the training a jump there. Measured: the share of eight signals with their largest rise at 50 "
            "that are answered with 50.",
            "all signals of the figure",
            _probes,
            control="the exact posterior, and a network that is nearly optimal",
            note="the first network of each kind; signals of our own, as the figure's are not given",
            method=ASCENT,
        ),
        Claim(
            "text",
            "Networks of several layers learn the position of the largest rise as well as those of one. Measured: the "
            "share of learned inputs with their largest rise at the position.",
            "no number",
            _depth,
        ),
        Claim(
            "text",
            "Memorizing takes many more steps than learning. Measured: the ratio of epochs, many if above 2.",
            "no number",
            steps,
            control="networks trained on true labels by the same descent",
            note=f"'as in the thesis': plain descent with a rate of .01; the others {OURS}",
        ),
        Claim(
            "Fig. 7.3",
            "Memorizing networks answer with the label of the nearest signal. Measured: the share of new signals "
            "answered with the training label of the signal that is nearest in the last hidden layer.",
            "a drawing",
            nearest,
            control="the label of any training signal (chance)",
            note=OURS,
            method="nearest training signals of memorizing networks",
        ),
    ],
    "7.3 Future Work": [
        Claim(
            "text",
            "Memorizing networks regroup signals by their shuffled labels in the output layer only, at once. Measured: "
            "the share of ten nearest neighbors with the same label (1/60 by chance).",
            "t-SNE maps",
            abrupt,
            note="4,000 of 12,000 signals; Adam (thesis: plain gradient descent)",
        ),
        Claim(
            "text",
            "Learning networks keep positions in order up to the last hidden layer; only the output takes them apart. "
            "Measured: the rank correlation of the distance of two positions' mean activities with that of the "
            "positions, in networks of four layers.",
            "t-SNE maps",
            ordered,
            control="the same networks before training, whose hidden layers keep the order of the input too",
            method="order of positions in hidden layers",
        ),
        Claim(
            "text",
            "Sensitivity of the loss, density of decision boundaries, and time to converge by size differ between "
            "learning and memorizing networks.",
            "reported of Arpit et al.",
            measures,
            control="networks trained on true labels",
            note=f"on training labels, and on held-out rows for decision boundaries; {OURS}",
        ),
    ],
}
