"""The study's settings."""

import dataclasses
from typing import Literal

from experiments.settings import JumpSettings


@dataclasses.dataclass(frozen=True)
class Settings(JumpSettings):
    """Inputs that maximize the classes of a network, compared with those of the exact posterior; regularizers.

    python -m experiments.gradient_ascent                  jump signals, 89 s of CPU time
    python -m experiments.gradient_ascent --preset paper   five networks of each kind, longer training
    python -m experiments.gradient_ascent --data digits    images: every regularizer on every class
    """

    data: Literal["jumps", "digits", "mnist"] = "jumps"
    """Jump signals are generated, digits come with scikit-learn."""
    starts: int = 16
    """Random starts for each class."""
    spread: float = 0.05
    """Half-width of the uniform distribution of the starts."""
    rate: float = 10.0
    """Step size."""
    threshold: float = 0.999
    """Class probability at which an ascent has converged."""
    steps: int = 5_000
    """Maximum number of steps of an ascent."""
    stall_steps: int = 500
    """Steps without improvement after which an ascent stops."""
    epochs: int = 400
    """Maximum number of epochs."""
    patience: int = 10
    """Epochs without a better validation loss before training stops."""
    stages: tuple[int, ...] = (30, 300, 3_000, 10_000)
    """Numbers of training steps of the networks trained on fresh signals."""
    batch: int = 256
    """Fresh signals in each of these steps."""
    image_epochs: int = 20
    """Epochs of training on images."""
    image_steps: int = 200
    """Ascent steps for an image."""

    def __post_init__(self):
        self.check()
        if not 0.5 <= self.threshold < 1:
            raise ValueError(f"threshold: found {self.threshold}, wanted a probability of at least 0.5, below 1")
        if not self.stages or list(self.stages) != sorted(set(self.stages)):
            raise ValueError(f"stages: found {self.stages}, wanted increasing numbers of steps")


LARGE = {"test_signals": 60_000, "stages": (30, 300, 3_000, 30_000), "batch": 512}
PRESETS = {"quick": Settings(), "paper": Settings(preset="paper", seeds=5, epochs=1_000, patience=60, **LARGE)}
