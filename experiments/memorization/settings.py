"""The study's settings."""

import dataclasses
from typing import Literal

from experiments.settings import StudySettings


@dataclasses.dataclass(frozen=True)
class Settings(StudySettings):
    """Networks trained on true and on shuffled labels: activations, deviations, and detection of memorization.

    python -m experiments.memorization                  jump signals, 65 s of CPU time
    python -m experiments.memorization --preset paper   five networks of each kind, twenty for detection
    python -m experiments.memorization --data mnist     the deep perceptron on MNIST, about 10 minutes
    """

    data: Literal["jumps", "mnist"] = "jumps"
    """Jump signals are generated."""
    seeds: int = 2
    """Networks trained of each kind."""
    noise: float = 1.0
    """Standard deviation of the signals' noise."""
    jump: float = 3.0
    """Height of the signals' step."""
    train_rows: int = 6_000
    """Training rows of the memorizing and of the fully trained networks."""
    learned_rows: int | None = None
    """Training rows of the early-stopped network, `train_rows` among them; by default as many, 48,000 for MNIST."""
    validation_rows: int | None = None
    """Validation rows, for early stopping; by default half of `train_rows`, 12,000 for MNIST."""
    test_rows: int = 10_000
    """Held-out rows."""
    rows_per_class: int = 60
    """Rows of each class, by true or by shuffled labels, on which deviations are measured."""
    epochs: int = 200
    """Maximum number of epochs of the early-stopped network."""
    patience: int = 20
    """Epochs without a better validation loss before its training stops."""
    learning_rate: float = 0.01
    """Its learning rate on jump signals; the thesis has 0.01."""
    full_epochs: int | None = None
    """Epochs of memorizing and fully trained networks, a power of two; by default 128 (paper: 512), 64 for MNIST."""
    permutations: int = 20
    """Random permutations of the labels for the null distribution."""
    embedded_rows: int = 1_000
    """Rows in the t-SNE embeddings."""
    discriminated: int | None = None
    """Networks of each kind for the detection of memorization; by default 6, 2 for MNIST."""

    def __post_init__(self):
        self.check(train_rows=600, embedded_rows=100, rows_per_class=2, discriminated=2)
        if self.full_epochs and self.full_epochs & (self.full_epochs - 1):
            raise ValueError(f"full_epochs: found {self.full_epochs}, wanted a power of two")
        if self.learned_rows is not None and self.learned_rows < self.train_rows:
            raise ValueError(f"learned_rows: found {self.learned_rows}, wanted at least train_rows, {self.train_rows}")


LARGE = {"train_rows": 12_000, "rows_per_class": 150, "permutations": 100, "embedded_rows": 4_000, "discriminated": 20}
PRESETS = {
    "quick": Settings(learning_rate=0.03, embedded_rows=600),
    "paper": Settings(preset="paper", seeds=5, epochs=1_000, patience=60, **LARGE),
}
