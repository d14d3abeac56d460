"""The study's settings."""

import dataclasses
from typing import Literal

from experiments.settings import StudySettings


@dataclasses.dataclass(frozen=True)
class Settings(StudySettings):
    """A hidden layer of a convolutional network approximated by a shallow tree over clusters of its activations.

    python -m experiments.cnn_inte                                digits, 138 s of CPU time
    python -m experiments.cnn_inte --preset paper --data mnist    the paper's sizes, three networks of each kind
    """

    data: Literal["digits", "mnist"] = "digits"
    """Digits come with scikit-learn."""
    seeds: int = 2
    """Half-trained networks; one explanation is fitted for each."""
    full_seeds: int = 2
    """Fully trained networks; one explanation is fitted for each."""
    factors: int = 8
    """Factors, which are groups of units."""
    ids: int = 10
    """Clusters of rows in each factor."""
    depth: int = 5
    """Maximum depth of the tree."""
    trees: int = 20
    """Trees in each forest."""
    max_leaf_nodes: int = 1_000
    """Maximum number of leaves of each of these trees."""
    draws: int = 8
    """Clusterings to choose from."""
    finalists: int = 2
    """Clusterings for which forests are fitted before the choice."""
    sweep_rows: int = 2_000
    """Training rows of the sweep over layer, factors, clusters and levels."""
    instances: int = 100
    """Held-out rows whose explanations the report contains."""

    def __post_init__(self):
        """Refuses settings that no run can use."""
        self.check(max_leaf_nodes=2, ids=2)


PRESETS = {
    "quick": Settings(),
    "paper": Settings(preset="paper", data="mnist", seeds=3, full_seeds=3, finalists=1, sweep_rows=10_000),
}
