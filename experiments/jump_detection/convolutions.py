"""One-filter convolutions (thesis section 3.4), the influence of their length, and of a ReLU."""

from functools import partial
from typing import NamedTuple

import numpy as np
from flax import nnx

from experiments.jumps import NETWORKS, POSITIONS, died
from experiments.study import lane
from interp_jax import figures, methods, networks
from interp_jax.figures.layers import LayerRow

AT = 50
CAPTIONS = {
    "fig_3_18_one_convolution": "One convolution of 7 taps (Fig. 3.18 of the thesis).",
    "fig_3_19_short_filter": "One convolution of 5 taps, with the largest smoothing share of all seeds (Fig. 3.19 of "
    "the thesis, whose filter has taps of the same sign, so that it only amplifies the step).",
    "fig_3_21_two_convolutions": "Two convolutions of 5 and 9 taps (Fig. 3.21 of the thesis).",
    "fig_3_23_three_convolutions": "Three convolutions of 5, 7 and 9 taps, with a single signal in the last column "
    "(Fig. 3.23 of the thesis, according to which the third filter is redundant).",
}


class Look(NamedTuple):
    """A network layer by layer, and the smoothing shares of its filters."""

    rows: list[LayerRow]
    shares: dict[str, float]


class Rectified(NamedTuple):
    """Networks with or without ReLU: arrays [networks]."""

    l1: np.ndarray
    smoothing_share: np.ndarray  # of the first filter
    silent_before: np.ndarray  # share of zeros in the output of the last filter, at 21–40 and 61–80 with a jump at 50
    silent_after: np.ndarray
    cuts_high_level: np.ndarray  # whether the last filter has a negative sum and a positive bias
    gap: np.ndarray  # validation minus training loss at the best epoch


class Convolutions(NamedTuple):
    """Networks by figure, by the length of their filter [lengths, networks], and with and without ReLU."""

    looks: dict[str, Look]
    taps: np.ndarray
    share: np.ndarray
    l1: np.ndarray
    optimum: float
    rectified: dict[str, Rectified]


def measure(study) -> Convolutions:
    """Filters, averages by class, and errors of all networks with convolutions."""
    config, short = study.config, _of_length(study, 5)
    smoothest = lane(short.network, int(np.argmax(_first_shares(study, short))))
    one, two, three = (lane(study.thesis_fit(name).network, 0) for name in NETWORKS if name.startswith("CNN"))
    example = study.drawn(8, 1, positions=np.array([AT])).signals
    looks = (_look(study, one), _look(study, smoothest), _look(study, two), _look(study, three, example))
    lengths = [_of_length(study, taps) for taps in config.kernel_lengths]
    rectified = {}
    for name in (next(name for name in NETWORKS if name.startswith(f"CNN, {count} ")) for count in config.rectified):
        relu = study.thesis_fit(f"{name} with ReLU", partial(NETWORKS[name], activation=nnx.relu))
        rectified[f"{name}, linear"] = _rectified(study, study.thesis_fit(name))
        rectified[f"{name}, ReLU"] = _rectified(study, relu)
    return Convolutions(
        dict(zip(CAPTIONS, looks, strict=True)),
        np.array(config.kernel_lengths),
        np.array([_first_shares(study, fit) for fit in lengths], float),
        np.array([study.errors(study.predictions(fit.network)).l1 for fit in lengths], float),
        float(study.errors(study.posterior.mode).l1),
        rectified,
    )


def _of_length(study, taps):
    name = "CNN, 1 convolution" if taps == 7 else f"CNN, 1 convolution of {taps} taps"
    return study.thesis_fit(name, partial(networks.signal_cnn, taps=(taps,)))


def _look(study, network, example=None):
    rows, classes = study.balanced, len(POSITIONS)
    means = methods.averages.layer_averages(network.activations, rows.signals, rows.labels, classes=classes)
    single = {} if example is None else {name: layer[0] for name, layer in network.activations(example).items()}
    kernels = {name: getattr(network, name).kernel[...] for name in network.stage_names}
    units = {"dense": POSITIONS}
    return Look(
        [
            LayerRow(name, kernel, means[name].means, single.get(name), units.get(name, np.arange(1, 101)))
            for name, kernel in kernels.items()
        ],
        _shares(network),
    )


def _filters(network):
    return {name: getattr(network, name) for name in network.stage_names if name.startswith("conv")}


def _shares(network):
    return {name: methods.filters.smoothing_share(stage.kernel[...]) for name, stage in _filters(network).items()}


def _first_shares(study, fit):
    return np.array([_shares(lane(fit.network, seed))["conv1"] for seed in range(study.config.seeds)])


def _rectified(study, fit):
    signals, cuts, zeros = study.balanced.signals[np.asarray(study.balanced.positions) == AT], [], []
    for seed in range(study.config.seeds):
        network = lane(fit.network, seed)
        *_, last = _filters(network).values()
        cuts.append(float(last.kernel[...].sum()) < 0 < float(last.bias[...][0]))
        zeros.append(np.asarray(network.until(network.stage_names[-2])(signals)) == 0)
    best = fit.best_epoch - 1, np.arange(study.config.seeds)
    return Rectified(
        np.asarray(study.errors(study.predictions(fit.network)).l1),
        _first_shares(study, fit),
        np.array([zero[:, 20:40].mean() for zero in zeros]),
        np.array([zero[:, 60:80].mean() for zero in zeros]),
        np.array(cuts),
        fit.history.validation_loss[best] - fit.history.loss[best],
    )


