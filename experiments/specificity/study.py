"""The study's sections in the order of its page."""

from pathlib import Path

from experiments.explained_cnns import task
from experiments.specificity import paths, where_networks_disagree
from experiments.specificity.explained import SpecificityStudy
from experiments.specificity.settings import Settings
from experiments.study import write_report

SECTIONS = {
    "disagreement": ("Where two networks disagree", where_networks_disagree),
    "paths": ("Coverage, precision and effort of paths", paths),
}


def main(settings: Settings) -> Path:
    """Writes the sections that are not finished yet and returns the path of the report."""
    return write_report(
        SpecificityStudy,
        settings,
        SECTIONS,
        title="Explanations of this network, not of the data",
        lead="Much of what an explanation states of a network holds for any network trained on the same data. "
        "Here shallow decision trees, among them those of CNN-INTE (Liu, Wang & Matwin, arXiv:1802.00560), are "
        "compared where networks that were trained alike disagree.",
        task=None if settings.show else task(settings),
    )
