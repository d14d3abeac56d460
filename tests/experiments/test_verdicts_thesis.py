"""Every measured claim of the thesis: made-up records flip the verdicts of its parts, and single numbers come out.

`AS_CLAIMED` changes kept records so that every claim holds. Each further change flips the parts named by letters.
"""

import copy

import numpy as np
import pytest

from experiments.claims.papers.thesis import PAPER
from experiments.claims.papers.thesis.inside_layers import STUDY
from experiments.claims.papers.thesis.records import CLASSICAL, CNN, FOUR, ONE, RESTRICTED, THREE, TWO
from experiments.claims.rules import EXPLAINED, FAILS, HOLDS, UNDECIDED, Estimate
from tests.experiments.ledger import assessed
from tests.experiments.test_claims_layers import OPPOSITE
from tests.experiments.test_claims_thesis_limits import CLAIMS as LIMITS

VERDICTS = {"H": HOLDS, "F": FAILS, "E": EXPLAINED, "U": UNDECIDED}
ONE_SEEN, TWO_SEEN = "1 layer, as in the thesis", "2 layers, as in the thesis"
TRUE_LABELS = "memorizing, true labels"
EUCLIDEAN = "normalized euclidean"


def _net(name, measure="l1"):
    return f"jump_detection/networks/networks/{name}/{measure}"


def _detector(name, measure="l1"):
    return f"jump_detection/detectors/errors/{name}/{measure}"


def _taps(share, *numbers):
    return {f"jump_detection/convolutions/lengths/{number}/smoothing_share": share for number in numbers}


def _first_filter(number):
    return f"jump_detection/convolutions/rectified/{CNN[number]}, linear/smoothing_share"


def _weights(name):
    return f"jump_detection/optimum/agreement/{name}"


def _narrow(kind, width, measure="l1"):
    return f"bottleneck/widths/networks/{f'100-{width}-60' if kind == 's' else f'100-25-{width}-25-60'}/{measure}"


def _by_width(kind, measure, values):
    return {_narrow(kind, width, measure): value for width, value in zip(range(2, 11), values, strict=True)}


def _share(case, rate):
    return {f"bottleneck/embedding/{case}/{name}": rate * by for name, by in (("rate", 1), ("successes", 10_000_000))}


def _start(units, name):
    return f"bottleneck/starts/100-{units}-60/final_loss/{name}"


def _ascent(name, measure="correct_lanes"):
    return f"gradient_ascent_jumps/classes/classes/{name}/{measure}"


def _seen(kind, measure="plateau"):
    return f"gradient_ascent_jumps/observer/ascent/{kind}/{measure}"


def _layers(kind, field="inner", metric="cosine", data="jumps"):
    return f"memorization_{data}/deviations/deviation/{metric}/{kind}/{field}"


def _mnist(field="inner", metric="cosine", kind="learning"):
    return _layers(kind, field, metric, "mnist")


def _accuracy(kind, rows, data="jumps"):
    return f"memorization_{data}/training/accuracy/{kind}/{rows}"


def _ratios(kind):
    return f"memorization_jumps/discrimination/ratios/{kind}"


FRESH, OPTIMUM = "jump_detection/optimum/fresh/l1", _detector("optimum, mode")
UNTRAINED, MNIST_UNTRAINED = (
    f"memorization_{data}/dynamics/deviation/fully trained/inner/0" for data in ("jumps", "mnist")
)
FALLING, RISING = [1.5486, 1.5486, 1.1626, 0.85, 0.84, 0.83, 0.82, 0.798, 0.798], [1, 1, 2, 3, 4, 5, 6, 7, 7]
OTHERS = "pseudo-inverse of other classes"

