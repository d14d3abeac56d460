"""Filters and dense weights of CNNs beside untrained networks and shuffled labels (thesis section 3.4)."""

from typing import NamedTuple

import numpy as np

from experiments.jumps import POSITIONS
from experiments.layers_of_detectors.detector_study import CNNS
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods.filters import smoothing_share

NEAR = np.abs(np.arange(1, 101)[:, None] - POSITIONS) <= 5


class Filters(NamedTuple):
    """By variant arrays [networks]: the share of squared dense weights near the jump, and smoothing shares by CNN."""

    diagonal: dict[str, np.ndarray]
    smoothing: dict[str, dict[str, dict[str, np.ndarray]]]
    l1: dict[str, dict[str, np.ndarray]]
    kernels: dict[str, tuple[np.ndarray, np.ndarray]]  # dense weights and bias of one network of each variant


def measure(study) -> Filters:
    """The weights of all networks with one and with two convolutions."""
    result = Filters({}, {}, {}, {})
    for name in CNNS[:2]:
        variants = study.variants(name)
        filters = [stage for stage in next(iter(variants.values()))[0].stage_names if stage.startswith("conv")]
        result.smoothing[name] = {
            stage: {
                kind: np.array([float(smoothing_share(each.stages[stage].kernel[...])) for each in of])
                for kind, of in variants.items()
            }
            for stage in filters
        }
        result.l1[name] = {
            kind: np.array([study.errors(_answers(each, study.test.signals)).l1 for each in of])
            for kind, of in variants.items()
        }
        if name == CNNS[0]:
            for kind, of in variants.items():
                kernels = [np.asarray(each.stages["dense"].kernel[...]) for each in of]
                result.diagonal[kind] = np.array([np.sum(each[NEAR] ** 2) / np.sum(each**2) for each in kernels])
                result.kernels[kind] = kernels[0], np.asarray(of[0].stages["dense"].bias[...])
    return result


def _answers(network, signals):
    return POSITIONS[np.asarray(network(signals)).argmax(axis=1)]


def show(result: Filters, page) -> None:
    """Smoothing shares and the diagonal, by variant."""
    page.text(
        "Networks have one filter a layer and one dense layer. A filter's smoothing share is |sum of its taps| "
        "over the sum of their |values|: 1 if all have one sign, 0 for a pure difference. The controls have the "
        "same weights "
        "before training, and weights trained on shuffled labels."
    )
    page.finding(in_words(result))
    page.table(
        ("network", "filter", *result.diagonal),
        [
            (name, stage, *(mean_and_spread(each, 2) for each in of.values()))
            for name, stages in result.smoothing.items()
            for stage, of in stages.items()
        ],
        "Smoothing share, mean ± standard deviation over networks.",
    )
    page.table(
        ("network", *result.diagonal),
        [(name, *(mean_and_spread(each, 2) for each in of.values())) for name, of in result.l1.items()],
        "Mean |error| on test signals, in samples.",
    )
    figure = figures.heatmaps.weights(result.kernels)
    page.figure("fig_3_18_dense", figure, "Dense weights behind one filter, of one network of each kind (Fig. 3.18).")
    page.metrics({"diagonal": result.diagonal, "smoothing": result.smoothing, "l1": result.l1})


def in_words(result: Filters) -> str:
    """The finding: dense weights near the jump, beside the controls."""
    shares = ", ".join(f"{np.mean(each):.0%} ({kind})" for kind, each in result.diagonal.items())
    return (
        f"Of the squared dense weights behind one filter, the share within five samples of the position is {shares}; "
        f"{NEAR.mean():.0%} of the weights are there."
    )
