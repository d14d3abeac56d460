"""Claims of the thesis that several networks decide: made-up records flip the verdicts of their parts.

`AS_CLAIMED` changes kept records so that every claim holds. Beside each further change are the initials
of the verdicts on all parts.
"""

import copy

import numpy as np
import pytest

from experiments.claims.papers.thesis import PAPER
from experiments.claims.papers.thesis.inside_layers import STUDY
from experiments.claims.papers.thesis.records import CLASSICAL, CNN, FOUR, ONE, RESTRICTED, THREE, TWO
from experiments.claims.rules import EXPLAINED, FAILS, HOLDS, UNDECIDED
from tests.experiments.ledger import assessed

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


def shallow(width, measure="l1"):
    return f"bottleneck/widths/networks/100-{width}-60/{measure}"


def deep(width, measure="l1"):
    return f"bottleneck/widths/networks/100-25-{width}-25-60/{measure}"


def _by_width(kind, measure, values):
    return {kind(width, measure): value for width, value in zip(range(2, 11), values, strict=True)}


def _share(case, rate):
    return {f"bottleneck/embedding/{case}/{name}": rate * by for name, by in (("rate", 1), ("successes", 10_000_000))}


def _start(units, name):
    return f"bottleneck/starts/100-{units}-60/final_loss/{name}"


def _ascent(name, measure="correct_lanes"):
    return f"gradient_ascent_jumps/classes/classes/{name}/{measure}"


def _seen(kind, measure="plateau"):
    return f"gradient_ascent_jumps/observer/ascent/{kind}/{measure}"


def layers(kind, field="inner", metric="cosine", data="jumps"):
    return f"memorization_{data}/deviations/deviation/{metric}/{kind}/{field}"


