"""The study's settings."""

import dataclasses
import math
from pathlib import Path
from typing import Literal

from experiments.counts import check_counts


@dataclasses.dataclass(frozen=True)
class Settings:
    """The hidden units of a network as a tree of roles: what each one follows, and which of them do the same.

    python -m experiments.hierarchical_modules                                         digits, under two minutes
    python -m experiments.hierarchical_modules --preset paper --data mnist             the paper's first experiment
    python -m experiments.hierarchical_modules --preset paper --data prices --csv FILE the paper's second experiment
    """

    preset: Literal["quick", "paper"] = "quick"
    """Which settings to start from; every other flag changes one of them."""
    name: str | None = None
    """The run's folder, runs/hierarchical_modules/NAME; by default preset, data set and network."""
    overwrite: bool = False
    """Remove what an earlier run of this name wrote, instead of going on with it."""
    seed: int = 0
    """Everything random follows from this number."""
    data: Literal["digits", "mnist", "prices"] = "digits"
    """Digits come with scikit-learn; prices are simulated unless a CSV file is given."""
    csv: Path | None = None
    """Monthly prices to use: header month,<item>,… and rows like 1970-01,13.6,…"""
    months: int = 36
    """Months of prices that a forecast is made from."""
    network: Literal["lnn", "mlp", "cnn"] = "lnn"
    """The paper's sigmoid network, a ReLU perceptron, or the channels of a convolutional one (not factorized)."""
    hidden: tuple[int, ...] = ()
    """Units of each hidden layer (channels of each convolution); the data set's own when not given."""
    passes: int | None = None
    """How often each training row is shown; the paper's number when not given."""
    penalty: float | None = None
    """Weight of the L1 term of the sigmoid network; the paper's when not given."""
    resolutions: tuple[int, ...] = ()
    """Numbers of clusters to show, from coarse to fine; the paper's when not given."""
    networks: int = 20
    """Networks trained; the first is shown, all of them are compared."""
    networks_at_once: int = 20
    """Sigmoid networks trained together; sums are rounded differently, which training magnifies. One suits a CPU."""
    resamples: int = 100
    """Resamples of the training rows that the clusters are looked for again in."""
    planted: int = 5
    """Networks with planted modules that the method has to find."""
    nmf_starts: int = 100
    """Random starts of the factorization that the tree is compared with."""
    nmf_iterations: int = 1_000
    """Updates of each start."""
    nmf_resamples: int = 20
    """Resamples of the training rows that the factorization's clusters are looked for again in."""

    def __post_init__(self):
        """Refuses numbers that no run can use, before a folder is made."""
        if self.penalty is not None and not (math.isfinite(self.penalty) and self.penalty >= 0):
            raise ValueError(f"penalty: found {self.penalty}, wanted a finite number of at least 0")
        if self.csv is not None and self.data != "prices":
            raise ValueError(f"csv: found a file though data is {self.data}, wanted --data prices with it")
        if self.network != "lnn" and self.data == "prices":
            raise ValueError(f"network: found {self.network}, wanted lnn for prices; the others learn classes")
        if self.network != "lnn" and self.penalty is not None:
            raise ValueError(f"penalty: found {self.penalty} for network {self.network}, which has no L1 term")
        if self.data != "prices" and self.months != Settings.months:
            raise ValueError(f"months: found {self.months} though data is {self.data}, wanted --data prices with it")
        if list(self.resolutions) != sorted(set(self.resolutions)):
            raise ValueError(f"resolutions: found {self.resolutions}, wanted rising numbers of clusters")
        check_counts(self, networks=2, seed=0, resolutions=2)


PRESETS = {
    "quick": Settings(),
    "paper": Settings(preset="paper", resamples=1_000, planted=20, nmf_starts=10_000, nmf_resamples=100),
}