AS_CLAIMED = {
    _detector(CLASSICAL): 0.5532, _detector(CLASSICAL, "l1_best"): 0.4917, OPTIMUM: 0.17, FRESH: 0.173,
    _net(ONE): 0.3065, _net(TWO): 0.3083, _net(THREE): 0.3583, _net(FOUR): 0.3913,
    _net(CNN[1]): 0.3248, _net(CNN[2]): 0.3213, _net(CNN[3]): 0.3458,
    _net(ONE, "l2"): 0.8043, **{_net(name, "l2"): 0.77 for name in CNN.values()},
    _net(TWO, "l2"): 0.75, _net(TWO, "l2_best"): 0.62, _net(TWO, "best_epoch"): 131,
    _weights("thesis-style"): 0.6, _weights("untrained"): 0.0, _weights("shuffled labels"): 0.0,
    **_taps(0.95, 3, 4, 5, 6), **_taps(0.2, 7), **_taps(1, 8, 9, 10, 11),
    _first_filter(2): 0.9, _first_filter(3): 0.9,
    **_by_width("s", "l1", FALLING), **_by_width("s", "l2", RISING), **_by_width("s", "dead", [0] * 9),
    **_by_width("d", "l1", [0.983, 0.8, 0.7, 0.66, 0.68, 0.66, 0.65, 0.64, 0.6478]),
    **{_narrow("d", width, "dead"): 1 for width in (6, 9, 10)},
    **{_start(units, name): loss for units in (2, 10) for name, loss in (("default", 2), (OTHERS, 1.5))},
    **{_start(units, "pseudo-inverse"): 1 for units in (2, 10)},
    _ascent(ONE): 0.93, _ascent(TWO): 0.93, _ascent(THREE): 0.92, _ascent(FOUR): 0.89, _ascent(FOUR, "converged"): 0.99,
    _ascent(ONE, "correct_means"): 0.95, _ascent(FOUR, "correct_means"): 0.85,
    **{_ascent(name): 0.95 for name in CNN.values()},
    _seen(ONE_SEEN, "correct_lanes"): 0.9, _seen("untrained", "correct_lanes"): 0.1,
    _seen(ONE_SEEN): 0.1, _seen(TWO_SEEN): 0.1, _seen("30,000 steps"): 0.5, _seen("exact posterior"): 0.9,
    _accuracy("memorizing", "training_labels"): 1, _accuracy("memorizing", "held_out"): 0.02,
    _accuracy("fully trained", "held_out"): 0.7, _accuracy("learning", "held_out"): 0.7,
    _layers("learning", "inner", EUCLIDEAN): [1, 0.8, 0.8, 0.8], _layers("learning", "level", EUCLIDEAN): [1, 1, 2, 3],
    _layers("learning", "inter", EUCLIDEAN): [1, 1, 1, 1], _layers("learning", "inter"): [1, 1, 1, 0.9],
    **{_layers("learning", metric=name): [1, 0.9, 0.7, 0.5] for name in ("cosine", "correlation")},
    _layers("fully trained"): [1, 0.9, 0.8, 0.7], UNTRAINED: [1, 1, 1, 1],
    **{_layers(kind, "level"): [1, 2, 3, 4] for kind in ("learning", "fully trained")},
    **{_layers("memorizing", metric=name): [0.3, 0.6, 0.6, 0.61] for name in (EUCLIDEAN, "cosine", "correlation")},
    **{_layers("memorizing", "inter", name): [1, 2, 3, 4] for name in (EUCLIDEAN, "cosine", "correlation")},
    _layers("memorizing", "level"): [1, 3, 4.5, 6],
    _layers(TRUE_LABELS): [1, 1.2, 1.3, 1.4], _layers(TRUE_LABELS, "inter"): [1, 1, 1, 1.1],
    _ratios("memorizing"): 1.6, _ratios("fully trained"): 1.1,
    _accuracy("learning", "held_out", "mnist"): 0.9807, MNIST_UNTRAINED: [1, 1, 1, 1, 1],
    _mnist(): [1, 0.8, 0.6, 0.4, 0.2], _mnist("inter"): [1, 0.8, 1, 1.5, 2], _mnist("level"): [1, 2, 3, 4, 5],
    _mnist("inner", EUCLIDEAN): [1, 0.7, 0.5, 0.4, 0.3], _mnist("level", EUCLIDEAN): [1, 1, 1, 1, 1],
    _mnist(kind="memorizing"): [1, 1.2, 1.3, 1.4, 1.5],
}  # fmt: skip

