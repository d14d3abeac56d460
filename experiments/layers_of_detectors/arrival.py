"""Why gradient ascent on a probability does not arrive in some networks: what its starts have, and what helps."""

import re
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from experiments.ascents import LENGTH, largest_rise, random_start
from experiments.jumps import POSITIONS
from experiments.study import mean_and_spread

PUBLISHED, LEVELED = "probability, as published", "probability, scores at zero removed"
# Every way changes one thing: the step, the start, the objective, or what the softmax has at the start.
WAYS = {
    PUBLISHED: {},
    "probability, steps × 1,000": {"rate": 1e4},
    "probability, starts of the noise's size": {"scale": 20.0},
    LEVELED: {"leveled": True},
    "log-probability": {"objective": "log_probability", "rate": 1.0},
    "logit": {"objective": "logit", "rate": 0.3},
}
SMALL_STEP = 1e-3  # of the largest start value: a first step below it moves nothing that the softmax can see


class Ascents(NamedTuple):
    """Shares of ascents [networks] by way, and arrays [networks, positions × starts] of the published starts."""

    converged: dict[str, np.ndarray]
    correct: dict[str, np.ndarray]
    arrives: np.ndarray
    log10_probability: np.ndarray
    log10_step: np.ndarray  # the norm of the first step; −inf where the gradient is exactly 0
    active: np.ndarray  # [networks] the share of active units of the last hidden layer, 1 without an activation


class Arrival(NamedTuple):
    """By kind of network, and the size of the published starts."""

    networks: dict[str, Ascents]
    spread: float


def measure(study) -> Arrival:
    """Ascents on every network in every way, and the softmax and its gradient at the published starts."""
    starts = random_start(study, len(POSITIONS) * study.config.starts, LENGTH)
    units = jnp.asarray(np.repeat(np.arange(len(POSITIONS)), study.config.starts))
    result = {}
    for name in study.counted("networks", study.config.ascended):
        of = study.lanes(study.thesis_fit(name))
        climbs = {way: [_climb(study, each, starts, **options) for each in of] for way, options in WAYS.items()}
        converged = {way: np.array([each.converged.mean() for each in several]) for way, several in climbs.items()}
        correct = {
            way: np.array([np.mean(largest_rise(each.inputs) == POSITIONS[:, None]) for each in several])
            for way, several in climbs.items()
        }
        at_start = [at(Partial(_network, each), starts, units) for each in of]
        log_probability, step = (np.stack([each[part] for each in at_start]) for part in (0, 1))
        with np.errstate(divide="ignore"):
            step = np.log10(study.config.rate * step)
        active = np.array([_active(each, starts) for each in of])
        arrives = np.stack([each.converged.ravel() for each in climbs[PUBLISHED]])
        result[name] = Ascents(converged, correct, arrives, log_probability / np.log(10), step, active)
    return Arrival(result, study.config.spread)


def _climb(study, network, starts, scale=1.0, leveled=False, **options):
    zeros = network(jnp.zeros_like(starts[:1]))
    return study.climb(Partial(_less, network, zeros if leveled else 0 * zeros), start=scale * starts, **options)


def _active(network, starts):
    """The share of active units of the last layer that has an activation function; 1 where none has."""
    units = [stage for stage in network.stage_names if stage.startswith("relu")]
    return float(jnp.mean(network.until(units[-1])(starts) > 0)) if units else 1.0


def _network(network, signals):
    return network(signals)


def _less(network, scores, signals):
    """Scores less some; without those of a signal of zeros, all positions are equally probable there."""
    return network(signals) - scores


@jax.jit
def at(network, starts, units):
    """The log-probability of each start's unit, and the norm of the gradient of the probability."""

    def chosen(start, unit):
        return jax.nn.log_softmax(network(start[None])[0])[unit]

    def probability(start, unit):
        return jnp.exp(chosen(start, unit))

    gradients = jax.vmap(jax.grad(probability))(starts, units)
    return jax.vmap(chosen)(starts, units), jnp.linalg.norm(gradients, axis=1)


