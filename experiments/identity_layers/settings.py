"""The study's settings."""

import dataclasses
from typing import Literal

from experiments.settings import StudySettings


@dataclasses.dataclass(frozen=True)
class Settings(StudySettings):
    """Perceptrons of many layers that start at the identity, read layer by layer.

    python -m experiments.identity_layers                                           scikit-learn's digits
    python -m experiments.identity_layers --preset paper --data mnist               28 × 28 pixels, 10 to 100 layers
    python -m experiments.identity_layers --depths 10 30 100 1000 --rate 1e-4       deeper, at a lower rate
    """

    data: Literal["digits", "mnist", "fashion_mnist"] = "digits"
    """Digits come with scikit-learn."""
    depths: tuple[int, ...] = (10, 30, 100)
    """Layers of the networks that start at the identity."""
    depth: int = 30
    """Layers of the networks that are examined, one of the depths; also of those with random initialization."""
    seeds: int = 3
    """Networks of each depth, initialized at the identity."""
    deep_seeds: int = 3
    """Networks of each depth greater than `depth`."""
    random_seeds: int = 3
    """Networks of each random initialization."""
    lanes: bool = True
    """Whether the networks of a kind are trained in one program, which is faster for digits and slower for MNIST."""
    epochs: int = 25
    """Passes over the training rows."""
    minibatch_size: int = 64
    """Rows in a gradient step."""
    rate: float = 1e-3
    """Peak learning rate of Adam, after a linear warm-up over a tenth of the steps and before a cosine decay to 0."""
    conv_depth: int = 10
    """Layers of the convolutional network."""
    conv_epochs: int = 25
    """Passes of the convolutional network over the training rows."""
    conv_rate: float = 3e-3
    """Peak learning rate of the convolutional network."""
    removal_rows: int = 355
    """Held-out images for deletion and insertion curves."""
    nodes: int = 8
    """Nodes of the quadrature in integrated gradients and in the attribution to layers."""

    def __post_init__(self):
        self.check(depths=4, depth=4)
        if self.depth not in self.depths:
            raise ValueError(f"depth: found {self.depth}, wanted one of depths, {', '.join(map(str, self.depths))}")
        if len(set(self.depths)) < len(self.depths):
            raise ValueError(f"depths: found {self.depths}, wanted each once")


PRESETS = {
    "quick": Settings(),
    "paper": Settings(
        preset="paper",
        data="mnist",
        deep_seeds=1,
        random_seeds=2,
        lanes=False,
        epochs=1,
        minibatch_size=128,
        rate=3e-4,
        conv_epochs=2,
        removal_rows=1_000,
    ),
}
