"""Chapter 5: inputs that maximize the answer of a network."""

import numpy as np

from experiments.claims.claim import Claim
from experiments.claims.papers.thesis.inside_layers import (
    STUDY,
    arrivals,
    below_base,
    causes,
    falls,
    fooled,
    three_widths,
    two_widths,
)
from experiments.claims.papers.thesis.records import CNN, FOUR, ONE, above, apart, below, one
from experiments.claims.rules import Control, Number, Part, over_networks

ASCENT = "gradient ascent on a class"
WHY = "saturated softmax, as the reason why ascents stay"
STAGES = "one network of each kind, the mean of 16 starts"
WIDTHS = "Measured: the width of the peak at half its height, in samples, for a jump at 50."
BY_LOGARITHM = "ascent on the log-probability, as that on the probability leaves starts where they are"


def ascents(records, network: str, measure: str) -> np.ndarray:
    """How ascents on all 60 positions from 16 starts end, by network."""
    return np.array(records["gradient_ascent_jumps"]["metrics"]["classes"]["classes"][network][measure])


def observed(records, kind: str, measure: str) -> np.ndarray:
    """How ascents on the log-probability end, by network."""
    measured = records["gradient_ascent_jumps"]["metrics"]["observer"]["ascent"][kind][measure]
    return np.array([np.nan if each is None else each for each in measured])


def _at_the_jump(records):
    trained, untrained = (
        observed(records, kind, "correct_lanes") for kind in ("1 layer, as in the thesis", "untrained")
    )
    return [
        above("largest rise at the position", over_networks(ascents(records, ONE, "correct_lanes")), 0.9),
        Part("jumps, rise at the position beside untrained", over_networks(trained - untrained), Control(0.1)),
    ]


def _blurred(records):
    single, mean = (
        apart(*(ascents(records, name, measure) for name in (ONE, FOUR)))
        for measure in ("correct_lanes", "correct_means")
    )
    return [
        above("1 layer minus 4", single),
        above("wrong, 4 layers", over_networks(1 - ascents(records, FOUR, "correct_lanes")), 0.1),
        Part("jumps, mean of the starts, 1 layer minus 4", mean, Control(0.05)),
    ]


def _one_convolution(records):
    rises = records["gradient_ascent_jumps"]["metrics"]["classes"]["stages"][CNN[1]]
    return [
        Part(what, one(abs(rises[stage][1] - 50)), Number(0.0, 1.0))
        for what, stage in {"input": "input", "after the filter": "after conv1"}.items()
    ]


def _plateau(records):
    networks, near_optimal = (
        observed(records, kind, "plateau") for kind in ("1 layer, as in the thesis", "30,000 steps")
    )
    posterior = observed(records, "exact posterior", "plateau")
    return [
        below("plateau, 1 layer", over_networks(networks), 0.5),
        below("plateau, 2 layers", over_networks(observed(records, "2 layers, as in the thesis", "plateau")), 0.5),
        Part("jumps, missing plateau beside the exact posterior", over_networks(posterior - networks), Control(0.2)),
        Part(
            "jumps, missing plateau beside a near-optimal network", over_networks(near_optimal - networks), Control(0.2)
        ),
    ]


SECTIONS = {
    "5 Visualization by Gradient Ascent": "the method",
    "5.1 For MLPs": [
        Claim(
            "Fig. 5.1",
            "Inputs that maximize a position in a network of one layer have a sudden rise there. Measured: the share "
            "with their largest rise at the position.",
            "figures of four positions",
            _at_the_jump,
            control="ascent on untrained networks, both on the log-probability",
            method=ASCENT,
        ),
        Claim(
            "Fig. 5.1",
            "Such inputs fall before the rise and after it, except for the first and the last position. Measured: the "
            "mean of five samples before the rise below the base level, and of samples 5 to 14 after it below the "
            "peak, over the range of the signal, at positions 31 to 70.",
            "figures of four positions",
            falls,
            control="ascent on untrained networks",
            method=ASCENT,
        ),
        Claim(
            "Fig. 5.2",
            "Networks of four layers answer to their inputs with more than 99.9%.",
            "all four",
            lambda records: [above("4 layers, share", over_networks(ascents(records, FOUR, "converged")), 0.95)],
        ),
        Claim(
            "Fig. 5.2",
            "In deeper networks such inputs are less clear; with four layers some do not show the position. Measured: "
            "the share with their largest rise at the position.",
            "wrong at 2 of 4 positions",
            _blurred,
            control="the mean of 16 starts, in which the noise of a single start averages out",
        ),
    ],
    "5.2 For CNNs": [
        Claim(
            "text",
            "What holds for perceptrons holds for CNNs. Measured: the share with their largest rise at the position.",
            "no number",
            lambda records: [
                *(above(name, over_networks(ascents(records, name, "correct_lanes")), 0.9) for name in CNN.values()),
                *(arrivals(records) if STUDY in records else []),
            ],
            note="by the probability as published and by its logarithm, as ascents of the first kind do not all "
            "arrive; the latter's rate of 1.0 was chosen after a small run in which 0.3 ran out of steps",
        ),
        Claim(
            "our addition: why ascents do not arrive",
            "Where the published ascent does not arrive, the softmax is saturated at its start: with the scores of a "
            "signal of zeros subtracted, which changes no gradient of a score, it arrives.",
            "not claimed",
            causes,
            control="the published ascent, and what would help if steps or starts were too small: share that arrives, "
            "less theirs",
            note="rules were written before the run that is kept",
            method=WHY,
        ),
    ],
    "5.2.1 With one conv layer": [
        Claim(
            "Fig. 5.3",
            "For a jump at 50 the learned input, and the learned signal after the filter, rise there. Measured: the "
            "distance of the largest rise, in samples.",
            "a figure",
            _one_convolution,
            note=STAGES,
        ),
        Claim(
            "Fig. 5.3",
            "After its peak the signal behind the filter falls below the base level. Measured: by how much within ten "
            "samples, over the range of the signal.",
            "a figure",
            below_base,
            note=BY_LOGARITHM,
        ),
    ],
    "5.2.2 With two conv layers": [
        Claim(
            "Fig. 5.4",
            "Signals learned for later layers have sharper peaks; those for the input and after the first filter are "
            f"alike. {WIDTHS}",
            "a figure",
            two_widths,
            note=BY_LOGARITHM,
        ),
    ],
    "5.2.3 With three conv layers": [
        Claim(
            "Fig. 5.5",
            f"Peaks are sharper in later layers, except before and after the third filter. {WIDTHS}",
            "a figure",
            three_widths,
            note=BY_LOGARITHM,
        ),
    ],
    "5.3 Summary: What are the Networks Actually Learning?": [
        Claim(
            "text",
            "Learned inputs have a rise without a plateau after it: networks detect the rise, not the step. Measured: "
            "the level after the jump minus that before it, over the rise, 1 for a step and 0 for a pulse.",
            "figures",
            _plateau,
            control="the exact posterior, for which the step is known, and networks trained for 30,000 steps on fresh "
            "signals; if their inputs have no plateau either, its lack does not tell what a network has learned",
            note="ascent on the log-probability",
            method=ASCENT,
        ),
        Claim(
            "text",
            "Deeper networks are fooled more easily. Measured: the smallest change of a correctly placed signal, found "
            "by repeated linearization, that moves the answer by more than five positions.",
            "no number",
            fooled,
            note="an upper bound of the smallest change",
        ),
    ],
}
