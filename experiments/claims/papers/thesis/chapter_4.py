"""Chapter 4: networks with a bottleneck, and how many points an affine map separates."""

import numpy as np
from scipy import stats

from experiments.claims.claim import Claim
from experiments.claims.papers.thesis.records import (
    CLASSICAL,
    FOUR,
    TWO,
    above,
    apart,
    below,
    bottlenecks,
    detector,
    errors,
    less,
    near,
    neighbors,
    one,
    rate,
)
from experiments.claims.rules import Control, Number, Part, over_networks

WIDTHS = range(2, 11)
DEEP_WIDTHS_WITH_DEAD_UNITS = 6, 9, 10  # 1, 1 and 2 dead units in Fig. 4.5
TABLE = {("shallow", 10): 0.7980, ("shallow", 4): 1.1626, ("deep", 10): 0.6478, ("deep", 4): 0.7000}


def table(published):
    """Parts: the mean |errors| of bottleneck networks, by kind and width, within 10% of those published."""
    return lambda records: [
        near(f"{kind}, {width}", bottlenecks(records, kind, width), value) for (kind, width), value in published.items()
    ]


def _beside_wide(records):
    return [
        above("shallow, 10 minus 2 layers of 100", apart(bottlenecks(records, "shallow", 10), errors(records, TWO))),
        above("deep, 10 minus 4 layers of 100", apart(bottlenecks(records, "deep", 10), errors(records, FOUR))),
    ]


def _beside_classical(records):
    return [
        above(f"{kind}, {width}", over_networks(bottlenecks(records, kind, width) - detector(records, CLASSICAL)))
        for kind, width in TABLE
    ]


def order_by_width(records, kind: str, measure: str = "l1") -> np.ndarray:
    """The rank correlation of width and error, −1 if every further unit decreases it, of each network's start."""
    values = np.array([bottlenecks(records, kind, width, measure) for width in WIDTHS])
    return np.array([stats.spearmanr(WIDTHS, each).statistic for each in values.T])


def _dead(records, kind, widths):
    return over_networks(np.mean([bottlenecks(records, kind, width, "dead") for width in widths], axis=0))


def _step(records, kind, narrow, wide):
    return apart(bottlenecks(records, kind, narrow), bottlenecks(records, kind, wide))


def _continuity(records):
    before, after = (neighbors(records, "learning", layer) for layer in ("input", "relu3"))
    return [above("last hidden layer over input", one(after / before), 0.9)]


def _curve(records):
    found = records["bottleneck"]["metrics"]["codes"]
    each = {kind: [code for name, code in of.items() if name.startswith("seed")] for kind, of in found.items()}
    return [
        below(f"crossings and equal pairs, {kind}", over_networks([c["crossings"] + c["coinciding"] for c in of]), 0.5)
        for kind, of in each.items()
    ]


def _rates(records, kind="dimensions"):
    return {name: rate(case) for name, case in records["bottleneck"]["metrics"]["embedding"][kind].items()}


def _separable(records):
    rates = _rates(records)
    return [
        below("10 points in 2 dimensions", rates["2, 10"], 1e-5),
        above("50 points in 10 dimensions", rates["10, 50"], 0.1),
    ]


def _more_points(records):
    rates = _rates(records)
    falls = [(p, less(rates[f"{p}, {2 * p}"], rates[f"{p}, {5 * p}"])) for p in (2, 4, 6, 8, 10)]
    return [
        *(above(f"{2 * p} points minus {5 * p}, in {p} dimensions", fall) for p, fall in falls),
        above("40 points in 8 dimensions minus 20 in 4", less(rates["8, 40"], rates["4, 20"])),
    ]


def _separation(records):
    rates = _rates(records, "separations")
    return [
        above(
            f"{points} points, {wide} minus {narrow} apart",
            less(rates[f"{wide}, {points}"], rates[f"{narrow}, {points}"]),
        )
        for points in (5, 8)
        for narrow, wide in (("0", "0.1"), ("0.1", "0.2"))
    ]


def _starts(records):
    parts = []
    for name, of in records["bottleneck"]["metrics"]["starts"].items():
        final = {start: np.array(losses[-1]) for start, losses in of["loss"].items()}
        usual, mine, others = (
            final[start] for start in ("default", "pseudo-inverse", "pseudo-inverse of other classes")
        )
        parts.append(above(f"{name}, default minus pseudo-inverse", over_networks(usual - mine)))
        parts.append(Part(f"jumps, {name}", over_networks(others - mine), Control(0.05)))
    return parts


