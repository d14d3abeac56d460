"""The study's sections in the order of its page."""

from pathlib import Path

from experiments.layers_of_detectors import (
    arrival,
    filters,
    fooling,
    learned_inputs,
    noise,
    output_layer,
    separable,
    stripes,
    two_units,
)
from experiments.layers_of_detectors.detector_study import DetectorStudy
from experiments.layers_of_detectors.settings import Settings
from experiments.study import write_report

SECTIONS = {
    "output_layer": ("What the output layer does", output_layer),
    "separable": ("Whether the pseudo-inverse tells how hard that is", separable),
    "arrival": ("Why gradient ascent does not arrive", arrival),
    "learned_inputs": ("The shape of learned inputs", learned_inputs),
    "fooling": ("How small a change moves the answer", fooling),
    "stripes": ("Hidden units by position", stripes),
    "two_units": ("Two hidden units, trained until they no longer improve", two_units),
    "noise": ("Levels of noise", noise),
    "filters": ("Filters beside controls", filters),
}


def main(settings: Settings) -> Path:
    """Writes the sections that are not finished yet and returns the path of the report."""
    return write_report(
        DetectorStudy,
        settings,
        SECTIONS,
        title="What each layer of a jump detector does",
        lead="Networks that locate the jump in a noisy signal are examined layer by layer: what the output layer "
        "computes, why gradient ascent on it may not arrive, how inputs that it learns look, and what hidden units and "
        "filters have that untrained networks and networks trained on shuffled labels have not. After Y. Chen, Towards "
        "explaining neural networks, Utrecht University 2017, chapters 3, 4, 5 and 7; numbers in brackets "
        "are those of its figures.",
    )
