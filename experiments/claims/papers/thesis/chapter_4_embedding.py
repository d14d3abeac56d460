"""Section 4.3: how many points an affine map separates."""

import numpy as np

from experiments.claims.claim import Claim
from experiments.claims.papers.thesis.inside_layers import arbitrary_codes, difficulty
from experiments.claims.papers.thesis.records import (
    above,
    below,
    less,
    one,
    rate,
    wider,
)
from experiments.claims.rules import Control, Number, Part, over_networks


def _curve(records):
    measured = records["bottleneck"]["metrics"]["codes"]
    # Records of before the study was shortened have a second network of each kind.
    best = {kind: of.get(f"seed {of['best']}", of) for kind, of in measured.items()}
    return [
        below(f"crossings and equal pairs, {kind}", one(code["crossings"] + code["coinciding"]), 0.5)
        for kind, code in best.items()
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
        # Records of before the study was shortened have more epochs than the last.
        final = of["final_loss"] if "final_loss" in of else {start: losses[-1] for start, losses in of["loss"].items()}
        usual, mine, others = (
            np.array(final[start]) for start in ("default", "pseudo-inverse", "pseudo-inverse of other classes")
        )
        parts.append(above(f"{name}, default minus pseudo-inverse", over_networks(usual - mine)))
        parts.append(Part(f"jumps, {name}", over_networks(others - mine), Control(0.05)))
    return parts


EMBEDDING = {
    "4.3 Theoretical Analysis": "only its subsections",
    "4.3.1 Problem statement": [
        Claim(
            "Figs. 4.10, 4.11",
            "A trained network maps noiseless signals to a curve in the plane that does not meet itself.",
            "a drawing",
            _curve,
            note="one network of each kind, that with the smallest validation loss",
        ),
        Claim(
            "text",
            "More than about five units do not decrease the error further.",
            "no number",
            lambda records: [
                Part(f"{kind}, 5 units minus 10", wider(records, kind, 5, 10), Number(0.0, tolerance))
                for kind, tolerance in (("shallow", 0.08), ("deep", 0.06))
            ],
            note="against Fig. 4.3 of the thesis, where errors fall up to 10 units",
        ),
        Claim(
            "text",
            "The code of a position in two units is arbitrary. Measured: the variance of the mean code of a network "
            "that an affine map of another network's explains.",
            "no number",
            arbitrary_codes,
            control="the same networks before training: codes are arbitrary if those of trained networks agree no more",
            note="networks with two active units; the mean over the other networks",
        ),
    ],
    "4.3.2 Explicit construction of map from hidden layer to output: Toy problem": [
        Claim(
            "text",
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
            note="affine maps, as in the equations of 4.3.3; the spread is that over 10 million draws",
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
            "text",
            "These probabilities show how difficult the task of the last layer is for a network. Measured: the share "
            "of random sets of 10 points in 2 dimensions that other affine maps do not separate either.",
            "below 1e-5 separated by the pseudo-inverse",
            difficulty,
            control="the affine map to the nearest point, which separates any distinct points, and a softmax layer "
            "trained on the points",
        ),
    ],
    "4.3.5 Summary": [
        Claim(
            "text",
            "An output layer that starts from the pseudo-inverse speeds up the training. Measured: the validation loss "
            "after 300 epochs, in nats.",
            "not tested in the thesis",
            _starts,
            control="the same weights assigned to other classes",
            method="pseudo-inverse as start of the output layer",
        ),
    ],
}
