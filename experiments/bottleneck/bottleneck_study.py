"""Bottleneck networks of both kinds, and the codes in their narrow layer."""

from functools import partial

import numpy as np

from experiments.jumps import JumpStudy
from experiments.study import lane
from interp_jax import networks

KINDS = ("shallow", "deep")
# Chen 2017, Table 4.1 and text: L1, L2, and both for the best 99 %; one printed number is impossible and omitted.
PUBLISHED = {
    ("shallow", 10): (0.7980, 1.4658, 0.7370, 1.0820),
    ("shallow", 4): (1.1626, 1.6809, 1.0993, 1.4755),
    ("shallow", 2): (1.5486, 1.9874, 1.5053, 1.9086),
    ("deep", 10): (0.6478, 1.3121, 0.5742, 0.9255),
    ("deep", 4): (0.7000, 1.1795, 0.6450, 0.9661),
    ("deep", 2): (0.9830, 1.3136, 0.9542, None),
}


def sizes(kind: str, width: int) -> tuple[int, ...]:
    """The layer sizes of a kind of network."""
    return (100, width, 60) if kind == "shallow" else (100, 25, width, 25, 60)


def code_stage(kind: str) -> str:
    """The stage whose outputs are the codes."""
    return "relu1" if kind == "shallow" else "relu2"


class BottleneckStudy(JumpStudy):
    """The study with its networks."""

    def bottleneck(self, kind: str, width: int):
        """The fit of ``seeds`` networks of a kind and width."""
        shape = sizes(kind, width)
        return self.thesis_fit("-".join(map(str, shape)), partial(networks.perceptron, sizes=shape))

    def network(self, kind: str, width: int, seed: int) -> networks.Chain:
        """One of these networks."""
        return lane(self.bottleneck(kind, width).network, seed)

    def best(self, kind: str, width: int) -> int:
        """The seed with the smallest validation loss."""
        return int(np.argmin(self.bottleneck(kind, width).history.validation_loss.min(axis=0)))

    def codes(self, kind: str, width: int, seed: int, signals) -> np.ndarray:
        """The outputs of a network's bottleneck, [signals, width]."""
        return np.asarray(self.network(kind, width, seed).until(code_stage(kind))(signals))