DETECTORS = {
    "The classical detector misses the jump": [
        ({_detector(CLASSICAL): 0.7}, "FH"),
        ({_detector(CLASSICAL, "l1_best"): 0.3}, "HF"),
        ({_detector(CLASSICAL, "l2"): 100}, "UH"),
        ({_detector(CLASSICAL, "l2_best"): 100}, "HU"),
    ],
    "A network with one hidden layer has": [({_net(TWO): error}, "F") for error in (0.2, 0.4)],
    "The validation loss is smallest after": [({_net(TWO, "best_epoch"): epoch}, "FUU") for epoch in (50, 200)],
    "Networks have no outlying errors": [
        ({_net(TWO, "l2"): 1.04, _net(TWO, "l2_best"): 0.7335}, "E"),
        ({_net(TWO, "l2"): 1.04, _net(TWO, "l2_best"): 1.0}, "H"),
        ({_detector(RESTRICTED, "l2"): 0.8}, "E"),
        ({_detector(RESTRICTED, "l2_best"): 1.0}, "E"),
    ],
    "Mean |errors| of networks with one to four": [
        ({_net(ONE): 0.4}, "FHHH"), ({_net(TWO): 0.4}, "HFHH"),
        ({_net(THREE): 0.3}, "HHFH"), ({_net(FOUR): 0.3}, "HHHF"),
    ],
    "With one, three and four layers, too": [
        ({_net(ONE): 0.5}, "EHH"), ({_net(THREE): 0.5}, "HEH"), ({_net(FOUR): 0.5}, "HHE"),
        ({_detector(RESTRICTED): 0.3}, "EEE"),
    ],
    "A third and a fourth layer increase": [
        ({_net(TWO): 0.38}, "FH"), ({_net(THREE): 0.3}, "FH"), ({_net(THREE): 0.5}, "HF"), ({_net(FOUR): 0.3}, "HF"),
    ],
    "The weights of one layer are a smoothed": [
        ({_weights("thesis-style"): 0.0}, "UEE"),
        ({_weights("untrained"): 0.55}, "UEH"), ({_weights("shuffled labels"): 0.55}, "UHE"),
    ],
    "A single filter of 7 taps both": [(_taps(0.9, 7), "F")],
    "Filters of fewer than 7 taps only": [
        (_taps(0.7, 5), "FH"), (_taps(0.4, 5), "FF"),
        *((_taps(0.4, number), "HF") for number in (3, 4, 6)),
        *((_taps(0.4, 3) | _taps(0, number), "HH") for number in (7, 8, 9, 10, 11)),
    ],
    "The first of two filters smooths": [({_first_filter(2): 0.5}, "FU")],
    "The first two filters do the same": [
        ({_first_filter(3): 0.5}, "FUH"), ({_net(CNN[3]): 0.4}, "HUF"), ({_net(CNN[2]): 0.4}, "HUF"),
    ],
    "Mean |errors| of networks with one to three": [
        ({_net(CNN[1]): 0.4}, "FHH"), ({_net(CNN[2]): 0.4}, "HFH"), ({_net(CNN[3]): 0.3}, "HHF"),
    ],
    "All CNNs locate jumps better": [
        ({_net(CNN[1]): 0.5}, "EHH"), ({_net(CNN[2]): 0.5}, "HEH"), ({_net(CNN[3]): 0.5}, "HHE"),
        ({_detector(RESTRICTED): 0.3}, "EEE"),
    ],
    "Two convolutions are best and three are": [
        ({_net(CNN[1]): 0.31}, "FHH"), ({_net(CNN[2]): 0.36}, "FFH"), ({_net(CNN[3]): 0.3}, "HFF"),
    ],
    "A single layer has a smaller mean": [
        ({_net(ONE): 0.4}, "FH"), ({_net(CNN[3]): 0.2}, "FH"),
        ({_net(ONE, "l2"): 0.7}, "HF"), ({_net(CNN[1], "l2"): 1.0}, "HF"),
    ],
    "Networks of one and two layers are better": [
        ({_net(ONE): 0.33}, "FH"), ({_net(TWO): 0.33}, "HF"), ({_net(CNN[2]): 0.3}, "FF"),
    ],
    "There is room for improvement": [
        ({_net(ONE): 0.17}, "FHH"), ({_net(FOUR): 0.17}, "HFH"), ({FRESH: 0.2}, "HHF"), ({OPTIMUM: 0.3}, "FHH"),
    ],
    "Mean |errors| of networks with a bottleneck of p": [
        ({_narrow("s", 10): 1}, "FHHH"), ({_narrow("s", 4): 1}, "HFHH"),
        ({_narrow("d", 10): 0.5}, "HHFH"), ({_narrow("d", 4): 0.5}, "HHHF"),
    ],
    "Mean |errors| of networks with a bottleneck of two": [
        ({_narrow("s", 2): 2}, "FH"), ({_narrow("d", 2): 0.8}, "HF"),
    ],
    "Errors are larger than those of networks with as many": [
        ({_narrow("s", 10): 0.3}, "FH"), ({_net(TWO): 0.9}, "FH"),
        ({_narrow("d", 10): 0.3}, "HF"), ({_net(FOUR): 0.9}, "HF"),
    ],
    "Errors are larger than that of the classical": [
        ({_narrow("s", 10): 0.5}, "FHHH"), ({_narrow("s", 4): 0.5}, "HFHH"),
        ({_narrow("d", 10): 0.5}, "HHFH"), ({_narrow("d", 4): 0.5}, "HHHF"), ({_detector(CLASSICAL): 0.75}, "HHFF"),
    ],
    "In shallow networks every further unit": [(_by_width("s", "l1", RISING), "F")],
    "The root mean square error is a less reliable": [
        (_by_width("s", "l2", FALLING) | _by_width("s", "l1", RISING), "F"),
    ],
    "Deep bottleneck networks have smaller": [
        ({_narrow("s", 10): 0.6}, "FHH"), ({_narrow("d", 10): 0.9}, "FHH"), ({_narrow("s", 4): 0.6}, "HFH"),
        ({_narrow("d", 4): 1.2}, "HFH"), ({_narrow("s", 2): 0.9}, "HHF"), ({_narrow("d", 2): 1.6}, "HHF"),
    ],
    "Deep networks have units in the bottleneck": [
        ({_narrow("d", width, "dead"): 0 for width in (6, 9, 10)}, "FH"),
        (_by_width("s", "dead", [1] * 9), "HF"),
    ],
    "As units die, the error of deep networks": [
        ({_narrow("d", 5): 0.7}, "FH"), ({_narrow("d", 6): 0.6}, "FH"),
        ({_narrow("d", 9): 0.7}, "HF"), ({_narrow("d", 10): 0.6}, "HF"),
    ],
    "More than about five units do not": [
        ({_narrow("s", 5): 1}, "FH"), ({_narrow("s", 10): 0.7}, "FH"),
        ({_narrow("d", 5): 0.8}, "HF"), ({_narrow("d", 10): 0.5}, "HF"),
    ],
    "The pseudo-inverse separates 10 random points": [
        (_share("dimensions/2, 10", 1e-4), "FH"), (_share("dimensions/10, 50", 0.05), "HF"),
    ],
    "The probability falls with the number of points": [
        (_share(f"dimensions/{case}", rate), letters)
        for case, rate, letters in (
            ("2, 10", 0.95, "FHHHHH"), ("4, 20", 0.95, "HFHHHF"), ("6, 30", 0.95, "HHFHHH"), ("8, 40", 0.95, "HHHFHH"),
            ("10, 50", 0.95, "HHHHFH"), ("8, 16", 0.01, "HHHFHH"), ("8, 40", 1e-6, "HHHHHF"),
        )
    ],
    "Points with a minimum distance are separated": [
        (_share(f"separations/{case}", rate), letters)
        for case, rate, letters in (
            ("0, 5", 0.2, "FHHH"), ("0.1, 5", 0.3, "HFHH"), ("0.2, 5", 0.1, "HFHH"),
            ("0, 8", 0.01, "HHFH"), ("0.1, 8", 0.01, "HHHF"), ("0.2, 8", 1e-4, "HHHF"),
        )
    ],
    "An output layer that starts from the pseudo-inverse": [
        ({_start(10, "default"): 0.5}, "FHHH"), ({_start(10, OTHERS): 1.0}, "HEHH"),
        ({_start(2, "default"): 0.5}, "HHFH"), ({_start(2, OTHERS): 1.0}, "HHHE"),
        ({_start(2, "pseudo-inverse"): 3}, "HHFE"),
    ],
}  # fmt: skip

