"""The study's sections in the order of its page."""

from experiments.bottleneck import codes, embedding, starts, widths
from experiments.bottleneck.bottleneck_study import BottleneckStudy
from experiments.bottleneck.settings import Settings
from experiments.study import write_report

SECTIONS = {
    "widths": ("Error against the width of the bottleneck", widths),
    "codes": ("Codes in the plane", codes),
    "embedding": ("How many random points the pseudo-inverse separates", embedding),
    "starts": ("Initialization from the pseudo-inverse", starts),
}


def main(settings: Settings):
    """Writes the sections that are not finished yet and returns the path of the report."""
    return write_report(
        BottleneckStudy,
        settings,
        SECTIONS,
        title="Bottleneck networks",
        lead="Signals of 100 samples step up at one of 60 positions, in noise; networks that locate this jump have a "
        "hidden layer of only a few units, down to two. Their errors are measured, and the codes, the values of these "
        "units, are shown. We also count, over millions of random point sets, how many points of low dimension an "
        "output layer fitted by least squares separates. After Y. Chen, Towards explaining neural networks, Utrecht "
        "University 2017, chapter 4; numbers in brackets are those of its figures.",
    )
