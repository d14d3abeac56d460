"""The study's sections in the order of its page."""

from pathlib import Path

from experiments.smallest_sets import minimum
from experiments.smallest_sets.settings import Settings
from experiments.study import Study, write_report

SECTIONS = {"minimum": ("The set found beside the smallest there is", minimum)}


def main(settings: Settings) -> Path:
    """Writes the section if it is not finished yet and returns the path of the report."""
    return write_report(
        Study,
        settings,
        SECTIONS,
        title="Smallest sets of units",
        lead="The smallest set of hidden units that preserves a class's decisions is a minimum over all sets, which "
        "Yan & Feng (ICLR 2018 submission, equation 3) approximate by gates and this package by gates and a search. On "
        "layers of at most 16 units every set can be tried, so that the true minimum is known.",
    )
