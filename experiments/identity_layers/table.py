"""The study's table of results, and its lines in the README."""

from pathlib import Path

import numpy as np

from experiments.identity_layers.distance import against_depth
from experiments.identity_layers.layers_study import IDENTITY, NAMES, RANDOM
from experiments.identity_layers.removal import ALONE, GRADIENTS, MAGNITUDE, MAP, RANDOM_INK, with_interval
from experiments.identity_layers.settings import PRESETS
from experiments.provenance import provenance
from experiments.study import mean_and_spread

HEADER = """\
| initialization | layers | networks | held-out accuracy (%) | … of the first layer | … of the first half, mean | … of \
its best layer | distance from the identity | completeness error of the shares (%) |
|---|---|---|---|---|---|---|---|---|"""
NOTE = """
Mean ± standard deviation over networks. Networks initialized at the identity differ only in the order of the training \
rows, those with random initialization also in their initial weights. Distance: ‖W − I‖ / ‖I‖, mean over all layers \
but the last, whose pixel units no layer uses. Completeness error: the difference between a class score and the sum of \
the layers' shares of it, relative to the score, mean over rows. Deletion area: the area under the probability of the \
class while the ink of an image is blanked from the most important pixel on; lower is better. Intervals are 95% \
intervals over images, given the networks.
"""


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
    rows, notes = [], []
    for record in files.values():
        config, metrics = record["config"], record["metrics"]
        for kind, depth in [(IDENTITY, depth) for depth in config["depths"]] + [(k, config["depth"]) for k in RANDOM]:
            accuracy = metrics["accuracy"]["accuracy"][f"{kind} {depth}"]
            distance = metrics["distance"]["random"].get(kind) or np.mean(
                metrics["distance"]["by_layer"][str(depth)][:-1], axis=0
            )
            errors = 100 * np.array(metrics["shares"][f"{kind} {depth}"]["origin_error"])
            percent = [100 * np.array(accuracy[name]) for name in ("last", "first", "half_mean", "half_best")]
            cells = [f"{config['data']}, {NAMES[kind]}", depth, len(accuracy["last"])]
            cells += [*(mean_and_spread(each, 1) for each in percent), mean_and_spread(distance)]
            rows.append(f"| {' | '.join(map(str, [*cells, mean_and_spread(errors, 2)]))} |")
        notes.append(f"- {config['data']}: {_note(config['depth'], metrics)}")
    return "\n".join([HEADER, *rows, NOTE, *notes, "", provenance("identity_layers", files, PRESETS)])


def _note(depth, metrics):
    accuracy, removal = metrics["accuracy"], metrics["removal"]
    best = max(np.max(accuracy["accuracy"][f"{kind} {depth}"]["half_best"]) for kind in RANDOM)
    area = {name: each["deletion_area"] for name, each in removal["area"].items()}
    baselines = {
        ALONE: "the pixel values",
        RANDOM_INK: "random ink",
        MAGNITUDE: f"the magnitude of the map of layer {removal['layer_of_magnitude']}",
        "|x · gradient|": "the magnitude of pixel × gradient",
        "x · gradient": "pixel × gradient",
        GRADIENTS: "integrated gradients",
    }
    listed = "; ".join(
        f"{title} {area[name]:.3f}, {with_interval(removal['difference'][name]['deletion_area'])}"
        for name, title in baselines.items()
    )
    return (
        "The best single layer in the first half of the networks with random initialization has an accuracy of "
        f"{100 * best:.0f}%; chance is {100 * accuracy['chance']:.0f}%. The distance from the identity scales "
        f"{against_depth(metrics['distance']['slope'])}. Deletion area on {removal['rows']:,} held-out images with the "
        f"contribution map of layer {removal['layer']}: {area[MAP]:.3f}. With other rankings, and the difference from "
        f"the map: {listed}."
    )
