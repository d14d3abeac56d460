"""The study's settings."""

import dataclasses
from pathlib import Path
from typing import Literal

from experiments.settings import StudySettings


@dataclasses.dataclass(frozen=True)
class Settings(StudySettings):
    """Clusters of hidden units taken as units: what the smaller network still does, beside controls and linkages.

    python -m experiments.quotient_networks                                         digits, a minute
    python -m experiments.quotient_networks --preset paper --data mnist             the paper's first experiment
    python -m experiments.quotient_networks --preset paper --data prices --csv FILE the paper's second experiment
    """

    data: Literal["digits", "mnist", "prices"] = "digits"
    """Digits come with scikit-learn; prices are simulated unless a CSV file is given."""
    csv: Path | None = None
    """Monthly prices to use: header month,<item>,… and rows like 1970-01,13.6,…"""
    months: int = 36
    """Months of prices in the input of a forecast."""
    hidden: int | None = None
    """Hidden units; that of the study of hierarchical modules when not given (the paper's is not known)."""
    passes: int | None = None
    """Passes over the training rows; the paper's number when not given."""
    networks: int = 5
    """Networks of each kind."""
    networks_at_once: int = 1
    """Networks trained in one program; rounding, and so the result, depends on this number. One is fastest on a CPU."""
    deep: tuple[int, ...] = (60, 40, 40)
    """Units of the hidden layers of the deep networks."""
    planted: int = 2
    """Networks with known modules at each noise level."""
    resamples: int = 20
    """Resamples of the training rows for the support of the coarsest clusters."""
    memorized_rows: int | None = None
    """Training rows that are memorized; 1,000 of MNIST, 400 of digits and all of prices when not given."""
    memorized_passes: int = 200
    """Passes over these rows."""

    def __post_init__(self):
        """Refuses settings that no run can use."""
        self.check(networks=2, hidden=16, memorized_rows=20)
        if self.csv is not None and self.data != "prices":
            raise ValueError(f"csv: found a file though data is {self.data}, wanted --data prices with it")
        if self.data != "prices" and self.months != Settings.months:
            raise ValueError(f"months: found {self.months} though data is {self.data}, wanted --data prices with it")
        if sum(self.deep) < 16 or len(self.deep) < 2:
            raise ValueError(f"deep: found {self.deep}, wanted at least two layers with 16 units")


PRESETS = {
    "quick": Settings(passes=20),
    "paper": Settings(preset="paper", networks=20, planted=20, resamples=200, memorized_passes=1_000),
}
