"""Codes of signals in two units: Figures 4.6 to 4.9 and 4.11 of the thesis."""

import numpy as np

from experiments.bottleneck.bottleneck_study import KINDS, code_stage, sizes
from experiments.jump_detection.jump_study import POSITIONS
from experiments.study import probabilities
from interp_jax import figures, methods

AXES = {"x_label": "first unit", "y_label": "second unit", "equal": False}
NUMBERS = {"shallow": ("4_6", "4_7"), "deep": ("4_9", "4_8")}


def write(study, section) -> None:
    """Class averages of activations, single and averaged codes, and the curve of signals without noise."""
    if 2 not in study.config.widths:
        section.text("The settings name no bottleneck of two units.")
        return
    section.text(
        "With two units in the bottleneck the code of a signal is a point in the plane. Figures show the network of "
        "each kind with the smallest validation loss."
    )
    section.metrics({kind: _kind(study, section, kind) for kind in KINDS})


def _kind(study, section, kind):
    best, name = study.best(kind, 2), "-".join(map(str, sizes(kind, 2)))
    network, stage = study.network(kind, 2, study.best(kind, 2)), code_stage(kind)
    balanced = study.balanced
    averages = methods.averages.layer_averages(
        network.activations, balanced.signals, balanced.labels, classes=len(POSITIONS)
    )
    heat, plane = NUMBERS[kind]
    shares = probabilities(network, balanced.signals)
    outputs = methods.averages.class_means(shares, balanced.labels, classes=len(POSITIONS)).means
    section.figure(
        f"fig_{heat}_averages_{kind}",
        figures.heatmaps.class_averages({stage: averages[stage].means, "softmax": outputs}, POSITIONS),
        f"{name}: activations of the bottleneck and output probabilities, averaged over the signals of every jump "
        f"position (Fig. {heat.replace('_', '.')}).",
    )
    section.figure(
        f"fig_{plane}a_codes_{kind}",
        figures.scatter.embedding(study.codes(kind, 2, best, study.train.signals), study.train.positions, **AXES),
        f"{name}: the codes of the training signals (Fig. {plane.replace('_', '.')}a).",
    )
    means = np.asarray(averages[stage].means)
    section.figure(
        f"fig_{plane}b_averages_{kind}",
        figures.scatter.embedding(means, POSITIONS, **AXES),
        f"{name}: the average code of every jump position (Fig. {plane.replace('_', '.')}b). The smallest distance "
        f"between two of them is {_least_distance(means):.2f}, the largest {_extent(means):.2f}.",
    )
    clean = np.stack([study.clean(position) for position in POSITIONS]).astype(np.float32)
    metrics = {"best": best}
    for seed in dict.fromkeys((best, study.config.seeds - 1 if best == 0 else 0)):
        code = study.codes(kind, 2, seed, clean)
        crossings, coinciding = self_intersections(code), _coinciding(code)
        metrics[f"seed {seed}"] = {
            "crossings": crossings,
            "coinciding": coinciding,
            "least_distance": _least_distance(code) / max(_extent(code), 1e-9),
        }
        section.figure(
            f"fig_4_11_curve_{kind}_{seed}",
            figures.scatter.embedding(code, POSITIONS, **AXES),
            f"{name}, network {seed + 1}: the codes of signals without noise, one for every jump position (Fig. 4.11). "
            f"The curve through them intersects itself {crossings} times; {coinciding} of "
            f"{len(code) * (len(code) - 1) // 2:,} pairs of codes coincide, so that no later layer can separate them.",
        )
    return metrics


def _distances(points):
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


def _least_distance(points):
    return float((_distances(points) + np.diag(np.full(len(points), np.inf))).min())


def _coinciding(points):
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
