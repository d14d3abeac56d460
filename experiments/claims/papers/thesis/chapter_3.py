"""Chapter 3: networks that locate a jump in a noisy signal, and their weights."""

import numpy as np

from experiments.claims.claim import Claim
from experiments.claims.papers.thesis.chapter_3_convolutions import CONVOLUTIONS
from experiments.claims.papers.thesis.inside_layers import histogram, learned_widths, located, stripes
from experiments.claims.papers.thesis.records import (
    CLASSICAL,
    FOUR,
    ONE,
    RESTRICTED,
    THREE,
    TWO,
    above,
    apart,
    detector,
    detector_error,
    errors,
    jumps,
    near,
    neighbors,
    one,
    worst,
)
from experiments.claims.rules import Control, Number, Part, over_networks

NOISE = "The thesis does not print the standard deviation of the noise; ours, 1, was chosen because its tables fit"
LOCATE = "networks that locate a jump, against a classical detector"
READ = "reading the weights of a network of one layer"
MARGIN = 0.05  # samples, a tenth of the classical detector's error


def _classical(records):
    whole, best = (detector_error(records, CLASSICAL, best) for best in (False, True))
    return [
        Part("mean |error|", whole, Number(0.5532, 0.06)),
        Part("mean |error|, best 99%", best, Number(0.4917, 0.05)),
    ]


def better(*names):
    """Parts: by how much networks have smaller errors than the classical detector at the same positions."""
    return lambda records: [
        Part(f"jumps, {name}", over_networks(detector(records, RESTRICTED) - errors(records, name)), Control(MARGIN))
        for name in names
    ]


def _widths(records):
    middle = {noise: np.mean(ends) for noise, ends in jumps(records)["detectors"]["best_widths"].items()}
    return [
        above("best width at noise .6 minus that at .2", one(middle["0.6"] - middle["0.2"])),
        Part("width over noise, at .6 against .3", one(middle["0.6"] / middle["0.3"] / 2), Number(1.0, 0.1)),
    ]


def _stopping(records):
    measured = jumps(records)["networks"]["overfitting"]
    loss = measured["validation_loss"]
    return [
        Part("best epoch", over_networks(errors(records, TWO, "best_epoch")), Number(131, 39)),
        Part("epoch without training error", one(measured["first_epoch_without_training_error"]), Number(1400, 420)),
        above("rise of the validation loss after its minimum", one(loss["last"] - loss["best"])),
    ]


def _outliers(records):
    classical = worst(*(detector(records, RESTRICTED, measure) for measure in ("l2", "l2_best")))
    network = worst(*(errors(records, TWO, measure) for measure in ("l2", "l2_best")))
    return [Part("jumps, worst 1% of the signals", over_networks(classical - network), Control(1.0))]


def _first_layer(records):
    sizes = jumps(records)["perceptrons"]["first_layer_mean_absolute_weight"]
    inside, outside = sizes["inputs 21 to 80"], sizes["other inputs"]
    return [above("|weight| inside over outside", one(inside / outside), 1.0)]


def _hidden(records):
    return [
        above(
            "share of units below 1% of the maximum", one(jumps(records)["perceptrons"]["hidden_units_hardly_active"])
        )
    ]


def _depth(records):
    two, three, four = (errors(records, name) for name in (TWO, THREE, FOUR))
    return [above("3 layers minus 2", apart(three, two)), above("4 layers minus 3", apart(four, three))]


def _local(records):
    share = jumps(records)["perceptrons"]["share_of_squared_weight_within_five_samples"]
    return [above("share of squared weights", one(share), 0.9)]


def _derivative(records):
    measured = jumps(records)["perceptrons"]["agreement_of_one_layer_weights_with"]
    trained, *controls = (
        np.array(jumps(records)["optimum"]["agreement"][name])
        for name in ("thesis-style", "untrained", "shuffled labels")
    )
    return [
        above("correlation with the classical filter", one(measured[CLASSICAL]), 0.5),
        Part("jumps, beside untrained", over_networks(trained - controls[0]), Control(0.1)),
        Part("jumps, beside shuffled labels", over_networks(trained - controls[1]), Control(0.1)),
    ]


