"""The study's sections in the order of its page."""

from experiments.jump_detection import architectures, convolutions, detectors, optimum, perceptrons, task
from experiments.jump_detection.settings import Settings
from experiments.jumps import JumpStudy
from experiments.study import write_report

SECTIONS = {
    "task": ("The task", task),
    "detectors": ("Detectors without a network, and the optimum", detectors),
    "networks": ("Seven networks", architectures),
    "optimum": ("Reaching the optimum", optimum),
    "perceptrons": ("Inside the perceptrons", perceptrons),
    "convolutions": ("Inside the convolutional networks", convolutions),
}


def main(settings: Settings):
    """Writes the sections that are not finished yet and returns the path of the report."""
    return write_report(
        JumpStudy,
        settings,
        SECTIONS,
        title="What networks learn about locating a jump",
        lead="Small networks are trained to locate a step in a noisy signal, a task whose optimal detector is known. "
        "Their errors are compared with the optimum, and their weights and activations are examined. After Y. Chen, "
        "Towards explaining neural networks, Utrecht University 2017, chapter 3; the numbers in brackets, as (Fig. "
        "3.1), are those of its figures.",
    )
