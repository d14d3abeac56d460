"""One-filter convolutions (thesis section 3.4), the influence of their length, and of a ReLU."""

from functools import partial

import numpy as np
from flax import nnx

from experiments.jumps import NETWORKS, POSITIONS, died
from experiments.study import lane
from interp_jax import figures, methods, networks

AT = 50
SHOWN = ("l1", "smoothing_share", "silent_before", "silent_after", "gap")


def write(study, section) -> None:
    """Figures 3.18, 3.19, 3.21 and 3.23 of the thesis, the sweep of lengths, and networks with ReLU."""
    section.text(
        "These networks have one filter in each convolutional layer, followed by one dense layer. The output of a "
        "convolution is again a signal and can be shown as one."
    )
    _look(study, section)
    _lengths(study, section)
    _rectified(study, section)


def _look(study, section):
    short = study.thesis_fit("CNN, 1 convolution of 5 taps", partial(networks.signal_cnn, taps=(5,)))
    smoothest = int(np.argmax(_first_filter_shares(study, short)))
    one, two, three = (study.thesis_fit(name) for name in NETWORKS if name.startswith("CNN"))
    look = partial(_look_at, study, section)
    look(
        "fig_3_18_one_convolution",
        lane(one.network, 0),
        "One convolution of 7 taps: the filter smooths and differentiates, its output has a peak or an edge at the "
        "jump, and the dense layer locates it (Fig. 3.18).",
    )
    look(
        "fig_3_19_short_filter",
        lane(short.network, smoothest),
        f"One convolution of 5 taps, with the largest smoothing share among {study.config.seeds} seeds. The thesis "
        "shows a filter whose taps all have the same sign, so that it only amplifies the step; the sweep below gives "
        "the frequency of such filters (Fig. 3.19).",
    )
    look(
        "fig_3_21_two_convolutions",
        lane(two.network, 0),
        "Two convolutions of 5 and 9 taps: the effect of each filter on the step, layer by layer (Fig. 3.21).",
    )
    look(
        "fig_3_23_three_convolutions",
        lane(three.network, 0),
        "Three convolutions of 5, 7 and 9 taps, with a single signal in the last column. According to the thesis the "
        "third filter is redundant (Fig. 3.23).",
        example=study.drawn(8, 1, positions=np.array([AT])).signals,
    )


def _look_at(study, section, figure, network, caption, example=None):
    means = methods.averages.layer_averages(
        network.activations, study.balanced.signals, study.balanced.labels, classes=len(POSITIONS)
    )
    single = {} if example is None else {name: layer[0] for name, layer in network.activations(example).items()}
    rows = [
        figures.layers.LayerRow(
            name,
            getattr(network, name).kernel[...],
            means[name].means,
            single.get(name),
            POSITIONS if name == "dense" else np.arange(1, 101),
        )
        for name in network.stage_names
    ]
    section.figure(figure, figures.layers.grid(rows, POSITIONS, AT), caption)
    section.metrics({figure: {"smoothing_share": _shares(network)}})


def _filters(network):
    return {name: getattr(network, name) for name in network.stage_names if name.startswith("conv")}


def _shares(network):
    return {name: methods.filters.smoothing_share(stage.kernel[...]) for name, stage in _filters(network).items()}


def _first_filter_shares(study, fit):
    return np.array([_shares(lane(fit.network, seed))["conv1"] for seed in range(study.config.seeds)])


def _lengths(study, section):
    lengths, seeds = np.array(study.config.kernel_lengths), study.config.seeds
    share, l1 = np.empty((2, len(lengths), seeds))
    for index, taps in enumerate(lengths):
        name = "CNN, 1 convolution" if taps == 7 else f"CNN, 1 convolution of {taps} taps"
        fit = study.thesis_fit(name, partial(networks.signal_cnn, taps=(int(taps),)))
        share[index] = _first_filter_shares(study, fit)
        l1[index] = study.errors(study.predictions(fit.network)).l1
    mixed = (share < 0.5).mean(axis=1)
    section.text(
        "According to the thesis a filter needs at least 7 taps to learn a derivative. The smoothing share of a filter "
        "is the absolute value of the sum of its taps over the sum of their absolute values: 1 if all taps have the "
        "same sign, 0 for a pure difference. The share of networks whose filter mainly differentiates (smoothing share "
        "below one half) is "
        + ", ".join(f"{part:.0%} at {taps} taps" for taps, part in zip(lengths, mixed, strict=True))
        + f", with {seeds} seeds each."
    )
    section.figure(
        "kernel_length_share",
        figures.curves.against(lengths, {"one convolution": share}, "filter length (taps)", "smoothing share"),
        "Smoothing share of the filter against its length: 1 for pure smoothing, 0 for a pure derivative; one dot per "
        "seed.",
    )
    section.figure(
        "kernel_length_error",
        figures.curves.against(
            lengths,
            {"one convolution": l1},
            "filter length (taps)",
            "mean |error| (samples)",
            references={"optimum": float(study.errors(study.posterior.mode).l1)},
        ),
        "Error against the length of the filter. Networks whose filter mainly smooths have a mean |error| of "
        f"{_mean(l1[share >= 0.5])}, those whose filter mainly differentiates {_mean(l1[share < 0.5])}. The dense "
        "layer can differentiate too, so that a derivative in the filter is not an advantage in itself.",
    )
    section.metrics({"kernel_lengths": {"taps": lengths, "smoothing_share": share, "l1": l1}})