SECTIONS = {
    "3.1 Introduction and Problem Description": [
        Claim(
            "Fig. 3.2",
            "The signals lie along a manifold of low dimension, ordered by the position of the jump. Measured: the "
            "share of the ten nearest neighbors with the same position (1/60 by chance).",
            "a t-SNE map",
            lambda records: [above("same position", one(neighbors(records, "learning", "input")), 0.1)],
            note="4,000 of the 12,000 signals, one sample",
        ),
    ],
    "3.2 Signal Processing Approach": "only its subsections",
    "3.2.1 Introduction": "definitions",
    "3.2.2 Theoretical Analysis": [
        Claim(
            "text",
            "A filter whose taps have one sign and the sum 1 reduces the noise; one with both signs need not.",
            "a proof",
            untested="follows from the equation for the variance; nothing is left to measure",
        ),
        Claim(
            "Fig. 3.5",
            "The best width of the classical filter grows with the noise, in proportion to it.",
            "curves for noise .1 to .6",
            _widths,
            note="one run of 20,000 signals for each level of noise; from .2 upwards, as at .1 many widths are equally "
            "good (seen before this choice)",
        ),
        Claim(
            "Fig. 3.5",
            "The more noise, the smaller the share of jumps that the best filter locates within one sample.",
            "curves for noise .1 to .6",
            located,
            note="jumps of height 1, as in the thesis; sets of 20,000 signals",
        ),
        Claim(
            "text",
            "A network finds the width of its filter by training, which the classical detector needs beforehand. "
            "Measured: the width of the classical filter that is most like the weights of a network of one layer, "
            "after training at noise .2 to .6 of the height of the jump.",
            "no number",
            learned_widths,
            control="the width that is best for the classical detector at the same noise",
        ),
    ],
    "3.2.3 Evaluation on the test data set": [
        Claim(
            "Table 3.1",
            "The classical detector misses the jump by about half a sample.",
            "0.5532; best 99%: 0.4917",
            _classical,
            note=f"{NOISE}; the spread is that over 60,000 test signals (thesis: 6,000)",
        ),
        Claim(
            "Fig. 3.7",
            "Most errors are 0 or 1, the largest is 58, and 99% are at most 2.",
            "a histogram",
            histogram,
            note=f"{NOISE}; sets of 6,000 signals, as in the thesis",
        ),
    ],
    "3.3 MLPs for Detection of Jump Location": "only definitions and its subsections",
    "3.3.1 MLP with one hidden layer": [
        Claim(
            "Table 3.2",
            "A network with one hidden layer has a mean |error| of 0.308 samples.",
            "0.3083",
            lambda records: [near("mean |error|", errors(records, TWO), 0.3083)],
            note=NOISE,
        ),
        Claim(
            "Table 3.2",
            "A network with one hidden layer locates jumps better than the classical detector.",
            "0.3083 against 0.5532",
            better(TWO),
            control="the classical detector with answers from 21 to 80 only, as networks have them",
            note="mean |error| of the classical detector less that of the network, in samples",
            method=LOCATE,
        ),
        Claim(
            "Fig. 3.9",
            "The validation loss is smallest after 131 epochs and then rises; the training error is 0 after 1,400.",
            "131 and 1,400 epochs",
            _stopping,
            note="of the last two one network",
        ),
        Claim(
            "Fig. 3.10",
            "Networks have no outlying errors as the classical detector has. Measured: the root mean square error of "
            "the worst 1% of the signals, in samples.",
            "largest error 12 against 58",
            _outliers,
            control="the classical detector with answers from 21 to 80 only",
            method=LOCATE,
        ),
    ],
    "3.3.2 Weights and biases": [
        Claim(
            "Fig. 3.11",
            "Weights from inputs outside 20 to 80, where no jump is, are much smaller.",
            "a heat map",
            _first_layer,
            control="before training all weights are of one size",
            note="one network",
        ),
    ],
    "3.3.3 Visualizing layer-wise class representation by averaging activations": [
        Claim(
            "Fig. 3.12",
            "The mean activity of a hidden unit varies gradually over a wide range of positions. Measured, of units "
            "that are active: the largest change from a position to the next over the unit's range, and the positions "
            "in a row at which it is above half of its range.",
            "a heat map",
            stripes,
            control="the same networks before training",
            method="mean activity of hidden units by position",
        ),
        Claim(
            "Fig. 3.12",
            "Some hidden units are almost never active, and many are redundant.",
            "a heat map",
            _hidden,
            note="one network; nothing was removed to test redundancy",
        ),
        Claim(
            "Table 3.3",
            "Mean |errors| of networks with one to four layers.",
            "0.3065, 0.3083, 0.3583, 0.3913",
            lambda records: [
                near(name, errors(records, name), published)
                for name, published in ((ONE, 0.3065), (TWO, 0.3083), (THREE, 0.3583), (FOUR, 0.3913))
            ],
            note=NOISE,
        ),
        Claim(
            "Table 3.3",
            "With one, three and four layers, too, networks locate jumps better than the classical detector.",
            "0.3065 to 0.3913 against 0.5532",
            better(ONE, THREE, FOUR),
            control="the classical detector with answers from 21 to 80 only",
            method=LOCATE,
        ),
        Claim("Table 3.3", "A third and a fourth layer increase the error.", "+0.050 and +0.033", _depth),
        Claim(
            "Fig. 3.14",
            "Only weights near the jump have significant values. Measured: the share of the squared weights that is "
            "within five samples.",
            "a heat map",
            _local,
            note="one network",
        ),
        Claim(
            "Figs. 3.14 to 3.16",
            "The weights of one layer are a smoothed first derivative, like the classical filter. Measured: the "
            "correlation of weights without their mean over classes, with the classical filter, and with the optimal "
            "weights beside networks that have not learned the task.",
            "figures",
            _derivative,
            control="weights of untrained networks, and of networks trained on shuffled labels",
            note="the correlation with the classical filter is of one network",
            method=READ,
        ),
    ],
    **CONVOLUTIONS,
}