def show(result: Arrival, page) -> None:
    """How many ascents arrive in every way, and what distinguishes their starts."""
    page.text(
        "The thesis moves starts near zero along the gradient of a position's probability. Such an "
        "ascent can stay where it is. Three causes are possible: silent units, steps that are too small, and a softmax "
        "that is already saturated, so that the probability of the position and its gradient vanish. Each is tested by "
        "changing it alone. A network whose scores at a signal of zeros are subtracted has the same weights and the "
        "same gradients of its scores, but gives all positions the same probability there."
    )
    page.finding(cause_in_words(result))
    shares = {name: of.converged for name, of in result.networks.items()}
    page.table(
        ("network", *WAYS),
        [(name, *(mean_and_spread(100 * each, 1) for each in of.values())) for name, of in shares.items()],
        "Ascents that arrive (%), mean ± standard deviation over networks, in which one thing is changed at a time.",
    )
    rows = []
    for name, of in result.networks.items():
        cells = [_median(values, group) for values in (of.log10_probability, of.log10_step)
                 for group in (of.arrives, ~of.arrives)]  # fmt: skip
        never = np.mean(np.isneginf(of.log10_step))
        rows.append((name, *cells, f"{never:.1%}", f"{np.mean(of.active):.1%}"))
    columns = (
        "network", "log₁₀ p, arrives", "log₁₀ p, stays", "log₁₀ step, arrives", "log₁₀ step, stays",
        "gradient exactly 0", "active units",
    )  # fmt: skip
    page.table(
        columns,
        rows,
        "The published starts: median logarithms of the position's probability p and of the norm of the first step. "
        "Gradient exactly 0: starts at which rounding leaves no gradient of p. Active units: those of the last hidden "
        "layer that are above 0 at a start, mean over the starts; all in networks without an activation function.",
    )
    page.metrics(
        {
            "ascents": {
                name: {
                    way: {"converged": of.converged[way], "correct": of.correct[way]} for way in WAYS
                } | {"active": of.active, "zero_gradient": np.mean(np.isneginf(of.log10_step), axis=1)}
                for name, of in result.networks.items()
            },
            "separated_by_probability": {name: separated(of) for name, of in result.networks.items()},
        }
    )  # fmt: skip


def _median(values, group):
    return f"{np.median(values[group]):.1f}" if group.any() else None


def separated(of: Ascents) -> float | None:
    """How often a start that arrives has a larger probability than one that stays, of the same network."""
    shares = []
    for arrives, values in zip(of.arrives, of.log10_probability, strict=True):
        if arrives.any() and not arrives.all():
            first, second = values[arrives][:, None], values[~arrives][None]
            shares.append(np.mean(first > second) + np.mean(first == second) / 2)
    return float(np.mean(shares)) if shares else None


def together(names: list[str]) -> str:
    """The names of networks, several CNNs by their numbers of convolutions."""
    counts = [re.fullmatch(r"CNN, (\d+) convolutions?", name) for name in names]
    if len(names) < 2 or not all(counts):
        return "; ".join(names)
    *first, last = (count[1] for count in counts)
    return f"the CNNs with {', '.join(first)} and {last} convolutions"


def cause_in_words(result: Arrival) -> str:
    """The finding: which of the changes lets ascents arrive, and what starts that stay have in common."""
    of = [each for each in result.networks.values() if not each.arrives.all()]
    if not of:
        return "All ascents on the probability arrive, so that there is nothing to explain."
    names = [name for name, each in result.networks.items() if not each.arrives.all()]
    stay = np.concatenate([each.arrives.ravel() for each in of])
    share = {way: float(np.mean([np.mean(each.converged[way]) for each in of])) for way in WAYS}
    helps = [way for way in WAYS if share[way] >= 0.99]
    pairs = [each for each in map(separated, of) if each is not None]
    small = np.concatenate([each.log10_step[~each.arrives] for each in of])
    tiny = np.mean(small < np.log10(SMALL_STEP * result.spread))
    pair = f"{np.mean(pairs):.1%} of pairs" if pairs else "no pair, as there is none in one network"
    arrive = " or ".join(f"“{way}”" for way in helps) or "none of the changes"
    return (
        f"In {together(names)}, {np.mean(~stay):.1%} of the ascents on the probability do not arrive. With "
        f"{arrive} at least 99% do. Of the starts that stay, {tiny:.1%} have a first step below "
        f"{SMALL_STEP * result.spread:.0e}; a start that arrives has a larger probability than one that stays in "
        f"{pair}."
    )
