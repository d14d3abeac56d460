"""The exact posterior as a control, beside networks trained for increasing numbers of steps."""

import jax
import numpy as np

from experiments.gradient_ascent.ascent_study import AT, EXACT, LENGTH, confidence
from experiments.jumps import FIRST, NETWORKS
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.kernels import jumps

RATE = 0.3  # step size of the ascent on log-probabilities
THESIS = {"1 layer, as in the thesis": "1-layer perceptron", "2 layers, as in the thesis": "2-layer perceptron"}
PROBED = "2 layers, as in the thesis"  # the network of Fig. 7.1
TIE = 1e-3  # log-probabilities that differ by less count as equal


def write(study, section) -> None:
    """Ascent on the posterior and on networks up to near-optimal ones, and the probes of Figure 7.1."""
    section.text(
        "With known noise and step height, the exact posterior can be maximized and probed like a network; its results "
        "are properties of the task. It is compared with one-layer networks trained for increasing numbers of steps on "
        "fresh signals. Near the starts most posterior probabilities are 0 in single precision, so that the objective "
        "here is the log-probability, for all networks."
    )
    networks = {name: study.networks(kind) for name, kind in THESIS.items()}
    networks |= {"untrained": study.untrained(NETWORKS["1-layer perceptron"], study.config.seeds)}
    networks |= {f"{steps:,} steps": study.fresh(steps) for steps in study.config.stages}
    networks[EXACT] = [study.posterior_scores]
    section.metrics({"ascent": _ascent(study, section, networks), "probes": _probes(study, section, networks)})


def _ascent(study, section, networks):
    learned, rows, metrics = {}, [], {}
    for name, of_kind in networks.items():
        climbs = [study.climb(network, "log_probability", rate=RATE) for network in of_kind]
        learned[name] = climbs[0]
        l1 = [float(study.errors(jumps.estimates(_log_probabilities(n, study.test.signals)).mode).l1) for n in of_kind]
        plateaus = [plateau(each.signals, each.converged) for each in climbs]
        rows.append(
            (
                name,
                mean_and_spread(l1, 3),
                mean_and_spread([100 * each.converged.mean() for each in climbs], 1),
                mean_and_spread([100 * each.correct_lanes for each in climbs], 1),
                mean_and_spread(plateaus, 2) if np.isfinite(plateaus).any() else None,
            )
        )
        metrics[name] = {
            "l1": l1,
            "converged": [each.converged.mean() for each in climbs],
            "correct_lanes": [each.correct_lanes for each in climbs],
            "plateau": plateaus,
        }
    exact, thesis = (metrics[name]["plateau"][0] for name in (EXACT, next(iter(THESIS))))
    section.table(
        ("network", "L1", "converged (%)", "largest rise correct (%)", "plateau"),
        rows,
        "Learned signals of all classes. L1: mean |error| in samples on test signals. Plateau: the mean of samples 6 "
        "to 15 after the jump less that of samples 6 to 15 before it, relative to the rise at the jump, for the mean "
        "over converged lanes and all classes together; 1 for a step, 0 for a pulse.",
        note=f"The plateau is {thesis:.2f} for the network trained as in the thesis, and {exact:.2f} for the "
        "posterior.",
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
        f"Signals learned for the jump at {AT}, by numbers of training steps and for the exact posterior.",
    )
    return metrics


def plateau(signals, converged) -> float:
    """The level after the jump less the level before it, relative to the rise; both are summed over the classes.

    Args:
        signals: [classes, starts, length].
        converged: [classes, starts] the lanes that are averaged.
    """
    levels, rises = 0.0, 0.0
    for at, lanes, counted in zip(range(FIRST, FIRST + len(signals)), signals, converged, strict=True):
        if counted.any():
            mean = lanes[counted].mean(axis=0)
            rises += mean[at - 1] - mean[at - 2]
            levels += mean[at + 5 : at + 15].mean() - mean[at - 16 : at - 6].mean()
    return float(levels / rises) if rises else float("nan")


def _probes(study, section, networks):
    made = probes(study.config.jump)
    signals = np.stack(list(made.values()))
    likely = {
        name: np.array([confidence(network, signals, AT) for network in each]).mean(axis=0)
        for name, each in networks.items()
    }
    predicted = {name: most_likely(_log_probabilities(each[0], signals)) for name, each in networks.items()}
    section.table(
        ("signal", *networks),
        [
            (
                probe,
                *(f"{likely[name][row]:.2f} ({'–'.join(map(str, predicted[name][row]))})" for name in networks),
            )
            for row, probe in enumerate(made)
        ],
        f"Synthetic signals that share only the position {AT} of their largest rise (Fig. 7.1): probability of {AT}, "
        "mean over the networks, and in brackets the prediction of the first network, or the first and the last of "
        "several equally likely positions.",
        note=_verdict(predicted, list(made)),
    )
    section.figure(
        "fig_7_1_probes",
        figures.filters.gallery(
            np.arange(1, LENGTH + 1),
            {
                f"{probe}: {likely[PROBED][row]:.2f} | {likely[EXACT][row]:.2f}": {"signal": signals[row]}
                for row, probe in enumerate(made)
            },
            y_label="signal",
            columns=2,
        ),
        f"The probes, with the probability of {AT} according to networks with {PROBED}, and the exact posterior.",
    )
    return {"probability": likely, "predicted": predicted}


def _verdict(predicted, names):
    last = list(predicted)[-2]
    apart, still = (
        [name for row, name in enumerate(names) if predicted[network][row] == (AT,) != predicted[EXACT][row]]
        for network in (PROBED, last)
    )
    if not apart:
        return f"For every probe for which the first network with {PROBED}, predicts {AT}, the posterior does too."
    return (
        f"The first network with {PROBED}, predicts {AT} while the posterior predicts another position, or several, "
        f"for: {'; '.join(apart)}. The preference for the largest rise is therefore a result of training and not a "
        f"property of the task. After {last} on fresh signals it "
        + (f"remains for: {'; '.join(still)}." if still else "has disappeared.")
    )


def probes(jump: float) -> dict[str, np.ndarray]:
    """Signals without noise whose largest rise is at position `AT`."""
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


def most_likely(log_probabilities) -> list[tuple[int, ...]]:
    """The most likely position of every row, or the first and the last of several equally likely ones."""
    values = np.asarray(log_probabilities)
    equal = [np.flatnonzero(row >= row.max() - TIE) + FIRST for row in values]
    return [tuple(dict.fromkeys((int(places[0]), int(places[-1])))) for places in equal]


@jax.jit
def _log_probabilities(network, signals):
    return jax.nn.log_softmax(network(signals))
