"""The study's table of results, and its lines in the README."""

from pathlib import Path

import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, NAMES, RANDOM
from experiments.identity_layers.removal import ALONE, MAGNITUDE, MAP, RANDOM_INK, with_interval
from experiments.identity_layers.settings import PRESETS
from experiments.provenance import provenance
from experiments.study import mean_and_spread


def lines(files: dict[Path, dict]) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    (record,) = (record for record in files.values() if record["config"]["data"] == "mnist")
    depth = record["config"]["depth"]
    accuracy = record["metrics"]["accuracy"]["accuracy"][f"{IDENTITY} {depth}"]
    ours = " and ".join(mean_and_spread(100 * np.array(accuracy[name]), 1) for name in ("last", "first"))
    what = f"accuracy of {depth} layers initialized at the identity, and of the first layer (%): MNIST"
    return [(what, ours, "–", len(accuracy["last"]))]


def results_table(files: dict[Path, dict]) -> str:
    """A row for every kind of network: accuracy of its layers, distance from the identity, completeness of shares."""
    lines = [
        "| initialization | layers | networks | held-out accuracy (%) | … of the first layer | … of the first half, "
        "mean | … of its best layer | distance from the identity | completeness error of the shares (%) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    notes = []
    for record in files.values():
        config, metrics = record["config"], record["metrics"]
        for kind, depth in [(IDENTITY, depth) for depth in config["depths"]] + [(k, config["depth"]) for k in RANDOM]:
            accuracy = metrics["accuracy"]["accuracy"][f"{kind} {depth}"]
            errors = metrics["shares"][f"{kind} {depth}"]["origin_error"]
            percent = (
                mean_and_spread(100 * np.array(accuracy[name]), 1)
                for name in ("last", "first", "half_mean", "half_best")
            )
            cells = [f"{config['data']}, {NAMES[kind]}", depth, len(accuracy["last"]), *percent]
            cells += [mean_and_spread(_distance(metrics, kind, depth)), mean_and_spread(100 * np.array(errors), 2)]
            lines.append(f"| {' | '.join(map(str, cells))} |")
        notes.append(f"- {config['data']}: {_random_starts(config, metrics)} {_slope(metrics)} {_removal(metrics)}")
    return "\n".join(
        [
            *lines,
            "",
            "Mean ± standard deviation over networks. Networks initialized at the identity differ only in the order of "
            "the training rows, those with random initialization also in their initial weights. Distance: "
            "‖W − I‖ / ‖I‖, mean over all layers but the last, whose pixel units no layer uses. Completeness error: "
            "the difference between a class score and the sum of the layers' shares of it, relative to the score, mean "
            "over rows. Deletion area: the area under the probability of the class while the ink of an image is "
            "blanked from the most important pixel on; lower is better. Intervals are 95 % intervals over images, "
            "given the networks.",
            "",
            *notes,
            "",
            provenance("identity_layers", files, PRESETS),
        ]
    )


def _distance(metrics, kind, depth):
    distance = metrics["distance"]
    return distance["random"][kind] if kind in RANDOM else np.mean(distance["by_layer"][str(depth)][:-1], axis=0)


def _random_starts(config, metrics):
    best = max(np.max(metrics["accuracy"]["accuracy"][f"{kind} {config['depth']}"]["half_best"]) for kind in RANDOM)
    return (
        "The best single layer in the first half of the networks with random initialization has an accuracy of "
        f"{100 * best:.0f} %; chance is {100 * metrics['accuracy']['chance']:.0f} %."
    )


def _slope(metrics):
    slope = metrics["distance"]["slope"]
    power = f"The distance from the identity scales as depth to the power {slope:.2f}".replace("-", "−")
    return f"{power}, {'more slowly than' if slope > -1 else 'at least as fast as'} 1 / depth."


def _removal(metrics):
    removal = metrics["removal"]
    areas, differences = removal["area"], removal["difference"]
    baselines = {
        ALONE: "the pixel values",
        RANDOM_INK: "random ink",
        MAGNITUDE: f"the magnitude of the map of layer {removal['layer_of_magnitude']}",
        "|x · gradient|": "the magnitude of pixel × gradient",
        "x · gradient": "pixel × gradient",
        "integrated gradients": "integrated gradients",
    }
    listed = "; ".join(
        f"{title} {areas[name]['deletion_area']:.3f}, {with_interval(differences[name]['deletion_area'])}"
        for name, title in baselines.items()
    )
    return (
        f"Deletion area on {removal['rows']:,} held-out images with the contribution map of layer {removal['layer']}: "
        f"{areas[MAP]['deletion_area']:.3f}. With other rankings, and the difference from the map: {listed}."
    )
