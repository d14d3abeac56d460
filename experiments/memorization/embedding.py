"""Every layer's activations laid out in the plane: the thesis' Figures 6.5 and 6.6."""

import numpy as np
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

from experiments.memorization.memorization_study import LEARNING, MEMORISING, hidden_layers
from interp_jax import figures

NEIGHBOURS = 10
FIGURES = {MEMORISING: "Figs 6.5 and 6.6", LEARNING: "Fig. 6.6"}


def write(study, section) -> None:
    """t-SNE of every layer of a memorising and of a learning network."""
    inputs, true = study.task.train
    count = min(study.config.embedded_rows, len(true))
    section.text(
        f"t-SNE of {count:,} training rows, layer by layer. The pictures are coloured by the true label; how well "
        "neighbours agree is measured in the layer itself, not in the picture."
    )
    rows, metrics = [], {}
    kinds = (LEARNING, MEMORISING)
    bar = study.progress.task("t-SNE", len(kinds) * (len(study.layers) - 1))
    for kind in kinds:
        layers = hidden_layers(study.trained(kind)[0], inputs[:count])
        metrics[kind] = {}
        for name, layer in layers.items():
            layer = np.asarray(layer)
            agree = [_agree(layer, np.asarray(labels)[:count]) for labels in (true, study.labels(kind))]
            metrics[kind][name] = dict(zip(("true", "taught"), agree, strict=True))
            rows.append((kind, name, *(f"{share:.2f}" for share in agree)))
            if name == "input":
                continue
            points = TSNE(random_state=study.config.seed, init="pca", perplexity=30).fit_transform(layer)
            section.figure(
                f"fig_6_6_{kind}_{name}",
                figures.scatter.embedding(
                    points,
                    np.asarray(true)[:count],
                    "class",
                    x_label="t-SNE coordinate 1",
                    y_label="t-SNE coordinate 2",
                    equal=False,
                ),
                f"A {kind} network's {name}, by the true labels ({FIGURES[kind]}).",
            )
            bar.advance(note=f"{kind}, {name}")
    bar.finish()
    section.table(
        ("network", "layer", "true labels", "labels taught"),
        rows,
        f"Share of the {NEIGHBOURS} nearest rows of a row, in the layer itself, that have its label; by chance about "
        f"{1 / study.classes:.2f}.",
    )
    section.metrics({"neighbours": metrics})


def _agree(layer, labels):
    near = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(layer).kneighbors(layer, return_distance=False)[:, 1:]
    return float(np.mean(labels[near] == labels[:, None]))
