"""The study's sections in the order of its page."""

from pathlib import Path

from experiments.certified_units import as_published, certificates, replaced, training
from experiments.certified_units.certified_study import CertifiedStudy
from experiments.certified_units.settings import Settings
from experiments.study import write_report

SECTIONS = {
    "training": ("The networks", training),
    "certificates": ("Sets of units with a certificate", certificates),
    "replaced": ("What stands in for the units left out", replaced),
    "as_published": ("The objective as published", as_published),
}


def main(settings: Settings) -> Path:
    """Writes the sections that are not finished yet and returns the path of the report."""
    return write_report(
        CertifiedStudy,
        settings,
        SECTIONS,
        title="Core units that hold on new images",
        lead="For every class, the smallest set of a layer's units that is certified to preserve the network's "
        "decisions for this class on images that neither trained the network nor served the search; and what the "
        "relaxed objective of the paper selects by itself. After Yan & Feng, Interpreting deep classification models "
        "with Bayesian inference, ICLR 2018 submission; certificates are not in the paper.",
    )
