"""Runs the study: ``python -m experiments.hierarchical_modules``."""

import dataclasses
import hashlib
import sys
from pathlib import Path

import jax

from experiments.command_line import run_study
from experiments.hierarchical_modules import (
    causal,
    choice,
    clusters,
    factorization,
    planted,
    stability,
    training,
    vectors,
)
from experiments.hierarchical_modules.module_study import ModuleStudy
from experiments.hierarchical_modules.settings import PRESETS, Settings
from experiments.hierarchical_modules.tasks import task
from interp_jax.reports import Run, describe, progress

SECTIONS = {
    "training": ("The networks", training.write),
    "vectors": ("What each unit correlates with", vectors.write),
    "clusters": ("The tree and the roles of its clusters", clusters.write),
    "choice": ("Representative resolutions", choice.write),
    "stability": ("Do other networks have the same tree?", stability.write),
    "causal": ("Do modules do what their roles say?", causal.write),
    "factorization": ("The method without signs", factorization.write),
    "planted": ("Planted modules", planted.write),
}


def main(settings: Settings) -> Path:
    """Writes what is not finished yet under ``runs/hierarchical_modules/`` and returns the path of the report."""
    stored = dataclasses.asdict(settings)
    name, overwrite = stored.pop("name"), stored.pop("overwrite")
    # The task comes first: data that cannot be used are refused before a folder is made.
    learned = task(settings, jax.random.key(settings.seed))
    if settings.csv is not None:
        stored["csv"] = f"{settings.csv.name}, sha256 {hashlib.sha256(settings.csv.read_bytes()).hexdigest()[:16]}"
    # The factorization wants one pass of the whole network an input: too much for convolutions of whole pictures.
    sections = {name: made for name, made in SECTIONS.items() if (settings.network, name) != ("cnn", "factorization")}
    run = Run.open(
        "hierarchical_modules",
        name or f"{settings.preset}-{_data(settings)}-{settings.network}",
        stored,
        title="What the hidden units of a network do, as a tree of roles",
        lead="Every hidden unit is described by what it correlates with, units that do the same are joined into a "
        "tree, and each cluster of the tree has a role: what it sees and which outputs it raises and lowers. After "
        "C. Watanabe, Interpreting layered neural networks via hierarchical modular representation, arXiv:1810.01588.",
        sections=list(sections),
        overwrite=overwrite,
    )
    run.environment({**describe(), "device": jax.devices()[0].device_kind})
    with progress(f"Hierarchical modules, {settings.data}, preset {settings.preset}") as bars:
        return ModuleStudy(settings, run, bars, task=learned).write(sections)


def _data(settings):
    return "simulated-prices" if settings.data == "prices" and settings.csv is None else settings.data


if __name__ == "__main__":
    sys.exit(run_study(PRESETS, main))
