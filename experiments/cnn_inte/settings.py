"""The study's settings."""

import dataclasses
from typing import Literal

from experiments.counts import check_counts


@dataclasses.dataclass(frozen=True)
class Settings:
    """A hidden layer of a convolutional network explained by a shallow tree over clusters of its activations.

    python -m experiments.cnn_inte                                digits, a few minutes
    python -m experiments.cnn_inte --preset paper --data mnist    the paper's sizes, three networks of each kind
    """

    preset: Literal["quick", "paper"] = "quick"
    """Which settings to start from; every other flag changes one of them."""
    name: str | None = None
    """The run's folder, runs/cnn_inte/NAME; by default preset and data set."""
    overwrite: bool = False
    """Remove what an earlier run of this name wrote, instead of going on with it."""
    seed: int = 0
    """Everything random follows from this number."""
    data: Literal["digits", "mnist"] = "digits"
    """Digits come with scikit-learn."""
    seeds: int = 2
    """Half-trained networks, and as many explanations."""
    full_seeds: int = 2
    """The same of fully trained ones."""
    factors: int = 8
    """Groups of units."""
    ids: int = 10
    """Clusters of rows in each."""
    depth: int = 5
    """Most levels of the tree."""
    trees: int = 20
    """Trees of a forest."""
    leaves: int = 1_000
    """Most leaves of each."""
    draws: int = 8
    """Clusterings that the best is taken of."""
    finalists: int = 2
    """How many of them get forests."""
    sweep_rows: int = 2_000
    """Training rows of the sweep over layer, factors, clusters and levels."""
    instances: int = 100
    """Held-out rows that can be opened in the report."""

    def __post_init__(self):
        """Refuses numbers that no run can use, before a folder is made."""
        check_counts(self, seed=0, leaves=2, ids=2)


PRESETS = {
    "quick": Settings(),
    "paper": Settings(preset="paper", data="mnist", seeds=3, full_seeds=3, finalists=1, sweep_rows=10_000),
}
