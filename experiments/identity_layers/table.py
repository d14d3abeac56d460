"""The study's table in the README."""

from pathlib import Path

import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, NAMES, RANDOM
from experiments.identity_layers.removal import ALONE, MAP, RANDOM_INK
from experiments.identity_layers.settings import PRESETS
from experiments.provenance import provenance
from experiments.study import mean_and_spread


def readme_table(files: dict[Path, dict]) -> str:
    """A row a network of every data set: accuracy of its layers, distance from the identity, shares of the score."""
    lines = [
        "| networks | layers | held-out rows named right (%) | … by the first layer | … by the best of the first half "
        "| distance from the identity | missing from the shares (%) |",
        "|---|---|---|---|---|---|---|",
    ]
    said = []
    for kept in files.values():
        config, metrics = kept["config"], kept["metrics"]
        for kind, depth in [(IDENTITY, depth) for depth in config["depths"]] + [(k, config["depth"]) for k in RANDOM]:
            accuracy = metrics["accuracy"]["accuracy"][f"{kind} {depth}"]
            errors = metrics["shares"][f"{kind} {depth}"]["origin_error"]
            percent = (mean_and_spread(100 * np.array(accuracy[name]), 1) for name in ("last", "first", "half_best"))
            cells = [f"{config['data']}, {NAMES[kind]}", depth, *percent]
            cells += [mean_and_spread(_distance(metrics, kind, depth)), mean_and_spread(100 * np.array(errors), 2)]
            lines.append(f"| {' | '.join(map(str, cells))} |")
        said.append(_removal(config, metrics))
    return "\n".join(
        [
            *lines,
            "",
            "Mean ± standard deviation over networks. Distance: ‖W − I‖ / ‖I‖, mean over the layers. "
            f"{' '.join(said)} {provenance('identity_layers', files, PRESETS)}",
        ]
    )


def _distance(metrics, kind, depth):
    found = metrics["distance"]
    return found["random"][kind] if kind in RANDOM else np.mean(found["by_layer"][str(depth)], axis=0)


def _removal(config, metrics):
    removal = metrics["removal"]
    areas = ", ".join(
        f"{removal['area'][name]['deletion_area']:.3f} by {said}"
        for name, said in (
            (MAP, f"the contribution map of layer {removal['layer']}"),
            (ALONE, "the pixels' own size"),
            (RANDOM_INK, "chance"),
            ("|x · gradient|", "the size of pixel × gradient"),
            ("x · gradient", "pixel × gradient"),
            ("integrated gradients", "integrated gradients"),
        )
    )
    slope = f"{metrics['distance']['slope']:.2f}".replace("-", "−")
    return (
        f"{config['data']}: the distance goes as depth to the power {slope}; area under the deletion curve of "
        f"{removal['rows']:,} held-out images when their ink is ranked {areas}."
    )
