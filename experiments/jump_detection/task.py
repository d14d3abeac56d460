"""The task and its signals (thesis section 3.1)."""

import numpy as np
from sklearn.manifold import TSNE

from interp_jax import figures


def write(study, section) -> None:
    """Figures 3.1 and 3.2 of the thesis."""
    config = study.config
    section.text(
        f"A signal has 100 samples. It starts at level 0, steps up to {config.jump:g} at a position drawn from 21 to "
        f"80, and every sample has Gaussian noise of standard deviation {config.noise:g}. The task is to predict the "
        "position of the step, one of 60 classes. Because the distribution of the noise is known, the optimal detector "
        "can be computed and compared with what a network has learned."
    )
    examples = study.drawn(5, 2, positions=np.array([21, 50]))
    section.figure(
        "fig_3_01_signals",
        figures.signals.examples(examples.signals, examples.positions),
        "Two signals. The position of a step can often be seen only to within a few samples (Fig. 3.1).",
    )
    signals, labels = study.train.signals[: config.embedded_signals], study.train.positions[: config.embedded_signals]
    points = TSNE(random_state=config.seed, init="pca", perplexity=30).fit_transform(np.asarray(signals))
    section.figure(
        "fig_3_02_tsne",
        figures.scatter.embedding(
            points, labels, x_label="t-SNE coordinate 1", y_label="t-SNE coordinate 2", equal=False
        ),
        f"t-SNE embedding of {len(points):,} training signals: they form one band, ordered by the position of the jump "
        "(Fig. 3.2).",
    )
