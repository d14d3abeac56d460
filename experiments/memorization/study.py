"""The study's sections in the order of its page."""

from experiments.memorization import averages, deviations, discrimination, dynamics, embedding, training
from experiments.memorization.memorization_study import MemorizationStudy, task
from experiments.memorization.settings import Settings
from experiments.study import write_report

SECTIONS = {
    "training": ("Learning and memorizing networks", training),
    "averages": ("Class averages of activations", averages),
    "embedding": ("Embedding of every layer in the plane", embedding),
    "deviations": ("Deviations, layer by layer", deviations),
    "discrimination": ("Detection of memorizing networks without test data", discrimination),
    "dynamics": ("Deviations during training", dynamics),
}


def main(settings: Settings):
    """Writes the sections that are not finished yet and returns the path of the report."""
    return write_report(
        MemorizationStudy,
        settings,
        SECTIONS,
        title="Learning against memorizing",
        lead="A network trained on randomly permuted labels can only memorize. How its hidden layers differ from those "
        "of a network that learns is measured here for every layer and during training. After "
        "Y. Chen, Towards explaining neural networks, Utrecht University 2017, chapter 6.",
        task=None if settings.show else task(settings),
    )
