"""The study's settings."""

import dataclasses
from pathlib import Path

from experiments.settings import StudySettings

LEAST_HIDDEN = 12  # as many as the finest clusters


@dataclasses.dataclass(frozen=True)
class Settings(StudySettings):
    """Forecasts of next month's prices by the paper's network, by one whose settings are chosen, and without a network.

    python -m experiments.price_forecasts                           simulated prices, a minute
    python -m experiments.price_forecasts --preset paper --csv FILE the paper's prices
    """

    csv: Path | None = None
    """Monthly prices to use: header month,<item>,… and rows like 1970-01,13.6,…; simulated if not given."""
    months: int = 36
    """Months of prices in the input of a forecast."""
    networks: int = 5
    """Networks of each kind that is compared."""
    networks_of_choice: int = 2
    """Networks of each setting that is chosen among."""
    penalties: tuple[float, ...] = (2e-5, 2e-3)
    """Weights of the L1 term to choose among; the paper has 2e-5."""
    hidden: tuple[int, ...] = (20,)
    """Numbers of hidden units to choose among; the paper's is not known."""
    passes: tuple[int, ...] = (2, 20)
    """Passes over the training rows to choose among; the paper has 500."""
    folds: int = 4
    """Stretches of the training half that are forecast in turn, each by networks trained on the rows before it."""
    paper_hidden: int = 20
    """Hidden units of the paper's network, as in the study of hierarchical modules."""
    paper_passes: int = 20
    """Passes of the paper's network."""

    def __post_init__(self):
        """Refuses settings that no run can use."""
        self.check(networks=2, hidden=LEAST_HIDDEN, paper_hidden=LEAST_HIDDEN, penalties=0)
        for name in ("penalties", "hidden", "passes"):
            if not getattr(self, name):
                raise ValueError(f"{name}: found none, wanted at least one")


PRESETS = {
    "quick": Settings(),
    "paper": Settings(
        preset="paper",
        networks=20,
        networks_of_choice=3,
        penalties=(2e-5, 2e-4, 2e-3),
        hidden=(20, 160),
        passes=(5, 50, 500),
        paper_hidden=160,
        paper_passes=500,
    ),
}