SECTIONS = {
    "4.1 Introduction": "definitions, and an expectation that 4.2.3 tests",
    "4.2 Empirical Analysis": "only its subsections",
    "4.2.1 Network structures": "definitions",
    "4.2.2 Performance": [
        Claim(
            "Table 4.1",
            "Mean |errors| of networks with a bottleneck of p units: shallow (100-p-60) and deep (100-25-p-25-60).",
            "0.7980, 1.1626; 0.6478, 0.7000",
            table(TABLE),
            note="trained for up to 2,000 epochs, which many reach",
        ),
        Claim(
            "Table 4.1",
            "Errors are larger than those of networks with as many layers of 100 units.",
            "0.7980 against 0.3083; 0.6478 against 0.3913",
            _beside_wide,
        ),
        Claim(
            "Table 4.1",
            "Errors are larger than that of the classical detector.",
            "0.6478 to 1.1626 against 0.5532",
            _beside_classical,
        ),
        Claim(
            "Fig. 4.3",
            "In shallow networks every further unit decreases the error. Measured: the rank correlation of width and "
            "error.",
            "a curve that falls throughout",
            lambda records: [below("shallow", over_networks(order_by_width(records, "shallow")), -0.9)],
        ),
        Claim(
            "Table 4.1",
            "Deep bottleneck networks have smaller errors than shallow ones.",
            "by 0.1502 (10 units), 0.4626 (4), 0.5656 (2)",
            lambda records: [
                above(f"{width} units", apart(*(bottlenecks(records, kind, width) for kind in ("shallow", "deep"))))
                for width in (10, 4, 2)
            ],
        ),
        Claim(
            "Fig. 4.5",
            "Deep networks have units in the bottleneck that are never active, shallow ones have not.",
            "1, 1 and 2 units with p = 6, 9 and 10; none",
            lambda records: [
                above(
                    "dead units, deep, mean of p = 6, 9, 10", _dead(records, "deep", DEEP_WIDTHS_WITH_DEAD_UNITS), 0.5
                ),
                below("dead units, shallow, mean of all p", _dead(records, "shallow", WIDTHS), 0.5),
            ],
            note="the thesis does not name its random start; ours is Glorot's",
        ),
        Claim(
            "Fig. 4.4",
            "As units die, the error of deep networks does not fall from 5 units to 6 and from 9 to 10.",
            "a curve with slight rises there",
            lambda records: [
                below(f"{narrow} units minus {narrow + 1}", _step(records, "deep", narrow, narrow + 1))
                for narrow in (5, 9)
            ],
        ),
    ],
    "4.2.3 Understanding hidden layer activation with example of 2-dim representation": [
        Claim(
            "Figs. 4.7, 4.8",
            "Signals that are close in the input stay close in hidden layers. Measured: the share of the ten nearest "
            "neighbors with the same position, last hidden layer over input.",
            "maps of two units",
            _continuity,
            note="one network of 100-100-100-60, 4,000 of 12,000 signals; untrained networks were not measured",
        ),
        Claim(
            "Fig. 4.6",
            "Positions at which one of the two units is silent (21 to 23, 78 to 80) are the worst distinguished.",
            "a heat map",
            untested="the kept run has no errors by position",
        ),
    ],
    "4.3 Theoretical Analysis": "only its subsections",
    "4.3.1 Problem statement": [
        Claim(
            "Figs. 4.10, 4.11",
            "A trained network maps noiseless signals to a curve in the plane that does not meet itself.",
            "a drawing",
            _curve,
            note="two networks of each kind: the first, and the one with the smallest validation loss",
        ),
        Claim(
            "p. 61",
            "More than about five units do not decrease the error further.",
            "no number",
            lambda records: [
                Part(f"{kind}, 5 units minus 10", _step(records, kind, 5, 10), Number(0.0, tolerance))
                for kind, tolerance in (("shallow", 0.08), ("deep", 0.06))
            ],
            note="against Fig. 4.3 of the thesis, where errors fall up to 10 units",
        ),
        Claim(
            "p. 61",
            "The code of a position in two units is arbitrary.",
            "no number",
            untested="no kept run compares the codes of several networks",
        ),
    ],
    "4.3.2 Explicit construction of map from hidden layer to output: Toy problem": [
        Claim(
            "p. 62",
            "An affine map built from the pseudo-inverse separates any three points in general position of the plane.",
            "a proof",
            untested="a derivation; its coefficients 1/√3 have to be 1/3, which does not change the conclusion",
        ),
    ],
    "4.3.3 Explicit construction of map from hidden layer to output: General case": "a derivation",
    "4.3.4 Constrained embedding into higher dimensional space: Experimental exploration": [
        Claim(
            "Fig. 4.14",
            "The pseudo-inverse separates 10 random points in 2 dimensions with a probability below 1e-5, 50 points in "
            "10 dimensions with one above 0.1.",
            "below 1e-5; above 0.1",
            _separable,
            note="affine maps, as linear ones do not give these numbers; the spread is that over 10 million draws",
        ),
        Claim(
            "Fig. 4.14",
            "The probability falls with the number of points, and five points for each dimension are easier in more "
            "dimensions.",
            "curves",
            _more_points,
            note="the spread is that over 10 million draws",
        ),
        Claim(
            "Fig. 4.15",
            "Points with a minimum distance are separated more often.",
            "curves for 0, 0.1 and 0.2",
            _separation,
            note="the spread is that over the draws that keep the distance",
        ),
        Claim(
            "p. 65",
            "This shows how difficult the task of the last layer is for a network.",
            "no number",
            untested="no kept run compares the pseudo-inverse with the best linear classifier of the same points",
        ),
    ],
    "4.3.5 Summary": [
        Claim(
            "p. 67",
            "An output layer that starts from the pseudo-inverse speeds up the training. Measured: the validation loss "
            "after 300 epochs, in nats.",
            "not tested in the thesis",
            _starts,
            control="the same weights assigned to other classes",
            method="Pseudo-inverse as start of the output layer",
        ),
    ],
}
