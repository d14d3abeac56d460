"""The study's sections in the order of its page."""

from experiments.bottleneck import codes, embedding, starts, widths
from experiments.bottleneck.bottleneck_study import BottleneckStudy
from experiments.bottleneck.settings import Settings
from experiments.study import write_report

SECTIONS = {
    "widths": ("Error against the width of the bottleneck", widths),
    "codes": ("Codes in the plane", codes),
    "embedding": ("How many classes a low-dimensional code can separate", embedding),
    "starts": ("Initialization from the pseudo-inverse", starts),
}


def main(settings: Settings):
    """Writes the sections that are not finished yet and returns the path of the report."""
    return write_report(
        BottleneckStudy,
        settings,
        SECTIONS,
        title="Bottleneck networks",
        lead="Networks that locate the jump in a noisy signal have a hidden layer of only a few units, down to two. "
        "Their errors are measured and the codes in that layer are shown. How many classes an affine map can separate "
        "in a space of low dimension is a geometrical question, answered with millions of random point sets. After "
        "Y. Chen, Towards explaining neural networks, Utrecht University 2017, chapter 4; figures have its numbers.",
    )
