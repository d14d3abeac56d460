"""Gradient ascent on the networks and on the exact posterior, and measures of the learned signals."""

import itertools
from typing import NamedTuple

import jax
import numpy as np

from experiments.jumps import FIRST, POSITIONS, JumpStudy
from interp_jax import figures
from interp_jax.methods import ascent

LENGTH = 100
AT = 50


class Shares(NamedTuple):
    """By network, how ascents on all positions end; single signals and their means are correct if they rise there."""

    converged: np.ndarray
    steps: np.ndarray
    correct_lanes: np.ndarray
    correct_means: np.ndarray


class AscentStudy(JumpStudy):
    """The study of jump signals with its networks."""

    def climb(self, network, positions=POSITIONS, start=None, **options) -> ascent.Ascent:
        """Gradient ascent on every position from every start, in one call: arrays [positions, starts, …]."""
        config = self.config
        options = {"rate": config.rate, "threshold": config.threshold, "steps": config.steps} | options
        start = random_start(self, len(positions) * config.starts, LENGTH) if start is None else start
        units = np.repeat(np.asarray(positions) - FIRST, config.starts)
        climbed = ascent.maximize(network, start, units, patience=config.stall_steps, **options)
        return jax.tree.map(lambda leaf: np.asarray(leaf).reshape(-1, config.starts, *leaf.shape[1:]), climbed)


def random_start(study, *shape: int) -> jax.Array:
    """Uniform random starts around zero."""
    return jax.random.uniform(study.key(20), shape, minval=-study.config.spread, maxval=study.config.spread)


def largest_rise(signals) -> np.ndarray:
    """The 1-based position of the largest increase from one sample to the next."""
    return np.diff(signals, axis=-1).argmax(axis=-1) + 2


def shares(climbs: list[ascent.Ascent]) -> Shares:
    """How the ascents on all positions end, of every network."""
    return Shares(
        np.array([each.converged.mean() for each in climbs]),
        np.array([np.median(each.steps[each.converged]) if each.converged.any() else np.nan for each in climbs]),
        np.array([np.mean(largest_rise(each.inputs) == POSITIONS[:, None]) for each in climbs]),
        np.array([np.mean(largest_rise(each.inputs.mean(axis=1)) == POSITIONS) for each in climbs]),
    )


def curves(signals) -> dict[str, np.ndarray]:
    """What figures show of the signals [starts, length] of a position."""
    return {"mean of all starts": signals.mean(axis=0), "one start": signals[0]}


def panels(rows, jumps=(AT,), columns: int = 2, y_label: str = "learned input"):
    """A figure of signals: title → (name → signal), and the positions of their jumps, which repeat."""
    rows = {title: dict(reversed(curves.items())) for title, curves in rows.items()}  # the mean is above
    marked = dict(zip(rows, itertools.cycle(jumps), strict=False))
    return figures.filters.gallery(np.arange(1, LENGTH + 1), rows, jumps=marked, columns=columns, y_label=y_label)
