"""Runs the study: ``python -m experiments.gradient_ascent``."""

import sys
from pathlib import Path

from experiments.command_line import run_study
from experiments.gradient_ascent import classes, images, observer
from experiments.gradient_ascent.ascent_study import AscentStudy
from experiments.gradient_ascent.settings import PRESETS, Settings
from experiments.study import Study, write_report

SIGNALS = {
    "classes": ("Inputs that maximize each class", classes),
    "observer": ("The exact posterior as a control", observer),
}
IMAGES = {"images": ("Regularizers for images", images)}


def main(settings: Settings) -> Path:
    """Writes the sections that are not finished yet and returns the path of the report."""
    on_signals = settings.data == "jumps"
    return write_report(
        AscentStudy if on_signals else Study,
        settings,
        SIGNALS if on_signals else IMAGES,
        title="Inputs that maximize a class",
        lead="From random starts an input is moved along the gradient of a class's probability. For jump signals the "
        "exact posterior is maximized as well, which separates properties of the task from those of the networks. "
        "After Y. Chen, Towards explaining neural networks, Utrecht University 2017, chapter 5.",
    )


if __name__ == "__main__":
    sys.exit(run_study(PRESETS, main))