def _mean(values):
    return f"{values.mean():.3f} ({len(values)} networks)" if len(values) else "– (no network)"


def _rectified(study, section):
    rows, metrics = [], {}
    for count in study.config.rectified:
        name = next(name for name in NETWORKS if name.startswith(f"CNN, {count} "))
        rectified = partial(NETWORKS[name], activation=nnx.relu)
        fits = {"linear": study.thesis_fit(name), "ReLU": study.thesis_fit(f"{name} with ReLU", rectified)}
        for kind, fit in fits.items():
            result = _rectified_result(study, fit)
            metrics[f"{name}, {kind}"] = {**result, "died": int(died(result["l1"]).sum())}
            order = np.argsort(result["l1"])
            rows += [
                (f"{name}, {kind}", *(f"{result[measure][seed]:.2f}" for measure in SHOWN), _verdict(result, seed))
                for seed in (order if kind == "ReLU" else order[len(order) // 2 :][:1])
            ]
    section.text(
        "The convolutional layers of the thesis are linear, although it does not state this. With a ReLU after each "
        "filter the result depends strongly on the seed. A network that has died is silent nearly everywhere and "
        f"receives no gradient. Of the others, {_described(metrics, True)}; {_described(metrics, False)}. If the last "
        "filter has a negative sum and a positive bias, the low level passes the ReLU, while the high level and its "
        "noise are set to zero, so that the end of the low level is free of noise for the dense layer. A filter that "
        "is a derivative loses information by the ReLU, which removes one sign of its output."
    )
    section.table(
        ("network", "L1", "smoothing share", "silent before the jump", "silent after it", "loss gap", ""),
        rows,
        "Networks with ReLU, all seeds; above them the corresponding linear network with the median error.",
        note="Smoothing share: of the first filter. Silent: share of exact zeros in the output of the last convolution "
        "for jumps at 50, at positions 21–40 and 61–80. Loss gap: validation minus training loss at the best epoch.",
    )
    section.metrics({"rectified": metrics})


def _described(metrics, silent):
    results = [result for name, result in metrics.items() if name.endswith("ReLU")]
    l1, after, cuts = (
        np.concatenate([result[measure] for result in results]) for measure in ("l1", "silent_after", "cuts_high_level")
    )
    chosen = ~died(l1) & ((after > 0.95) == silent)
    what = "are silent after the jump (zero at more than 95 % of the positions)" if silent else "are not"
    if not chosen.any():
        return f"none {what}"
    errors = f"L1 {l1[chosen].min():.2f} to {l1[chosen].max():.2f}"
    return f"{chosen.sum()} {what} ({errors}; last filter of negative sum and positive bias: {cuts[chosen].sum()})"


def _verdict(result, seed):
    return "died" if died(result["l1"][seed]) else ""


def _rectified_result(study, fit):
    signals = study.balanced.signals[np.asarray(study.balanced.positions) == AT]
    before, after, cuts = [], [], []
    for seed in range(study.config.seeds):
        network = lane(fit.network, seed)
        *_, last = _filters(network).values()
        cuts.append(float(last.kernel[...].sum()) < 0 < float(last.bias[...][0]))
        zero = np.asarray(network.until(network.stage_names[-2])(signals)) == 0
        before.append(zero[:, 20:40].mean())
        after.append(zero[:, 60:80].mean())
    seeds = np.arange(study.config.seeds)
    best = fit.best_epoch - 1
    return {
        "l1": np.asarray(study.errors(study.predictions(fit.network)).l1),
        "smoothing_share": _first_filter_shares(study, fit),
        "silent_before": np.array(before),
        "silent_after": np.array(after),
        "cuts_high_level": np.array(cuts),
        "gap": fit.history.validation_loss[best, seeds] - fit.history.loss[best, seeds],
    }
