"""Runs the study: ``python -m experiments.cnn_inte``."""

import dataclasses
import sys
from pathlib import Path

import jax

from experiments.cnn_inte import fidelity, instances, rules, sweep, twins
from experiments.cnn_inte.inte_study import InteStudy
from experiments.cnn_inte.settings import PRESETS, Settings
from experiments.cnn_inte.tasks import task
from experiments.command_line import run_study
from interp_jax.reports import Run, describe, progress

SECTIONS = {
    "fidelity": ("How faithful it is", fidelity.write),
    "sweep": ("Layer, factors, clusters and levels", sweep.write),
    "twins": ("What comes from the data alone", twins.write),
    "instances": ("Why an instance is what it is", instances.write),
    "rules": ("Rules in place of the tree", rules.write),
    "browse": ("Any instance", instances.browse),
}


def main(settings: Settings) -> Path:
    """Writes what is not finished yet under ``runs/cnn_inte/`` and returns the path of the report."""
    stored = dataclasses.asdict(settings)
    name, overwrite = stored.pop("name"), stored.pop("overwrite")
    # The task comes first: data that cannot be found are said so before a folder is made.
    learned = task(settings)
    run = Run.open(
        "cnn_inte",
        name or f"{settings.preset}-{settings.data}",
        stored,
        title="A tree for a hidden layer",
        lead="What a hidden layer of a convolutional network decides is told again by a tree of a few levels, over "
        "clusters of the layer's activations, and held against the network on images that neither has seen. After Liu, "
        "Wang & Matwin, Interpretable deep convolutional neural networks via meta-learning, arXiv:1802.00560.",
        sections=list(SECTIONS),
        overwrite=overwrite,
    )
    run.environment({**describe(), "device": jax.devices()[0].device_kind})
    with progress(f"CNN-INTE, {settings.data}, preset {settings.preset}") as bars:
        return InteStudy(settings, run, bars, task=learned).write(SECTIONS)


if __name__ == "__main__":
    sys.exit(run_study(PRESETS, main))