def _mnist(field="inner", metric="cosine", kind="learning"):
    return layers(kind, field, metric, "mnist")


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
    _detector(RESTRICTED): 0.5129, _detector(RESTRICTED, "l2"): 1.04, _detector(RESTRICTED, "l2_best"): 0.7335,
    _detector(CLASSICAL): 0.5532, _detector(CLASSICAL, "l1_best"): 0.4917, OPTIMUM: 0.17, FRESH: 0.173,
    _net(ONE): 0.3065, _net(TWO): 0.3083, _net(THREE): 0.3583, _net(FOUR): 0.3913,
    _net(CNN[1]): 0.3248, _net(CNN[2]): 0.3213, _net(CNN[3]): 0.3458,
    _net(ONE, "l2"): 0.8043, **{_net(name, "l2"): 0.77 for name in CNN.values()},
    _net(TWO, "l2"): 0.75, _net(TWO, "l2_best"): 0.62, _net(TWO, "best_epoch"): 131,
    _weights("thesis-style"): 0.6, _weights("untrained"): 0.0, _weights("shuffled labels"): 0.0,
    **_taps(0.95, 3, 4, 5, 6), **_taps(0.2, 7), **_taps(1, 8, 9, 10, 11),
    _first_filter(2): 0.9, _first_filter(3): 0.9,
    **_by_width(shallow, "l1", FALLING), **_by_width(shallow, "l2", RISING), **_by_width(shallow, "dead", [0] * 9),
    **_by_width(deep, "l1", [0.983, 0.8, 0.7, 0.66, 0.68, 0.66, 0.65, 0.64, 0.6478]),
    **{deep(width, "dead"): 1 for width in (6, 9, 10)},
    **{_start(units, name): loss for units in (2, 10) for name, loss in (("default", 2), (OTHERS, 1.5))},
    **{_start(units, "pseudo-inverse"): 1 for units in (2, 10)},
    _ascent(ONE): 0.93, _ascent(TWO): 0.93, _ascent(THREE): 0.92, _ascent(FOUR): 0.89, _ascent(FOUR, "converged"): 0.99,
    _ascent(ONE, "correct_means"): 0.95, _ascent(FOUR, "correct_means"): 0.85,
    **{_ascent(name): 0.95 for name in CNN.values()},
    _seen(ONE_SEEN, "correct_lanes"): 0.9, _seen("untrained", "correct_lanes"): 0.1,
    _seen(ONE_SEEN): 0.1, _seen(TWO_SEEN): 0.1, _seen("30,000 steps"): 0.5, _seen("exact posterior"): 0.9,
    _accuracy("memorizing", "training_labels"): 1, _accuracy("memorizing", "held_out"): 0.02,
    _accuracy("fully trained", "held_out"): 0.7, _accuracy("learning", "held_out"): 0.7,
    layers("learning", "inner", EUCLIDEAN): [1, 0.8, 0.8, 0.8], layers("learning", "level", EUCLIDEAN): [1, 1, 2, 3],
    layers("learning", "inter", EUCLIDEAN): [1, 1.5, 1, 1], layers("learning", "inter"): [1, 1, 1, 0.9],
    **{layers("learning", metric=name): [1, 0.9, 0.7, 0.5] for name in ("cosine", "correlation")},
    layers("fully trained"): [1, 0.9, 0.8, 0.7], UNTRAINED: [1, 1, 1, 1],
    **{layers(kind, "level"): [1, 2, 3, 4] for kind in ("learning", "fully trained")},
    **{layers("memorizing", metric=name): [0.3, 0.6, 0.6, 0.61] for name in (EUCLIDEAN, "cosine", "correlation")},
    **{layers("memorizing", "inter", name): [1, 2, 3, 4] for name in (EUCLIDEAN, "cosine", "correlation")},
    layers("memorizing", "level"): [1, 3, 4.5, 6],
    layers(TRUE_LABELS): [1, 1.2, 1.3, 1.4], layers(TRUE_LABELS, "inter"): [1, 1, 1, 1.1],
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
        ({_net(ONE): 0.35}, "FHFH"), ({_net(TWO): 0.35}, "HFHF"), ({_net(CNN[2]): 0.3}, "FFHH"),
        ({_net(CNN[3]): 0.3}, "HHFF"),
    ],
    "There is room for improvement": [
        ({_net(ONE): 0.17}, "FHHH"), ({_net(FOUR): 0.17}, "HFFH"), ({FRESH: 0.2}, "HHHF"), ({OPTIMUM: 0.3}, "FHHH"),
    ],
    "Mean |errors| of networks with a bottleneck of p": [
        ({shallow(10): 1}, "FHHH"), ({shallow(4): 1}, "HFHH"),
        ({deep(10): 0.5}, "HHFH"), ({deep(4): 0.5}, "HHHF"),
    ],
    "Mean |errors| of networks with a bottleneck of two": [
        ({shallow(2): 2}, "FH"), ({deep(2): 0.8}, "HF"),
    ],
    "Errors are larger than those of networks with as many": [
        ({shallow(10): 0.3}, "FH"), ({_net(TWO): 0.9}, "FH"),
        ({deep(10): 0.3}, "HF"), ({_net(FOUR): 0.9}, "HF"),
    ],
    "Errors are larger than that of the classical": [
        ({shallow(10): 0.5}, "FHHH"), ({shallow(4): 0.5}, "HFHH"),
        ({deep(10): 0.5}, "HHFH"), ({deep(4): 0.5}, "HHHF"),
        ({_detector(CLASSICAL): 0.75}, "HHFF"),
    ],
    "In shallow networks every further unit": [(_by_width(shallow, "l1", RISING), "F")],
    "The root mean square error is a less reliable": [
        (_by_width(shallow, "l2", FALLING) | _by_width(shallow, "l1", RISING), "F"),
    ],
    "Deep bottleneck networks have smaller": [
        ({shallow(10): 0.6}, "FHH"), ({deep(10): 0.9}, "FHH"), ({shallow(4): 0.6}, "HFH"),
        ({deep(4): 1.2}, "HFH"), ({shallow(2): 0.9}, "HHF"), ({deep(2): 1.6}, "HHF"),
    ],
    "Deep networks have units in the bottleneck": [
        ({deep(width, "dead"): 0 for width in (6, 9, 10)}, "FH"),
        (_by_width(shallow, "dead", [1] * 9), "HF"),
    ],
    "As units die, the error of deep networks": [
        ({deep(5): 0.7}, "FH"), ({deep(6): 0.6}, "FH"),
        ({deep(9): 0.7}, "HF"), ({deep(10): 0.6}, "HF"),
    ],
    "More than about five units do not": [
        ({shallow(5): 1}, "FH"), ({shallow(10): 0.7}, "FH"),
        ({deep(5): 0.8}, "HF"), ({deep(10): 0.5}, "HF"),
    ],
    "The pseudo-inverse separates 10 random points": [
        (_share("dimensions/2, 10", 1e-4), "FH"), (_share("dimensions/10, 50", 0.05), "HF"),
    ],
    "The probability falls with the number of points": [
        (_share(f"dimensions/{case}", rate), marks)
        for case, rate, marks in (
            ("2, 10", 0.95, "FHHHHH"), ("4, 20", 0.95, "HFHHHF"), ("6, 30", 0.95, "HHFHHH"), ("8, 40", 0.95, "HHHFHH"),
            ("10, 50", 0.95, "HHHHFH"), ("8, 16", 0.01, "HHHFHH"), ("8, 40", 1e-6, "HHHHHF"),
        )
    ],
    "Points with a minimum distance are separated": [
        (_share(f"separations/{case}", rate), marks)
        for case, rate, marks in (
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
        ({layers("learning", "inner", EUCLIDEAN): [1, 1.2, 0.8, 0.8]}, "FHH"),
        ({layers("learning", "inner", EUCLIDEAN): [1, 0.2, 0.5, 0.25]}, "HHH"),
        ({layers("learning", "inner", EUCLIDEAN): [1, 0.8, 0.8, 0.1]}, "HFH"),
        ({layers("learning", "inter", EUCLIDEAN): [1, 0.9, 1, 1]}, "HHF"),
        ({layers("learning", "level", EUCLIDEAN): [1, 1, 2, 0.5]}, "HFF"),
    ],
    "The activation level increases": [({layers("learning", "level"): [1, 2, 1.9, 4]}, "F")],
    "By distances that do not depend on the activation": [
        ({layers("learning", "inner", EUCLIDEAN): [1, 0.8, 0.8, 1.1]}, "FHHHU"),
        ({layers("learning"): [1, 0.9, 0.7, 1.1]}, "HFHEU"),
        ({layers("learning", "inner", "correlation"): [1, 0.9, 0.7, 1.1]}, "HHFHU"),
        ({UNTRAINED: [1, 1, 1, 0.5]}, "HHHEU"), ({UNTRAINED: [10, 10, 10, 9.5]}, "HHHHU"),
    ],
    "The distance between adjacent classes falls": [({layers("learning", "inter"): [1, 0.9, 0.9, 1.1]}, "F")],
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
        ({layers("memorizing", "level"): [9, 3, 2.7, 6]}, "FE"), ({layers("learning", "level"): [1, 4, 3, 4]}, "FH"),
        ({layers("fully trained", "level"): [1, 2, 3, 5.9]}, "HE"),
    ],
    "In memorizing networks the distance between rows": [
        ({layers("memorizing", "inner", EUCLIDEAN): [0.6, 0.5, 0.9, 0.9]}, "FHHH"),
        ({layers("memorizing"): [0.6, 0.5, 0.9, 0.9]}, "HFHE"),
        ({layers("memorizing", "inner", "correlation"): [0.6, 0.5, 0.9, 0.9]}, "HHFH"),
        ({layers("fully trained"): [1, 2, 0.8, 0.7]}, "HHHE"),
    ],
    "In memorizing networks this distance remains": [
        ({layers("memorizing", "inner", EUCLIDEAN): [0.3, 0.6, 0.6, 0.9]}, "FHH"),
        ({layers("memorizing"): [0.3, 0.6, 0.9, 0.9]}, "HFH"),
        ({layers("memorizing", "inner", "correlation"): [0.3, 0.6, 0.6, 0.663]}, "HHF"),
    ],
    "In memorizing networks the distance between classes": [
        ({layers("memorizing", "inter", EUCLIDEAN): [1, 3, 2, 4]}, "FHHU"),
        ({layers("memorizing", "inter"): [1, 3, 2, 4]}, "HFHU"),
        ({layers("memorizing", "inter", "correlation"): [1, 3, 2, 4]}, "HHFU"),
    ],
    "By true labels, too, rows of one class move apart": [
        ({layers(TRUE_LABELS): [1, 0.9, 1.3, 1.4]}, "FH"), ({layers(TRUE_LABELS, "inter"): [1, 2, 2, 0.9]}, "HF"),
    ],
    "Networks generalize because": [
        ({layers("learning"): [1, 0.9, 0.7, 1.1]}, "FHH"), ({layers("fully trained"): [1, 0.9, 0.8, 1.1]}, "HFH"),
        ({_accuracy("fully trained", "held_out"): 0.6}, "HHF"), ({_accuracy("learning", "held_out"): 0.8}, "HHF"),
    ],
    "Memorizing networks drive rows of one class apart": [
        ({layers("memorizing"): [0.3, 0.6, 0.6, 0.2]}, "FH"),
        ({_mnist(kind="memorizing"): [1, 1.2, 1.3, 1.4, 0.5]}, "HF"),
    ],
    "The measures tell memorizing networks": [
        ({_ratios("memorizing"): 1.1}, "E"), ({_ratios("fully trained"): 1.6}, "E"),
        ({_ratios("memorizing"): np.tile([1.0, 1.3, 1.6, 1.9, 2.2], 4)}, "H"),  # alike in all four draws
    ],
}  # fmt: skip

