"""Inputs that maximize a class at every stage of the convolutional networks: Figures 5.3 to 5.5 of the thesis."""

import numpy as np

from experiments.gradient_ascent.ascent_study import AT, LENGTH, largest_rise
from experiments.jumps import FIRST, NETWORKS
from interp_jax import figures
from interp_jax.methods import ascent

NUMBERS = {"CNN, 1 convolution": "5_3", "CNN, 2 convolutions": "5_4", "CNN, 3 convolutions": "5_5"}


def write(study, section) -> None:
    """For one jump position, ascent on the input and on the output of every convolution."""
    section.text(
        "The output of a convolution is again a signal, so that the class can be maximized with respect to it: this "
        f"shows the input that the rest of the network responds to most. Shown is the jump at {AT}: the mean over "
        f"{study.config.starts} starts, and one start."
    )
    metrics = {}
    for name in (name for name in NETWORKS if name in NUMBERS):
        network = study.networks(name)[0]
        stages = {"input": network} | {
            f"after {stage}": network.after(stage) for stage in network.stage_names if stage.startswith("conv")
        }
        ascents = {stage: _climbed(study, rest) for stage, rest in stages.items()}
        section.figure(
            f"fig_{NUMBERS[name]}",
            figures.filters.gallery(
                np.arange(1, LENGTH + 1),
                {
                    stage: {"mean of all starts": each.inputs.mean(axis=0), "one start": each.inputs[0]}
                    for stage, each in ascents.items()
                },
                jumps=dict.fromkeys(ascents, AT),
                y_label="learned signal",
                columns=2,
            ),
            f"{name}: the learned input and the signals learned after each convolution (Fig. "
            f"{NUMBERS[name].replace('_', '.')}). Width of the peak at half maximum: "
            f"{', '.join(f'{width(each.inputs)} ({stage})' for stage, each in ascents.items())}. The dashed line marks "
            "the position of the jump; the largest rise is at "
            f"{', '.join(f'{rise(each.inputs)} ({stage})' for stage, each in ascents.items())}. Filters can shift a "
            "signal if the following stages compensate for the shift.",
        )
        metrics[name] = {
            stage: {
                "converged": float(np.mean(each.converged)),
                "width": width(each.inputs),
                "largest_rise": rise(each.inputs),
            }
            for stage, each in ascents.items()
        }
    section.metrics(metrics)


def _climbed(study, network):
    config = study.config
    return ascent.maximize(
        network,
        study.start(config.starts, LENGTH),
        AT - FIRST,
        rate=config.rate,
        threshold=config.threshold,
        steps=config.steps,
        patience=config.stall_steps,
    )


def rise(signals) -> int:
    """The position of the mean signal's largest rise."""
    return int(largest_rise(np.asarray(signals).mean(axis=0)))


def width(signals) -> int:
    """The width at half maximum of the largest peak of the mean signal's magnitude."""
    size = np.abs(np.asarray(signals).mean(axis=0))
    low = size < size.max() / 2
    peak = int(size.argmax())
    before = np.flatnonzero(low[:peak])
    after = np.flatnonzero(low[peak:])
    return int((peak + after[0] if after.size else len(size)) - (before[-1] + 1 if before.size else 0))