ASCENTS = {
    "Inputs that maximize a position": [
        ({_ascent(ONE): 0.8}, "FH"),
        ({_seen(ONE_SEEN, "correct_lanes"): 0.15}, "HE"), ({_seen("untrained", "correct_lanes"): 0.85}, "HE"),
    ],
    "Networks of four layers answer": [({_ascent(FOUR, "converged"): 0.9}, "F")],
    "In deeper networks such inputs are less clear": [
        ({_ascent(ONE): 0.8}, "FHH"), ({_ascent(FOUR): 0.92}, "HFH"),
        ({_ascent(ONE, "correct_means"): 0.85}, "HHE"), ({_ascent(FOUR, "correct_means"): 0.94}, "HHE"),
    ],
    "What holds for perceptrons holds for CNNs": [
        ({_ascent(CNN[1]): 0.8}, "FHH"), ({_ascent(CNN[2]): 0.8}, "HFH"), ({_ascent(CNN[3]): 0.8}, "HHF"),
    ],
    "Learned inputs have a rise without a plateau": [
        ({_seen(ONE_SEEN): 0.8}, "FHEE"), ({_seen(TWO_SEEN): 0.8}, "HFHH"),
        ({_seen("exact posterior"): 0.2}, "HHEH"), ({_seen("30,000 steps"): 0.2}, "HHHE"),
    ],
    "Networks of several layers learn the position": [
        ({_ascent(TWO): 0.8}, "FHH"), ({_ascent(THREE): 0.8}, "HFH"), ({_ascent(FOUR): 0.8}, "HHF"),
        ({_ascent(ONE): 0.99}, "FFF"),
    ],
}  # fmt: skip

