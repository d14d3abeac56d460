"""Fidelity against the depth of the tree, over layers, numbers of factors and clusters, and clustering methods."""

from typing import NamedTuple

import jax
import numpy as np

from experiments.cnn_inte.inte_study import FULL, LAYER, activations

LEVELS = np.arange(1, 9)
AT = 5  # the depth at which settings are compared
FACTORS, IDS = (1, 2, 4, 8, 16), (3, 5, 10, 20, 40)
LAYERS = {"max1": "after the first convolution", "max2": "after the second", LAYER: "the first dense layer"}


class Sweep(NamedTuple):
    """By what is varied and its setting, fidelity on held-out rows and leaves [levels]."""

    fidelity: dict[str, dict[str, list[float]]]
    leaves: dict[str, dict[str, list[int]]]
    sizes: tuple[int, int, int]  # training rows, factors and clusters


def measure(study) -> Sweep:
    """Fidelities over true clusters, so that the forests have no influence."""
    config, task, network = study.config, study.task, study.network(FULL)
    rows, factors, ids = config.sweep_rows, config.factors, config.ids
    parts = task.inputs[:rows], task.held_inputs[:rows]
    layers = {layer: [activations(network, part, layer) for part in parts] for layer in LAYERS}
    settings = [("factors", f"{count} factor{'s' * (count > 1)}", LAYER, count, ids, "kmeans") for count in FACTORS]
    settings += [("clusters", f"{count} clusters", LAYER, factors, count, "kmeans") for count in IDS]
    settings += [("clusters", "HDBSCAN, up to 40", LAYER, factors, 40, "hdbscan")]
    settings += [("layer", name, layer, factors, ids, "kmeans") for layer, name in LAYERS.items()]
    fidelity, leaves = ({varied: {} for varied in ("factors", "clusters", "layer")} for _ in range(2))
    for varied, name, layer, *options in study.counted("sweep", settings):
        fidelity[varied][name], leaves[varied][name] = _curves(study, *layers[layer], *options)
    return Sweep(fidelity, leaves, (rows, factors, ids))


def show(result: Sweep, page) -> None:
    """A table of all settings."""
    rows, factors, ids = result.sizes
    base = f"{factors} factor{'s' * (factors > 1)}", f"{ids} clusters", LAYERS[LAYER]
    every = {name: (of[name], result.fidelity[varied][name]) for varied, of in result.leaves.items() for name in of}
    own = every[LAYERS[LAYER]]  # shown once, in place of a row for each of the three
    shown = [(", ".join(base), *own), *((name, *each) for name, each in every.items() if name not in base)]
    page.finding(by_layer(result.fidelity["layer"]))
    page.table(
        ("setting", f"leaves at depth {AT}", f"fidelity at depth {AT}", "at depth 3", "at depth 8"),
        [
            (title, leaves[AT - 1], *(f"{curve[depth - 1]:.1%}" for depth in (AT, 3, 8)))
            for title, leaves, curve in shown
        ],
        f"Trees over true clusters of the first {FULL} network, at most {rows:,} training rows: the share of held-out "
        "rows on which they agree with it. The first row is the setting of the other sections, by k-means; the others "
        "differ from it in one respect.",
        note=f"{best(result.fidelity, base[0])} {one_factor(result.leaves['factors']['1 factor'][-1], ids)}",
    )
    page.metrics({"levels": LEVELS, "fidelity": result.fidelity, "leaves": result.leaves})


def by_layer(curves: dict[str, list[float]]) -> str:
    """The finding: whether trees agree more with the network the later their layer is."""
    values = [curve[AT - 1] for curve in curves.values()]
    rises = "more" if all(np.diff(values) > 0) else "not always more"
    shares = ", ".join(f"{value:.1%} ({name})" for name, value in zip(curves, values, strict=True))
    return f"A tree of depth {AT} over the clusters of a later layer agrees {rises} with the network: {shares}."


def best(fidelity: dict[str, dict[str, list[float]]], own: str) -> str:
    """Which number of factors agrees most with the network, beside that of the other sections."""
    values = {name: curve[AT - 1] for name, curve in fidelity["factors"].items()}
    values[own] = fidelity["layer"][LAYERS[LAYER]][AT - 1]
    most = max(values, key=lambda name: (values[name], name == own))
    other = "" if most == own else f"; with {own} {values[own]:.1%}"
    return f"At depth {AT} the agreement is greatest with {most}, {values[most]:.1%}{other}."


def one_factor(leaves: int, ids: int) -> str:
    """What a tree over one factor is that has a leaf for each of its clusters; else an empty string."""
    return "With one factor the tree only lists the class of each cluster." if leaves == ids else ""


def _curves(study, rows, held_rows, factors, ids, clustering):
    """By depth, fidelity on held-out rows and leaves; the validation tenth of the training rows is left out."""
    (_, predictions), (_, held) = study.outputs(FULL)
    learned, key = slice(len(rows) // 10, len(rows)), jax.random.fold_in(study.key(6), factors)
    options = {"key": key, "factors": factors, "ids": ids, "clustering": clustering}
    trees, explained, _ = study.trees(rows[learned], predictions[learned], held_rows, LEVELS.tolist(), **options)
    fidelity = [float(np.mean(each == held[: len(held_rows)])) for each in explained]
    return fidelity, [int(tree.leaves) for tree in trees]
