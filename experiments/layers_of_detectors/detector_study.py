"""Networks of each kind, trained, untrained, and trained on shuffled labels, from the same starts."""

from functools import cached_property, partial

import jax
import numpy as np
import optax

from experiments.ascents import AscentStudy
from experiments.jumps import NETWORKS
from experiments.study import mean_and_spread
from interp_jax import networks

TRAINED, UNTRAINED, SHUFFLED = "trained", "untrained", "shuffled labels"
ONE, TWO, THREE, FOUR, *CNNS = NETWORKS
NARROW = partial(networks.perceptron, sizes=(100, 2, 60))


def if_any(values, digits: int = 3) -> str | None:
    """``mean ± standard deviation`` of the finite values, None without any."""
    return mean_and_spread(values, digits) if np.isfinite(values).any() else None


class DetectorStudy(AscentStudy):
    """The study with its networks, and those that have learned nothing of the task."""

    @cached_property
    def shuffled(self) -> jax.Array:
        """The training labels in a random order."""
        return jax.random.permutation(self.key(9), self.train.labels)

    @cached_property
    def decaying(self) -> dict[int, optax.GradientTransformation]:
        """Adam with a rate that decays to 0, by the number of epochs."""
        config, steps = self.config, self.config.train_signals // 100
        counts = {config.shuffled_epochs, max(1, config.shuffled_epochs // 4)}
        return {epochs: optax.adam(optax.cosine_decay_schedule(1e-3, epochs * steps)) for epochs in counts}

    def variants(self, name: str) -> dict[str, list[networks.Chain]]:
        """The networks of a kind: trained, before their training, and trained on shuffled labels."""
        epochs = max(1, self.config.shuffled_epochs // (4 if name in CNNS else 1))
        options = {"seeds": self.config.seeds, "epochs": epochs, "optimizer": self.decaying[epochs]}
        shuffled = self.fitted(
            f"{name} on shuffled labels", NETWORKS[name], (self.train.signals, self.shuffled), **options
        )
        trained = self.thesis_fit(name)
        return {
            TRAINED: self.lanes(trained),
            UNTRAINED: self.untrained(NETWORKS[name], self.config.seeds),
            SHUFFLED: self.lanes(shuffled),
        }
