"""Runs the study: ``python -m experiments.memorization``."""

import dataclasses
import sys
from pathlib import Path

import jax

from experiments.command_line import run_study
from experiments.memorization import averages, deviations, dynamics, embedding, telling_apart, training
from experiments.memorization.memorization_study import MemorizationStudy
from experiments.memorization.settings import PRESETS, Settings
from experiments.memorization.tasks import task
from interp_jax.reports import Run, describe, progress

SECTIONS = {
    "training": ("Learning and memorizing", training.write),
    "averages": ("Averaged activations", averages.write),
    "embedding": ("Every layer in the plane", embedding.write),
    "deviations": ("Deviations, layer by layer", deviations.write),
    "dynamics": ("Deviations during training", dynamics.write),
    "telling_apart": ("Telling them apart without test data", telling_apart.write),
}


def main(settings: Settings) -> Path:
    """Writes what is not finished yet under ``runs/memorization/`` and returns the path of the report."""
    stored = dataclasses.asdict(settings)
    name, overwrite = stored.pop("name"), stored.pop("overwrite")
    # The task comes first: data that cannot be found are said so before a folder is made.
    learned = task(settings)
    run = Run.open(
        "memorization",
        name or f"{settings.preset}-{settings.data}",
        stored,
        title="Learning against memorizing",
        lead="A network can be trained on labels that were dealt out at random, until it names every training row as "
        "it was taught: it memorizes. Inside it looks different from a network that has learned something, and how "
        "different is measured here, layer by layer and step by step. After Y. Chen, Towards explaining neural "
        "networks, Utrecht University 2017, chapter 6.",
        sections=list(SECTIONS),
        overwrite=overwrite,
    )
    run.environment({**describe(), "device": jax.devices()[0].device_kind})
    with progress(f"Memorizing, {settings.data}, preset {settings.preset}") as bars:
        return MemorizationStudy(settings, run, bars, task=learned).write(SECTIONS)


if __name__ == "__main__":
    sys.exit(run_study(PRESETS, main))
