"""The task and its signals (thesis section 3.1)."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import KDTree
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from interp_jax import figures
from interp_jax.data import JumpSignals


class Task(NamedTuple):
    """Two signals, and an embedding of many: their jumps' positions, and those of their nearest neighbors in it."""

    noise: float
    jump: float
    examples: JumpSignals
    points: np.ndarray  # [signals, 2]
    positions: np.ndarray  # [signals]
    nearest: np.ndarray  # [signals]


def measure(study) -> Task:
    """The embedding of training signals by t-SNE."""
    config = study.config
    signals, positions = (np.asarray(rows)[: config.embedded_signals] for rows in study.train)
    # Threads that wait for each other cost more than they save.
    with threadpool_limits(1, user_api="openmp"):
        points = TSNE(random_state=config.seed, init="pca", perplexity=30).fit_transform(signals)
    nearest = positions[KDTree(points).query(points, k=2)[1][:, 1]]
    examples = study.drawn(5, 2, positions=np.array([21, 50]))
    return Task(config.noise, config.jump, examples, points, positions, nearest)


def show(result: Task, page) -> None:
    """Figures 3.1 and 3.2 of the thesis."""
    page.text(
        f"A signal of 100 samples steps up from 0 to {result.jump:g} at a position drawn from 21 to 80, with Gaussian "
        f"noise of standard deviation {result.noise:g} in every sample. The task is to predict the position, one of 60 "
        "classes."
    )
    examples = figures.signals.examples(result.examples.signals, result.examples.positions)
    page.figure("fig_3_01_signals", examples, "Two signals, with the true position marked (Fig. 3.1 of the thesis).")
    page.figure(
        "fig_3_02_tsne",
        figures.scatter.embedding(result.points, result.positions, equal=False),
        f"t-SNE embedding of {len(result.points):,} training signals, colored by the position of the jump (Fig. 3.2). "
        f"{order(result)}",
    )


def order(result: Task) -> str:
    """Whether signals that are near each other in the plane have near jumps."""
    # Signals are drawn independently, so that each and the next one are a random pair.
    pairs = (result.nearest, np.roll(result.positions, 1))
    near, random = (np.abs(result.positions - other).mean() for other in pairs)
    verb = "is" if near < random / 2 else "is not"
    return (
        f"The plane {verb} ordered by the position: jumps of nearest neighbors are {near:.1f} samples apart on "
        f"average, of random pairs {random:.1f}."
    )
