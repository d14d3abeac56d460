"""The study's settings."""

import dataclasses
from typing import Any, Literal, get_args

from experiments.settings import JumpSettings

Name = Literal[
    "1-layer perceptron", "4-layer perceptron", "CNN, 1 convolution", "CNN, 2 convolutions", "CNN, 3 convolutions"
]
LEVELS = 0.1, 0.2, 0.3, 0.4, 0.5, 0.6


@dataclasses.dataclass(frozen=True)
class Settings(JumpSettings):
    """What the layers of networks that locate a jump do, beside untrained networks and shuffled labels.

    python -m experiments.layers_of_detectors                  two networks of each kind
    python -m experiments.layers_of_detectors --preset paper   eight networks, trained as in the thesis
    """

    averaged_signals: int = 50
    """Signals of each jump position for class averages of activations."""
    epochs: int = 60
    """Most epochs of training."""
    patience: int = 60
    """Epochs without a better validation loss before training stops."""
    shuffled_epochs: int = 60
    """Epochs of training on shuffled labels, with Adam; networks with convolutions take a quarter of them."""
    narrow_epochs: int = 200
    """Most epochs of training of the network with two hidden units."""
    narrow_patience: int = 200
    """Epochs without a better validation loss before that training stops."""
    read: tuple[Literal["2-layer perceptron", "4-layer perceptron"], ...] = ("4-layer perceptron",)
    """Networks whose last hidden layer is read; that of four layers always is."""
    ascended: tuple[Name, ...] = ("1-layer perceptron", "CNN, 2 convolutions")
    """Networks whose ascents are explained."""
    neighbor_rows: int = 1_000
    """Training signals whose nearest neighbors are compared."""
    attacked_signals: int = 50
    """Test signals that are changed until the answer changes."""
    point_sets: int = 200
    """Random sets of points to separate."""
    point_steps: int = 500
    """Steps of training a layer on each of them."""
    noise_levels: tuple[float, ...] = (0.2, 0.6)
    """Standard deviations of the noise, over the height of the jump, at which networks are trained."""
    draws: int = 2
    """Sets of signals at every level of noise, for the classical detector."""
    draw_signals: int = 5_000
    """Signals of each of these sets."""
    histogram_sets: int = 5
    """Sets of 6,000 signals for its largest errors."""
    starts: int = 4
    """Starts of gradient ascent for every position."""
    spread: float = 0.05
    """Largest absolute value of a start; the thesis has 0.05."""
    rate: float = 10.0
    """Step size of gradient ascent on a probability; the thesis has 10."""
    threshold: float = 0.999
    """Probability at which an ascent ends; the thesis has 0.999."""
    steps: int = 1_000
    """Most steps of an ascent."""
    stall_steps: int = 100
    """Steps without a gain after which an ascent ends."""

    def __post_init__(self):
        self.check(neighbor_rows=11)
        if not 0.5 <= self.threshold < 1:
            raise ValueError(f"threshold: found {self.threshold}, wanted a probability of at least 0.5, below 1")
        if "4-layer perceptron" not in self.read:
            raise ValueError(f"read: found {self.read}, wanted the 4-layer perceptron among them")
        if not self.ascended:
            raise ValueError("ascended: found none, wanted at least one network")
        known = [each for each in LEVELS if each in self.noise_levels]
        if len(known) < 2 or list(self.noise_levels) != known:
            raise ValueError(f"noise_levels: found {self.noise_levels}, wanted at least two of {LEVELS} in this order")


SMALL: dict[str, Any] = {"train_signals": 3_000, "validation_signals": 1_000, "test_signals": 5_000}
SMALL |= {"learning_rate": 0.03}
LARGE: dict[str, Any] = {"test_signals": 60_000, "averaged_signals": 1_000, "neighbor_rows": 4_000}
LARGE |= {"attacked_signals": 200}
LARGE |= {"epochs": 1_000, "patience": 60, "shuffled_epochs": 512, "narrow_epochs": 60_000, "narrow_patience": 1_000}
LARGE |= {"point_sets": 1_000, "point_steps": 5_000, "noise_levels": (0.2, 0.3, 0.4, 0.5, 0.6), "draws": 5}
LARGE |= {"draw_signals": 20_000}
LARGE |= {"read": ("2-layer perceptron", "4-layer perceptron"), "ascended": get_args(Name)}
LARGE |= {"histogram_sets": 20, "starts": 8, "steps": 5_000, "stall_steps": 500}
PRESETS = {"quick": Settings(**SMALL), "paper": Settings(preset="paper", seeds=8, **LARGE)}
