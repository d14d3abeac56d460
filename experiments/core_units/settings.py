"""The study's settings."""

import dataclasses
from typing import Literal

from experiments.counts import check_counts

LAYERS = ("max1", "max2")


@dataclasses.dataclass(frozen=True)
class Settings:
    """The core units of every class: the fewest of a layer with which its decisions hold.

    python -m experiments.core_units                                    digits, one layer, under two minutes
    python -m experiments.core_units --preset two-cores --data mnist    the paper's network, training included
    python -m experiments.core_units --preset two-cores --data cifar10  the paper's second network, shortly trained
    python -m experiments.core_units --preset paper --data cifar10      trained as in the paper: for an accelerator
    """

    preset: Literal["quick", "two-cores", "paper"] = "quick"
    """Which settings to start from; every other flag changes one of them."""
    name: str | None = None
    """The run's folder, runs/core_units/NAME; by default preset and data set."""
    overwrite: bool = False
    """Remove what an earlier run of this name wrote, instead of going on with it."""
    seed: int = 0
    """Everything random follows from this number."""
    data: Literal["digits", "mnist", "cifar10"] = "digits"
    """Digits come with scikit-learn."""
    data_note: str | None = None
    """Said of the data beside the network's accuracy, that images were compressed say."""
    layers: tuple[Literal["max1", "max2"], ...] = LAYERS
    """The layers whose units, feature maps, are gated."""
    sections: tuple[str, ...] = ()
    """The report's sections to write, by their short names, "training cores rivals" say; all when not given."""
    classes: tuple[int, ...] = ()
    """The classes of interest; all when not given."""
    holding: float | None = None
    """Share of a class's decisions that has to hold; by default the paper's, by argmax on MNIST at least 0.995."""
    epochs: int | None = None
    """Epochs of training; the preset's when not given."""
    classifiers: tuple[Literal["argmax", "center"], ...] = ("argmax",)
    """Who decides whether a row is of a class: the greatest score, or the paper's center-based classifier as well."""
    repeats: int = 3
    """Selections for every class and layer, each from another draw of rows and starts."""
    center_repeats: int = 3
    """Those by the center-based classifier, if it is asked for."""
    position_runs: int = 5
    """Selections whose positions are shown."""
    steps: int = 300
    """Gradient steps of the gates."""
    batch_size: int = 64
    """Rows a gradient step of the gates."""
    starts: int = 4
    """Sets that are polished: the gates', one for each cost, and the last grown from no units."""
    swaps: int = 10
    """Exchanges of one unit that are tried before a smaller set is given up."""
    search_rows: int = 384
    """Rows nearest to failing that sets are compared on."""
    greedy_rows: int = 500
    """Rows that greedy selection, a rival, is done on."""
    rival_rows: int = 2_000
    """Rows that the rivals' curves are judged on."""
    random_sets: int = 10
    """Random sets of the same size."""
    sweep_steps: int = 200
    """Gradient steps of the curve of units against holding."""
    pixel_steps: int = 300
    """Gradient steps of the gates on pixels."""
    pixel_alpha: float = 1e-4
    """Cost of an open gate on a pixel."""
    inputs: int = 10
    """Inputs that gates of their own are found for."""
    disjoint: int = 5
    """Most sets without a common unit that are looked for."""
    disjoint_steps: int = 100
    """Gradient steps of the gates of those sets."""
    disjoint_rows: int = 2_000
    """Rows that those sets are looked for on."""
    joint_rows: int = 1_000
    """Rows that units of all layers together are looked for on."""
    shrunken_rows: int = 5_000
    """Rows that one set for all classes is looked for on."""
    twin_rows: int = 3_000
    """Rows that the units of other networks are looked for on."""
    shuffled_rows: int = 5_000
    """Rows, with labels in random order, that a twin is trained on."""
    shuffled_epochs: int = 30
    """Epochs of that training."""
    joint_classes: tuple[int, ...] = (0, 1, 8)
    """Classes for which all layers are gated together, positions shown and twins compared."""

    def __post_init__(self):
        """Refuses settings that no run can use, before a folder is made."""
        check_counts(self, seed=0, classes=0, joint_classes=0)
        if not self.layers or self.layers != tuple(layer for layer in LAYERS if layer in self.layers):
            raise ValueError(f"layers: found {self.layers}, wanted some of {', '.join(LAYERS)}, in that order")
        if self.classifiers not in (("argmax",), ("argmax", "center")):
            raise ValueError(f"classifiers: found {self.classifiers}, wanted argmax, or argmax and center")
        if self.holding is not None and not 0.5 < self.holding <= 1:
            raise ValueError(f"holding: found {self.holding}, wanted a share above 0.5, at most 1")
        for name in ("classes", "joint_classes"):
            found = getattr(self, name)
            if len(set(found)) != len(found) or any(label > 9 for label in found):
                raise ValueError(f"{name}: found {found}, wanted different numbers from 0 to 9")


PRESETS = {
    "quick": Settings(layers=("max2",)),
    "two-cores": Settings(preset="two-cores", classifiers=("argmax", "center")),
    "paper": Settings(preset="paper", classifiers=("argmax", "center")),
}
