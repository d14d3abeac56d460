"""The study's table of results, and its lines in the README."""

from pathlib import Path

import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, NAMES, RANDOM
from experiments.identity_layers.removal import ALONE, MAGNITUDE, MAP, RANDOM_INK, with_interval
from experiments.identity_layers.settings import PRESETS
from experiments.provenance import provenance
from experiments.study import mean_and_spread


def lines(files: dict[Path, dict]) -> list[tuple]:
    """What the README says of this study: what was measured, ours, published, how many networks."""
    (kept,) = (kept for kept in files.values() if kept["config"]["data"] == "mnist")
    depth = kept["config"]["depth"]
    found = kept["metrics"]["accuracy"]["accuracy"][f"{IDENTITY} {depth}"]
    ours = " and ".join(mean_and_spread(100 * np.array(found[name]), 1) for name in ("last", "first"))
    what = f"accuracy of {depth} layers from the identity, and of the first alone (%): MNIST"
    return [(what, ours, "–", len(found["last"]))]


def results_table(files: dict[Path, dict]) -> str:
    """A row a network of every data set: accuracy of its layers, distance from the identity, shares of the score."""
    lines = [
        "| start of the networks | layers | networks | held-out rows named right (%) | … by the first layer | "
        "… by the first half, mean | … by its best layer | distance from the identity | missing from the shares (%) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    said = []
    for kept in files.values():
        config, metrics = kept["config"], kept["metrics"]
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
        said.append(f"- {config['data']}: {_random_starts(config, metrics)} {_slope(metrics)} {_removal(metrics)}")
    return "\n".join(
        [
            *lines,
            "",
            "Mean ± standard deviation over networks. Networks from the identity share their start, so that their ± is "
            "from the order of the rows alone; those from random weights differ in their start too. Distance: "
            "‖W − I‖ / ‖I‖, mean over all layers but the last, whose pixel units nothing reads. Missing from the "
            "shares: by how much the layers' shares of a class score fail to add up to it, relative to the score, mean "
            "over rows. Deletion: the ink of an image is blanked from the most important pixel on, and the area under "
            "the probability of the class is the smaller the better the ranking; intervals are of 95 %, over images, "
            "given the networks.",
            "",
            *said,
            "",
            provenance("identity_layers", files, PRESETS),
        ]
    )


def _distance(metrics, kind, depth):
    found = metrics["distance"]
    return found["random"][kind] if kind in RANDOM else np.mean(found["by_layer"][str(depth)][:-1], axis=0)


def _random_starts(config, metrics):
    best = max(np.max(metrics["accuracy"]["accuracy"][f"{kind} {config['depth']}"]["half_best"]) for kind in RANDOM)
    return (
        f"A single layer in the first half of a network from a random start names up to {100 * best:.0f} % right, "
        f"where chance is {100 * metrics['accuracy']['chance']:.0f} %."
    )


def _slope(metrics):
    slope = metrics["distance"]["slope"]
    said = f"The distance from the identity goes as depth to the power {slope:.2f}".replace("-", "−")
    return f"{said}, {'shallower than' if slope > -1 else 'at least as steep as'} 1 / depth."


def _removal(metrics):
    removal = metrics["removal"]
    areas, differences = removal["area"], removal["difference"]
    rivals = {
        ALONE: "the pixels' own size",
        RANDOM_INK: "random ink",
        MAGNITUDE: f"the magnitude of layer {removal['layer_of_magnitude']}'s map",
        "|x · gradient|": "the size of pixel × gradient",
        "x · gradient": "pixel × gradient",
        "integrated gradients": "integrated gradients",
    }
    listed = "; ".join(
        f"{said} {areas[name]['deletion_area']:.3f}, {with_interval(differences[name]['deletion_area'])}"
        for name, said in rivals.items()
    )
    return (
        f"Deletion area of {removal['rows']:,} held-out images by the contribution map of layer {removal['layer']}: "
        f"{areas[MAP]['deletion_area']:.3f}. By other rankings, with the difference from the map's: {listed}."
    )
