"""Inputs of every stage of the convolutional networks: the thesis' Figures 5.3 to 5.5."""

import numpy as np

from experiments.gradient_ascent.ascent_study import AT, LENGTH, largest_rise
from experiments.jump_detection.jump_study import FIRST, NETWORKS
from interp_jax import figures
from interp_jax.methods import ascent

NUMBERS = {"CNN, 1 convolution": "5_3", "CNN, 2 convolutions": "5_4", "CNN, 3 convolutions": "5_5"}


def write(study, section) -> None:
    """For one jump position, the input and what comes out of every convolution, each climbed by itself."""
    section.text(
        "A convolution's output is again a signal, so the ascent can start behind it: what would the rest of the "
        f"network like to be given? Shown is the jump at {AT}: the mean of {study.config.starts} starts, and one."
    )
    metrics = {}
    for name in (name for name in NETWORKS if name in NUMBERS):
        network = study.networks(name)[0]
        stages = {"input": network} | {
            f"after {stage}": network.after(stage) for stage in network.stage_names if stage.startswith("conv")
        }
        found = {stage: _climbed(study, rest) for stage, rest in stages.items()}
        section.figure(
            f"fig_{NUMBERS[name]}",
            figures.filters.gallery(
                np.arange(1, LENGTH + 1),
                {
                    stage: {"mean of all starts": each.inputs.mean(axis=0), "one start": each.inputs[0]}
                    for stage, each in found.items()
                },
                jumps=dict.fromkeys(found, AT),
                y_label="learned signal",
                columns=2,
            ),
            f"{name}: the learned input and the signals learned behind each convolution (Fig. "
            f"{NUMBERS[name].replace('_', '.')}). Width of the peak at half its height: "
            f"{', '.join(f'{width(each.inputs)} ({stage})' for stage, each in found.items())}. The dashed line is the "
            "jump's position; the largest rise is at "
            f"{', '.join(f'{rise(each.inputs)} ({stage})' for stage, each in found.items())}: filters may shift a "
            "signal as long as what follows knows.",
        )
        metrics[name] = {
            stage: {
                "converged": float(np.mean(each.converged)),
                "width": width(each.inputs),
                "largest_rise": rise(each.inputs),
            }
            for stage, each in found.items()
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
    """Samples around the largest deviation of the mean signal that are above half of it."""
    size = np.abs(np.asarray(signals).mean(axis=0))
    low = size < size.max() / 2
    peak = int(size.argmax())
    before = np.flatnonzero(low[:peak])
    after = np.flatnonzero(low[peak:])
    return int((peak + after[0] if after.size else len(size)) - (before[-1] + 1 if before.size else 0))
