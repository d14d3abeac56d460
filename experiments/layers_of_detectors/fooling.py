"""How small a change of a signal moves a network's answer, by depth (thesis section 5.3)."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from experiments.jumps import FIRST
from experiments.layers_of_detectors.detector_study import FOUR, ONE, THREE, TWO, if_any
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.kernels import jumps

EXACT = "exact posterior"
REACHES = {"any": 0, "far": 5}  # the answer moves by more positions than these
STEPS, BEYOND = 60, 1.02  # every step goes this far towards the linearized boundary


class Fooling(NamedTuple):
    """By kind of network, arrays [networks]: median smallest changes by `REACHES`, and the mean |error|."""

    distance: dict[str, dict[str, np.ndarray]]
    moved: dict[str, dict[str, np.ndarray]]  # shares of signals whose answer is moved
    l1: dict[str, np.ndarray]
    shared: np.ndarray  # numbers of signals that the networks of one number and the posterior place exactly
    signals: int


def measure(study) -> Fooling:
    """The smallest changes found for test signals that the networks of one number, of all kinds, place exactly."""
    count, distance, moved, l1, attacks = study.config.attacked_signals, {}, {}, {}, {}
    signals, labels = (jnp.asarray(each[:count]) for each in (study.test.signals, study.test.labels))
    kinds = {name: study.lanes(study.thesis_fit(name)) for name in (ONE, TWO, THREE, FOUR)}
    kinds[EXACT] = [Partial(jumps.log_posterior, noise=study.config.noise, jump=study.config.jump)]
    for name, of in study.counted("networks", kinds.items()):
        l1[name] = np.array([study.errors(FIRST + jnp.argmax(each(study.test.signals), axis=1)).l1 for each in of])
        for title, reach in REACHES.items():
            attacks[name, title] = [map(np.asarray, smallest_change(each, signals, labels, reach)) for each in of]
    attacks = {key: tuple(map(np.stack, zip(*of, strict=True))) for key, of in attacks.items()}
    shared = functools.reduce(np.logical_and, [attacks[name, "any"][2] for name in kinds])
    for name in kinds:
        attacked = {title: attacks[name, title] for title in REACHES}
        distance[name] = {title: medians(norms / study.config.noise, went, shared)
                          for title, (norms, went, _) in attacked.items()}  # fmt: skip
        moved[name] = {title: np.sum(went & shared, axis=1) / np.maximum(shared.sum(axis=1), 1)
                       for title, (_, went, _) in attacked.items()}  # fmt: skip
    return Fooling(distance, moved, l1, shared.sum(axis=1), count)


def medians(norms: np.ndarray, moved: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """[networks] the median norm over a network's rows, those not moved larger than any; NaN where that is so.

    Args:
        norms: [networks, signals] norms of the changes.
        moved: [networks, signals] whether the answer moved.
        rows: [networks, signals] the signals that count.
    """
    pairs = zip(np.broadcast_to(np.where(moved, norms, np.inf), rows.shape), rows, strict=True)
    values = np.array([np.median(each[row]) if row.any() else np.nan for each, row in pairs])
    return np.where(np.isfinite(values), values, np.nan)


@jax.jit
def smallest_change(network, signals, labels, reach):
    """By repeated linearization (DeepFool), the norm of a change that moves the answer beyond ``reach`` of the label.

    Returns:
        The norms [signals]; whether the answer moved; whether the label is the answer to the signal itself.
    """

    def scores(signal):
        return network(signal[None])[0]

    def one(signal, label):
        far = jnp.abs(jnp.arange(scores(signal).shape[0]) - label) > reach

        def moved(changed):
            return far[jnp.argmax(scores(changed))]

        def step(state):
            changed, count = state
            values, slopes = scores(changed), jax.jacrev(scores)(changed)
            near = jnp.argmax(jnp.where(far, -jnp.inf, values))
            gaps, normals = values[near] - values, slopes - slopes[near][None]
            norms = jnp.maximum(jnp.linalg.norm(normals, axis=1), 1e-12)
            target = jnp.argmin(jnp.where(far, jnp.maximum(gaps, 0) / norms, jnp.inf))
            size = BEYOND * jnp.maximum(gaps[target], 0) + 1e-4
            return changed + size * normals[target] / norms[target] ** 2, count + 1

        def under_way(state):
            return ~moved(state[0]) & (state[1] < STEPS)

        changed, _ = jax.lax.while_loop(under_way, step, (signal, 0))
        return jnp.linalg.norm(changed - signal), moved(changed), jnp.argmax(scores(signal)) == label

    return jax.vmap(one)(signals, labels)


def show(result: Fooling, page) -> None:
    """Smallest changes by depth, beside the exact posterior."""
    page.text(
        f"Of {result.signals} test signals those that networks of every depth and the exact posterior all place "
        f"exactly ({mean_and_spread(result.shared, 0)} signals over networks) are changed, step by step along the "
        "linearized scores, until the answer is another position, or one more than five away. The norm of the "
        "change, in standard deviations of the noise, is an upper bound of the smallest. Neighboring positions are "
        "hard to distinguish anyway; the exact posterior shows what the task itself allows."
    )
    page.finding(depth_in_words(result))
    rows = [
        (name, *(if_any(each, 2) for each in of.values()), mean_and_spread(result.l1[name]))
        for name, of in result.distance.items()
    ]
    page.table(
        ("network", "to another position", "to one more than five away", "mean |error|"),
        rows,
        "Median over the signals: mean ± standard deviation over networks.",
    )
    depths = [name for name in result.distance if name != EXACT]
    values = {title: np.stack([result.distance[name][key] for name in depths]) for key, title in
              (("any", "to another position"), ("far", "to one more than five away"))}  # fmt: skip
    if all(np.isfinite(each).any() for each in values.values()):
        figure = figures.curves.against(np.arange(1, len(depths) + 1), values, "layers", "norm of the change")
        page.figure("changes_by_depth", figure, "Smallest changes found, in standard deviations of the noise.")
    page.metrics(result._asdict())


def depth_in_words(result: Fooling) -> str:
    """The finding: the change that fools networks of one and of four layers, and the exact posterior."""
    if not all(np.isfinite(result.distance[name][title]).any() for name in (ONE, FOUR, EXACT) for title in REACHES):
        return "Too few signals are placed exactly by networks of all depths to compare them."
    return (
        "The change that moves the answer to any other position is, in standard deviations of the noise, "
        f"{_compared(result, 'any')}; the change that moves it by more than five positions {_compared(result, 'far')}."
    )


def _compared(result, title):
    one, four, exact = (round(float(np.nanmean(result.distance[name][title])), 2) for name in (ONE, FOUR, EXACT))
    much = "smaller than" if four < one else "larger than" if four > one else "as large as"
    return (
        f"{four:.2f} for networks of four layers, {much} for those of one ({one:.2f}), and {exact:.2f} for the exact "
        "posterior"
    )