MEMORIZING = {
    "A network of four layers can be trained": [({_accuracy("memorizing", "training_labels"): 0.99}, "F")],
    "A memorizing network fails on true labels": [({_accuracy("memorizing", "held_out"): 0.1}, "F")],
    "By Euclidean distance, rows of one class": [
        ({_layers("learning", "inner", EUCLIDEAN): [1, 1.2, 0.8, 0.8]}, "FHH"),
        ({_layers("learning", "inner", EUCLIDEAN): [1, 0.8, 0.8, 0.1]}, "HFH"),
        ({_layers("learning", "inter", EUCLIDEAN): [1, 1, 1, 0.1]}, "HHF"),
        ({_layers("learning", "level", EUCLIDEAN): [1, 1, 2, 0.5]}, "HFF"),
    ],
    "The activation level increases": [({_layers("learning", "level"): [1, 2, 1.9, 4]}, "F")],
    "By distances that do not depend on the activation": [
        ({_layers("learning", "inner", EUCLIDEAN): [1, 0.8, 0.8, 1.1]}, "FHHHU"),
        ({_layers("learning"): [1, 0.9, 0.7, 1.1]}, "HFHEU"),
        ({_layers("learning", "inner", "correlation"): [1, 0.9, 0.7, 1.1]}, "HHFHU"),
        ({UNTRAINED: [1, 1, 1, 0.5]}, "HHHEU"),
    ],
    "The distance between adjacent classes falls": [({_layers("learning", "inter"): [1, 0.9, 0.9, 1.1]}, "F")],
    "A network of five layers of 784 units": [
        ({_accuracy("learning", "held_out", "mnist"): value}, "F") for value in (0.93, 1)
    ],
    "On MNIST, too, rows of one class come closer": [
        ({_mnist(): [1, 0.8, 0.6, 0.4, 1.2]}, "FHE"), ({_mnist("level"): [1, 2, 3, 2.5, 5]}, "HFH"),
        ({MNIST_UNTRAINED: [1, 1, 1, 1, 0.2]}, "HHE"),
    ],
    "On MNIST rows of one class come closer in the first": [
        ({_mnist("inner", EUCLIDEAN): [1, 1.2, 0.5, 0.4, 0.3]}, "FH"), ({_mnist(): [1, 1.2, 0.6, 0.4, 0.2]}, "HF"),
        ({_mnist("level", EUCLIDEAN): [1, 2, 1, 1, 1]}, "FH"),
    ],
    "On MNIST classes first come closer": [
        ({_mnist("inter"): [1, 1.2, 1, 1.5, 2]}, "FH"), ({_mnist("inter"): [1, 0.8, 1, 1.5, 0.5]}, "HF"),
    ],
    "The activation level of memorizing networks": [
        ({_layers("memorizing", "level"): [9, 3, 2.7, 6]}, "FE"), ({_layers("learning", "level"): [1, 4, 3, 4]}, "FH"),
        ({_layers("fully trained", "level"): [1, 2, 3, 5.9]}, "HE"),
    ],
    "In memorizing networks the distance between rows": [
        ({_layers("memorizing", "inner", EUCLIDEAN): [0.6, 0.5, 0.9, 0.9]}, "FHHH"),
        ({_layers("memorizing"): [0.6, 0.5, 0.9, 0.9]}, "HFHE"),
        ({_layers("memorizing", "inner", "correlation"): [0.6, 0.5, 0.9, 0.9]}, "HHFH"),
        ({_layers("fully trained"): [1, 2, 0.8, 0.7]}, "HHHE"),
    ],
    "In memorizing networks this distance remains": [
        ({_layers("memorizing", "inner", EUCLIDEAN): [0.3, 0.6, 0.6, 0.9]}, "FHH"),
        ({_layers("memorizing"): [0.3, 0.6, 0.6, 0.9]}, "HFH"),
        ({_layers("memorizing", "inner", "correlation"): [0.3, 0.6, 0.6, 0.3]}, "HHF"),
    ],
    "In memorizing networks the distance between classes": [
        ({_layers("memorizing", "inter", EUCLIDEAN): [1, 3, 2, 4]}, "FHHU"),
        ({_layers("memorizing", "inter"): [1, 3, 2, 4]}, "HFHU"),
        ({_layers("memorizing", "inter", "correlation"): [1, 3, 2, 4]}, "HHFU"),
    ],
    "By true labels, too, rows of one class move apart": [
        ({_layers(TRUE_LABELS): [1, 0.9, 1.3, 1.4]}, "FH"), ({_layers(TRUE_LABELS, "inter"): [1, 2, 2, 0.9]}, "HF"),
    ],
    "Networks generalize because": [
        ({_layers("learning"): [1, 0.9, 0.7, 1.1]}, "FHH"), ({_layers("fully trained"): [1, 0.9, 0.8, 1.1]}, "HFH"),
        ({_accuracy("fully trained", "held_out"): 0.6}, "HHF"), ({_accuracy("learning", "held_out"): 0.8}, "HHF"),
    ],
    "Memorizing networks drive rows of one class apart": [
        ({_layers("memorizing"): [0.3, 0.6, 0.6, 0.2]}, "FH"),
        ({_mnist(kind="memorizing"): [1, 1.2, 1.3, 1.4, 0.5]}, "HF"),
    ],
    "The measures tell memorizing networks": [
        ({_ratios("memorizing"): 1.1}, "E"), ({_ratios("fully trained"): 1.6}, "E"),
    ],
}  # fmt: skip

