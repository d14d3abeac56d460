"""Runs the study: ``python -m experiments.bottleneck``."""

import dataclasses
import sys
from pathlib import Path

import jax

from experiments.bottleneck import codes, embedding, starts, widths
from experiments.bottleneck.bottleneck_study import BottleneckStudy
from experiments.bottleneck.settings import PRESETS, Settings
from experiments.command_line import run_study
from interp_jax.reports import Run, describe, progress

SECTIONS = {
    "widths": ("How few units will do", widths.write),
    "codes": ("Signals as points of the plane", codes.write),
    "embedding": ("How many classes a few units can tell", embedding.write),
    "starts": ("A start from the pseudo-inverse", starts.write),
}


def main(settings: Settings) -> Path:
    """Writes what is not finished yet under ``runs/bottleneck/`` and returns the path of the report."""
    stored = dataclasses.asdict(settings)
    name, overwrite = stored.pop("name") or settings.preset, stored.pop("overwrite")
    run = Run.open(
        "bottleneck",
        name,
        stored,
        title="What passes through a few units",
        lead="Networks that find the jump in a noisy signal are narrowed to a few units, down to two, and what these "
        "say is looked at. How many classes points of a low dimension can tell apart is a question of geometry, "
        "answered by drawing millions of them. After Y. Chen, Towards explaining neural networks, Utrecht University "
        "2017, chapter 4.",
        sections=list(SECTIONS),
        overwrite=overwrite,
    )
    run.environment({**describe(), "device": jax.devices()[0].device_kind})
    with progress(f"Bottleneck, preset {settings.preset}") as bars:
        return BottleneckStudy(settings, run, bars).write(SECTIONS)


if __name__ == "__main__":
    sys.exit(run_study(PRESETS, main))
