"""Embeddings of the activations of every layer in the plane: Figures 6.5 and 6.6 of the thesis."""

import numpy as np
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from experiments.memorization.memorization_study import LEARNING, MEMORIZING, all_layers
from interp_jax import figures

NEIGHBORS = 10


def write(study, section) -> None:
    """t-SNE of every layer of a memorizing network, by both labels, and of a learning one."""
    inputs, true = (np.asarray(each) for each in study.task.train)
    count = min(study.config.embedded_rows, len(true))
    section.text(
        f"t-SNE of {count:,} training rows for every layer, from the input to the output probabilities. The agreement "
        "of neighbors is measured in the activations of the layer, not in the embedding."
    )
    labels = {LEARNING: {"true": true[:count]}}
    labels[MEMORIZING] = {"true": true[:count], "training": study.labels(MEMORIZING)[:count]}
    layers = {kind: all_layers(study.trained(kind)[0], inputs[:count]) for kind in labels}
    rows, metrics, panels = [], {kind: {} for kind in labels}, {}
    bar = study.progress.task("t-SNE", 2 * len(layers[LEARNING]) - 1)
    for name in layers[LEARNING]:
        for kind in (MEMORIZING, LEARNING):
            layer = np.asarray(layers[kind][name])
            metrics[kind][name] = {by: agreement(layer, each) for by, each in labels[kind].items()}
            rows += [(name, kind, by, f"{share:.2f}") for by, share in metrics[kind][name].items()]
            if kind == MEMORIZING or name != "input":
                points = _points(layer, study.config.seed)
                bar.advance(note=f"{kind}, {name}")
            for by, each in labels[kind].items():
                title = f"{kind}, {name}" + (f", {by} labels" if kind == MEMORIZING else "")
                panels[title] = (points, study.class_numbers[each])
    bar.finish()
    section.figure(
        "fig_6_5_layers",
        figures.scatter.embeddings(panels, "class" if study.config.data == "mnist" else "jump position"),
        "Each row is a layer. From left to right: a memorizing network, colored by the true labels and by its training "
        "labels (Fig. 6.5), and a learning network (Fig. 6.6).",
    )
    section.table(
        ("layer", "network", "labels", "neighbors that agree"),
        rows,
        f"Share of the {NEIGHBORS} nearest neighbors of a row, in the activations of the layer, that have the same "
        f"label; about {1 / study.classes:.2f} by chance.",
    )
    section.metrics({"neighbors": metrics})


def _points(layer, seed):
    # One thread: several threads wait for each other, which is many times slower on a busy machine.
    with threadpool_limits(1, user_api="openmp"):
        return TSNE(random_state=seed, init="pca", perplexity=30).fit_transform(layer)


def agreement(layer, labels) -> float:
    """The mean share of a row's nearest neighbors that have its label."""
    with threadpool_limits(1, user_api="openmp"):
        near = NearestNeighbors(n_neighbors=NEIGHBORS).fit(layer).kneighbors(return_distance=False)
    return float(np.mean(labels[near] == labels[:, None]))
