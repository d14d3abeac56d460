"""What chapters 3, 4, 5 and 7 read from the study of what the layers of detectors do, by network."""

from collections.abc import Mapping

import numpy as np

from experiments.claims.papers.thesis.records import CNN, FOUR, ONE, TWO, above, apart, below, near, rate
from experiments.claims.rules import Control, Number, Part, over_networks

STUDY = "layers_of_detectors"
# Names of ascents in the run.
LEVELED = "probability, scores at zero removed"
OTHER_WAYS = {
    "probability, as published": "the published ascent",
    "probability, steps × 1,000": "larger steps",
    "probability, starts of the noise's size": "larger starts",
}
SHORT = 0.1  # of a signal's range: falls that a figure shows
SAMPLE = 1.0  # widths of peaks that differ by less look alike


def measured(records, section: str) -> Mapping:
    """The metrics of a section."""
    return records[STUDY]["metrics"][section]


def paired(first, second):
    """The difference of two measures of the same networks, or of networks from the same starts."""
    return over_networks(np.array(first, float) - np.array(second, float))


def located(records) -> list[Part]:
    """Figure 3.5: the share located within one sample from one level of noise to the next."""
    shares = np.array(measured(records, "noise")["located"])
    falls = over_networks((shares[:, :-1] - shares[:, 1:]).min(axis=1))._replace(repeated="draws")
    return [above("smallest fall from a level of noise to the next", falls)]


def learned_widths(records) -> list[Part]:
    """Section 3.2.2: the width of learned filters at the most and the least noise, and beside the best width."""
    of = measured(records, "noise")["widths"]
    learned, best = np.array(of["learned"]), np.array(of["best"])
    return [
        above("width at most noise minus that at least, in samples", over_networks(learned[-1] - learned[0])),
        Part(
            "learned over best width, mean over levels",
            over_networks((learned / best[:, None]).mean(axis=0)),
            Number(1.0, 0.2),
        ),
    ]


def histogram(records) -> list[Part]:
    """Figure 3.7: errors of the classical detector in sets of 6,000 signals."""
    errors = {
        name: over_networks(each)._replace(repeated="sets of signals")
        for name, each in measured(records, "noise")["errors"].items()
    }
    return [
        above("share of errors of 0 or 1", errors["within_one"], 0.5),
        Part("largest error", errors["largest"], Number(58, 12)),
        below("99th percentile", errors["percentile_99"], 2.5),
    ]


def stripes(records) -> list[Part]:
    """Figure 3.12: how gradually units vary with position, and over how many positions they are active."""
    of = measured(records, "stripes")["measures"]
    step, run = ({kind: each[name] for kind, each in of.items()} for name in ("largest_step", "widest_run"))
    return [
        below("largest change from a position to the next, over the range", over_networks(step["trained"]), 0.2),
        above("positions in a row above half of the range, share of 60", over_networks(run["trained"]), 0.2),
        Part("jumps, change beside untrained", paired(step["untrained"], step["trained"]), Control(0.05)),
        Part("jumps, positions beside untrained", paired(run["trained"], run["untrained"]), Control(0.1)),
    ]


def diagonal(records) -> list[Part]:
    """Figure 3.18: the share of the squared dense weights that is within five samples of the jump."""
    of = measured(records, "filters")["diagonal"]
    return [
        above("share of squared weights", over_networks(of["trained"]), 0.5),
        *(
            Part(f"jumps, beside {control}", paired(of["trained"], of[control]), Control(0.1))
            for control in ("untrained", "shuffled labels")
        ),
    ]


def filters(records) -> list[Part]:
    """Section 3.4.5: the smoothing shares of the two filters of a CNN beside those of controls."""
    first, second = (measured(records, "filters")["smoothing"][CNN[2]][name] for name in ("conv1", "conv2"))
    parts = []
    for control in ("untrained", "shuffled labels"):
        parts += [
            Part(f"jumps, first filter beside {control}", paired(first["trained"], first[control]), Control(0.1)),
            Part(f"jumps, second filter beside {control}", paired(second[control], second["trained"]), Control(0.1)),
        ]
    return parts


def converged_bottleneck(records) -> Part:
    """Table 7.1: the mean |error| of 100-2-60 that are trained until they no longer improve."""
    return near("shallow, 2, until converged", measured(records, "two_units")["l1"], 1.5486)


def silent_units(records) -> list[Part]:
    """Figure 4.6: the accuracy at positions where one of two units is silent, beside that of a wide network there."""
    of = measured(records, "two_units")["accuracy"]
    accuracy = {kind: {where: np.array(each, float) for where, each in by.items()} for kind, by in of.items()}
    narrow, wide = (accuracy[kind]["other"] - accuracy[kind]["silent"] for kind in ("narrow", "wide"))  # NaN: none
    return [
        above("accuracy at other positions minus that at those", over_networks(narrow)),
        Part("jumps, beside a hidden layer of 100 at the same positions", over_networks(narrow - wide), Control(0.02)),
    ]


