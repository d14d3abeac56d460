"""The study's settings."""

import dataclasses

from experiments.settings import StudySettings


@dataclasses.dataclass(frozen=True)
class Settings(StudySettings):
    """The sets that `core_units.select` finds beside the true minimum of all sets, on layers of at most 16 units.

    python -m experiments.smallest_sets                  60 problems
    python -m experiments.smallest_sets --preset paper   200 problems
    """

    problems: int = 60
    """Problems: networks with random weights, with planted units, and trained on digits, one after the other."""
    rows: int = 600
    """Rows of a problem; of the digits as many images."""
    epochs: int = 20
    """Epochs of training on digits."""
    starts: int = 6
    """Sets that the search refines, as in `select`."""
    swaps: int = 20
    """Exchanges of one unit that it tries, as in `select`."""

    def check(self, **least: float) -> None:
        """Checks every field; a search without exchanges is one too."""
        super().check(swaps=0, **least)


PRESETS = {"quick": Settings(), "paper": Settings(preset="paper", problems=200)}
