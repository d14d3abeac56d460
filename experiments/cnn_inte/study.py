"""The study's sections in the order of its page."""

from pathlib import Path

from experiments.cnn_inte import fidelity, instances, sanity_controls, sweep
from experiments.cnn_inte.inte_study import InteStudy
from experiments.cnn_inte.settings import Settings
from experiments.explained_cnns import task
from experiments.study import write_report

SECTIONS = {
    "fidelity": ("Accuracy and fidelity", fidelity),
    "sanity_controls": ("Sanity controls: what the data alone explain", sanity_controls),
    "sweep": ("Layer, factors, clusters and depth", sweep),
    "instances": ("Explanations of single images", instances),
}


def main(settings: Settings) -> Path:
    """Writes the sections that are not finished yet and returns the path of the report."""
    return write_report(
        InteStudy,
        settings,
        SECTIONS,
        title="A decision tree for a hidden layer",
        lead="A hidden layer of a convolutional network is approximated by a shallow decision tree over clusters of "
        "the layer's activations, and compared with the network on held-out images. Half-trained networks, as in the "
        "paper, are trained for at most a quarter of the epochs of the trained ones. After Liu, Wang & Matwin, "
        "Interpretable deep convolutional neural networks via meta-learning, arXiv:1802.00560.",
        task=None if settings.show else task(settings),
    )
