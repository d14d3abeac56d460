"""Fidelity against the size of the tree, over layers, factors, clusters and ways to find them."""

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.decomposition import PCA
from sklearn.tree import DecisionTreeClassifier

from experiments.cnn_inte.judging import tree_on
from experiments.cnn_inte.tasks import FULL
from interp_jax import figures
from interp_jax.methods.cnn_inte.factors import assign, find_factors

LEVELS = range(1, 9)
SHOWN = 3  # levels from which on curves are drawn: fewer cannot tell ten classes apart
FACTORS, IDS = (1, 2, 4, 8, 16), (3, 5, 10, 20, 40)
LAYERS = {"max1": "after the first convolution", "max2": "after the second", "relu3": "the first dense layer"}
LAYER = "relu3"


def write(study, section) -> None:
    """Curves of fidelity on held-out rows; clusters are taken as known, so that the forests play no part."""
    config, layers = study.config, dict.fromkeys([*LAYERS, LAYER])
    found, leaves, chosen = {}, {}, []
    held = study.outputs(FULL, 0)["held predictions"][: config.sweep_rows]
    for layer in layers:
        layers[layer] = study.layer(FULL, 0, layer, config.sweep_rows, config.sweep_rows)
    kinds = [("factors", f"{count} factor{'s' * (count > 1)}", LAYER, count, config.ids, "kmeans") for count in FACTORS]
    kinds += [("clusters", f"{count} clusters", LAYER, config.factors, count, "kmeans") for count in IDS]
    kinds += [("clusters", "HDBSCAN, up to 40", LAYER, config.factors, 40, "hdbscan")]
    kinds += [("layer", name, layer, config.factors, config.ids, "kmeans") for layer, name in LAYERS.items()]
    bar = study.progress.task("sweep", len(kinds))
    for panel, name, layer, factors, ids, clustering in kinds:
        rows, held_rows = layers[layer]
        curve = _curve(study, rows, held_rows, held, factors=factors, ids=ids, clustering=clustering)
        found.setdefault(panel, {})[name] = curve["held"]
        leaves.setdefault(panel, {})[name] = curve["leaves"]
        chosen.append((curve["aside"], name if panel == "layer" else f"{name} in {LAYERS[layer]}", curve))
        bar.advance(note=name)
    bar.finish()
    here = f"{config.factors} factors of {config.ids} clusters"
    found["rivals"] = {here: found["layer"][LAYERS[LAYER]], **_rivals(study, *layers[LAYER], held)}
    shown = np.array(LEVELS) >= SHOWN
    panels = {
        "factors": "groups of units",
        "clusters": "clusters of rows in each factor",
        "layer": "layer",
        "rivals": "clusters beside other things to grow a tree on",
    }
    for panel, said in panels.items():
        section.figure(
            f"sweep_{panel}",
            figures.curves.against(
                np.array(LEVELS)[shown],
                {name: np.array(curve)[shown] for name, curve in found[panel].items()},
                "levels of the tree (at most 2 to their power leaves)",
                "fidelity on held-out rows",
                y_range=(None, 1),
            ),
            f"Fidelity against the size of the tree, by {said}: the first {FULL} network, {config.sweep_rows:,} "
            "training rows, clusters known. What is not varied: the first dense layer, "
            f"{config.factors} factors, {config.ids} clusters, k-means.",
        )
    section.table(
        ("varied", "leaves at 5 levels", "fidelity at 5 levels", "at 3", f"at {max(LEVELS)}"),
        [
            (name, leaves[panel][name][4], *(f"{curve[level - 1]:.3f}" for level in (5, 3, max(LEVELS))))
            for panel in ("factors", "clusters", "layer")
            for name, curve in found[panel].items()
        ],
        "The same in numbers.",
        note=_verdict(chosen),
    )
    section.metrics({"levels": list(LEVELS), "fidelity": found, "leaves": leaves})


def _curve(study, rows, held_rows, held, *, factors, ids, clustering):
    """Fidelity of trees of every size on held-out rows, and on a tenth of the training rows kept aside."""
    predictions = study.outputs(FULL, 0)["rows predictions"][: len(rows)]
    learned, options = slice(len(rows) // 10, None), {"factors": factors, "ids": ids, "clustering": clustering}
    device = jnp.asarray(rows)
    groups = find_factors(device[learned], key=jax.random.fold_in(study.key(6), factors), restarts=2, **options)
    of_rows, of_held = (assign(groups, each, "coordinates") for each in (device, jnp.asarray(held_rows)))
    classes = len(study.task.class_names)
    trees = [
        tree_on(of_rows[learned], predictions[learned], count=ids, classes=classes, depth=levels) for levels in LEVELS
    ]
    aside = slice(0, len(rows) // 10)
    return {
        "held": [float(np.mean(tree.predict(of_held) == held)) for tree in trees],
        "aside": float(np.mean(trees[4].predict(of_rows[aside]) == predictions[aside])),
        "leaves": [tree.leaves for tree in trees],
    }


def _rivals(study, rows, held_rows, held):
    predictions = study.outputs(FULL, 0)["rows predictions"][: len(rows)]
    components = PCA(study.config.factors, random_state=0).fit(rows)
    flat, held_flat = (
        each[: len(rows)].reshape(len(each[: len(rows)]), -1) for each in (study.task.inputs, study.task.held_inputs)
    )
    kinds = {
        "pixels": (flat, held_flat),
        "activations": (rows, held_rows),
        f"{study.config.factors} components": (components.transform(rows), components.transform(held_rows)),
    }
    return {
        name: [float(np.mean(_grown(levels).fit(seen, predictions).predict(held_seen) == held)) for levels in LEVELS]
        for name, (seen, held_seen) in kinds.items()
    }


def _grown(levels):
    return DecisionTreeClassifier(max_depth=levels, criterion="entropy", random_state=0)


def _verdict(chosen):
    aside, name, curve = max(chosen, key=lambda entry: entry[0])
    return (
        f"Chosen by rows kept aside, with trees of 5 levels: {name} (fidelity {aside:.3f} there, "
        f"{curve['held'][4]:.3f} on held-out rows). The fewer the factors, the more of the layer is in each "
        "cluster number, and the less is left for the tree to say: with one factor it only names clusters."
    )