TABLES = (
    (("jump_detection", "bottleneck"), DETECTORS),
    (("gradient_ascent_jumps",), ASCENTS),
    (("memorization_jumps", "memorization_mnist"), MEMORIZING),
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


def made_up(records, runs, changes):
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


def _initials(claimed):
    return "".join(mark for each in claimed.of_parts for mark, verdict in VERDICTS.items() if verdict == each)


CASES = [
    pytest.param(runs, sentence, *row, id=f"{sentence}, {number}")
    for runs, table in TABLES
    for sentence, rows in table.items()
    for number, row in enumerate(rows)
]


@pytest.mark.parametrize(("runs", "table"), TABLES, ids=["detectors", "ascents", "memorizing"])
def test_every_part_holds_of_records_as_claimed(records, runs, table):
    made = made_up(records, runs, {})
    for sentence in table:
        claimed = assessed(PAPER, made, sentence)
        several = ["H" if part.ours.networks > 1 else "U" for part in claimed.parts]
        assert _initials(claimed) == "".join(several), sentence


@pytest.mark.parametrize(("runs", "sentence", "changes", "marks"), CASES)
def test_a_part_holds_or_does_not_by_the_numbers_of_the_record(records, runs, sentence, changes, marks):
    assert _initials(assessed(PAPER, made_up(records, runs, changes), sentence)) == marks


@pytest.mark.parametrize(("first", "second", "marks"), [(1.55, 0.98, "HH"), (2.0, 0.98, "FH"), (1.55, 0.5, "HF")])
def test_bottlenecks_of_two_units_are_those_trained_until_converged_once_they_are_kept(records, first, second, marks):
    made = made_up(records, ("bottleneck",), {shallow(2): 9.0, deep(2): second})
    converged = (first + 1e-4 * np.random.default_rng(0).normal(size=8)).tolist()
    made[STUDY] = {"metrics": {"two_units": {"l1": converged}}}
    assert _initials(assessed(PAPER, made, "Mean |errors| of networks with a bottleneck of two")) == marks


@pytest.mark.parametrize("wrong", CNN)
def test_ascents_of_cnns_on_the_log_probability_count_once_they_are_kept(records, wrong):
    made, rng = made_up(records, ("gradient_ascent_jumps",), {}), np.random.default_rng(0)
    shares = {name: (0.8 if number == wrong else 0.95) + 1e-4 * rng.normal(size=8) for number, name in CNN.items()}
    ascents = {name: {"log-probability": {"correct": share.tolist()}} for name, share in shares.items()}
    made[STUDY] = {"metrics": {"arrival": {"ascents": ascents}}}
    marks = "HHH" + "".join("F" if number == wrong else "H" for number in CNN)
    assert _initials(assessed(PAPER, made, "What holds for perceptrons holds for CNNs")) == marks
