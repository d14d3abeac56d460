"""How far the weights have gone from the identity, layer by layer, against the depth."""

import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, NAMES, RANDOM
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import identity


def write(study, section) -> None:
    """Distances of every layer and depth, and the slope of their mean against the depth."""
    config = study.config
    found = {depth: distances(study.trained(IDENTITY, depth)) for depth in config.depths}
    random = {kind: distances(study.trained(kind, config.depth)) for kind in RANDOM}
    depths = sorted(found)
    means = np.array([found[depth][:-1].mean() for depth in depths])
    falls = bool(np.all(np.diff(means) < 0))
    section.text(
        "Distance of a layer's weights from the identity, ‖W − I‖ / ‖I‖, by the root of the sum of squares. All depths "
        "had the same optimizer, rate and steps. Weights that have nothing to do with the identity and are as large "
        "lie at √2. Numbers are over all layers but the last: nothing reads its pixel units, so that their weights "
        "have no gradient and stay where they start."
    )
    slope = float(np.polyfit(np.log(depths), np.log(means), 1)[0]) if len(depths) > 1 else float("nan")
    section.table(
        ("start", "layers", "mean over the layers", "nearest layer", "farthest layer"),
        [
            (
                NAMES[kind],
                depth,
                mean_and_spread(values.mean(axis=0)),
                mean_and_spread(values.min(axis=0)),
                mean_and_spread(values.max(axis=0)),
            )
            for kind, depth, values in [
                *((IDENTITY, depth, found[depth][:-1]) for depth in depths),
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
            {f"{depth} layers": found[depth] for depth in depths}, "distance from the identity", percent=False
        ),
        "Distance from the identity in every layer, mean and range over the networks.",
    )
    section.metrics(
        {
            "depths": depths,
            "by_layer": {str(depth): values for depth, values in found.items()},
            "mean": means,
            "falls": falls,
            "slope": slope,
            "random": {kind: values[:-1].mean(axis=0) for kind, values in random.items()},
        }
    )


def _fall(falls, slope):
    said = "shallower than" if slope > -1 else "at least as steep as"
    return (
        f"With depth the mean {'falls' if falls else 'does not fall'} strictly; the slope of its logarithm against "
        f"that of the depth is {slope:.2f}, {said} the −1 of layers that divide one fixed change among them."
    ).replace("-", "−")


def distances(trained) -> np.ndarray:
    """[layers, networks]."""
    return np.stack([identity.distance_to_identity(network.kernel[...]) for network in trained], axis=1)
