"""All classes of the thesis' networks from many starts: its Figures 5.1 and 5.2."""

import numpy as np

from experiments.gradient_ascent.ascent_study import LENGTH, SHOWN, largest_rise
from experiments.jump_detection.jump_study import FIRST, NETWORKS
from experiments.study import mean_and_spread
from interp_jax import figures

RATES = {"probability": None, "log_probability": 1.0, "logit": 0.1}  # None: the study's


def write(study, section) -> None:
    """The table of networks, the learned signals, and the three objectives."""
    config = study.config
    section.text(
        f"From {config.starts} starts near zero for each of the 60 classes the input is moved along the gradient of "
        f"the class's probability, at rate {config.rate:g}, until that is above {config.threshold:g}. All lanes of a "
        "network are one compiled program in which each stops by itself."
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
            mean_and_spread([100 * each.converged for each in found], 1),
            mean_and_spread([each.steps for each in found], 0) if any(each.converged for each in found) else None,
            mean_and_spread([100 * each.right_lanes for each in found], 1),
            mean_and_spread([100 * each.right_means for each in found], 1),
        )
        for name, found in learned.items()
    ]
    section.table(
        ("network", "arrived (%)", "steps", "largest rise in place, single (%)", "mean of starts (%)"),
        rows,
        f"Lanes that pass {config.threshold:g} within {config.steps:,} steps, the median number of steps, and how "
        "often the learned signal rises most at the class's position: single signals, and the mean over the starts. "
        f"Mean ± standard deviation over {config.seeds} networks.",
        note=_verdict(learned),
    )
    _pictures(study, section, learned)
    metrics = {
        name: {field: [each.shares[field] for each in found] for field in found[0].shares}
        for name, found in learned.items()
    }
    section.metrics({"classes": metrics, "objectives": _objectives(study, section)})


def _verdict(learned):
    shares = {name: np.mean([each.right_lanes for each in found]) for name, found in learned.items()}
    best, worst = max(shares, key=shares.get), min(shares, key=shares.get)
    return (
        f"Single signals, those that did not arrive among them, show the jump in its place most often for the {best} "
        f"({shares[best]:.0%}) and least often for the {worst} ({shares[worst]:.0%}); a network is as sure of all that "
        "arrived."
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
        "What the 1-layer perceptron is surest of (Fig. 5.1). Training signals stay at the upper level after the jump; "
        "what is learned there is told by the plateau in the table of the exact posterior below.",
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
        "Deeper perceptrons, a row a network, at the jumps 21, 40, 60 and 80 (Fig. 5.2). The largest rise of a single "
        f"signal is in its place in {', '.join(f'{share:.0%} ({name})' for name, share in rises.items())}.",
    )


def _objectives(study, section):
    rows, metrics = [], {}
    for name in ("1-layer perceptron", "4-layer perceptron"):
        network = study.networks(name)[0]
        for objective, rate in RATES.items():
            rate = study.config.rate if rate is None else rate
            found = study.climb(network, objective, rate=rate)
            rows.append(
                (
                    name,
                    objective.replace("_", " "),
                    f"{rate:g}",
                    f"{found.converged:.1%}",
                    f"{found.steps:.0f}" if found.converged else None,
                    f"{found.right_lanes:.1%}",
                )
            )
            metrics[f"{name}, {objective}"] = found.shares
    section.table(
        ("network", "climbed", "rate", "arrived", "steps", "largest rise in place"),
        rows,
        "The same networks climbed by probability, by its logarithm and by the score before the softmax; all stop by "
        "the probability.",
    )
    return metrics
