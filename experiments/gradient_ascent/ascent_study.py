"""Gradient ascent on the networks and on the exact posterior, and measures of the learned signals."""

from functools import cached_property, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.jumps import FIRST, NETWORKS, POSITIONS, JumpStudy
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
    """The result of an ascent on all classes.

    Attributes:
        signals: [classes, starts, length].
        converged: [classes, starts] whether the lane reached the threshold.
        steps: the median number of steps of the converged lanes.
        correct_lanes: the share of all lanes whose largest rise is at the position of the class.
        correct_means: the share of classes for which this holds for the mean over the starts.
    """

    signals: np.ndarray
    converged: np.ndarray
    steps: float
    correct_lanes: float
    correct_means: float

    @property
    def shares(self) -> dict[str, float]:
        """The numbers that tables show."""
        numbers = {name: getattr(self, name) for name in ("steps", "correct_lanes", "correct_means")}
        return {"converged": float(self.converged.mean()), **numbers}


class AscentStudy(JumpStudy):
    """The study of jump signals with its networks."""

    def networks(self, name: str):
        """The networks of one kind, trained as in the thesis."""
        fit = self.thesis_fit(name)
        return [lane(fit.network, seed) for seed in range(self.config.seeds)]

    @cached_property
    def posterior_scores(self):
        """The exact posterior as a network whose scores are log-probabilities."""
        return jax.tree_util.Partial(jumps.log_posterior, noise=self.config.noise, jump=self.config.jump)

    def fresh(self, steps: int):
        """One-layer networks after a number of training steps on fresh signals."""
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
        return random_start(self, shape)

    def climb(self, network, objective: str = "probability", **options) -> Learned:
        """Gradient ascent on every class from every start, in one call."""
        config = self.config
        maximized = ascent.maximize(
            network,
            self.start(CLASSES * config.starts, LENGTH),
            np.repeat(np.arange(CLASSES), config.starts),
            objective=objective,
            **{"rate": config.rate, "threshold": config.threshold, "steps": config.steps} | options,
            patience=config.stall_steps,
        )
        return read(maximized, config.starts)


def random_start(study, shape) -> jax.Array:
    """Uniform random starts around zero."""
    spread = study.config.spread
    return jax.random.uniform(study.key(20), shape, minval=-spread, maxval=spread)


def read(maximized: ascent.Ascent, starts: int) -> Learned:
    """The learned signals by class, and how often their largest rise is at the position of the class."""
    signals = np.asarray(maximized.inputs).reshape(CLASSES, starts, LENGTH)
    converged, steps = np.asarray(maximized.converged), np.asarray(maximized.steps)
    correct_lanes = largest_rise(signals) == POSITIONS[:, None]
    correct_means = largest_rise(signals.mean(axis=1)) == POSITIONS
    median = float(np.median(steps[converged])) if converged.any() else float("nan")
    by_class = converged.reshape(CLASSES, starts)
    return Learned(signals, by_class, median, float(correct_lanes.mean()), float(correct_means.mean()))


def largest_rise(signals) -> np.ndarray:
    """The 1-based position of the largest increase from one sample to the next."""
    return np.diff(signals, axis=-1).argmax(axis=-1) + 2


def confidence(network, signals, position: int) -> np.ndarray:
    """The probability of a position according to a network, for every signal."""
    return np.asarray(probabilities(network, jnp.asarray(signals, jnp.float32)))[:, position - FIRST]


def _draw(key, batch, noise, jump):
    drawn = data.sample_jump_signals(key, batch, noise, jump)
    return drawn.signals, drawn.labels
