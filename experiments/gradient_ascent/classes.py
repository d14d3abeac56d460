"""Inputs that maximize each class of the thesis' networks, from many starts: Figures 5.1 and 5.2."""

import numpy as np

from experiments.gradient_ascent.ascent_study import LENGTH, SHOWN, largest_rise
from experiments.jumps import FIRST, NETWORKS
from experiments.study import mean_and_spread
from interp_jax import figures

RATES = {"probability": None, "log_probability": 1.0, "logit": 0.1}  # None: the study's


def write(study, section) -> None:
    """A table of the networks, figures of the learned signals, and a comparison of three objectives."""
    config = study.config
    section.text(
        f"For each of the 60 classes, {config.starts} starts near zero are moved along the gradient of the class "
        f"probability, with a step size of {config.rate:g}, until the probability exceeds {config.threshold:g}."
    )
    learned = {}
    bar = study.progress.task("ascent", len(NETWORKS) * config.seeds)
    for name in NETWORKS:
        learned[name] = []
        for network in study.networks(name):
            learned[name].append(study.climb(network))
            bar.advance(note=name)
    bar.finish()
    rows = [
        (
            name,
            mean_and_spread([100 * each.converged.mean() for each in runs], 1),
            mean_and_spread([each.steps for each in runs], 0) if any(each.converged.any() for each in runs) else None,
            mean_and_spread([100 * each.correct_lanes for each in runs], 1),
            mean_and_spread([100 * each.correct_means for each in runs], 1),
        )
        for name, runs in learned.items()
    ]
    section.table(
        ("network", "converged (%)", "steps", "largest rise correct, single (%)", "mean of starts (%)"),
        rows,
        f"Share of lanes that reach a probability of {config.threshold:g} within {config.steps:,} steps, the median "
        "number of steps, and the share of learned signals whose largest rise is at the position of the class, for "
        f"single signals and for the mean over the starts. Mean ± standard deviation over {config.seeds} networks.",
        note=_verdict(learned),
    )
    _pictures(study, section, learned)
    metrics = {
        name: {field: [each.shares[field] for each in runs] for field in runs[0].shares}
        for name, runs in learned.items()
    }
    section.metrics({"classes": metrics, "objectives": _objectives(study, section)})


def _verdict(learned):
    shares = {name: np.mean([each.correct_lanes for each in runs]) for name, runs in learned.items()}
    best, worst = max(shares, key=shares.get), min(shares, key=shares.get)
    return (
        "The share of single signals, converged or not, with the largest rise at the correct position is highest for "
        f"the {best} ({shares[best]:.0%}) and lowest for the {worst} ({shares[worst]:.0%})."
    )


def _pictures(study, section, learned):
    positions = np.arange(1, LENGTH + 1)

    def panel(name, at):
        signals = learned[name][0].signals[at - FIRST]
        return {"mean of all starts": signals.mean(axis=0), "one start": signals[0]}

    section.figure(
        "fig_5_1_one_layer",
        figures.filters.gallery(
            positions,
            {f"jump at {at}": panel("1-layer perceptron", at) for at in SHOWN},
            jumps={f"jump at {at}": at for at in SHOWN},
            y_label="learned input",
            columns=2,
        ),
        "Inputs that maximize classes of the 1-layer perceptron (Fig. 5.1). Training signals stay at the upper level "
        "after the jump; the plateau of the learned signals is given in the section on the exact posterior.",
    )
    deeper = [name for name in NETWORKS if "perceptron" in name][1:]
    titles = {f"{name}, {at}": (name, at) for name in deeper for at in SHOWN}
    rises = {
        name: np.mean([largest_rise(each.signals[at - FIRST]) == at for each in learned[name] for at in SHOWN])
        for name in deeper
    }
    section.figure(
        "fig_5_2_deeper",
        figures.filters.gallery(
            positions,
            {title: panel(*key) for title, key in titles.items()},
            jumps={title: at for title, (_, at) in titles.items()},
            y_label="learned input",
            columns=4,
        ),
        "Deeper perceptrons, one network per row, for jumps at 21, 40, 60 and 80 (Fig. 5.2). Share of single signals "
        "whose largest rise is at the correct position: "
        f"{', '.join(f'{share:.0%} ({name})' for name, share in rises.items())}.",
    )


def _objectives(study, section):
    rows, metrics = [], {}
    for name in ("1-layer perceptron", "4-layer perceptron"):
        network = study.networks(name)[0]
        for objective, rate in RATES.items():
            rate = study.config.rate if rate is None else rate
            learned = study.climb(network, objective, rate=rate)
            rows.append(
                (
                    name,
                    objective.replace("_", " "),
                    f"{rate:g}",
                    f"{learned.converged.mean():.1%}",
                    f"{learned.steps:.0f}" if learned.converged.any() else None,
                    f"{learned.correct_lanes:.1%}",
                )
            )
            metrics[f"{name}, {objective}"] = learned.shares
    section.table(
        ("network", "objective", "step size", "converged", "steps", "largest rise correct"),
        rows,
        "Ascent on the probability, on its logarithm and on the score before the softmax; the stopping criterion is "
        "the probability in all cases.",
    )
    return metrics
