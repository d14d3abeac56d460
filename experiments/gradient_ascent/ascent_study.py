"""The networks that are climbed, the starts, and what is read off the inputs that come out."""

from functools import cached_property, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.jump_detection.jump_study import FIRST, NETWORKS, POSITIONS, JumpStudy
from experiments.study import lane, probabilities
from interp_jax import data
from interp_jax.kernels import jumps
from interp_jax.methods import ascent

CLASSES = len(POSITIONS)
LENGTH = 100
SHOWN = (21, 40, 60, 80)
AT = 50
EXACT = "exact posterior"
STEPS_PER_CALL = 10


class Learned(NamedTuple):
    """What a climb of all classes came to.

    Signals [classes, starts, length], which lanes [classes, starts] arrived, the median steps of these, and the shares
    of all lanes, and of all classes' means, whose largest rise is in its place.
    """

    signals: np.ndarray
    arrived: np.ndarray
    steps: float
    right_lanes: float
    right_means: float

    @property
    def converged(self) -> float:
        """Share of lanes that passed the threshold."""
        return float(self.arrived.mean())

    @property
    def shares(self) -> dict[str, float]:
        """What the tables show."""
        return {name: getattr(self, name) for name in ("converged", "steps", "right_lanes", "right_means")}


class AscentStudy(JumpStudy):
    """The study of jump signals with its networks."""

    def networks(self, name: str):
        """The networks of one kind trained as in the thesis, one after the other."""
        fit = self.thesis_fit(name)
        return [lane(fit.network, seed) for seed in range(self.config.seeds)]

    @cached_property
    def posterior_scores(self):
        """The exact posterior as a network: it gives log probabilities."""
        return jax.tree_util.Partial(jumps.log_posterior, noise=self.config.noise, jump=self.config.jump)

    def fresh(self, steps: int):
        """One-layer networks after so many steps on signals drawn anew at every step."""
        config = self.config
        fit = self.fitted_fresh(
            f"1-layer perceptron, {steps} steps on fresh signals",
            NETWORKS["1-layer perceptron"],
            partial(_draw, batch=config.batch, noise=config.noise, jump=config.jump),
            seeds=config.seeds,
            steps=steps,
            optimizer=optax.adam(optax.cosine_decay_schedule(0.03, steps)),
            steps_per_call=STEPS_PER_CALL,
        )
        return [lane(fit.network, seed) for seed in range(config.seeds)]

    def start(self, *shape: int) -> jax.Array:
        """Random starts around zero."""
        spread = self.config.spread
        return jax.random.uniform(self.key(20), shape, minval=-spread, maxval=spread)

    def climb(self, network, objective: str = "probability", **options) -> Learned:
        """Every class from every start, in one call."""
        config = self.config
        found = ascent.maximize(
            network,
            self.start(CLASSES * config.starts, LENGTH),
            np.repeat(np.arange(CLASSES), config.starts),
            objective=objective,
            **{"rate": config.rate, "threshold": config.threshold, "steps": config.steps} | options,
            patience=config.stall_steps,
        )
        return read(found, config.starts)


def read(found: ascent.Ascent, starts: int) -> Learned:
    """Shares and medians over the lanes, and how often the largest rise is at the class's position."""
    signals = np.asarray(found.inputs).reshape(CLASSES, starts, LENGTH)
    converged, steps = np.asarray(found.converged), np.asarray(found.steps)
    right_lanes = largest_rise(signals) == POSITIONS[:, None]
    right_means = largest_rise(signals.mean(axis=1)) == POSITIONS
    median = float(np.median(steps[converged])) if converged.any() else float("nan")
    arrived = converged.reshape(CLASSES, starts)
    return Learned(signals, arrived, median, float(right_lanes.mean()), float(right_means.mean()))


def largest_rise(signals) -> np.ndarray:
    """The position, 1-based, of the sample that is furthest above the one before it."""
    return np.diff(signals, axis=-1).argmax(axis=-1) + 2


def confidence(network, signals, position: int) -> np.ndarray:
    """The probability that a network gives a position, for every signal."""
    return np.asarray(probabilities(network, jnp.asarray(signals, jnp.float32)))[:, position - FIRST]


def _draw(key, batch, noise, jump):
    drawn = data.sample_jump_signals(key, batch, noise, jump)
    return drawn.signals, drawn.labels
