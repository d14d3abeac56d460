"""The exact posterior as control: what should be learned, and networks on their way to it."""

import jax
import numpy as np

from experiments.gradient_ascent.ascent_study import AT, EXACT, LENGTH, confidence
from experiments.jump_detection.jump_study import FIRST, NETWORKS
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.kernels import jumps

RATE = 0.3  # of the ascent by log probability
THESIS = {"1 layer, as in the thesis": "1-layer perceptron", "2 layers, as in the thesis": "2-layer perceptron"}
PROBED = "2 layers, as in the thesis"  # in its Fig. 7.1
TIE = 1e-3  # of log probabilities: further apart is a choice


def write(study, section) -> None:
    """Ascent on the posterior and on networks from half-trained to near-optimal, and the probes of Figure 7.1."""
    section.text(
        "With noise and height known the exact posterior can be climbed and probed like any network, and what it "
        "shows is a property of the task. Beside it are one-layer networks trained for longer and longer on signals "
        "drawn anew. From the usual start most of the posterior's probabilities are 0 in single precision, so the "
        "logarithm is climbed here, for all alike."
    )
    networks = {name: study.networks(kind) for name, kind in THESIS.items()}
    networks |= {"starting weights": study.untrained(NETWORKS["1-layer perceptron"], study.config.seeds)}
    networks |= {f"{steps:,} steps": study.fresh(steps) for steps in study.config.stages}
    networks[EXACT] = [study.posterior_scores]
    section.metrics({"ascent": _ascent(study, section, networks), "probes": _probes(study, section, networks)})


def _ascent(study, section, networks):
    learned, rows, metrics = {}, [], {}
    for name, found in networks.items():
        climbs = [study.climb(network, "log_probability", rate=RATE) for network in found]
        learned[name] = climbs[0]
        l1 = [float(study.errors(jumps.estimates(_log_probabilities(n, study.test.signals)).mode).l1) for n in found]
        plateaus = [plateau(each.signals, each.arrived) for each in climbs]
        rows.append(
            (
                name,
                mean_and_spread(l1, 3),
                mean_and_spread([100 * each.converged for each in climbs], 1),
                mean_and_spread([100 * each.right_lanes for each in climbs], 1),
                mean_and_spread(plateaus, 2) if np.isfinite(plateaus).any() else None,
            )
        )
        metrics[name] = {
            "l1": l1,
            "converged": [each.converged for each in climbs],
            "right_lanes": [each.right_lanes for each in climbs],
            "plateau": plateaus,
        }
    exact, thesis = (metrics[name]["plateau"][0] for name in (EXACT, next(iter(THESIS))))
    section.table(
        ("network", "L1", "arrived (%)", "largest rise in place (%)", "plateau"),
        rows,
        "Learned signals of all classes. L1: mean |error| in samples on test signals. Plateau: the mean of the samples "
        "6 to 15 after the jump less that of the samples 6 to 15 before it, as a share of the rise at the jump, of the "
        "mean signals of lanes that arrived, all classes together; 1 is a step, 0 a pulse.",
        note=f"The thesis-style network's learned signals have a plateau of {thesis:.2f} of the rise, the posterior's "
        f"{exact:.2f}.",
    )
    section.figure(
        "ascent_on_the_posterior",
        figures.filters.gallery(
            np.arange(1, LENGTH + 1),
            {
                name: {
                    "mean of all starts": each.signals[AT - FIRST].mean(axis=0),
                    "one start": each.signals[AT - FIRST][0],
                }
                for name, each in learned.items()
            },
            jumps=dict.fromkeys(learned, AT),
            y_label="learned input",
            columns=2,
        ),
        f"Signals learned for the jump at {AT}, from networks trained ever further and from the exact posterior.",
    )
    return metrics


