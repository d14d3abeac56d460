"""The study's sections in the order of its page."""

from pathlib import Path

from experiments.identity_networks import task
from experiments.neuron_contributions import maps, probes, pull, split
from experiments.neuron_contributions.neurons_study import NeuronsStudy
from experiments.neuron_contributions.settings import Settings
from experiments.study import write_report

SECTIONS = {
    "split": ("Scores as sums over neurons", split),
    "maps": ("Maps for a class", maps),
    "probes": ("What early layers hold", probes),
    "pull": ("What nearness to the identity costs", pull),
}


def main(settings: Settings) -> Path:
    """Writes the sections that are not finished yet and returns the path of the report."""
    return write_report(
        NeuronsStudy,
        settings,
        SECTIONS,
        title="What each neuron contributes to each class",
        lead="Deep perceptrons that start at the identity (Kubota, Hayashi, Hayase & Uchida, arXiv:2102.13333) promise "
        "the contribution of each neuron to the classification. Here a class's score is split into the shares of all "
        "neurons of all layers, and the split is tested.",
        task=None if settings.show else task(settings),
    )
