"""The study's sections in the order of its page."""

from pathlib import Path

import jax

from experiments.quotient_networks import deep, inputs, linkages, memorized, quotient, readings, support, training
from experiments.quotient_networks.kinds import QuotientStudy
from experiments.quotient_networks.settings import Settings
from experiments.sigmoid_networks import Task, images, prices, recorded
from experiments.study import write_report

SECTIONS = {
    "training": ("The networks, with and without the L1 term", training),
    "quotient": ("Every cluster one unit", quotient),
    "linkages": ("Other linkages", linkages),
    "support": ("Clusters of resampled rows", support),
    "inputs": ("Changing an input", inputs),
    "readings": ("The paper's readings, in every network", readings),
    "memorized": ("Networks that memorize permuted targets", memorized),
    "deep": ("Clusters of several layers", deep),
}


def main(settings: Settings) -> Path:
    """Writes the sections that are not finished yet and returns the path of the report."""
    simulated = settings.data == "prices" and settings.csv is None
    return write_report(
        QuotientStudy,
        settings,
        SECTIONS,
        title="Clusters of hidden units as units",
        lead="Hidden units with similar correlations are joined into a tree. If its clusters are what the network is "
        "made of, one unit for each should do. After C. Watanabe, Interpreting layered neural networks via "
        "hierarchical modular representation, arXiv:1810.01588, with what decides its claims: other linkages, networks "
        "without the L1 term, inputs that are changed, its readings in many networks, and networks that memorized "
        "permuted targets.",
        name=f"{settings.preset}-{'simulated-prices' if simulated else settings.data}",
        recorded=recorded(settings.csv),
        task=None if settings.show else task(settings),
    )


def task(settings: Settings) -> Task:
    """The task of the settings.

    Raises:
        ValueError: fewer hidden units than clusters to show.
    """
    key = jax.random.key(settings.seed)
    of_prices = settings.data == "prices"
    options = prices(settings.csv, settings.months, key) if of_prices else images(settings.data)
    if settings.hidden is not None:
        options["hidden"] = (settings.hidden,)
    if settings.passes is not None:
        options["passes"] = settings.passes
    made = Task(**options)
    if max(made.resolutions) > made.hidden[0]:
        raise ValueError(f"hidden: found {made.hidden[0]}, wanted at least {max(made.resolutions)}")
    return made
