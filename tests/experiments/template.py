"""A whole study in one file, to copy: python -m tests.experiments.template."""

import dataclasses
import sys
from typing import NamedTuple

import numpy as np

from experiments.command_line import run_study
from experiments.settings import StudySettings
from experiments.study import Study, write_report
from interp_jax import data, figures, networks


@dataclasses.dataclass(frozen=True)
class Settings(StudySettings):
    """How the accuracy of a classifier of digits grows with training."""

    epochs: int = 5
    """Epochs of training."""


PRESETS = {"quick": Settings(), "paper": Settings(preset="paper", epochs=50)}


class Accuracy:
    """A section: what it measures is stored, and what it shows is made from that alone."""

    class Result(NamedTuple):
        """The validation error [epochs], as a fraction, and the number of rows."""

        error: np.ndarray
        rows: int

    @staticmethod
    def measure(study: Study) -> Result:
        """The error on every fifth row after each epoch."""
        digits = data.load("digits", split="train")
        rows, held = digits.inputs.reshape(-1, 64), np.arange(len(digits.labels)) % 5 == 0
        training, held_out = ((rows[part], digits.labels[part]) for part in (~held, held))
        options = {"validation": held_out, "seeds": None, "epochs": study.config.epochs, "minibatch_size": 50}
        fit = study.fitted("network", lambda key: networks.perceptron(key, (64, 30, 10)), training, **options)
        return Accuracy.Result(np.asarray(fit.history.validation_error), int(held.sum()))

    @staticmethod
    def show(result: Result, page) -> None:
        """A curve, and a sentence that the numbers decide."""
        verb = "falls" if result.error[-1] < result.error[0] else "does not fall"
        page.finding(f"The error {verb}: {result.error[0]:.1%} after one epoch, {result.error[-1]:.1%} at the end.")
        curve = figures.curves.against(np.arange(1, len(result.error) + 1), {"network": result.error}, "epoch", "error")
        page.figure("error", curve, f"Error on {result.rows} held-out rows.")
        page.metrics({"error": result.error})


def main(settings: Settings):  # the path of the report
    return write_report(Study, settings, {"accuracy": ("Accuracy", Accuracy)}, title="A template", lead="Digits.")


if __name__ == "__main__":
    sys.exit(run_study(PRESETS, main))
