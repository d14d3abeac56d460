"""Fidelity against the depth of the tree, over layers, numbers of factors and clusters, and clustering methods."""

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.decomposition import PCA
from sklearn.tree import DecisionTreeClassifier

from experiments.cnn_inte.evaluation import tree_on
from experiments.cnn_inte.tasks import FULL
from interp_jax import figures
from interp_jax.methods.cnn_inte.factors import assign, find_factors

LEVELS = range(1, 9)
SHOWN = 3  # the first depth of the curves: shallower trees have fewer leaves than there are classes
FACTORS, IDS = (1, 2, 4, 8, 16), (3, 5, 10, 20, 40)
LAYERS = {"max1": "after the first convolution", "max2": "after the second", "relu3": "the first dense layer"}
LAYER = "relu3"


def write(study, section) -> None:
    """Curves of fidelity on held-out rows, with true clusters, so that the forests have no influence."""
    config, layers = study.config, dict.fromkeys([*LAYERS, LAYER])
    curves, leaves, chosen = {}, {}, []
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
        curves.setdefault(panel, {})[name] = curve["held"]
        leaves.setdefault(panel, {})[name] = curve["leaves"]
        chosen.append((curve["validation"], name if panel == "layer" else f"{name} in {LAYERS[layer]}", curve))
        bar.advance(note=name)
    bar.finish()
    here = f"{config.factors} factors of {config.ids} clusters"
    curves["baselines"] = {here: curves["layer"][LAYERS[LAYER]], **_baselines(study, *layers[LAYER], held)}
    shown = np.array(LEVELS) >= SHOWN
    panels = {
        "factors": "the number of factors",
        "clusters": "the number of clusters in each factor",
        "layer": "layer",
        "baselines": "the features that the tree is grown on",
    }
    for panel, varied in panels.items():
        section.figure(
            f"sweep_{panel}",
            figures.curves.against(
                np.array(LEVELS)[shown],
                {name: np.array(curve)[shown] for name, curve in curves[panel].items()},
                "depth of the tree",
                "fidelity on held-out rows",
                y_range=(None, 1),
            ),
            f"Fidelity against the depth of the tree, by {varied}: the first {FULL} network, {config.sweep_rows:,} "
            f"training rows, true clusters. Defaults: the first dense layer, {config.factors} factors, {config.ids} "
            "clusters, k-means.",
        )
    section.table(
        ("setting", "leaves at depth 5", "fidelity at depth 5", "at depth 3", f"at depth {max(LEVELS)}"),
        [
            (name, leaves[panel][name][4], *(f"{curve[level - 1]:.3f}" for level in (5, 3, max(LEVELS))))
            for panel in ("factors", "clusters", "layer")
            for name, curve in curves[panel].items()
        ],
        "The same fidelities in numbers.",
        note=_verdict(chosen),
    )
    section.metrics({"levels": list(LEVELS), "fidelity": curves, "leaves": leaves})


def _curve(study, rows, held_rows, held, *, factors, ids, clustering):
    """Fidelity of trees of every depth on held-out rows, and at depth 5 on a validation tenth of the training rows."""
    predictions = study.outputs(FULL, 0)["rows predictions"][: len(rows)]
    learned, options = slice(len(rows) // 10, None), {"factors": factors, "ids": ids, "clustering": clustering}
    device = jnp.asarray(rows)
    groups = find_factors(device[learned], key=jax.random.fold_in(study.key(6), factors), restarts=2, **options)
    of_rows, of_held = (assign(groups, each, "coordinates") for each in (device, jnp.asarray(held_rows)))
    classes = len(study.task.class_names)
    trees = [
        tree_on(of_rows[learned], predictions[learned], count=ids, classes=classes, depth=levels) for levels in LEVELS
    ]
    validation = slice(0, len(rows) // 10)
    return {
        "held": [float(np.mean(tree.predict(of_held) == held)) for tree in trees],
        "validation": float(np.mean(trees[4].predict(of_rows[validation]) == predictions[validation])),
        "leaves": [tree.leaves for tree in trees],
    }


def _baselines(study, rows, held_rows, held):
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
        name: [
            float(np.mean(_grown(levels).fit(features, predictions).predict(held_features) == held))
            for levels in LEVELS
        ]
        for name, (features, held_features) in kinds.items()
    }


def _grown(levels):
    return DecisionTreeClassifier(max_depth=levels, criterion="entropy", random_state=0)


def _verdict(chosen):
    fidelity, name, curve = max(chosen, key=lambda entry: entry[0])
    return (
        f"Best on the validation rows, with trees of depth 5: {name} (fidelity {fidelity:.3f} there, "
        f"{curve['held'][4]:.3f} on held-out rows). With fewer factors each cluster ID carries more information about "
        "the layer and the tree explains less: with one factor it only lists the class of each cluster."
    )
