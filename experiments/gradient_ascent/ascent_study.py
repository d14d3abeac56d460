"""Gradient ascent on the networks and on the exact posterior, and measures of the learned signals."""

from typing import NamedTuple

import jax
import numpy as np
import optax

from experiments.jumps import FIRST, NETWORKS, POSITIONS, JumpStudy
from experiments.study import lane
from interp_jax import data, figures
from interp_jax.methods import ascent

LENGTH = 100
AT = 50


class Shares(NamedTuple):
    """How ascents on all positions end, for one network or an array of them; steps are those of converged lanes.

    Lanes, and means over the starts of a position, are correct if their largest rise is at the position maximized.
    """

    converged: float | np.ndarray
    steps: float | np.ndarray
    correct_lanes: float | np.ndarray
    correct_means: float | np.ndarray


class AscentStudy(JumpStudy):
    """The study of jump signals with its networks."""

    def networks(self, name: str):
        """The networks of one kind, trained as in the thesis."""
        return self._lanes(self.thesis_fit(name))

    def fresh(self, steps: int):
        """One-layer networks after a number of training steps on fresh signals."""
        config = self.config

        def sample(key):
            drawn = data.sample_jump_signals(key, config.batch, config.noise, config.jump)
            return drawn.signals, drawn.labels

        name, kind = f"1-layer perceptron, {steps} steps on fresh signals", NETWORKS["1-layer perceptron"]
        optimizer = optax.adam(optax.cosine_decay_schedule(0.03, steps))
        options = {"seeds": config.seeds, "steps": steps, "optimizer": optimizer, "steps_per_call": 10}
        return self._lanes(self.fitted_fresh(name, kind, sample, **options))

    def _lanes(self, fit):
        return [lane(fit.network, seed) for seed in range(self.config.seeds)]

    def climb(self, network, positions=POSITIONS, **options) -> ascent.Ascent:
        """Gradient ascent on every position from every start, in one call: arrays [positions, starts, …]."""
        config = self.config
        settings = {"rate": config.rate, "threshold": config.threshold, "steps": config.steps}
        start = random_start(self, len(positions) * config.starts, LENGTH)
        units = np.repeat(np.asarray(positions) - FIRST, config.starts)
        climbed = ascent.maximize(network, start, units, patience=config.stall_steps, **settings | options)
        return jax.tree.map(lambda leaf: np.asarray(leaf).reshape(-1, config.starts, *leaf.shape[1:]), climbed)


def random_start(study, *shape: int) -> jax.Array:
    """Uniform random starts around zero."""
    spread = study.config.spread
    return jax.random.uniform(study.key(20), shape, minval=-spread, maxval=spread)


def largest_rise(signals) -> np.ndarray:
    """The 1-based position of the largest increase from one sample to the next."""
    return np.diff(signals, axis=-1).argmax(axis=-1) + 2


def shares(climbed: ascent.Ascent) -> Shares:
    """How the ascents of one network on all positions end."""
    converged = climbed.converged
    return Shares(
        float(converged.mean()),
        float(np.median(climbed.steps[converged])) if converged.any() else float("nan"),
        float(np.mean(largest_rise(climbed.inputs) == POSITIONS[:, None])),
        float(np.mean(largest_rise(climbed.inputs.mean(axis=1)) == POSITIONS)),
    )


def curves(signals) -> dict[str, np.ndarray]:
    """What figures show of the signals [starts, length] of a position."""
    return {"mean of all starts": signals.mean(axis=0), "one start": signals[0]}


def panels(rows, jumps=(), **options):
    """A figure of signals: title → (name → signal), and the position of the jump in each panel."""
    options = {"y_label": "learned input", "columns": 2, "jumps": dict(zip(rows, jumps, strict=False)), **options}
    return figures.filters.gallery(np.arange(1, LENGTH + 1), rows, **options)
