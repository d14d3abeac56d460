"""One-filter convolutions (thesis section 3.4), the influence of their length, and of a ReLU."""

from functools import partial
from typing import NamedTuple

import numpy as np
from flax import nnx

from experiments.jumps import NETWORKS, POSITIONS, died
from experiments.study import mean_and_spread
from interp_jax import figures, networks
from interp_jax.figures.layers import LayerRow
from interp_jax.methods.filters import smoothing_share

AT = 50
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
    outputs = [np.asarray(each.until(each.stage_names[-2])(signals)) for each in lanes]
    shares = np.array([smoothing_share(each.conv1.kernel[...]) for each in lanes])
    return Networks(study.fit_errors(fit).l1, shares, np.array([np.mean(each[:, 60:80] == 0) for each in outputs]))


def show(result: Convolutions, page) -> None:
    """Figures 3.18, 3.19, 3.21 and 3.23 of the thesis, filters by their length, and networks with ReLU."""
    page.text(
        "These networks have one filter in each convolutional layer, followed by one dense layer. The output of a "
        "convolution is again a signal; the last column shows it for a single one. The smoothing share of a filter is "
        "the absolute value of the sum of its taps over the sum of their absolute values: 1 if all taps have the same "
        "sign, 0 for a pure difference."
    )
    for name, rows in result.looks.items():
        shares = {row.name: float(smoothing_share(row.kernel)) for row in rows if row.name != "dense"}
        printed = ", ".join(f"{share:.2f}" for share in shares.values())
        caption = f"{CAPTIONS[name]} Smoothing share of each filter: {printed}."
        page.figure(name, figures.layers.grid(rows, POSITIONS, AT), caption)
        page.metrics({name: {"smoothing_share": shares}})
    if result.lengths:
        page.table(
            ("filter length (taps)", "smoothing share by seed", "mean |error|"),
            [
                (taps, ", ".join(f"{share:.2f}" for share in each.smoothing_share), mean_and_spread(each.l1))
                for taps, each in result.lengths.items()
            ],
            "One convolution by the length of its filter, which according to the thesis has to be at least 7 to learn "
            f"a derivative{signs_in_words(result.lengths)}. Smoothing share, and error in samples, mean ± standard "
            "deviation over seeds.",
        )
    if result.rectified:
        page.finding(relu_in_words(result.rectified))
        page.table(
            ("network", "mean |error| by seed", "share of zeros after the jump by seed"),
            [
                (name, *(", ".join(f"{value:.2f}" for value in of) for of in (each.l1, each.silent_after)))
                for name, each in result.rectified.items()
            ],
            "With a ReLU after each filter a network can set the level after the jump to zero, with its noise: "
            f"suppressed if after a jump at {AT} more than 95% of the last filter's output (positions 61–80) is zero.",
        )
    parts = {"lengths": result.lengths, "rectified": result.rectified}
    page.metrics({part: {name: each._asdict() for name, each in of.items()} for part, of in parts.items()})


def signs_in_words(lengths: dict[int, Networks]) -> str:
    """At which lengths all filters have taps of both signs, and where the error is smallest."""
    both = ", ".join(str(taps) for taps, each in lengths.items() if np.max(each.smoothing_share) < 0.995)
    best = min(lengths, key=lambda taps: np.mean(lengths[taps].l1))
    return f"; here all filters have both signs (share below 1) at {both or 'no'} taps, the error is least at {best}"


def relu_in_words(rectified: dict[str, Networks]) -> str:
    """The finding: the errors of networks with ReLU, by whether they are silent after the jump, and without one."""
    relu, linear = ([each for name, each in rectified.items() if name.endswith(end)] for end in ("ReLU", "linear"))
    l1, after = (np.concatenate([getattr(each, field) for each in relu]) for field in ("l1", "silent_after"))
    silent, dead = after > 0.95, died(l1)
    groups = {"suppressed the signal after the jump": silent & ~dead, "kept it": ~silent & ~dead}
    groups["learned nothing"] = dead
    chosen = {what: l1[group] for what, group in groups.items() if any(group)}
    counts = [f"{len(errors)} {what} (mean |error| {errors.mean():.2f})" for what, errors in chosen.items()]
    return (
        f"Of {len(l1)} convolutional networks with a ReLU after each filter, {', '.join(counts)}; without a ReLU it is "
        f"{np.mean([each.l1 for each in linear]):.2f}."
    )
