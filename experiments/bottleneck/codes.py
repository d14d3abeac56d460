"""Codes of signals in two units: Figures 4.6 to 4.9 and 4.11 of the thesis."""

from typing import NamedTuple

import numpy as np

from experiments.bottleneck.bottleneck_study import KINDS, code_stage, sizes
from experiments.jumps import POSITIONS
from experiments.study import probabilities
from interp_jax import figures, methods

AXES = {"x_label": "first unit", "y_label": "second unit", "equal": False}
NUMBERS = {"shallow": ("4_6", "4_7"), "deep": ("4_9", "4_8")}


class Kind(NamedTuple):
    """The network of a kind with the smallest validation loss, and its codes in two units.

    Attributes:
        best: its seed.
        averages: [positions, 2] the average code of every jump position.
        outputs: [positions, classes] the average output probabilities.
        codes: [signals, 2] of the training signals.
        positions: [signals] of their jumps.
        clean: seed → codes [positions, 2] of signals without noise, for this network and another one.
    """

    best: int
    averages: np.ndarray
    outputs: np.ndarray
    codes: np.ndarray
    positions: np.ndarray
    clean: dict[int, np.ndarray]


class Codes(NamedTuple):
    """The networks by kind; none if no bottleneck has two units."""

    kinds: dict[str, Kind]


def measure(study) -> Codes:
    """The codes of the best network of each kind."""
    return Codes({kind: _measured(study, kind) for kind in KINDS} if 2 in study.config.widths else {})


def _measured(study, kind):
    best, balanced, train = study.best(kind, 2), study.balanced, study.train
    network = study.network(kind, 2, best)
    means = methods.averages.layer_averages(
        network.activations, balanced.signals, balanced.labels, classes=len(POSITIONS)
    )
    shares = probabilities(network, balanced.signals)
    outputs = methods.averages.class_means(shares, balanced.labels, classes=len(POSITIONS)).means
    clean = np.stack([study.clean(position) for position in POSITIONS]).astype(np.float32)
    seeds = dict.fromkeys((best, study.config.seeds - 1 if best == 0 else 0))
    return Kind(
        best,
        np.asarray(means[code_stage(kind)].means),
        np.asarray(outputs),
        study.codes(kind, 2, best, train.signals),
        np.asarray(train.positions),
        {seed: study.codes(kind, 2, seed, clean) for seed in seeds},
    )


def show(result: Codes, page) -> None:
    """Class averages of activations, single and averaged codes, and the curve of signals without noise."""
    if not result.kinds:
        return
    page.text(
        "With two units in the bottleneck the code of a signal is a point in the plane. Figures show the network of "
        "each kind with the smallest validation loss."
    )
    page.finding(curves_in_words(result))
    page.metrics({kind: _show_kind(page, kind, each) for kind, each in result.kinds.items()})


def _show_kind(page, kind, each):
    name = "-".join(map(str, sizes(kind, 2)))
    heat, plane = NUMBERS[kind]
    page.figure(
        f"fig_{heat}_averages_{kind}",
        figures.heatmaps.class_averages({code_stage(kind): each.averages, "softmax": each.outputs}, POSITIONS),
        f"{name}: activations of the bottleneck and output probabilities, averaged over the signals of every jump "
        f"position (Fig. {heat.replace('_', '.')}).",
    )
    page.figure(
        f"fig_{plane}a_codes_{kind}",
        figures.scatter.embedding(each.codes, each.positions, **AXES),
        f"{name}: the codes of the training signals (Fig. {plane.replace('_', '.')}a).",
    )
    page.figure(
        f"fig_{plane}b_averages_{kind}",
        figures.scatter.embedding(each.averages, POSITIONS, **AXES),
        f"{name}: the average code of every jump position (Fig. {plane.replace('_', '.')}b). The smallest distance "
        f"between two of them is {_least_distance(each.averages):.2f}, the largest {_extent(each.averages):.2f}.",
    )
    metrics = {"best": each.best}
    for seed, code in each.clean.items():
        crossings, same = self_intersections(code), coinciding(code)
        metrics[f"seed {seed}"] = {
            "crossings": crossings,
            "coinciding": same,
            "least_distance": _least_distance(code) / max(_extent(code), 1e-9),
        }
        page.figure(
            f"fig_4_11_curve_{kind}_{seed}",
            figures.scatter.embedding(code, POSITIONS, **AXES),
            f"{name}, network {seed + 1}: the codes of signals without noise, one for every jump position (Fig. 4.11). "
            f"The curve through them intersects itself {crossings} times; {same} of "
            f"{len(code) * (len(code) - 1) // 2:,} pairs of codes coincide"
            + (", so that no later layer can separate them." if same else "."),
        )
    return metrics


def curves_in_words(result: Codes) -> str:
    """The finding: whether the codes of signals without noise are all different."""
    same = {kind: coinciding(each.clean[each.best]) for kind, each in result.kinds.items()}
    lost = [kind for kind, number in same.items() if number]
    if not lost:
        return "In two units, signals without noise have different codes at all jump positions, in both best networks."
    return "In two units, some jump positions have equal codes, which no later layer can tell apart: " + " and ".join(
        f"{same[kind]} pairs in the best {kind} network" for kind in lost
    )


def _distances(points):
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


def _least_distance(points):
    return float((_distances(points) + np.diag(np.full(len(points), np.inf))).min())


def coinciding(points) -> int:
    """The number of pairs of points that are equal up to rounding."""
    near = _distances(points) <= 1e-6 * _extent(points)
    return int(np.triu(near, k=1).sum())


def _extent(points):
    return float(_distances(points).max())


def self_intersections(points) -> int:
    """The number of self-intersections of the polygon through points of the plane; contacts do not count."""
    points = np.asarray(points, np.float64)
    start, end = points[:-1], points[1:]

    def side(a, b, c):
        return (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])

    first, second = np.triu_indices(len(start), k=2)
    a, b, c, d = start[first], end[first], start[second], end[second]
    apart = (side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0)
    return int(apart.sum())
