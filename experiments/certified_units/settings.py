"""The study's settings."""

import dataclasses
from typing import Literal

from experiments.settings import StudySettings

LAYERS = ("max1", "max2")


@dataclasses.dataclass(frozen=True)
class Settings(StudySettings):
    """Core units with a guarantee for new rows, by what stands in for the other units, and the objective as published.

    python -m experiments.certified_units                                 digits, 75 s of CPU time
    python -m experiments.certified_units --preset paper --data mnist     three networks of the paper
    """

    data: Literal["digits", "mnist"] = "digits"
    """Digits come with scikit-learn."""
    seeds: int = 1
    """Networks, trained on their own random rows of the training set."""
    layers: tuple[Literal["max1", "max2"], ...] = LAYERS
    """The layers whose units (feature maps) are gated."""
    calibration_rows: int = 600
    """Rows of the training set that neither train the network nor serve the search."""
    holding: float = 0.9
    """The holding rate to be certified."""
    confidence: float = 0.95
    """The confidence of each certificate, class by class."""
    epochs: int = 40
    """Epochs of training."""
    steps: int = 300
    """Gradient steps of the gates."""
    minibatch_size: int = 64
    """Rows in a gradient step of the gates."""
    starts: int = 4
    """Sets that are refined: sets from gates, one for each cost, and a last one grown from no units."""
    swaps: int = 10
    """Exchanges of one unit that are tried in the search for a smaller set."""
    search_rows: int = 384
    """Rows with the smallest margins, on which sets are compared."""
    published_alphas: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1)
    """Costs α of an open gate in the objective as published."""
    published_penalties: tuple[float, ...] = (0.0, 0.01, 0.1)
    """Factors λ of its penalty on gates that are neither open nor closed."""
    published_sharpness: tuple[float, ...] = (10.0, 50.0)
    """Sharpness w of its gates."""
    published_steps: int = 300
    """Gradient steps of its gates."""

    def __post_init__(self):
        """Refuses settings that no run can use."""
        self.check(published_alphas=0, published_penalties=0)
        if not self.layers or self.layers != tuple(layer for layer in LAYERS if layer in self.layers):
            raise ValueError(f"layers: found {self.layers}, wanted some of {', '.join(LAYERS)}, in that order")
        if not 0.5 < self.holding < 1:
            raise ValueError(f"holding: found {self.holding}, wanted a rate above 0.5 and below 1")
        if not 0.75 <= self.confidence < 1:
            raise ValueError(f"confidence: found {self.confidence}, wanted at least 0.75, below 1")


PRESETS = {
    "quick": Settings(layers=("max2",)),
    "paper": Settings(preset="paper", seeds=3, calibration_rows=10_000, holding=0.99, epochs=20),
}
