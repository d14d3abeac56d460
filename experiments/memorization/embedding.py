"""Embeddings of the activations of every layer in the plane: Figures 6.5 and 6.6 of the thesis."""

from typing import NamedTuple

import numpy as np
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from experiments.memorization.memorization_study import LEARNING, MEMORIZING, layers
from interp_jax import figures

NEIGHBORS = 10


class Layer(NamedTuple):
    """Rows in the plane, their classes by some labels, and the share of their neighbors with the same label."""

    points: np.ndarray
    classes: np.ndarray
    agreement: float


class Embedding(NamedTuple):
    """By layer, kind of network and labels; the number of classes, and what they are."""

    layers: dict[tuple[str, str, str], Layer]
    classes: int
    what: str


def measure(study) -> Embedding:
    """t-SNE of every layer of a memorizing network, by both labels, and of a learning one."""
    inputs, true = (np.asarray(each)[: study.config.embedded_rows] for each in study.task.train)
    labels = {MEMORIZING: {"true": true, "training": study.labels(MEMORIZING)[: len(true)]}, LEARNING: {"true": true}}
    activations = {kind: layers(study.trained(kind)[0], inputs) for kind in labels}
    embedded, bar = {}, study.progress.task("t-SNE", 2 * len(study.layers) + 1)
    for name in activations[LEARNING]:
        for kind, by in labels.items():
            layer = np.asarray(activations[kind][name])
            if kind == MEMORIZING or name != "input":  # which all networks share
                points = _points(layer, study.config.seed)
                bar.advance(note=f"{kind}, {name}")
            for title, each in by.items():
                embedded[name, kind, title] = Layer(points, study.task.class_numbers[each], agreement(layer, each))
    bar.finish()
    return Embedding(
        embedded, len(study.task.class_numbers), "class" if study.config.data == "mnist" else "jump position"
    )


def _points(layer, seed):
    # One thread: several threads wait for each other, which is many times slower on a busy machine.
    with threadpool_limits(1, user_api="openmp"):
        return TSNE(random_state=seed, init="pca", perplexity=30).fit_transform(layer)


def agreement(layer, labels) -> float:
    """The mean share of a row's nearest neighbors that have its label."""
    with threadpool_limits(1, user_api="openmp"):
        near = NearestNeighbors(n_neighbors=NEIGHBORS).fit(layer).kneighbors(return_distance=False)
    return float(np.mean(labels[near] == labels[:, None]))


def show(result: Embedding, page) -> None:
    """The points, colored by true and by training labels, and how many neighbors agree."""
    panels, neighbors = {}, {LEARNING: {}, MEMORIZING: {}}
    for (name, kind, by), each in result.layers.items():
        panels[f"{kind}, {name}" + (f", {by} labels" if kind == MEMORIZING else "")] = each.points, each.classes
        neighbors[kind].setdefault(name, {})[by] = each.agreement
    page.figure(
        "fig_6_5_layers",
        figures.scatter.embeddings(panels, result.what),
        f"t-SNE of {len(each.points):,} training rows for every layer. From left to right: a memorizing network, "
        "colored by the true and by its training labels (Fig. 6.5 of the thesis), and a learning network (Fig. 6.6).",
    )
    page.table(
        ("layer", "network", "labels", "neighbors that agree"),
        [(*place, f"{each.agreement:.2f}") for place, each in result.layers.items()],
        f"Share of the {NEIGHBORS} nearest neighbors of a row, in the activations of the layer (not the plane), that "
        f"have the same label; about {1 / result.classes:.2f} by chance.",
        note=neighborhoods(neighbors[MEMORIZING]),
    )
    page.metrics({"neighbors": neighbors})


def neighborhoods(shares: dict[str, dict[str, float]]) -> str:
    """In which layers of a memorizing network neighbors agree in their training labels more than in the true ones."""
    where = ", ".join(name for name, each in shares.items() if each["training"] > each["true"]) or "no layer"
    return f"Neighbors in the memorizing network agree more often in training labels than in true ones in {where}."