TABLES = (
    (("jump_detection", "bottleneck"), DETECTORS),
    (("gradient_ascent_jumps",), ASCENTS),
    (("memorization_jumps", "memorization_mnist"), MEMORIZING),
)

IMAGES = [f"gradient_ascent_{data}/images/regularizers" for data in ("digits", "mnist")]
BETWEEN, NEAR = "memorization_jumps/averages/varies", "memorization_jumps/embedding/neighbors"
WIDTHS, READ = "jump_detection/detectors/best_widths", "jump_detection/perceptrons"
FILTERS, FITS = "jump_detection/convolutions", "jump_detection/networks/overfitting"
STAGE, ANSWERS = f"gradient_ascent_jumps/classes/stages/{CNN[1]}", "gradient_ascent_jumps/observer/probes/predicted"
NULL, BY = "memorization_jumps/deviations/null", "agreement_of_one_layer_weights_with"


def _null(place, *by_layer):
    """Permuted labels that give these deviations, by layer, and others at the other place."""
    return np.stack([by_layer if each == place else np.full(4, 9.0) for each in range(2)])[None].repeat(100, axis=0)


# Numbers put into the record, what has to come out of the parts that are of a single network, and the verdicts that
# many such networks would have.
SINGLE = {
    "Images learned by gradient ascent": (
        {f"{IMAGES[0]}/none/other": 0.3, f"{IMAGES[1]}/none/other": 0.4}, [0.3, 0.4], "HH"),
    "With L2 decay such images": (
        {f"{at}/{name}": {"other": number * other, "roughness": number * rough} for number, at in enumerate(IMAGES, 1)
         for name, other, rough in (("none", 0.1, 2), ("L2 decay", 0.4, 1.5))},
        [0.3, 0.5, 0.6, 1.0], "HHHH"),
    "Some regularizers give images of low": (
        {f"{at}/{name}/roughness": value * number for number, at in enumerate(IMAGES, 1)
         for name, value in (("small norm to 0", 2), ("Gaussian blur", 0.5))}, [1.5, 3.0], "HH"),
    "The signals lie along a manifold": ({f"{NEAR}/learning/input/true": 0.7}, [0.7], "H"),
    "The best width of the classical filter": (
        {f"{WIDTHS}/0.2": [1, 1.5], f"{WIDTHS}/0.3": [1, 2], f"{WIDTHS}/0.6": [4, 5]}, [3.25, 1.5], "HF"),
    "The validation loss is smallest after": (
        {f"{FITS}/first_epoch_without_training_error": 900, f"{FITS}/validation_loss": {"best": 0.5, "last": 0.7}},
        [900, 0.2], "FH"),
    "Weights from inputs outside 20 to 80": (
        {f"{READ}/first_layer_mean_absolute_weight": {"inputs 21 to 80": 0.3, "other inputs": 0.1}}, [3], "H"),
    "Some hidden units are almost never active": ({f"{READ}/hidden_units_hardly_active": 0.4}, [0.4], "H"),
    "Only weights near the jump": ({f"{READ}/share_of_squared_weight_within_five_samples": 0.95}, [0.95], "H"),
    "The weights of one layer are a smoothed": ({f"{READ}/{BY}/{CLASSICAL}": 0.8, f"{READ}/{BY}/optimum": 0.1}, [0.8], "H"),
    "The first of two filters smooths": (
        {f"{FILTERS}/fig_3_21_two_convolutions/smoothing_share": {"conv1": 1, "conv2": 0.3}}, [0.3], "H"),
    "The first two filters do the same": (
        {f"{FILTERS}/fig_3_23_three_convolutions/smoothing_share": {"conv1": 1, "conv2": 0.3, "conv3": 0.9}}, [0.3], "H"),
    "Signals that are close in the input stay": (
        {f"{NEAR}/learning/input/true": 0.4, f"{NEAR}/learning/relu3/true": 0.2}, [0.5], "F"),
    "A trained network maps noiseless signals": (
        {"bottleneck/codes/deep": {"best": 3, "crossings": 1, "coinciding": 2},
         "bottleneck/codes/shallow": {"best": 0, "crossings": 3, "coinciding": 4}}, [3, 7], "FF"),
    "For a jump at 50 the learned input": ({f"{STAGE}/input": [1, 47], f"{STAGE}/after conv1": [0.5, 55]}, [3, 5], "FF"),
    "Networks learn the principal pattern": (
        {ANSWERS: {TWO_SEEN: [[50]] * 6 + [[50, 51]] * 2, "30,000 steps": [[50]] * 4 + [[49]] * 4,
                   "exact posterior": [[50]] + [[51]] * 7}}, [6 / 8, 5 / 8, 2 / 8], "FHH"),
    "By shuffled labels, the mean activations": (
        {f"{BETWEEN}/fig_6_3_training_labels/memorizing": {"relu3": 0.2, "output": 0.7}}, [0.2, 0.7], "FF"),
    "By true labels, mean activations": (
        {f"{BETWEEN}/fig_6_4_true_labels/memorizing": {"relu1": 0.2, "relu3": 0.3}}, [0.2, 0.3], "HH"),
    "In a memorizing network signals with the same": (
        {f"{NEAR}/memorizing/{layer}/true": value for layer, value in
         (("input", 0.9), ("relu1", 0.7), ("relu2", 0.4), ("relu3", 0.3))}, [0.2, 0.3, 0.1, 0.3], "HHHF"),
    "In the output of a memorizing network": ({f"{NEAR}/memorizing/output/training": 0.6}, [0.6], "F"),
    "In a learning network the signals of the last": (
        {f"{NEAR}/learning/input/true": 0.4, f"{NEAR}/learning/relu3/true": 0.3}, [0.75], "F"),
    "By distances that do not depend on the activation": (
        {_layers("learning"): [0.9, 2, 2, 0.1], f"{NULL}/learning": _null(0, 1, 9, 9, 0.2)}, [0.9 - 0.5], "H"),
    "In memorizing networks the distance between classes": (
        {_layers("memorizing", "inter"): [0.1, 0.2, 0.3, 0.6], f"{NULL}/memorizing": _null(1, 9, 9, 9, 0.2)}, [3 - 1], "H"),
}  # fmt: skip

