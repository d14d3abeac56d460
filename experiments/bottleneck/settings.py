"""The study's settings."""

import dataclasses
import math
from typing import Literal

from experiments.counts import check_counts


@dataclasses.dataclass(frozen=True)
class Settings:
    """Jump detectors with a layer of a few units: their errors, their codes, and how many classes a few units can tell.

    python -m experiments.bottleneck                  three widths, two networks each, under two minutes
    python -m experiments.bottleneck --preset paper   all widths from 2 to 10, five networks each
    """

    preset: Literal["quick", "paper"] = "quick"
    """Which settings to start from; every other flag changes one of them."""
    name: str | None = None
    """The run's folder, runs/bottleneck/NAME; the preset's name when not given."""
    overwrite: bool = False
    """Remove what an earlier run of this name wrote, instead of going on with it."""
    seed: int = 0
    """Everything random follows from this number."""
    seeds: int = 2
    """Networks trained of each kind."""
    widths: tuple[int, ...] = (2, 4, 10)
    """Units of the bottleneck."""
    noise: float = 1.0
    """Standard deviation of the signals' noise."""
    jump: float = 3.0
    """Height of the signals' step."""
    train_signals: int = 12_000
    """Training signals."""
    validation_signals: int = 6_000
    """Validation signals, for early stopping."""
    test_signals: int = 20_000
    """Test signals that every number is measured on."""
    averaged_signals: int = 100
    """Signals of each jump position for averaged codes."""
    epochs: int = 150
    """Most epochs of training."""
    patience: int = 150
    """Epochs without a better validation loss before training stops; two units may rest for 100 before they begin."""
    draws: int = 100_000
    """Random sets of points for every probability of a successful embedding."""
    start_epochs: int = 40
    """Epochs of the comparison of starts."""

    def __post_init__(self):
        """Refuses numbers that no run can use, before a folder is made."""
        for name in ("noise", "jump"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name}: found {value}, wanted a positive finite number")
        if not self.widths or list(self.widths) != sorted(set(self.widths)) or min(self.widths) < 2:
            raise ValueError(f"widths: found {self.widths}, wanted rising numbers of at least 2")
        check_counts(self, train_signals=100, seed=0)


PRESETS = {
    "quick": Settings(),
    "paper": Settings(
        preset="paper",
        seeds=5,
        widths=tuple(range(2, 11)),
        test_signals=60_000,
        averaged_signals=1_000,
        epochs=2_000,
        patience=200,
        draws=10_000_000,
        start_epochs=300,
    ),
}
