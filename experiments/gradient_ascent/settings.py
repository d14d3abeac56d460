"""The study's settings."""

import dataclasses
import math
from typing import Literal

from experiments.counts import check_counts


@dataclasses.dataclass(frozen=True)
class Settings:
    """Inputs that every class of a network responds to most, beside those of the exact posterior; probes; regularizers.

    python -m experiments.gradient_ascent                  jump signals, a first look in under two minutes
    python -m experiments.gradient_ascent --preset paper   five networks of each kind, trained as long as it takes
    python -m experiments.gradient_ascent --data digits    images: every regularizer on every class
    """

    preset: Literal["quick", "paper"] = "quick"
    """Which settings to start from; every other flag changes one of them."""
    name: str | None = None
    """The run's folder, runs/gradient_ascent/NAME; by default preset and data set."""
    overwrite: bool = False
    """Remove what an earlier run of this name wrote, instead of going on with it."""
    seed: int = 0
    """Everything random follows from this number."""
    data: Literal["jumps", "digits", "mnist"] = "jumps"
    """Jump signals are generated, digits come with scikit-learn."""
    seeds: int = 2
    """Networks trained of each kind."""
    starts: int = 16
    """Random starts for every class."""
    spread: float = 0.05
    """Starts are uniform from minus to plus this."""
    rate: float = 10.0
    """Step size."""
    threshold: float = 0.999
    """Probability at which a lane has arrived."""
    steps: int = 5_000
    """Most steps of a lane."""
    stall_steps: int = 500
    """Steps without a gain after which a lane is given up."""
    noise: float = 1.0
    """Standard deviation of the signals' noise."""
    jump: float = 3.0
    """Height of the signals' step."""
    train_signals: int = 12_000
    """Training signals."""
    validation_signals: int = 6_000
    """Validation signals, for early stopping."""
    test_signals: int = 20_000
    """Test signals that errors are measured on."""
    epochs: int = 400
    """Most epochs of training."""
    patience: int = 10
    """Epochs without a better validation loss before training stops."""
    stages: tuple[int, ...] = (30, 300, 3_000, 10_000)
    """Training steps on new signals of networks on their way to the optimum."""
    batch: int = 256
    """Signals in each of these steps."""
    image_epochs: int = 20
    """Epochs of training on images."""
    image_steps: int = 200
    """Steps of an image."""

    def __post_init__(self):
        """Refuses numbers that no run can use, before a folder is made."""
        for name in ("noise", "jump", "rate", "spread"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name}: found {value}, wanted a positive finite number")
        if not 0.5 <= self.threshold < 1:
            raise ValueError(f"threshold: found {self.threshold}, wanted a probability of at least 0.5, below 1")
        if not self.stages or list(self.stages) != sorted(set(self.stages)):
            raise ValueError(f"stages: found {self.stages}, wanted rising numbers of steps")
        check_counts(self, train_signals=100, seed=0)


PRESETS = {
    "quick": Settings(),
    "paper": Settings(
        preset="paper",
        seeds=5,
        test_signals=60_000,
        epochs=1_000,
        patience=60,
        stages=(30, 300, 3_000, 30_000),
        batch=512,
    ),
}
