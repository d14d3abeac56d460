"""Codes of signals in two units: Figures 4.6 to 4.9 and 4.11 of the thesis."""

from typing import NamedTuple

import numpy as np

from experiments.bottleneck.bottleneck_study import STAGES, title
from experiments.jumps import POSITIONS
from interp_jax import figures

NUMBERS = {"shallow": ("4.6", "4.7"), "deep": ("4.9", "4.8")}


class Kind(NamedTuple):
    """The network of a kind with the smallest validation loss, and its codes in two units."""

    best: int  # its seed
    averages: np.ndarray  # [positions, 2] the average code of every jump position
    outputs: np.ndarray  # [positions, classes] the average output probabilities
    codes: np.ndarray  # [signals, 2] of the training signals
    positions: np.ndarray  # [signals] of their jumps
    clean: np.ndarray  # [positions, 2] the codes of signals without noise


def measure(study) -> dict[str, Kind]:
    """The best network of each kind; none if no bottleneck has two units."""
    return {kind: _measured(study, kind) for kind in STAGES if 2 in study.config.widths}


def _measured(study, kind):
    fit, train = study.bottleneck(kind, 2), study.train
    best = int(np.argmin(fit.history.validation_loss.min(axis=0)))
    network = study.lanes(fit)[best]
    averages = study.averages(network)
    clean = np.stack([study.clean(position) for position in POSITIONS]).astype(np.float32)
    return Kind(
        best,
        averages[STAGES[kind]],
        averages["probabilities"],
        study.codes(kind, network, train.signals),
        train.positions,
        study.codes(kind, network, clean),
    )


def show(result: dict[str, Kind], page) -> None:
    """Class averages of activations, single and averaged codes, and the curve of signals without noise."""
    if not result:
        return
    page.text(
        "With two units in the bottleneck the code of a signal is a point in the plane. Figures show the network of "
        "each kind with the smallest validation loss."
    )
    page.finding(curves_in_words(result))
    for kind, each in result.items():
        name, (heat, code) = title(kind, 2), NUMBERS[kind]
        page.figure(
            f"fig_{heat.replace('.', '_')}_averages_{kind}",
            figures.heatmaps.class_averages({STAGES[kind]: each.averages, "softmax": each.outputs}, POSITIONS),
            f"{name}: activations of the bottleneck and output probabilities, averaged over the signals of every jump "
            f"position (Fig. {heat}).",
        )
        crossings, same = self_intersections(each.clean), coinciding(each.clean)
        curve = (
            "the codes of signals without noise, one for every jump position (Fig. 4.11). The curve through them "
            f"intersects itself {crossings} times; {same} {'pair' if same == 1 else 'pairs'} of codes coincide."
        )
        for number, points, positions, caption in (
            (f"{code}a", each.codes, each.positions, f"the codes of the training signals (Fig. {code}a)."),
            (f"{code}b", each.averages, POSITIONS, f"the average code of every jump position (Fig. {code}b)."),
            ("4.11", each.clean, POSITIONS, curve),
        ):
            plane = figures.scatter.embedding(points, positions, equal=False)
            page.figure(f"fig_{number.replace('.', '_')}_{kind}", plane, f"{name}: {caption}")
        page.metrics({kind: {"best": each.best, "crossings": crossings, "coinciding": same}})


def curves_in_words(result: dict[str, Kind]) -> str:
    """The finding: whether the codes of signals without noise are all different."""
    same = {kind: coinciding(each.clean) for kind, each in result.items()}
    lost = [
        f"the best {kind} network gives jumps at {' and '.join(equal(each.clean))} one code"
        for kind, each in result.items()
        if same[kind]
    ]
    if not lost:
        return "In two units, signals without noise have different codes at all jump positions, in both best networks."
    return f"Of signals without noise, {', and '.join(lost)}; no later layer can distinguish them."


def equal(points) -> list[str]:
    """The jump positions of each group of equal points, as ``79, 80``."""
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    groups = {tuple(np.flatnonzero(row)) for row in distances <= 1e-6 * distances.max()}
    return [", ".join(str(POSITIONS[place]) for place in group) for group in sorted(groups) if len(group) > 1]


def coinciding(points) -> int:
    """The number of pairs of points that are equal up to rounding."""
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    return int(np.triu(distances <= 1e-6 * distances.max(), k=1).sum())


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
