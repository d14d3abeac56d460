"""What one-filter convolutions learn (thesis section 3.4), at which length, and what a ReLU changes."""

from functools import partial

import numpy as np
from flax import nnx

from experiments.jump_detection.jump_study import NETWORKS, POSITIONS, died
from experiments.study import lane
from interp_jax import figures, methods, networks

AT = 50
SHOWN = ("l1", "smoothing_share", "silent_before", "silent_after", "gap")


def write(study, section) -> None:
    """Figures 3.18, 3.19, 3.21 and 3.23, the sweep of lengths, and ReLU after the filters."""
    section.text(
        "These networks have one filter a layer and one dense layer after them. The filter slides over the signal, so "
        "its output is again a signal and can be looked at as one."
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
        "jump, and the dense layer picks up where (Fig. 3.18).",
    )
    look(
        "fig_3_19_short_filter",
        lane(short.network, smoothest),
        f"One convolution of 5 taps, the one of {study.config.seeds} seeds whose filter smooths most. The thesis shows "
        "one whose taps all have one sign, so that it only enlarges the step; the sweep below says how often that "
        "happens (Fig. 3.19).",
    )
    look(
        "fig_3_21_two_convolutions",
        lane(two.network, 0),
        "Two convolutions of 5 and 9 taps: what each filter does to the step, layer by layer (Fig. 3.21).",
    )
    look(
        "fig_3_23_three_convolutions",
        lane(three.network, 0),
        "Three convolutions of 5, 7 and 9 taps, with a single signal in the last column. The thesis finds the third "
        "filter redundant (Fig. 3.23).",
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
        "The thesis says a filter must have at least 7 taps to learn a derivative. Here a filter's smoothing share is "
        "the absolute sum of its taps over the sum of their absolute values: 1 when all taps have one sign, 0 for a "
        "pure difference. The share of networks whose filter differentiates more than it smooths (share below one "
        "half) is "
        + ", ".join(f"{part:.0%} at {taps} taps" for taps, part in zip(lengths, mixed, strict=True))
        + f", with {seeds} seeds each."
    )
    section.figure(
        "kernel_length_share",
        figures.curves.against(lengths, {"one convolution": share}, "filter length (taps)", "smoothing share"),
        "What the filter has become, against its length: 1 is pure smoothing, 0 a pure derivative; one dot a seed.",
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
        "And how well the network does with it: networks whose filter mostly smooths have a mean |error| of "
        f"{_mean(l1[share >= 0.5])}, those whose filter mostly differentiates {_mean(l1[share < 0.5])}. The dense "
        "layer can differentiate as well, so a derivative in the filter is no advantage by itself.",
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
        "The thesis' convolutional layers are linear, although that is not said. With a ReLU after each filter the "
        "same networks become a gamble. One that dies is silent nearly everywhere and has nothing to learn from. Of "
        f"those alive here, {_described(metrics, True)}; {_described(metrics, False)}. Where the last filter has a "
        "negative sum and a positive bias, the low level passes the ReLU and the high one is pushed below zero and cut "
        "off with all its noise, so that the dense layer sees a clean end of the low level. A filter that is a "
        "derivative loses by the ReLU, which keeps only one side of what it says."
    )
    section.table(
        ("network", "L1", "smoothing share", "silent before the jump", "silent after it", "loss gap", ""),
        rows,
        "Filters followed by ReLU, every seed; above them the linear twin of median error.",
        note="Smoothing share: of the first filter. Silent: share of exact zeros in the last convolution's output for "
        "jumps at 50, at positions 21–40 and 61–80. Loss gap: validation minus training loss at the best epoch.",
    )
    section.metrics({"rectified": metrics})


def _described(metrics, silent):
    results = [result for name, result in metrics.items() if name.endswith("ReLU")]
    l1, after, cuts = (
        np.concatenate([result[measure] for result in results]) for measure in ("l1", "silent_after", "cuts_high_level")
    )
    chosen = ~died(l1) & ((after > 0.95) == silent)
    what = "fall silent after the jump (zero at more than 95 % of the positions)" if silent else "do not"
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
