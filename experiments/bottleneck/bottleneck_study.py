"""Bottleneck networks of both kinds, and the codes in their narrow layer."""

from functools import partial

import numpy as np

from experiments.jumps import JumpStudy
from interp_jax import networks

STAGES = {"shallow": "relu1", "deep": "relu2"}  # whose outputs are the codes
# Chen 2017, Table 4.1 and text: L1.
PUBLISHED = {
    "100-10-60": 0.7980,
    "100-4-60": 1.1626,
    "100-2-60": 1.5486,
    "100-25-10-25-60": 0.6478,
    "100-25-4-25-60": 0.7000,
    "100-25-2-25-60": 0.9830,
}


def sizes(kind: str, width: int) -> tuple[int, ...]:
    """The layer sizes of a kind of network."""
    return (100, width, 60) if kind == "shallow" else (100, 25, width, 25, 60)


def title(kind: str, width: int) -> str:
    """The layer sizes as text."""
    return "-".join(map(str, sizes(kind, width)))


class BottleneckStudy(JumpStudy):
    """The study with its networks."""

    def bottleneck(self, kind: str, width: int) -> networks.Fit:
        """The fit of ``seeds`` networks of a kind and width."""
        return self.thesis_fit(title(kind, width), partial(networks.perceptron, sizes=sizes(kind, width)))

    def codes(self, kind: str, network: networks.Chain, signals) -> np.ndarray:
        """The outputs of a network's bottleneck, [signals, width]."""
        return np.asarray(network.until(STAGES[kind])(signals))
