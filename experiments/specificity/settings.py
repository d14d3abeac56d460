"""The study's settings."""

import dataclasses
from typing import Literal

from experiments.settings import StudySettings


@dataclasses.dataclass(frozen=True)
class Settings(StudySettings):
    """Shallow trees that explain a network, on images that two networks of a kind classify differently.

    python -m experiments.specificity                                digits, five networks of each kind
    python -m experiments.specificity --preset paper --data mnist    ten networks of each kind
    """

    data: Literal["digits", "mnist"] = "digits"
    """Digits come with scikit-learn."""
    seeds: int = 5
    """Networks of each kind that are explained."""
    references: int = 2
    """Further networks of each kind, which only weight the rows of one explanation and are never explained."""
    depth: int = 5
    """Maximum depth of every tree."""
    factors: int = 8
    """Factors of CNN-INTE, which are groups of units, and components of its baseline."""
    ids: int = 10
    """Clusters of rows in each factor, as in the paper."""
    more_ids: int = 30
    """Clusters of rows in each factor of a second row of the table."""
    draws: int = 8
    """Clusterings to choose from."""
    trees: int = 20
    """Trees in each forest of the explanation that sees the input alone."""
    max_leaf_nodes: int = 1_000
    """Maximum number of leaves of each of these trees."""
    weight: float = 10.0
    """What a row weighs on which all reference networks disagree with the network, in addition to 1."""
    resamples: int = 2_000
    """Resamples of networks and rows of a confidence interval."""

    def __post_init__(self):
        """Refuses settings that no run can use."""
        self.check(seeds=2, ids=2, more_ids=2, max_leaf_nodes=2, weight=0)


PRESETS = {"quick": Settings(), "paper": Settings(preset="paper", data="mnist", seeds=10)}
