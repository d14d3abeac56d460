"""The distance of the weights from the identity, by layer and by depth."""

import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, NAMES, RANDOM
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import identity


def write(study, section) -> None:
    """A table and a figure of the distances, and the slope of their mean against the depth."""
    config = study.config
    by_depth = {depth: distances(study.trained(IDENTITY, depth)) for depth in config.depths}
    random = {kind: distances(study.trained(kind, config.depth)) for kind in RANDOM}
    depths = sorted(by_depth)
    means = np.array([by_depth[depth][:-1].mean() for depth in depths])
    falls = bool(np.all(np.diff(means) < 0))
    section.text(
        "Distance of a layer's weights from the identity, ‖W − I‖ / ‖I‖, in the Frobenius norm. All depths have the "
        "same optimizer, learning rate and number of steps. Weights of the same norm that are orthogonal to the "
        "identity have a distance of √2. The last layer is excluded: no layer uses its pixel units, so that their "
        "weights have no gradient."
    )
    slope = float(np.polyfit(np.log(depths), np.log(means), 1)[0]) if len(depths) > 1 else float("nan")
    section.table(
        ("initialization", "layers", "mean over the layers", "smallest", "largest"),
        [
            (
                NAMES[kind],
                depth,
                mean_and_spread(values.mean(axis=0)),
                mean_and_spread(values.min(axis=0)),
                mean_and_spread(values.max(axis=0)),
            )
            for kind, depth, values in [
                *((IDENTITY, depth, by_depth[depth][:-1]) for depth in depths),
                *((kind, config.depth, values[:-1]) for kind, values in random.items()),
            ]
        ],
        "Distance from the identity after training, in all layers but the last: mean ± standard deviation over the "
        "networks.",
        note=_fall(falls, slope) if len(depths) > 1 else None,
    )
    section.figure(
        "distance_by_layer",
        figures.through_layers.shares(
            {f"{depth} layers": by_depth[depth] for depth in depths}, "distance from the identity", percent=False
        ),
        "Distance from the identity in every layer, mean and range over the networks.",
    )
    section.metrics(
        {
            "depths": depths,
            "by_layer": {str(depth): values for depth, values in by_depth.items()},
            "mean": means,
            "falls": falls,
            "slope": slope,
            "random": {kind: values[:-1].mean(axis=0) for kind, values in random.items()},
        }
    )


def _fall(falls, slope):
    words = "shallower than" if slope > -1 else "at least as steep as"
    return (
        f"The mean {'decreases' if falls else 'does not decrease'} strictly with depth. The slope of its logarithm "
        f"against the logarithm of the depth is {slope:.2f}, {words} the slope of −1 that results if the layers share "
        "a constant total change."
    ).replace("-", "−")


def distances(trained) -> np.ndarray:
    """Distances from the identity [layers, networks]."""
    return np.stack([identity.distance_to_identity(network.kernel[...]) for network in trained], axis=1)
