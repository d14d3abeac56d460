"""The study's settings."""

import dataclasses
from pathlib import Path
from typing import Literal

from experiments.settings import StudySettings


@dataclasses.dataclass(frozen=True)
class Settings(StudySettings):
    """The hidden units of a network as a tree of roles: their correlations, and clusters of similar units.

    python -m experiments.hierarchical_modules                                         digits, 68 s of CPU time
    python -m experiments.hierarchical_modules --preset paper --data mnist             the paper's first experiment
    python -m experiments.hierarchical_modules --preset paper --data prices --csv FILE the paper's second experiment
    """

    data: Literal["digits", "mnist", "prices"] = "digits"
    """Digits come with scikit-learn; prices are simulated unless a CSV file is given."""
    csv: Path | None = None
    """Monthly prices to use: header month,<item>,… and rows like 1970-01,13.6,…"""
    months: int = 36
    """Months of prices in the input of a forecast."""
    network: Literal["lnn", "mlp", "cnn"] = "lnn"
    """The paper's sigmoid network, a ReLU perceptron, or a convolutional network with channels as units."""
    hidden: tuple[int, ...] = ()
    """Units of each hidden layer (channels of each convolution); a default for the data set when not given."""
    passes: int | None = None
    """Passes over the training rows; the paper's number when not given."""
    penalty: float | None = None
    """Weight of the L1 term of the sigmoid network; that of the paper when not given."""
    resolutions: tuple[int, ...] = ()
    """Numbers of clusters to show, from coarse to fine; those of the paper when not given."""
    networks: int = 20
    """Networks of each kind; the first is shown, all are compared."""
    networks_at_once: int = 20
    """Sigmoid networks trained in one program; rounding, and so the result, depends on this number. Use 1 on a CPU."""
    resamples: int = 100
    """Bootstrap resamples of the training rows for the support of the clusters."""
    planted: int = 5
    """Networks with planted modules at each noise level."""
    nmf_starts: int = 100
    """Random starts of the factorization, which the tree is compared with."""
    nmf_iterations: int = 1_000
    """Updates of each start."""

    def __post_init__(self):
        """Refuses settings that no run can use."""
        self.check(networks=2, resolutions=2, penalty=0)
        if self.csv is not None and self.data != "prices":
            raise ValueError(f"csv: found a file though data is {self.data}, wanted --data prices with it")
        if self.network != "lnn" and self.data == "prices":
            raise ValueError(f"network: found {self.network}, wanted lnn for prices; the others learn classes")
        if self.network != "lnn" and self.penalty is not None:
            raise ValueError(f"penalty: found {self.penalty} for network {self.network}, which has no L1 term")
        if self.data != "prices" and self.months != Settings.months:
            raise ValueError(f"months: found {self.months} though data is {self.data}, wanted --data prices with it")
        if list(self.resolutions) != sorted(set(self.resolutions)):
            raise ValueError(f"resolutions: found {self.resolutions}, wanted increasing numbers of clusters")


PRESETS = {
    "quick": Settings(),
    "paper": Settings(preset="paper", resamples=1_000, planted=20, nmf_starts=10_000),
}
