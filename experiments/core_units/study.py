"""The study's sections in the order of its page."""

from pathlib import Path

from experiments.core_units import baselines, controls, cores, joint, necessity, overlap, pixels, shrunken, training
from experiments.core_units.core_study import CoreStudy
from experiments.core_units.settings import Settings
from experiments.study import write_report

# The activations of a layer fill much of the memory, so each section treats the layers one after the other.
SECTIONS = {
    "training": ("The network", training),
    "cores": ("The core units of every class", cores),
    "baselines": ("Other selection methods", baselines),
    "sanity_controls": ("Sanity controls and planted cores", controls),
    "necessity": ("Necessity of the core units", necessity),
    "overlap": ("Agreement between selections, and overlap between classes", overlap),
    "joint": ("Several layers gated together", joint),
    "pixels": ("Gates on pixels, and gates for single inputs", pixels),
    "shrunken": ("The network without the other units", shrunken),
}


def main(settings: Settings) -> Path:
    """Writes the sections that are not finished yet and returns the path of the report."""
    wanted = set(settings.sections or SECTIONS)
    if unknown := wanted - set(SECTIONS):
        raise ValueError(f"sections: found {', '.join(sorted(unknown))}, wanted some of {', '.join(SECTIONS)}")
    wanted -= {"joint"} if len(settings.layers) == 1 else set()
    return write_report(
        CoreStudy,
        settings,
        {name: section for name, section in SECTIONS.items() if name in wanted},
        title="The core units of a class",
        lead="For every class, the smallest set of a layer's units that preserves the network's decisions for this "
        "class; what other selection methods need, whether networks that have learned nothing have such sets, and how "
        "the network performs without the other units. After Yan & Feng, Interpreting deep classification models with "
        "Bayesian inference, ICLR 2018 submission.",
    )
