"""The study's sections in the order of its page."""

from pathlib import Path

from experiments.limits_of_memorizing import (
    answers,
    deeper,
    descent,
    detection,
    noise,
    regularizers,
    sensitivity,
    sizes,
    soft,
)
from experiments.limits_of_memorizing.limits_study import LimitsStudy, task
from experiments.limits_of_memorizing.settings import Settings
from experiments.study import write_report

SECTIONS = {
    "noise": ("Labels shuffled in part", noise),
    "regularizers": ("Regularizers against memorizing", regularizers),
    "sensitivity": ("Loss sensitivity and decision boundaries", sensitivity),
    "sizes": ("Time to fit by size", sizes),
    "answers": ("Answers on new rows", answers),
    "detection": ("Detection with a threshold fixed beforehand", detection),
    "deeper": ("Regularizers in deeper networks", deeper),
    "soft": ("Soft and hard answers", soft),
    "descent": ("Memorizing by the descent of the thesis", descent),
}
OF_JUMPS = "deeper", "soft", "descent"  # claims on jump signals; networks for MNIST are too large for them


def main(settings: Settings) -> Path:
    """Writes the sections that are not finished yet and returns the path of the report."""
    return write_report(
        LimitsStudy,
        settings,
        {name: each for name, each in SECTIONS.items() if settings.data != "mnist" or name not in OF_JUMPS},
        title="Limits of memorizing",
        lead="Networks can fit labels that are shuffled. What that takes, whether regularizers prevent it, by which "
        "measures such networks differ from networks that learn, and what they answer on new rows. After claims in Y. "
        "Chen, Towards explaining neural networks, Utrecht University 2017, chapters 2, 6 and 7, some of them reported "
        "of Zhang et al. (2017) and Arpit et al. (2017).",
        task=None if settings.show else task(settings),
    )
