"""The study's settings."""

import dataclasses

from experiments.settings import JumpSettings


@dataclasses.dataclass(frozen=True)
class Settings(JumpSettings):
    """Jump detectors with a narrow layer: their errors, their codes, and how many classes such codes can separate.

    python -m experiments.bottleneck                  three widths, two networks each, 72 s of CPU time
    python -m experiments.bottleneck --preset paper   all widths from 2 to 10, five networks each
    """

    widths: tuple[int, ...] = (2, 4, 10)
    """Units of the bottleneck."""
    averaged_signals: int = 100
    """Signals of each jump position for averages of the codes."""
    epochs: int = 150
    """Most epochs of training."""
    patience: int = 150
    """Epochs without a better validation loss before training stops; with two units the loss may be flat for 100."""
    draws: int = 100_000
    """Random sets of points for every probability of a successful embedding."""
    start_epochs: int = 40
    """Epochs of the comparison of initializations."""

    def __post_init__(self):
        self.check(widths=2)
        if not self.widths or list(self.widths) != sorted(set(self.widths)):
            raise ValueError(f"widths: found {self.widths}, wanted increasing numbers")


LARGE = {"widths": tuple(range(2, 11)), "test_signals": 60_000, "averaged_signals": 1_000, "draws": 10_000_000}
PRESETS = {
    "quick": Settings(),
    "paper": Settings(preset="paper", seeds=5, epochs=2_000, patience=200, start_epochs=300, **LARGE),
}
