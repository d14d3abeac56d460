"""The study's sections in the order of its page."""

from pathlib import Path

import jax

from experiments.hierarchical_modules import causal, choice, clusters, parts, planted, stability, training, vectors
from experiments.hierarchical_modules.module_study import ModuleStudy
from experiments.hierarchical_modules.settings import Settings
from experiments.hierarchical_modules.tasks import task
from experiments.sigmoid_networks import recorded
from experiments.study import write_report

SECTIONS = {
    "training": ("The networks", training),
    "vectors": ("Correlations of each unit", vectors),
    "clusters": ("The tree and the roles of its clusters", clusters),
    "choice": ("Representative resolutions", choice),
    "stability": ("Agreement between networks", stability),
    "causal": ("Effects of ablation against predicted signs", causal),
    "factorization": ("Factorization of unsigned effects", parts),
    "planted": ("Planted modules", planted),
}


def main(settings: Settings) -> Path:
    """Writes the sections that are not finished yet and returns the path of the report."""
    name = "simulated-prices" if settings.data == "prices" and settings.csv is None else settings.data
    # The factorization needs a forward pass for each input: too many for convolutions of images.
    left_out = "factorization" if settings.network == "cnn" else None
    return write_report(
        ModuleStudy,
        settings,
        {section: SECTIONS[section] for section in SECTIONS if section != left_out},
        title="The roles of hidden units as a tree",
        lead="Every hidden unit is described by its correlations with the network's inputs and outputs. Units with "
        "similar correlations are joined into a tree, whose clusters have a role: the inputs that they follow and the "
        "outputs that they raise and lower. After C. Watanabe, Interpreting layered neural networks via hierarchical "
        "modular representation, arXiv:1810.01588.",
        name=f"{settings.preset}-{name}-{settings.network}",
        recorded=recorded(settings.csv),
        task=None if settings.show else task(settings, jax.random.key(settings.seed)),
    )
