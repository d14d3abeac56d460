"""The study's settings."""

import dataclasses
from typing import Literal

from experiments.settings import StudySettings

LAYERS = ("max1", "max2")


@dataclasses.dataclass(frozen=True)
class Settings(StudySettings):
    """The core units of every class: the smallest set of a layer's units that preserves the decisions for it.

    python -m experiments.core_units                                    digits, one layer, 131 s of CPU time
    python -m experiments.core_units --preset two-cores --data mnist    the paper's network, training included
    python -m experiments.core_units --preset two-cores --data cifar10  the paper's second network, shorter training
    python -m experiments.core_units --preset paper --data cifar10      trained as published: for an accelerator
    """

    preset: Literal["quick", "two-cores", "paper"] = "quick"
    """The settings to start from; every other flag changes one of them."""
    data: Literal["digits", "mnist", "cifar10"] = "digits"
    """Digits come with scikit-learn."""
    data_note: str | None = None
    """A note on the data that tables show, for example on compression of the images."""
    layers: tuple[Literal["max1", "max2"], ...] = LAYERS
    """The layers whose units (feature maps) are gated."""
    sections: tuple[str, ...] = ()
    """Sections of the report to write, for example "training cores baselines"; all when not given."""
    classes: tuple[int, ...] = ()
    """The classes of interest; all when not given."""
    holding: float | None = None
    """Required holding rate; by default that of the paper, on MNIST with argmax at least 0.995."""
    epochs: int | None = None
    """Epochs of training; the preset's when not given."""
    classifiers: tuple[Literal["argmax", "center"], ...] = ("argmax",)
    """Rules that decide whether a row is of a class: argmax, optionally the paper's center-based classifier too."""
    repeats: int = 3
    """Selections for every class, layer and classifier, each with its own sample of rows and initial gates."""
    position_runs: int = 5
    """Selections whose units are compared."""
    steps: int = 300
    """Gradient steps of the gates."""
    minibatch_size: int = 64
    """Rows in a gradient step of the gates."""
    starts: int = 4
    """Sets that are refined: sets from gates, one for each cost, and a last one grown from no units."""
    swaps: int = 10
    """Exchanges of one unit that are tried in the search for a smaller set."""
    search_rows: int = 384
    """Rows with the smallest margins, on which sets are compared."""
    greedy_rows: int = 500
    """Rows for greedy selection, one of the baselines."""
    baseline_rows: int = 2_000
    """Rows for the holding-rate curves of the baselines."""
    random_sets: int = 10
    """Random sets of the same size as a core."""
    pixel_steps: int = 300
    """Gradient steps of the gates on pixels."""
    pixel_alpha: float = 1e-4
    """Cost of an open gate on a pixel."""
    inputs: int = 10
    """Single inputs for which units are selected."""
    disjoint: int = 5
    """Maximum number of disjoint sets to search for."""
    disjoint_steps: int = 100
    """Gradient steps of the gates of disjoint sets."""
    disjoint_rows: int = 2_000
    """Rows for the search of disjoint sets."""
    joint_rows: int = 1_000
    """Rows for the selection in all layers together."""
    shrunken_rows: int = 5_000
    """Rows for the selection of one set for all classes."""
    control_rows: int = 3_000
    """Rows for the selection in the sanity controls."""
    shuffled_rows: int = 5_000
    """Rows with shuffled labels on which a sanity control is trained."""
    shuffled_epochs: int = 30
    """Epochs of this training."""
    joint_classes: tuple[int, ...] = (0, 1, 8)
    """Classes for the sections on several layers, on agreement between selections and on sanity controls."""

    def __post_init__(self):
        """Refuses settings that no run can use."""
        self.check(classes=0, joint_classes=0)
        if not self.layers or self.layers != tuple(layer for layer in LAYERS if layer in self.layers):
            raise ValueError(f"layers: found {self.layers}, wanted some of {', '.join(LAYERS)}, in that order")
        if self.classifiers not in (("argmax",), ("argmax", "center")):
            raise ValueError(f"classifiers: found {self.classifiers}, wanted argmax, or argmax and center")
        if self.holding is not None and not 0.5 < self.holding <= 1:
            raise ValueError(f"holding: found {self.holding}, wanted a share above 0.5, at most 1")
        for name in ("classes", "joint_classes"):
            labels = getattr(self, name)
            if len(set(labels)) != len(labels) or any(label > 9 for label in labels):
                raise ValueError(f"{name}: found {labels}, wanted different numbers from 0 to 9")


PRESETS = {
    "quick": Settings(layers=("max2",), shuffled_epochs=200),
    "two-cores": Settings(preset="two-cores", classifiers=("argmax", "center")),
    "paper": Settings(preset="paper", classifiers=("argmax", "center")),
}
