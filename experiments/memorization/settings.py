"""The study's settings."""

import dataclasses
import math
from typing import Literal

from experiments.counts import check_counts


@dataclasses.dataclass(frozen=True)
class Settings:
    """Networks trained on true and on shuffled labels side by side: activations, deviations, and telling them apart.

    python -m experiments.memorization                  jump signals, a first look in about 2 minutes
    python -m experiments.memorization --preset paper   five networks of each kind, twenty to tell apart
    python -m experiments.memorization --data mnist     the deep perceptron on MNIST, about 10 minutes
    """

    preset: Literal["quick", "paper"] = "quick"
    """Which settings to start from; every other flag changes one of them."""
    name: str | None = None
    """The run's folder, runs/memorization/NAME; by default preset and data set."""
    overwrite: bool = False
    """Remove what an earlier run of this name wrote, instead of going on with it."""
    seed: int = 0
    """Everything random follows from this number."""
    data: Literal["jumps", "mnist"] = "jumps"
    """Jump signals are generated."""
    seeds: int = 2
    """Networks trained of each kind."""
    noise: float = 1.0
    """Standard deviation of the signals' noise."""
    jump: float = 3.0
    """Height of the signals' step."""
    train_rows: int = 6_000
    """Signals or images that are memorized, and learned to the end."""
    learned_rows: int | None = None
    """Rows, these among them, that the early-stopped network learns from; by default the same, 48,000 for MNIST."""
    validation_rows: int | None = None
    """Validation rows, for early stopping; by default half as many as are memorized, 12,000 for MNIST."""
    test_rows: int = 10_000
    """Rows held out."""
    rows_per_class: int = 60
    """Rows of each class that deviations are measured on, whatever the labels."""
    epochs: int = 200
    """Most epochs of the early-stopped network."""
    patience: int = 20
    """Epochs without a better validation loss before its training stops."""
    full_epochs: int | None = None
    """Epochs of networks that are trained to the end, a power of two; by default 512, 64 for MNIST."""
    permutations: int = 20
    """Random labels that the null is drawn from."""
    embedded_rows: int = 1_000
    """Rows in the t-SNE pictures."""
    told_apart: int | None = None
    """Networks of each kind that are told apart without test data; by default 6, 2 for MNIST."""

    def __post_init__(self):
        """Refuses numbers that no run can use, before a folder is made."""
        for name in ("noise", "jump"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name}: found {value}, wanted a positive finite number")
        if self.full_epochs and self.full_epochs & (self.full_epochs - 1):
            raise ValueError(f"full_epochs: found {self.full_epochs}, wanted a power of two")
        if self.learned_rows is not None and self.learned_rows < self.train_rows:
            raise ValueError(
                f"learned_rows: found {self.learned_rows}, wanted at least the {self.train_rows} train_rows"
            )
        check_counts(self, train_rows=600, embedded_rows=100, rows_per_class=2, told_apart=2, seed=0)


PRESETS = {
    "quick": Settings(),
    "paper": Settings(
        preset="paper",
        seeds=5,
        train_rows=12_000,
        rows_per_class=150,
        epochs=1_000,
        patience=60,
        permutations=100,
        embedded_rows=4_000,
        told_apart=20,
    ),
}