def show(result: Convolutions, page) -> None:
    """Figures 3.18, 3.19, 3.21 and 3.23 of the thesis, the sweep of lengths, and networks with ReLU."""
    page.text(
        "These networks have one filter in each convolutional layer, followed by one dense layer. The output of a "
        "convolution is again a signal and can be shown as one. The smoothing share of a filter is the absolute value "
        "of the sum of its taps over the sum of their absolute values: 1 if all taps have the same sign, 0 for a pure "
        "difference."
    )
    for name, look in result.looks.items():
        shares = ", ".join(f"{float(share):.2f}" for share in look.shares.values())
        caption = f"{CAPTIONS[name]} Smoothing share of each filter: {shares}."
        page.figure(name, figures.layers.grid(look.rows, POSITIONS, AT), caption)
        page.metrics({name: {"smoothing_share": look.shares}})
        if name == "fig_3_19_short_filter" and len(result.taps):
            _show_lengths(result, page)
    if result.rectified:
        _show_rectified(result.rectified, page)


def _show_lengths(result, page):
    parts = zip(result.taps, (result.share < 0.5).mean(axis=1), strict=True)
    page.text(
        "According to the thesis a filter needs at least 7 taps to learn a derivative. Networks whose filter mainly "
        f"differentiates (smoothing share below one half): {', '.join(f'{part:.0%} at {n} taps' for n, part in parts)}."
    )
    curve = partial(figures.curves.against, result.taps, x_label="filter length (taps)")
    page.figure(
        "kernel_length_share",
        curve({"one convolution": result.share}, y_label="smoothing share"),
        "Smoothing share of the filter against its length; one dot per seed.",
    )
    labels = {"y_label": "mean |error| (samples)", "references": {"optimum": result.optimum}}
    page.figure(
        "kernel_length_error",
        curve({"one convolution": result.l1}, **labels),
        f"Error against the length of the filter. {advantage(result.share, result.l1)}",
    )
    page.metrics({"kernel_lengths": {"taps": result.taps, "smoothing_share": result.share, "l1": result.l1}})


def _show_rectified(rectified, page):
    page.finding(relu_in_words(rectified))
    cuts = sum(int(each.cuts_high_level.sum()) for name, each in rectified.items() if name.endswith("ReLU"))
    page.text(
        "The convolutional layers of the thesis are linear, although it does not state this. Here networks have a ReLU "
        f"after each filter. A last filter of negative sum and positive bias ({cuts} networks) lets the low level pass "
        "the ReLU, while the high level and its noise are set to zero, so that the end of the low level is free of "
        "noise for the dense layer. A filter that is a derivative loses one sign of its output by the ReLU."
    )
    rows = []
    for name, each in rectified.items():
        order, shown = np.argsort(each.l1), (*each[:4], each.gap)
        for seed in order if name.endswith("ReLU") else order[len(order) // 2 :][:1]:
            rows.append((name, *(f"{values[seed]:.2f}" for values in shown), "died" * bool(died(each.l1[seed]))))
    page.table(
        ("network", "L1", "smoothing share", "silent before", "silent after", "loss gap", ""),
        rows,
        "Networks with ReLU, all seeds; above them the corresponding linear network with the median error. L1: mean "
        "|error|. Smoothing share: of the first filter. Silent: share of exact zeros in the output of the last "
        "convolution, before and after a jump at 50 (positions 21–40 and 61–80). Loss gap: validation minus training "
        "loss at the best epoch.",
    )
    numbers = {name: {**each._asdict(), "died": int(died(each.l1).sum())} for name, each in rectified.items()}
    page.metrics({"rectified": numbers})


def advantage(share, l1) -> str:
    """Whether networks whose filter mainly differentiates have smaller errors."""
    smooth, differ = l1[share >= 0.5], l1[share < 0.5]
    if not len(smooth) or not len(differ):
        return f"All {l1.size} filters mainly {'differentiate' if len(differ) else 'smooth'}."
    verb = "is" if differ.mean() < smooth.mean() else "is not"
    return (
        f"A filter that mainly differentiates {verb} an advantage: the mean |error| is {differ.mean():.3f} "
        f"({len(differ)} networks), with a filter that mainly smooths {smooth.mean():.3f} ({len(smooth)})."
    )


def relu_in_words(rectified: dict[str, Rectified]) -> str:
    """The finding: the errors of networks with ReLU, by whether they are silent after the jump, and without one."""
    relu, linear = ([each for name, each in rectified.items() if name.endswith(end)] for end in ("ReLU", "linear"))
    l1, after = (np.concatenate([getattr(each, field) for each in relu]) for field in ("l1", "silent_after"))
    silent, dead = after > 0.95, died(l1)
    groups = {
        "suppressed the signal after the jump": silent & ~dead,
        "kept it": ~silent & ~dead,
        "learned nothing": dead,
    }
    each = [
        f"{chosen.sum()} {what} (mean |error| {_range(l1[chosen])})" for what, chosen in groups.items() if chosen.any()
    ]
    return (
        f"Of {len(l1)} convolutional networks with a ReLU after each filter, {', '.join(each)}; without a ReLU it is "
        f"{_range(np.concatenate([each.l1 for each in linear]))} samples."
    )


def _range(errors):
    least, most = f"{errors.min():.2f}", f"{errors.max():.2f}"
    return least if least == most else f"{least} to {most}"
