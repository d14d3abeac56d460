"""Chapter 4: networks with a bottleneck, and how many points an affine map separates."""

import numpy as np
from scipy import stats

from experiments.claims.claim import Claim
from experiments.claims.papers.thesis.chapter_4_embedding import EMBEDDING
from experiments.claims.papers.thesis.inside_layers import silent_units
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
    near,
    neighbors,
    one,
    wider,
)
from experiments.claims.rules import over_networks

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
    return np.array([stats.spearmanr(WIDTHS, each)[0] for each in values.T])


def _dead(records, kind, widths):
    return over_networks([bottlenecks(records, kind, width, "dead") for width in widths])


def _continuity(records):
    before, after = (neighbors(records, "learning", layer) for layer in ("input", "relu3"))
    return [above("last hidden layer over input", one(after / before), 0.9)]


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
            note="trained for at most 2,000 epochs",
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
                above("dead units, deep, p = 6, 9, 10", _dead(records, "deep", DEEP_WIDTHS_WITH_DEAD_UNITS), 0.5),
                below("dead units, shallow, all p", _dead(records, "shallow", WIDTHS), 0.5),
            ],
            note="the thesis does not name its random start; ours is Glorot's; every width counts with five networks",
        ),
        Claim(
            "Fig. 4.4",
            "As units die, the error of deep networks does not fall from 5 units to 6 and from 9 to 10.",
            "a curve with slight rises there",
            lambda records: [
                below(f"{narrow} units minus {narrow + 1}", wider(records, "deep", narrow, narrow + 1))
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
            "Positions at which one of the two units is silent (21 to 23, 78 to 80) are the worst distinguished. "
            "Measured: the share of signals placed exactly; a unit is silent where its mean activity is below 1% of "
            "its largest.",
            "a heat map",
            silent_units,
            control="networks with a hidden layer of 100 at the same positions, as the ends of the range differ anyway",
            note="networks without such positions are left out",
            method="silent units of a bottleneck and errors",
        ),
    ],
    **EMBEDDING,
}