def arbitrary_codes(records) -> list[Part]:
    """Section 4.3.1: the variance of a network's code that an affine map of another's explains."""
    of = measured(records, "two_units")["agreement"]
    return [
        below("explained variance", over_networks(of["trained"]), 0.9),
        below("explained variance minus that before training", paired(of["trained"], of["untrained"]), 0.1),
    ]


def difficulty(records) -> list[Part]:
    """Section 4.3.4: sets of 10 points in 2 dimensions that are not separated, by the map and how it is found."""
    of = measured(records, "separable")["random"]
    return [
        above(f"share of sets not separated by {name}", rate(of[kind]), 0.5)
        for kind, name in (("nearest point", "the map to the nearest point"), ("descent", "a trained layer"))
    ]


def falls(records) -> list[Part]:
    """Figure 5.1: falls of learned inputs before and after the rise, over the range of the signal."""
    of = measured(records, "learned_inputs")["falls"]
    trained, untrained = of["trained"], of["untrained"]
    return [
        above("fall before", over_networks(trained["before"]), SHORT),
        above("fall after", over_networks(trained["after"]), SHORT),
        below("fall before the first position", over_networks(trained["before_first"]), SHORT),
        below("fall after the last position", over_networks(trained["after_last"]), SHORT),
        Part("jumps, before, beside untrained", paired(trained["before"], untrained["before"]), Control(0.05)),
        Part("jumps, after, beside untrained", paired(trained["after"], untrained["after"]), Control(0.05)),
    ]


def _stage(records, number, stage, measure):
    return measured(records, "learned_inputs")["stages"][CNN[number]][stage][measure]


def below_base(records) -> list[Part]:
    """Figure 5.3: how far the signal behind the filter falls below the base level after its peak."""
    return [
        above("below the base level, over the range", over_networks(_stage(records, 1, "conv1", "below_base")), 0.05)
    ]


def _width_parts(records, number, sharper, alike):
    width = {stage: _stage(records, number, stage, "width") for pair in (*sharper, *alike) for stage in pair}
    parts = [above(f"width, {a} minus {b}", paired(width[a], width[b])) for a, b in sharper]
    return parts + [Part(f"width, {a} minus {b}", paired(width[a], width[b]), Number(0.0, SAMPLE)) for a, b in alike]


def two_widths(records) -> list[Part]:
    """Figure 5.4: the width of the peak in the input and behind each of two filters."""
    return _width_parts(records, 2, [("conv1", "conv2"), ("input", "conv2")], [("input", "conv1")])


def three_widths(records) -> list[Part]:
    """Figure 5.5: the width of the peak in the input and behind each of three filters."""
    return _width_parts(records, 3, [("conv1", "conv2"), ("input", "conv3")], [("conv2", "conv3")])


def fooled(records) -> list[Part]:
    """Section 5.3: the smallest change that moves the answer by more than five positions, by depth."""
    of = measured(records, "fooling")["distance"]
    distance = {name: of[name]["far"] for name in (ONE, TWO, FOUR)}
    return [
        above("1 layer minus 4, in standard deviations of the noise", apart(distance[ONE], distance[FOUR])),
        above("2 layers minus 4", apart(distance[TWO], distance[FOUR])),
    ]


def arrivals(records) -> list[Part]:
    """Section 5.2: learned inputs of CNNs with their largest rise at the position, on the log-probability."""
    of = measured(records, "arrival")["ascents"]
    return [
        above(f"{name}, by the log-probability", over_networks(of[name]["log-probability"]["correct"]), 0.9)
        for name in CNN.values()
    ]


def causes(records) -> list[Part]:
    """Section 5.2: how many more ascents arrive without the scores at zero than as published or with other changes."""
    parts = []
    for name in CNN.values():
        ways = {
            way: np.array(each["converged"])
            for way, each in measured(records, "arrival")["ascents"][name].items()
            if isinstance(each, dict)
        }
        for other, title in OTHER_WAYS.items():
            parts.append(Part(f"jumps, {name}, beside {title}", paired(ways[LEVELED], ways[other]), Control(0.05)))
    return parts


def ordered(records) -> list[Part]:
    """Section 7.3: the order of positions in the last hidden layer and in the output."""
    of = measured(records, "output_layer")["order"][FOUR]
    hidden, output = (of["trained"][layer] for layer in ("last hidden layer", "probabilities"))
    return [
        above("last hidden layer", over_networks(hidden), 0.9),
        above("last hidden layer minus output", paired(hidden, output), 0.2),
        Part(
            "jumps, last hidden layer beside untrained",
            paired(hidden, of["untrained"]["last hidden layer"]),
            Control(0.1),
        ),
    ]


def abrupt(records) -> list[Part]:
    """Section 7.3: neighbors with the same shuffled label in the last hidden layer and the output."""
    of = measured(records, "output_layer")["regrouped"]
    return [
        below("last hidden layer", over_networks(of["last hidden layer"]), 0.1),
        above("output", over_networks(of["probabilities"]), 0.9),
    ]
