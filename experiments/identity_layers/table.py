"""The study's table of results, and its lines in the README."""

import numpy as np

from experiments.identity_layers.distance import against_depth
from experiments.identity_layers.layers_study import IDENTITY, NAMES, RANDOM
from experiments.identity_layers.removal import MAP, with_interval
from experiments.identity_layers.settings import PRESETS
from experiments.provenance import Files, data_name, on, provenance, table
from experiments.study import mean_and_spread

HEADER = "initialization", "layers", "networks", "held-out accuracy (%)", "… of the first layer"
HEADER += "… of the first half, mean", "… of its best layer", "distance from the identity", "completeness error (%)"
NOTE = """
Mean ± standard deviation over networks. Distance: ‖W − I‖ / ‖I‖, mean over all layers but the last. Completeness \
error: the difference between a class score and the sum of the layers' shares of it, relative to the score. Deletion \
area: the area under the probability of the class while the ink of an image is blanked from the most important pixel \
on; lower is better. Intervals are 95% intervals over images.
"""


def lines(files: Files) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    rows = []
    for record in on(files, "mnist"):
        depth = record["config"]["depth"]
        accuracy = record["metrics"]["accuracy"]["accuracy"][f"{IDENTITY} {depth}"]
        ours = " and ".join(mean_and_spread(100 * np.array(accuracy[name]), 1) for name in ("last", "first"))
        what = f"accuracy of {depth} layers initialized at the identity, and of the first layer (%): MNIST"
        rows.append((what, ours, "–", len(accuracy["last"])))
    return rows


def results_table(files: Files) -> str:
    """A row for every kind of network: accuracy of its layers, distance from the identity, completeness of shares."""
    rows, notes = [], []
    for config, metrics in ((record["config"], record["metrics"]) for record in files.values()):
        cases = [(IDENTITY, depth) for depth in config["depths"]] + [(kind, config["depth"]) for kind in RANDOM]
        rows += [(f"{data_name(config)}, {NAMES[kind]}", depth, *_cells(metrics, kind, depth)) for kind, depth in cases]
        trained = f"{config['epochs']} epoch{'s' if config['epochs'] > 1 else ''}"
        notes.append(f"- {data_name(config)}, {trained}: {_note(config['depth'], metrics)}")
    return "\n".join([table(HEADER, rows), NOTE, *notes, "", provenance("identity_layers", files, PRESETS)])


def _cells(metrics, kind, depth):
    accuracy, distance = metrics["accuracy"]["accuracy"][f"{kind} {depth}"], metrics["distance"]
    apart = distance["random"].get(kind) or np.mean(distance["by_layer"][str(depth)][:-1], axis=0)
    errors = 100 * np.array(metrics["shares"][f"{kind} {depth}"]["origin_error"])
    of_layers = (100 * np.array(accuracy[name]) for name in ("last", "first", "half_mean", "half_best"))
    shown = (mean_and_spread(each, 1) for each in of_layers)
    return len(accuracy["last"]), *shown, mean_and_spread(apart), mean_and_spread(errors, 2)


def _note(depth, metrics):
    accuracy, removal = metrics["accuracy"], metrics["removal"]
    best = max(np.max(accuracy["accuracy"][f"{kind} {depth}"]["half_best"]) for kind in RANDOM)
    area = {name: np.mean(each["deletion_area"]) for name, each in removal["area"].items()}
    other = {name: with_interval(each["deletion_area"]) for name, each in removal["difference"].items()}
    return (
        "The best single layer in the first half of the networks with random initialization has an accuracy of "
        f"{best:.0%}; chance is {accuracy['chance']:.0%}. The distance from the identity scales "
        f"{against_depth(metrics['distance']['slope'])}. Deletion area on {removal['rows']:,} held-out images with the "
        f"{MAP} of layer {removal['layer']}: {area[MAP]:.3f}. With other rankings (the magnitude |{MAP}| is that of "
        f"layer {removal['layer_of_magnitude']}), and the difference from the map: "
        f"{'; '.join(f'{name} {area[name]:.3f}, {difference}' for name, difference in other.items())}."
    )
