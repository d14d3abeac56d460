"""Runs the study: ``python -m experiments.gradient_ascent``."""

import dataclasses
import sys
from pathlib import Path

import jax

from experiments.command_line import run_study
from experiments.gradient_ascent import classes, convolutions, images, observer
from experiments.gradient_ascent.ascent_study import AscentStudy
from experiments.gradient_ascent.image_study import ImageStudy, task
from experiments.gradient_ascent.settings import PRESETS, Settings
from interp_jax.reports import Run, describe, progress

SIGNALS = {
    "classes": ("What every class responds to most", classes.write),
    "convolutions": ("Behind the convolutions", convolutions.write),
    "observer": ("The exact posterior as control", observer.write),
}
IMAGES = {"images": ("What keeps an image natural", images.write)}


def main(settings: Settings) -> Path:
    """Writes what is not finished yet under ``runs/gradient_ascent/`` and returns the path of the report."""
    stored = dataclasses.asdict(settings)
    name, overwrite = stored.pop("name"), stored.pop("overwrite")
    sections, study = (SIGNALS, AscentStudy) if settings.data == "jumps" else (IMAGES, ImageStudy)
    more = {} if settings.data == "jumps" else {"task": task(settings)}
    run = Run.open(
        "gradient_ascent",
        name or f"{settings.preset}-{settings.data}",
        stored,
        title="What a network responds to most",
        lead="From many random starts an input is moved along the gradient of one class's probability until the "
        "network is sure of it. On jump signals the exact posterior is climbed and probed as well, which tells what "
        "belongs to the task from what belongs to the network. After Y. Chen, Towards explaining neural networks, "
        "Utrecht University 2017, chapter 5.",
        sections=list(sections),
        overwrite=overwrite,
    )
    run.environment({**describe(), "device": jax.devices()[0].device_kind})
    with progress(f"Gradient ascent, {settings.data}, preset {settings.preset}") as bars:
        return study(settings, run, bars, **more).write(sections)


if __name__ == "__main__":
    sys.exit(run_study(PRESETS, main))
