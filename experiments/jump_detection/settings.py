"""The study's settings."""

import dataclasses
from typing import Literal

from experiments.settings import JumpSettings


@dataclasses.dataclass(frozen=True)
class Settings(JumpSettings):
    """Networks that locate the jump in a noisy step signal, compared with the exact optimum and examined.

    python -m experiments.jump_detection                  99 s of CPU time
    python -m experiments.jump_detection --preset paper   five seeds, all sizes, about 10 minutes on two CPU cores
    """

    averaged_signals: int = 200
    """Signals of each jump position for class averages of activations."""
    embedded_signals: int = 1_200
    """Training signals in the t-SNE embedding."""
    epochs: int = 400
    """Maximum number of epochs."""
    patience: int = 10
    """Epochs without a better validation loss before training stops."""
    long_epochs: int = 300
    """Epochs without early stopping, for the curves of overfitting."""
    fresh_steps: int = 8_000
    """Training steps of the network that is trained on fresh signals."""
    fresh_batch: int = 256
    """Fresh signals in each of these steps."""
    kernel_lengths: tuple[int, ...] = (3, 7, 11)
    """Filter lengths to compare in the network with one convolution."""
    sample_sizes: tuple[int, ...] = (3_000, 12_000)
    """Sizes of the training set to compare."""
    rectified: tuple[Literal[1, 2, 3], ...] = (2,)
    """Numbers of convolutions of the networks that are also trained with ReLU."""

    def __post_init__(self):
        self.check(sample_sizes=100, embedded_signals=100)


SMALL = {
    "test_signals": 10_000,
    "embedded_signals": 600,
    "fresh_steps": 5_000,
    "kernel_lengths": (5, 7),
    "rectified": (),
}
LARGE = {"test_signals": 60_000, "averaged_signals": 1_000, "embedded_signals": 12_000}
LARGE |= {"fresh_steps": 40_000, "fresh_batch": 512, "kernel_lengths": tuple(range(3, 12)), "rectified": (1, 2, 3)}
LARGE |= {"sample_sizes": (3_000, 12_000, 48_000, 192_000)}
PRESETS = {
    "quick": Settings(learning_rate=0.03, epochs=100, long_epochs=100, **SMALL),
    "paper": Settings(preset="paper", seeds=5, epochs=1_000, patience=60, long_epochs=2_000, **LARGE),
}