# Tested in test_claims_thesis.py, and in test_claims_thesis_limits.py beside its table.
ELSEWHERE = (
    "A network with one hidden layer locates jumps better",
    "Memorizing networks answer with the label of the nearest signal",
    "rate of .01: the activation level",
    "rate of .01: in memorizing networks the distance between rows",
    "rate of .01: in memorizing networks the distance between classes",
)


def _put(rng, within, name, value):
    """Replaces a number, or one for each network or for each layer and network, which then vary a little."""
    name = int(name) if isinstance(within, list) else name
    if isinstance(value, dict):
        within[name] |= value
        return
    shape, given = np.shape(within[name]), np.asarray(value)
    vary = given.ndim < len(shape)
    within[name] = (given[..., None] + 1e-4 * rng.normal(size=shape) if vary else given).tolist()


def _made(records, runs, changes):
    """Copies of kept runs as claimed but for some changes, by path."""
    made = {run: copy.deepcopy(records[run]) for run in runs}
    rng = np.random.default_rng(0)
    for path, value in (AS_CLAIMED | changes).items():
        run, *folders, name = path.split("/")
        if run in made:
            within = made[run]["metrics"]
            for each in folders:
                within = within[each]
            _put(rng, within, name, value)
    return made


def _letters(claimed):
    return "".join(letter for each in claimed.of_parts for letter, verdict in VERDICTS.items() if verdict == each)


