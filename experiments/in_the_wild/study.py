"""The study's sections in the order of its page."""

from pathlib import Path

from experiments.in_the_wild import (
    detector,
    explained,
    inventory,
    modules,
    needed,
    places,
    runtime,
    smaller,
    witnesses,
    written,
)
from experiments.in_the_wild.settings import Settings
from experiments.in_the_wild.wild_study import WildStudy
from experiments.study import write_report

SECTIONS = {
    "runtime": ("The network", runtime),
    "inventory": ("The files", inventory),
    "needed": ("The units that a type needs", needed),
    "witnesses": ("What these units respond to", witnesses),
    "modules": ("Which units respond alike", modules),
    "explained": ("A tree in place of the network", explained),
    "places": ("Where the network looks", places),
    "written": ("What ascent writes", written),
    "smaller": ("A smaller network for some types", smaller),
}


def main(settings: Settings) -> Path:
    """Writes the sections that are not finished yet and returns the path of the report.

    Raises:
        ValueError: the package is not installed, or its model is one that the study cannot read.
    """
    if not settings.show:
        detector.load(detector.installed())
    return write_report(
        WildStudy,
        settings,
        SECTIONS,
        title="In the wild: a network that nobody here trained",
        lead="magika (Google, Apache-2.0) names the type of a file from its content, and thousands of programs use it. "
        "Its authors trained it; its package holds the weights and its own runtime. Here the methods of this library "
        "are applied to it as it is, on the files of one installation. Its last hidden layer has 512 units: each looks "
        "for something in every 20 bytes of a file and passes on its strongest response.",
        name=settings.preset,
        recorded={"other": settings.other and Path(settings.other).name},
    )
