"""The study's settings."""

import dataclasses
from typing import Literal

from experiments.settings import StudySettings


@dataclasses.dataclass(frozen=True)
class Settings(StudySettings):
    """The contribution of every neuron to every class, in perceptrons that start at the identity.

    python -m experiments.neuron_contributions                                 scikit-learn's digits
    python -m experiments.neuron_contributions --preset paper --data mnist     28 × 28 pixels
    """

    data: Literal["digits", "mnist"] = "digits"
    """Digits come with scikit-learn."""
    depth: int = 30
    """Layers of all networks."""
    seeds: int = 3
    """Networks that start at the identity."""
    random_seeds: int = 2
    """Networks of each random initialization."""
    epochs: int = 25
    """Passes over the training rows."""
    minibatch_size: int = 64
    """Rows in a gradient step."""
    rate: float = 1e-3
    """Peak learning rate of Adam, after a linear warm-up over a tenth of the steps and before a cosine decay to 0."""
    rows: int = 100
    """Held-out images whose scores are split into neurons."""
    columns: int = 200
    """Neurons that are put back to the identity, drawn from those that are not 0 on all of these images."""
    removal_rows: int = 355
    """Held-out images for deletion and insertion curves."""
    probe_rows: int = 1_000
    """Training rows of a linear probe."""
    conv_depth: int = 10
    """Layers of the convolutional networks."""
    conv_epochs: int = 10
    """Their passes over the training rows."""
    conv_rate: float = 3e-3
    """Their peak learning rate."""
    nodes: int = 8
    """Nodes of the quadrature."""

    def __post_init__(self):
        """Refuses settings that no run can use."""
        self.check(depth=4)


PRESETS = {
    "quick": Settings(),
    "paper": Settings(
        preset="paper",
        data="mnist",
        epochs=10,
        conv_epochs=3,
        minibatch_size=128,
        rate=3e-4,
        removal_rows=1_000,
        probe_rows=10_000,
    ),
}
