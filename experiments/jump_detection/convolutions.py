"""One-filter convolutions (thesis section 3.4), the influence of their length, and of a ReLU."""

from functools import partial
from typing import NamedTuple

import numpy as np
from flax import nnx

from experiments.jumps import NETWORKS, POSITIONS, died
from interp_jax import figures, methods, networks
from interp_jax.figures.layers import LayerRow

AT = 50
FEW = 3  # with fewer lengths no curve is drawn, with fewer networks on a side no verdict given
CONVOLUTIONAL = [name for name in NETWORKS if name.startswith("CNN")]
CAPTIONS = {
    "fig_3_18_one_convolution": "One convolution of 7 taps (Fig. 3.18 of the thesis).",
    "fig_3_19_short_filter": "One convolution of 5 taps, the one of largest smoothing share of all seeds (Fig. "
    "3.19; in the thesis its taps have the same sign, so that it only amplifies the step).",
    "fig_3_21_two_convolutions": "Two convolutions of 5 and 9 taps (Fig. 3.21).",
    "fig_3_23_three_convolutions": "Three convolutions of 5, 7 and 9 taps (Fig. 3.23; one too many, says the thesis).",
}


class Networks(NamedTuple):
    """The networks of one kind: arrays [networks]."""

    l1: np.ndarray
    smoothing_share: np.ndarray  # of the first filter
    silent_after: np.ndarray  # share of zeros in the output of the last filter, at 61–80 with a jump at 50


class Convolutions(NamedTuple):
    """A network for each figure, layer by layer, and networks by the length of their filter, and by activation."""

    looks: dict[str, list[LayerRow]]
    lengths: dict[int, Networks]
    rectified: dict[str, Networks]


def measure(study) -> Convolutions:
    """Filters, averages by class, and errors of all networks with convolutions."""
    fits, short = {name: study.thesis_fit(name) for name in CONVOLUTIONAL}, _of_length(study, 5)
    one, two, three = (study.lanes(fit)[0] for fit in fits.values())
    smoothest = study.lanes(short)[np.argmax(_measured(study, short).smoothing_share)]
    looks = [_look(study, network) for network in (one, smoothest, two, three)]
    rectified = {}
    for name in (CONVOLUTIONAL[number - 1] for number in study.config.rectified):
        relu = study.thesis_fit(f"{name} with ReLU", partial(NETWORKS[name], activation=nnx.relu))
        rectified |= {f"{name}, linear": _measured(study, fits[name]), f"{name}, ReLU": _measured(study, relu)}
    return Convolutions(
        dict(zip(CAPTIONS, looks, strict=True)),
        {taps: _measured(study, _of_length(study, taps)) for taps in study.config.kernel_lengths},
        rectified,
    )


def _of_length(study, taps):
    name = CONVOLUTIONAL[0] if taps == 7 else f"{CONVOLUTIONAL[0]} of {taps} taps"
    return study.thesis_fit(name, partial(networks.signal_cnn, taps=(taps,)))


def _look(study, network):
    means, single = study.averages(network), network.activations(study.drawn(8, 1, positions=np.array([AT])).signals)
    units = {"dense": POSITIONS}
    return [
        LayerRow(name, stage.kernel[...], means[name], single[name][0], units.get(name, np.arange(1, 101)))
        for name, stage in network.stages.items()
    ]


def _measured(study, fit):
    signals, lanes = study.balanced.signals[np.asarray(study.balanced.positions) == AT], study.lanes(fit)
    outputs = (np.asarray(each.until(each.stage_names[-2])(signals)) for each in lanes)
    return Networks(
        study.fit_errors(fit).l1,
        np.array([_share(each.conv1.kernel[...]) for each in lanes]),
        np.array([np.mean(output[:, 60:80] == 0) for output in outputs]),
    )


def _share(kernel):
    return float(methods.filters.smoothing_share(kernel))


