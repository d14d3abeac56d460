"""The distance of the weights from the identity, by layer and by depth."""

from typing import NamedTuple

import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, RANDOM
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
        "same norm that are orthogonal to it. Means leave out the last layer, whose pixel units no layer uses; the "
        "power of the depth is the slope of their logarithm against that of the depth."
    )
    means = {depth: each[:-1].mean() for depth, each in result.by_depth.items()}
    random = {kind: each[:-1].mean(axis=0) for kind, each in result.random.items()}
    page.finding(closeness(means, random))
    curves = {f"{depth} layers": each for depth, each in result.by_depth.items()}
    figure = figures.through_layers.shares(curves, "distance from the identity", percent=False)
    page.figure("distance_by_layer", figure, "Distance in every layer after training, mean and range.")
    numbers = {"mean": list(means.values()), "slope": slope(means)}
    page.metrics({"by_layer": result.by_depth, "random": random} | numbers)


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