CASES = [
    pytest.param(runs, sentence, *row, id=f"{sentence}, {number}")
    for runs, table in TABLES
    for sentence, rows in table.items()
    for number, row in enumerate(rows)
]


@pytest.mark.parametrize(("runs", "table"), TABLES, ids=["detectors", "ascents", "memorizing"])
def test_every_part_holds_of_records_as_claimed(records, runs, table):
    made = _made(records, runs, {})
    for sentence in table:
        claimed = assessed(PAPER, made, sentence)
        several = ["H" if part.ours.networks > 1 else "U" for part in claimed.parts]
        assert _letters(claimed) == "".join(several), sentence


@pytest.mark.parametrize(("runs", "sentence", "changes", "letters"), CASES)
def test_a_part_holds_or_does_not_by_the_numbers_of_the_record(records, runs, sentence, changes, letters):
    assert _letters(assessed(PAPER, _made(records, runs, changes), sentence)) == letters


@pytest.mark.parametrize("sentence", SINGLE)
def test_a_single_networks_number_comes_out_as_it_is_in_the_record_and_decides_nothing(records, sentence):
    changes, means, letters = SINGLE[sentence]
    made = _made(records, {path.split("/")[0] for path in changes}, changes)
    claimed = assessed(PAPER, made, sentence)
    single = [place for place, part in enumerate(claimed.parts) if part.ours.networks == 1]
    np.testing.assert_allclose([claimed.parts[place].ours.mean for place in single], means, rtol=2e-3)
    assert {claimed.of_parts[place] for place in single} == {UNDECIDED}
    many = [claimed.parts[place].rule.tests(Estimate(mean, 1e-6, 9, 10)) for place, mean in zip(single, means, strict=True)]
    assert [min(each, key=each.__getitem__) for each in many] == [VERDICTS[letter] for letter in letters]


@pytest.mark.parametrize(("error", "letters"), [(1.5486, "HH"), (2.0, "FH")])
def test_bottlenecks_of_two_units_are_those_trained_until_converged_once_they_are_kept(records, error, letters):
    made = _made(records, ("bottleneck",), {_narrow("s", 2): 2.0})
    converged = (error + 1e-4 * np.random.default_rng(0).normal(size=8)).tolist()
    made[STUDY] = {"metrics": {"two_units": {"l1": converged}}}
    assert _letters(assessed(PAPER, made, "Mean |errors| of networks with a bottleneck of two")) == letters


@pytest.mark.parametrize("wrong", [None, *CNN])
def test_ascents_on_the_log_probability_of_cnns_count_once_they_are_kept(records, wrong):
    made, rng = _made(records, ("gradient_ascent_jumps",), {}), np.random.default_rng(0)
    shares = {number: (0.8 if number == wrong else 0.95) + 1e-4 * rng.normal(size=8) for number in CNN}
    ascents = {CNN[number]: {"log-probability": {"correct": share.tolist()}} for number, share in shares.items()}
    made[STUDY] = {"metrics": {"arrival": {"ascents": ascents}}}
    wanted = "HHH" + "".join("F" if number == wrong else "H" for number in CNN)
    assert _letters(assessed(PAPER, made, "What holds for perceptrons holds for CNNs")) == wanted


def test_every_measured_claim_is_tested():
    tables = [words for _, table in TABLES for words in table]
    tested = [*tables, *SINGLE, *ELSEWHERE, *OPPOSITE, *(words for words, _ in LIMITS)]
    missing = [
        claim.sentence
        for _, claim in PAPER.claims()
        if claim.parts and not any(words in claim.sentence for words in tested)
    ]
    assert not missing
