"""The study's settings."""

import dataclasses
import math
from typing import Literal

from experiments.counts import check_counts


@dataclasses.dataclass(frozen=True)
class Settings:
    """Networks that find the jump in a noisy step signal, held against the exact optimum and looked into.

    python -m experiments.jump_detection                  a first look, under two minutes on two CPU cores
    python -m experiments.jump_detection --preset paper   five seeds, all sizes, about 10 minutes on two CPU cores
    """

    preset: Literal["quick", "paper"] = "quick"
    """Which settings to start from; every other flag changes one of them."""
    name: str | None = None
    """The run's folder, runs/jump_detection/NAME; the preset's name when not given."""
    overwrite: bool = False
    """Remove what an earlier run of this name wrote, instead of going on with it."""
    seed: int = 0
    """Everything random follows from this number."""
    seeds: int = 2
    """Networks trained of each kind."""
    noise: float = 1.0
    """Standard deviation of the noise (the thesis does not print it; 1.0 fits its tables)."""
    jump: float = 3.0
    """Height of the step."""
    train_signals: int = 12_000
    """Training signals."""
    validation_signals: int = 6_000
    """Validation signals, for early stopping."""
    test_signals: int = 20_000
    """Test signals that every number is measured on."""
    averaged_signals: int = 200
    """Signals of each jump position for averaged activations."""
    embedded_signals: int = 1_200
    """Training signals in the t-SNE picture."""
    epochs: int = 400
    """Most epochs of training."""
    patience: int = 10
    """Epochs without a better validation loss before training stops."""
    long_epochs: int = 300
    """Epochs without early stopping, for the curves of over-fitting."""
    fresh_steps: int = 8_000
    """Training steps of the network that gets new signals at every step."""
    fresh_batch: int = 256
    """Signals in each of these steps."""
    kernel_lengths: tuple[int, ...] = (3, 7, 11)
    """Filter lengths of the one-convolution network to compare."""
    sample_sizes: tuple[int, ...] = (3_000, 12_000)
    """Sizes of the training set to compare."""
    rectified: tuple[Literal[1, 2, 3], ...] = (2,)
    """How many convolutions the networks have that are trained with ReLU as well."""

    def __post_init__(self):
        """Refuses numbers that no run can use, before a folder is made."""
        if not (math.isfinite(self.noise) and self.noise > 0):
            raise ValueError(f"noise: found {self.noise}, wanted a positive finite standard deviation")
        if not (math.isfinite(self.jump) and self.jump > 0):
            raise ValueError(f"jump: found {self.jump}, wanted a positive finite height")
        check_counts(self, train_signals=100, sample_sizes=100, embedded_signals=100, seed=0)


PRESETS = {
    "quick": Settings(),
    "paper": Settings(
        preset="paper",
        seeds=5,
        test_signals=60_000,
        averaged_signals=1_000,
        embedded_signals=12_000,
        epochs=1_000,
        patience=60,
        long_epochs=2_000,
        fresh_steps=40_000,
        fresh_batch=512,
        kernel_lengths=(3, 4, 5, 6, 7, 8, 9, 10, 11),
        sample_sizes=(3_000, 12_000, 48_000, 192_000),
        rectified=(1, 2, 3),
    ),
}
