"""Runs the study: ``python -m experiments.core_units``."""

import sys
from pathlib import Path

from experiments.command_line import run_study
from experiments.core_units import (
    baselines,
    cores,
    curve,
    joint,
    necessity,
    overlap,
    pixels,
    positions,
    sanity_controls,
    shrunken,
    training,
)
from experiments.core_units.core_study import CoreStudy
from experiments.core_units.settings import PRESETS, Settings
from experiments.core_units.tasks import task
from experiments.study import write_report

# The activations of a layer fill much of the memory, so each section treats the layers one after the other.
SECTIONS = {
    "training": ("The network", training.write),
    "cores": ("The core units of every class", cores.write),
    "positions": ("Agreement between selections", positions.write),
    "curve": ("Holding rate against the number of units", curve.write),
    "baselines": ("Other selection methods", baselines.write),
    "necessity": ("Necessity of the core units", necessity.write),
    "overlap": ("Overlap between classes, and the inputs that activate units most", overlap.write),
    "joint": ("Several layers gated together", joint.write),
    "pixels": ("Gates on pixels, and gates for single inputs", pixels.write),
    "shrunken": ("The network without the other units", shrunken.write),
    "sanity_controls": ("Sanity controls and planted cores", sanity_controls.write),
}


def main(settings: Settings) -> Path:
    """Writes the sections that are not finished yet and returns the path of the report."""
    unknown = set(settings.sections) - set(SECTIONS)
    if unknown:
        raise ValueError(f"sections: found {', '.join(sorted(unknown))}, wanted some of {', '.join(SECTIONS)}")
    return write_report(
        CoreStudy,
        settings,
        {name: section for name, section in SECTIONS.items() if name in (settings.sections or SECTIONS)},
        title="The core units of a class",
        lead="For every class, the smallest set of a layer's units that preserves the network's decisions for this "
        "class; how far independent selections agree, what other selection methods need, and how the network performs "
        "without the other units. After Yan & Feng, Interpreting deep classification models with Bayesian inference, "
        "ICLR 2018 submission.",
        task=task(settings),
    )


if __name__ == "__main__":
    sys.exit(run_study(PRESETS, main))
