"""Runs the study: ``python -m experiments.core_units``."""

import dataclasses
import sys
from pathlib import Path

import jax

from experiments.command_line import run_study
from experiments.core_units import (
    cores,
    curve,
    joint,
    necessity,
    overlap,
    pixels,
    positions,
    rivals,
    shrunken,
    training,
    twins,
)
from experiments.core_units.core_study import CoreStudy
from experiments.core_units.settings import PRESETS, Settings
from experiments.core_units.tasks import task
from interp_jax.reports import Run, describe, progress

# A layer's activations fill much of the memory, so sections go through the layers one after the other.
SECTIONS = {
    "training": ("The network", training.write),
    "cores": ("The core units of every class", cores.write),
    "positions": ("Are they always the same?", positions.write),
    "curve": ("Units against holding", curve.write),
    "rivals": ("Other ways to choose them", rivals.write),
    "necessity": ("Are they needed?", necessity.write),
    "overlap": ("What classes share, and what units respond to", overlap.write),
    "joint": ("Several layers at once", joint.write),
    "pixels": ("Pixels and single inputs", pixels.write),
    "shrunken": ("The network cut small", shrunken.write),
    "twins": ("Twins and planted cores", twins.write),
}


def main(settings: Settings) -> Path:
    """Writes what is not finished yet under ``runs/core_units/`` and returns the path of the report."""
    stored = dataclasses.asdict(settings)
    name, overwrite = stored.pop("name"), stored.pop("overwrite")
    unknown = set(settings.sections) - set(SECTIONS)
    if unknown:
        raise ValueError(f"sections: found {', '.join(sorted(unknown))}, wanted some of {', '.join(SECTIONS)}")
    sections = {name: made for name, made in SECTIONS.items() if name in (settings.sections or SECTIONS)}
    # The task comes first: data that cannot be found are said so before a folder is made.
    learned = task(settings)
    run = Run.open(
        "core_units",
        name or f"{settings.preset}-{settings.data}",
        stored,
        title="The units that a class needs",
        lead="For every class, the fewest units of a layer with which the network still decides as before whether an "
        "input is of that class, how sure that is, what else would do, and what is left when the others are cut "
        "out. After Yan & Feng, Interpreting deep classification models with Bayesian inference, ICLR 2018 submission.",
        sections=list(sections),
        overwrite=overwrite,
    )
    run.environment({**describe(), "device": jax.devices()[0].device_kind})
    with progress(f"Core units, {settings.data}, preset {settings.preset}") as bars:
        return CoreStudy(settings, run, bars, task=learned).write(sections)


if __name__ == "__main__":
    sys.exit(run_study(PRESETS, main))