def plateau(signals, arrived) -> float:
    """Level after the jump less level before, over the rise at the jump, both summed over the classes that arrived.

    Args:
        signals: [classes, starts, length].
        arrived: [classes, starts] which lanes count.
    """
    levels, rises = 0.0, 0.0
    for at, lanes, counted in zip(range(FIRST, FIRST + len(signals)), signals, arrived, strict=True):
        if counted.any():
            mean = lanes[counted].mean(axis=0)
            rises += mean[at - 1] - mean[at - 2]
            levels += mean[at + 5 : at + 15].mean() - mean[at - 16 : at - 6].mean()
    return float(levels / rises) if rises else float("nan")


def _probes(study, section, networks):
    made = probes(study.config.jump)
    signals = np.stack(list(made.values()))
    found = {
        name: np.array([confidence(network, signals, AT) for network in each]).mean(axis=0)
        for name, each in networks.items()
    }
    predicted = {name: called(_log_probabilities(each[0], signals)) for name, each in networks.items()}
    section.table(
        ("signal", *networks),
        [
            (probe, *(f"{found[name][row]:.2f} ({'–'.join(map(str, predicted[name][row]))})" for name in networks))
            for row, probe in enumerate(made)
        ],
        f"Made signals whose largest rise is at {AT} and which have nothing else in common (Fig. 7.1): probability of "
        f"{AT}, mean over the networks, and in brackets the position that the first network calls, or the first and "
        "last of those it holds to be equally likely.",
        note=_verdict(found, predicted, list(made)),
    )
    section.figure(
        "fig_7_1_probes",
        figures.filters.gallery(
            np.arange(1, LENGTH + 1),
            {
                f"{probe}: {found[PROBED][row]:.2f} | {found[EXACT][row]:.2f}": {"signal": signals[row]}
                for row, probe in enumerate(made)
            },
            y_label="signal",
            columns=2,
        ),
        f"The probes, with the probability of {AT} by networks with {PROBED}, and by the exact posterior.",
    )
    return {"confidence": found, "called": predicted}


def _verdict(found, predicted, names):
    last = list(found)[-2]
    apart, still = (
        [name for row, name in enumerate(names) if predicted[network][row] == (AT,) != predicted[EXACT][row]]
        for network in (PROBED, last)
    )
    if not apart:
        return f"Whatever the first network with {PROBED}, calls {AT}, the posterior does too."
    return (
        f"The first network with {PROBED}, calls {AT} where the posterior calls another position or several: "
        f"{'; '.join(apart)}. That the largest rise is what counts belongs to its training, not to the task. After "
        f"{last} " + (f"it is still so for: {'; '.join(still)}." if still else "nothing of it is left.")
    )


def probes(jump: float) -> dict[str, np.ndarray]:
    """Signals without noise whose largest rise is at the shown position."""
    t = np.arange(1, LENGTH + 1)
    after = t >= AT
    return {
        "step": np.where(after, jump, 0.0),
        "half a step": np.where(after, jump / 2, 0.0),
        "step down to zero first": np.where(after, 0.0, -jump),
        "pulse of 5": np.where(after & (t < AT + 5), jump, 0.0),
        "pulse of 20": np.where(after & (t < AT + 20), jump, 0.0),
        "saw-tooth": np.where(after, jump * (1 - (t - AT) / (LENGTH - AT)), 0.0),
        "step on a slow rise": np.where(after, jump, 0.0) + jump * (t - AT) / LENGTH,
        "step, then a slow fall below": np.where(after, jump - 2 * jump * (t - AT) / (LENGTH - AT), 0.0),
    }


def called(log_probabilities) -> list[tuple[int, ...]]:
    """The most likely position of every row, or the first and the last of those that tie."""
    values = np.asarray(log_probabilities)
    equal = [np.flatnonzero(row >= row.max() - TIE) + FIRST for row in values]
    return [tuple(dict.fromkeys((int(places[0]), int(places[-1])))) for places in equal]


@jax.jit
def _log_probabilities(network, signals):
    return jax.nn.log_softmax(network(signals))
