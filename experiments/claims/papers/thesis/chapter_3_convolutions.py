"""Section 3.4: networks with convolutions of one filter each."""

import numpy as np

from experiments.claims.claim import Claim
from experiments.claims.papers.thesis.inside_layers import diagonal, filters
from experiments.claims.papers.thesis.records import (
    CNN,
    ONE,
    RESTRICTED,
    above,
    apart,
    below,
    detector,
    errors,
    jumps,
    near,
    one,
)
from experiments.claims.rules import Control, Number, Part, over_networks

SAME_SIGN = 0.8  # of the smoothing share: half-way between the mixed filter of Fig. 3.3 (0.6) and taps of one sign (1)
SHARE = (
    "Measured: the smoothing share of a filter, |sum of its taps| over the sum of their |values|, 1 for taps of one "
    "sign and 0 for a pure difference."
)
READING = "reading the weights of CNNs with one filter"
LINEAR = (
    "without an activation after the filters, on which the thesis is silent; chosen because its table and figures fit"
)


def _of_length(records, *taps):
    measured = jumps(records)["convolutions"]["lengths"]
    return np.mean([measured[str(each)]["smoothing_share"] for each in taps], axis=0)


def _first_filter(records, number):
    return np.array(jumps(records)["convolutions"]["rectified"][f"{CNN[number]}, linear"]["smoothing_share"])


def _two(records):
    later = jumps(records)["convolutions"]["fig_3_21_two_convolutions"]["smoothing_share"]["conv2"]
    return [
        above("first filter", over_networks(_first_filter(records, 2)), SAME_SIGN),
        below("second filter, one network", one(later), SAME_SIGN),
    ]


def _three(records):
    later = jumps(records)["convolutions"]["fig_3_23_three_convolutions"]["smoothing_share"]["conv2"]
    return [
        above("first filter", over_networks(_first_filter(records, 3)), SAME_SIGN),
        below("second filter, one network", one(later), SAME_SIGN),
        Part(
            "mean |error| with the third filter minus without",
            apart(errors(records, CNN[3]), errors(records, CNN[2])),
            Number(0.0, 0.03),
        ),
    ]


def _order(records):
    single, two, three = (errors(records, name) for name in CNN.values())
    return [
        above("1 convolution minus 2", apart(single, two)),
        above("3 convolutions minus 2", apart(three, two)),
        above("3 convolutions minus 1", apart(three, single)),
    ]


def _outliers(records):
    l1, l2 = (np.mean([errors(records, name, measure) for name in CNN.values()], axis=0) for measure in ("l1", "l2"))
    return [
        above("mean |error|, CNNs minus 1 layer", apart(l1, errors(records, ONE))),
        above("root mean square, 1 layer minus CNNs", apart(errors(records, ONE, "l2"), l2)),
    ]


CONVOLUTIONS = {
    "3.4 CNNs for Detection of Jump Location": "an expectation, which its subsections test",
    "3.4.1 One conv layer: structure, weights and hidden feature visualization": [
        Claim(
            "Fig. 3.18",
            f"A single filter of 7 taps both averages and differentiates: its taps have both signs. {SHARE}",
            "a figure",
            lambda records: [below("7 taps", over_networks(_of_length(records, 7)), SAME_SIGN)],
            note=LINEAR,
        ),
        Claim(
            "Fig. 3.19",
            f"Filters of fewer than 7 taps only smooth. {SHARE}",
            "a figure of 5 taps",
            lambda records: [
                above("5 taps", over_networks(_of_length(records, 5)), SAME_SIGN),
                above(
                    "3 to 6 taps minus 7 to 11",
                    over_networks(_of_length(records, 3, 4, 5, 6) - _of_length(records, 7, 8, 9, 10, 11)),
                ),
            ],
            control="the same networks with longer filters",
            note=LINEAR,
        ),
        Claim(
            "Fig. 3.18",
            "The dense layer after it picks the peak: its weights lie on the diagonal. Measured: the share of their "
            "squares within five samples of the position (a ninth by chance).",
            "a heat map",
            diagonal,
            control="the same networks before training, and trained on shuffled labels",
            note=LINEAR,
            method=READING,
        ),
    ],
    "3.4.2 With two conv layers": [
        Claim(
            "Fig. 3.21",
            f"The first of two filters smooths, the second differentiates. {SHARE}",
            "a figure",
            _two,
            note=LINEAR,
        ),
    ],
    "3.4.3 With three conv layers": [
        Claim(
            "Fig. 3.23",
            f"The first two filters do the same as before, and a third is redundant. {SHARE}",
            "a figure",
            _three,
            note=LINEAR,
        ),
    ],
    "3.4.4 Performance": [
        Claim(
            "Table 3.4",
            "Mean |errors| of networks with one to three convolutions.",
            "0.3248, 0.3213, 0.3458",
            lambda records: [
                near(name, errors(records, name), published)
                for name, published in zip(CNN.values(), (0.3248, 0.3213, 0.3458), strict=True)
            ],
            note=LINEAR,
        ),
        Claim(
            "Table 3.4",
            "All CNNs locate jumps better than the classical detector.",
            "0.3213 to 0.3458 against 0.5532",
            lambda records: [
                Part(
                    f"jumps, {name}",
                    over_networks(detector(records, RESTRICTED) - errors(records, name)),
                    Control(0.05),
                )
                for name in CNN.values()
            ],
            control="the classical detector with answers from 21 to 80 only",
            method="networks that locate a jump, against a classical detector",
        ),
        Claim(
            "Table 3.4",
            "Two convolutions are best and three are worst.",
            "two better than one by 0.0035, than three by 0.0245",
            _order,
        ),
        Claim(
            "Table 3.4",
            "A single layer has a smaller mean |error| than CNNs, and more large errors.",
            "0.3065 against 0.3213 to 0.3458; root mean square 0.8043 against 0.7592 to 0.7946",
            _outliers,
        ),
    ],
    "3.4.5 Summary of CNNs": [
        Claim(
            "text",
            "What the layers of a simple CNN do can be read from weights and activations: of two filters the first "
            f"smooths more, and the second less, than those of networks that have learned nothing. {SHARE}",
            "figures",
            filters,
            control="the same networks before training, and trained on shuffled labels",
            note=LINEAR,
            method=READING,
        ),
    ],
}
