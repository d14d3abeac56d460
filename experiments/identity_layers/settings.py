"""The study's settings."""

import dataclasses
import math
from typing import Literal

from experiments.counts import check_counts


@dataclasses.dataclass(frozen=True)
class Settings:
    """Perceptrons of many layers that start at the identity, and what every layer has made of the input.

    python -m experiments.identity_layers                                           scikit-learn's digits, a first look
    python -m experiments.identity_layers --preset paper --data mnist               28 × 28 pixels, 10 to 100 layers
    python -m experiments.identity_layers --depths 10 30 100 1000 --rate 1e-4       deeper, at a lower rate
    """

    preset: Literal["quick", "paper"] = "quick"
    """Which settings to start from; every other flag changes one of them."""
    name: str | None = None
    """The run's folder, runs/identity_layers/NAME; by default preset and data set."""
    overwrite: bool = False
    """Remove what an earlier run of this name wrote, instead of going on with it."""
    seed: int = 0
    """Everything random follows from this number."""
    data: Literal["digits", "mnist", "fashion_mnist"] = "digits"
    """Digits come with scikit-learn."""
    depths: tuple[int, ...] = (10, 30, 100)
    """Layers of the networks that start at the identity."""
    depth: int = 30
    """Layers of the networks that are looked into, one of the depths; of random starts too."""
    seeds: int = 3
    """Networks of each kind."""
    deep_seeds: int = 3
    """Networks of each depth above that of the others."""
    twin_seeds: int = 3
    """Networks of each random start."""
    lanes: bool = True
    """Whether the networks of a kind are trained as lanes of one program, or one after the other: on two CPU cores
    lanes take 0.8 times as long for digits and 1.2 times as long for images of 28 × 28."""
    epochs: int = 25
    """Passes over the training rows."""
    batch_size: int = 64
    """Rows a step."""
    rate: float = 1e-3
    """Adam's greatest learning rate: it rises to this in a tenth of the steps and falls to 0 as a cosine."""
    conv_depth: int = 10
    """Layers of the convolutional twin."""
    conv_epochs: int = 25
    """Its passes over the training rows."""
    conv_rate: float = 3e-3
    """Its greatest learning rate."""
    removal_rows: int = 355
    """Held-out images for deletion and insertion curves."""
    nodes: int = 8
    """Terms of the integral that shares of the score are."""

    def __post_init__(self):
        """Refuses numbers that no run can use, before a folder is made."""
        for name in ("rate", "conv_rate"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name}: found {value}, wanted a positive finite number")
        if self.depth not in self.depths:
            raise ValueError(f"depth: found {self.depth}, wanted one of depths, {', '.join(map(str, self.depths))}")
        if len(set(self.depths)) < len(self.depths):
            raise ValueError(f"depths: found {self.depths}, wanted each once")
        check_counts(self, seed=0, depths=4, depth=4)


PRESETS = {
    "quick": Settings(),
    "paper": Settings(
        preset="paper",
        data="mnist",
        deep_seeds=1,
        twin_seeds=2,
        lanes=False,
        epochs=1,
        batch_size=128,
        rate=3e-4,
        conv_epochs=2,
        removal_rows=1_000,
    ),
}
