"""The distance of the weights from the identity, by layer and by depth."""

from typing import NamedTuple

import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, NAMES, RANDOM
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods.identity import distance_to_identity


class Distances(NamedTuple):
    """The distances [layers, networks] by depth if initialized at the identity, and by random initialization."""

    by_depth: dict[int, np.ndarray]
    random: dict[str, np.ndarray]


def measure(study) -> Distances:
    """The distances of all layers of all networks."""
    kernels = {case: [network.kernel[...] for network in study.networks(*case)] for case in study.cases}
    distance = {case: np.stack(list(map(distance_to_identity, each)), axis=1) for case, each in kernels.items()}
    by_depth = {depth: distance[IDENTITY, depth] for depth in sorted(study.config.depths)}
    return Distances(by_depth, {kind: distance[kind, study.config.depth] for kind in RANDOM})


def show(result: Distances, page) -> None:
    """A figure of the distances, and how their mean depends on the depth."""
    page.text(
        "Distance of a layer's weights from the identity, ‖W − I‖ / ‖I‖, in the Frobenius norm: √2 for weights of the "
        "same norm that are orthogonal to it. All depths have the same number of steps and learning rate. Means leave "
        "out the last layer: no layer uses its pixel units, so that their weights have no gradient."
    )
    means = {depth: each[:-1].mean() for depth, each in result.by_depth.items()}
    random = {kind: each[:-1].mean(axis=0) for kind, each in result.random.items()}
    page.finding(closeness(means, random))
    several = {f"{NAMES[IDENTITY]}, {depth} layers": each for depth, each in result.by_depth.items()}
    several |= {NAMES[kind]: each for kind, each in result.random.items()}
    page.table(
        ("initialization", "distance from the identity (%)"),
        [(name, mean_and_spread(100 * each[:-1].mean(axis=0), 1)) for name, each in several.items()],
        "Mean distance of all layers but the last, mean ± standard deviation over the networks. The power of the depth "
        "is the slope of the logarithm of these means against that of the depth.",
    )
    curves = {f"{depth} layers": each for depth, each in result.by_depth.items()}
    page.figure(
        "distance_by_layer",
        figures.through_layers.shares(curves, "distance from the identity", percent=False),
        "Distance from the identity in every layer after training, mean and range over the networks.",
    )
    by_layer = {str(depth): each for depth, each in result.by_depth.items()}
    numbers = {"depths": list(means), "mean": list(means.values()), "slope": slope(means)}
    page.metrics({"by_layer": by_layer, "random": random} | numbers)


def closeness(means: dict[int, float], random: dict[str, np.ndarray]) -> str:
    """The finding: how far training moves the weights by depth, and whether less in deeper networks."""
    from_random = [each.mean() for each in random.values()]
    near = "stay closer" if max(means.values()) < min(from_random) else "do not stay closer"
    listed = ", ".join(f"{mean:.1%} with {depth} layers" for depth, mean in means.items())
    sentence = (
        f"Weights that start at the identity {near} to it than random ones: after training their mean distance from "
        f"it, relative to its norm, is {listed}, that of random ones {min(from_random):.0%} to {max(from_random):.0%}."
    )
    verb = "decreases" if np.all(np.diff(list(means.values())) < 0) else "does not always decrease"
    return sentence if len(means) < 2 else f"{sentence} It {verb} with depth, {against_depth(slope(means))}."


def against_depth(slope: float) -> str:
    """A comparison of a power of the depth with 1 / depth, which results if layers share a constant total change."""
    speed = "more slowly than" if slope > -1 else "at least as fast as"
    return f"as depth to the power {slope:.2f}, {speed} 1 / depth".replace("-", "−")


def slope(means: dict[int, float]) -> float:
    """The slope of the logarithm of the mean distance against that of the depth; NaN for one depth."""
    depths, distances = np.log(list(means)), np.log(list(means.values()))
    return float(np.polyfit(depths, distances, 1)[0]) if len(means) > 1 else float("nan")
