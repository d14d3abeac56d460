"""Runs the study: ``python -m experiments.jump_detection``."""

import dataclasses
import sys
from pathlib import Path

import jax

from experiments.command_line import run_study
from experiments.jump_detection import architectures, convolutions, detectors, optimum, overfitting, perceptrons, task
from experiments.jump_detection.jump_study import JumpStudy
from experiments.jump_detection.settings import PRESETS, Settings
from interp_jax.reports import Run, describe, progress

SECTIONS = {
    "task": ("The task", task.write),
    "detectors": ("Detectors without a network, and the optimum", detectors.write),
    "networks": ("Seven networks", architectures.write),
    "overfitting": ("Training past the best epoch", overfitting.write),
    "perceptrons": ("Inside the perceptrons", perceptrons.write),
    "convolutions": ("Inside the convolutional networks", convolutions.write),
    "optimum": ("Reaching the optimum", optimum.write),
}


def main(settings: Settings) -> Path:
    """Writes what is not finished yet under ``runs/jump_detection/`` and returns the path of the report."""
    stored = dataclasses.asdict(settings)
    name, overwrite = stored.pop("name") or settings.preset, stored.pop("overwrite")
    run = Run.open(
        "jump_detection",
        name,
        stored,
        title="What networks learn about finding a jump",
        lead="Small networks are trained to find the position of a step in a noisy signal, a task whose best possible "
        "answer is known. Their errors are held against that optimum, and their weights and activations are looked "
        "into. After Y. Chen, Towards explaining neural networks, Utrecht University 2017, chapter 3.",
        sections=list(SECTIONS),
        overwrite=overwrite,
    )
    run.environment({**describe(), "device": jax.devices()[0].device_kind})
    with progress(f"Jump detection, preset {settings.preset}") as bars:
        return JumpStudy(settings, run, bars).write(SECTIONS)


if __name__ == "__main__":
    sys.exit(run_study(PRESETS, main))
