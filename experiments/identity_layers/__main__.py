"""Runs the study: ``python -m experiments.identity_layers``."""

import dataclasses
import sys
from pathlib import Path

import jax

from experiments.command_line import run_study
from experiments.identity_layers import (
    accuracy,
    convolution,
    distance,
    exits,
    likelihood,
    maps,
    removal,
    shares,
)
from experiments.identity_layers.layers_study import LayersStudy
from experiments.identity_layers.settings import PRESETS, Settings
from experiments.identity_layers.tasks import task
from interp_jax.reports import Run, describe, progress

SECTIONS = {
    "accuracy": ("What every layer knows", accuracy.write),
    "distance": ("How near to the identity the weights stay", distance.write),
    "maps": ("What the layers change", maps.write),
    "likelihood": ("Likelihood of the classes, layer by layer", likelihood.write),
    "exits": ("Where an image is settled, and stopping there", exits.write),
    "shares": ("Which layers the score is due to", shares.write),
    "removal": ("Whether the maps point at what counts", removal.write),
    "convolution": ("A convolutional network from Dirac kernels", convolution.write),
}


def main(settings: Settings) -> Path:
    """Writes what is not finished yet under ``runs/identity_layers/`` and returns the path of the report."""
    stored = dataclasses.asdict(settings)
    name, overwrite = stored.pop("name"), stored.pop("overwrite")
    # The task comes first: data that cannot be found are said so before a folder is made.
    learned = task(settings)
    run = Run.open(
        "identity_layers",
        name or f"{settings.preset}-{settings.data}",
        stored,
        title="Layers that stay near the identity",
        lead="A perceptron whose every weight matrix starts at the identity keeps, in every layer, a place for each "
        "pixel and, with a few units more, one for each class. What a layer has changed of the image can then be seen, "
        "and what it would call it. After Kubota, Hayashi, Hayase & Uchida, Layer-wise interpretation of deep neural "
        "networks using identity initialization, arXiv:2102.13333.",
        sections=list(SECTIONS),
        overwrite=overwrite,
    )
    run.environment({**describe(), "device": jax.devices()[0].device_kind})
    with progress(f"Identity layers, {settings.data}, preset {settings.preset}") as bars:
        return LayersStudy(settings, run, bars, task=learned).write(SECTIONS)


if __name__ == "__main__":
    sys.exit(run_study(PRESETS, main))
