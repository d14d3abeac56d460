"""Embeddings of the activations of every layer in the plane: Figures 6.5 and 6.6 of the thesis."""

import itertools
from typing import NamedTuple

import numpy as np
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from experiments.memorization.memorization_study import LEARNING, MEMORIZING, layers
from interp_jax import figures

NEIGHBORS = 10


class Embedding(NamedTuple):
    """Points [rows, 2] and their classes, by panel; by kind, layer and labels, the share of neighbors that agree."""

    panels: dict[str, tuple[np.ndarray, np.ndarray]]
    neighbors: dict[str, dict[str, dict[str, float]]]
    classes: int
    what: str  # the classes are


def measure(study) -> Embedding:
    """t-SNE of every layer of a memorizing network, by both labels, and of a learning one."""
    inputs, true = (np.asarray(each)[: study.config.embedded_rows] for each in study.task.train)
    labels = {MEMORIZING: {"true": true, "training": study.labels(MEMORIZING)[: len(true)]}, LEARNING: {"true": true}}
    activations = {kind: layers(study.trained(kind)[0], inputs) for kind in labels}
    panels, neighbors, numbers = {}, {kind: {} for kind in labels}, study.task.class_numbers
    cases = itertools.product(activations[LEARNING], labels.items())
    # One thread: several threads wait for each other, which is many times slower on a busy machine.
    with threadpool_limits(1, user_api="openmp"):
        for name, (kind, by) in study.counted("t-SNE", cases):
            layer = np.asarray(activations[kind][name])
            if kind == MEMORIZING or name != "input":  # which all networks share
                points = TSNE(random_state=study.config.seed, init="pca", perplexity=30).fit_transform(layer)
            neighbors[kind][name] = {title: agreement(layer, each) for title, each in by.items()}
            for title, share in neighbors[kind][name].items():
                panels[f"{kind}, {name}, {title}: {share:.2f}"] = points, numbers[by[title]]
    return Embedding(panels, neighbors, len(numbers), "class" if study.config.data == "mnist" else "jump position")


def agreement(layer, labels) -> float:
    """The mean share of a row's nearest neighbors that have its label."""
    near = NearestNeighbors(n_neighbors=NEIGHBORS).fit(layer).kneighbors(return_distance=False)
    return float(np.mean(labels[near] == labels[:, None]))


def show(result: Embedding, page) -> None:
    """The points, colored by true and by training labels, and how many neighbors agree."""
    page.text(neighborhoods(result.neighbors[MEMORIZING]))
    rows = len(next(iter(result.panels.values()))[0])
    page.figure(
        "fig_6_5_layers",
        figures.scatter.embeddings(result.panels, result.what),
        f"t-SNE of the first {rows:,} training rows in every layer of a memorizing network, colored by the true and by "
        "its training labels (Fig. 6.5 of the thesis), and of a learning network (Fig. 6.6). Numbers: the share of the "
        f"{NEIGHBORS} nearest neighbors of a row in the layer (not the plane) that have the same label, about "
        f"{1 / result.classes:.2f} by chance.",
    )
    page.metrics({"neighbors": result.neighbors})


def neighborhoods(shares: dict[str, dict[str, float]]) -> str:
    """In which layers of a memorizing network neighbors agree in their training labels more than in the true ones."""
    where = ", ".join(name for name, each in shares.items() if each["training"] > each["true"]) or "no layer"
    hidden, output = list(shares.values())[-2:]
    return (
        f"Near rows in a memorizing network share their training label more often than their true one in {where}: of "
        f"the {NEIGHBORS} nearest rows in the output {output['training']:.0%} have the same training label and "
        f"{output['true']:.0%} the same true one, in the layer before {hidden['training']:.0%} and "
        f"{hidden['true']:.0%}."
    )
