"""What a training shows while it runs: a line with the epoch and its losses."""

import sys
import time

import numpy as np

from interp_jax.networks.training._steps import History

_SECONDS = 0.2  # least time between two lines


class Progress:
    """Lines on the standard error, each in place of the last one if that is a terminal, else one every ten seconds."""

    def __init__(self, epochs: int):
        self._epochs, self._replaces = epochs, sys.stderr.isatty()
        self._started = self._last = time.monotonic()

    def show(self, epoch: int, record: History, ends: bool) -> None:
        """Writes the line of an epoch, unless the last one was written a moment ago; that of the end in any case."""
        now = time.monotonic()
        if not ends and now - self._last < (_SECONDS if self._replaces else 10):
            return
        self._last = now
        text = f"epoch {epoch} of at most {self._epochs}: {_losses(record)}, {now - self._started:.0f} s"
        end = "\n" if ends or not self._replaces else ""
        print(f"\r{text:<79}" if self._replaces else text, end=end, file=sys.stderr, flush=True)


def _losses(record: History) -> str:
    """The means over the networks of a stack."""
    values = {"training loss": record.loss, "validation loss": record.validation_loss}
    means = {name: float(np.mean(value)) for name, value in values.items()}
    return ", ".join(f"{name} {mean:.4g}" for name, mean in means.items() if name.startswith("t") or mean == mean)