def show(result: Convolutions, page) -> None:
    """Figures 3.18, 3.19, 3.21 and 3.23 of the thesis, the sweep of lengths, and networks with ReLU."""
    page.text(
        "These networks have one filter in each convolutional layer, followed by one dense layer. The output of a "
        "convolution is again a signal; the last column shows it for a single one. The smoothing share of a filter is "
        "the absolute value of the sum of its taps over the sum of their absolute values: 1 if all taps have the same "
        "sign, 0 for a pure difference."
    )
    for name, rows in result.looks.items():
        shares = ", ".join(f"{_share(row.kernel):.2f}" for row in rows if row.name != "dense")
        caption = f"{CAPTIONS[name]} Smoothing share of each filter: {shares}."
        page.figure(name, figures.layers.grid(rows, POSITIONS, AT), caption)
    if taps := list(result.lengths):
        l1, share, _ = (np.stack(values) for values in zip(*result.lengths.values(), strict=True))
        caption = (
            "Smoothing share of a single filter by its length, which according to the thesis has to be at least "
            f"7 to learn a derivative. {advantage(share, l1)}"
        )
        labels = ("filter length (taps)", "smoothing share")
        if len(taps) < FEW:
            cells = [
                (length, ", ".join(f"{each:.2f}" for each in row)) for length, row in zip(taps, share, strict=True)
            ]
            page.table(labels, cells, f"{caption} One number per seed.")
        else:
            figure = figures.curves.against(taps, {"one convolution": share}, *labels)
            page.figure("kernel_length_share", figure, f"{caption} One dot per seed.")
        page.metrics({"kernel_lengths": {"taps": taps, "smoothing_share": share, "l1": l1}})
    if result.rectified:
        page.finding(relu_in_words(result.rectified))
        page.text(
            "The convolutional layers of the thesis are linear, although it does not state this. With a ReLU after "
            "each filter a network can set the level after the jump to zero, together with its noise. It is counted as "
            f"suppressed if after a jump at {AT} more than 95% of the last filter's output (positions 61–80) is zero."
        )
        page.metrics({"rectified": {name: each._asdict() for name, each in result.rectified.items()}})


def advantage(share, l1) -> str:
    """Whether networks whose filter mainly differentiates have smaller errors."""
    smooth, differ = l1[share >= 0.5], l1[share < 0.5]
    if not len(smooth) or not len(differ):
        return f"All {l1.size} filters mainly {'differentiate' if len(differ) else 'smooth'}."
    verb = "is" if differ.mean() < smooth.mean() else "is not"
    verdict = f"A filter that mainly differentiates {verb} an advantage"
    if min(len(smooth), len(differ)) < FEW:
        verdict = "The networks are too few to tell whether a filter that mainly differentiates is an advantage"
    return (
        f"{verdict}: the mean |error| of those that have one is {differ.mean():.3f} ({len(differ)} of {l1.size} "
        f"networks), of those whose filter mainly smooths {smooth.mean():.3f} ({len(smooth)})."
    )


def relu_in_words(rectified: dict[str, Networks]) -> str:
    """The finding: the errors of networks with ReLU, by whether they are silent after the jump, and without one."""
    relu, linear = ([each for name, each in rectified.items() if name.endswith(end)] for end in ("ReLU", "linear"))
    l1, after = (np.concatenate([getattr(each, field) for each in relu]) for field in ("l1", "silent_after"))
    silent, dead = after > 0.95, died(l1)
    groups = {
        "suppressed the signal after the jump": silent & ~dead,
        "kept it": ~silent & ~dead,
        "learned nothing": dead,
    }
    counts = [
        f"{chosen.sum()} {what} (mean |error| {l1[chosen].mean():.2f})"
        for what, chosen in groups.items()
        if any(chosen)
    ]
    return (
        f"Of {len(l1)} convolutional networks with a ReLU after each filter, {', '.join(counts)}; without a ReLU it is "
        f"{np.mean([each.l1 for each in linear]):.2f}."
    )
