"""A network that reaches the optimum, its filters, and the causes of the remaining error of other networks."""

from functools import partial
from typing import NamedTuple

import jax
import numpy as np
import optax

from experiments.jumps import FIRST, NETWORKS, POSITIONS, by_position
from experiments.study import mean_and_spread
from interp_jax import data, figures, methods
from interp_jax.kernels.location_errors import LocationErrors
from interp_jax.methods.filters import Profile

ONE_LAYER = "1-layer perceptron"
SHOWN = (21, 35, 50, 65, 80)
NEAR = 1.05  # up to 5 % above the optimum counts as reaching it


class Training(NamedTuple):
    """The mean |error| [networks] of networks trained alike, and their steps, up to the best epoch if there is one."""

    l1: np.ndarray
    steps: np.ndarray | int


class Optimum(NamedTuple):
    """Networks of one layer, on fresh signals and on given ones, and the optimum."""

    batch: int  # fresh signals in a step
    best: dict[str, LocationErrors]  # by estimate, of the optimum
    fresh: dict[str, LocationErrors]  # by estimate [networks]
    filters: dict[str, np.ndarray]  # [100, classes shown], without the mean over the classes
    profiles: dict[str, Profile]
    sanity: dict[str, dict[str, np.ndarray]]  # by weights, correlations with those of the optimum [networks]
    sizes: dict[int, Training]
    own: int  # the size of the thesis
    plain: Training
    adam: Training
    best_epoch: np.ndarray  # [networks], trained as in the thesis
    epochs: int
    by_position: dict[str, np.ndarray]  # by detector [positions]


def measure(study) -> Optimum:
    """Errors, filters and agreement with the optimum of 1-layer networks trained on fresh and on given signals."""
    config, optimum, own = study.config, study.optimal_weights.weights, study.thesis_fit(ONE_LAYER)
    adam = optax.adam(optax.cosine_decay_schedule(0.03, config.fresh_steps))
    fresh = _on_fresh(study, "", config.fresh_batch, config.fresh_steps, optimizer=adam)
    plain_steps = config.epochs * config.train_signals // 100
    plain = _on_fresh(study, ", plain descent", 100, plain_steps, optimizer=study.descent)
    errors = {name: study.errors(study.predictions(fresh.network, name)) for name in ("mode", "median")}
    kernels = {"fresh signals": fresh.network.dense1.kernel[...], "thesis-style": own.network.dense1.kernel[...]}
    weights = {"optimum": optimum, **{name: stack[0] for name, stack in kernels.items()}}
    centered = {name: np.asarray(methods.filters.center_classes(kernel)) for name, kernel in weights.items()}
    fits = {"4-layer perceptron": study.thesis_fit("4-layer perceptron"), ONE_LAYER: own, "fresh signals": fresh}
    predicted = {name: study.predictions(fit.network)[0] for name, fit in fits.items()}
    predicted = {"Gaussian derivative": study.derivative_positions, **predicted, "optimum": study.posterior.mode}
    return Optimum(
        config.fresh_batch,
        {name: study.errors(getattr(study.posterior, name)) for name in errors},
        errors,
        {name: kernel[:, np.array(SHOWN) - FIRST] for name, kernel in centered.items()},
        {name: methods.filters.jump_profile(kernel) for name, kernel in weights.items()},
        _sanity(study, optimum, kernels, int(np.max(own.best_epoch))),
        _sizes(study),
        config.train_signals,
        Training(study.errors(study.predictions(plain.network)).l1, plain_steps),
        Training(errors["mode"].l1, config.fresh_steps),
        own.best_epoch,
        len(own.history.loss),
        {name: by_position(positions, study.test.positions) for name, positions in predicted.items()},
    )


def _on_fresh(study, name, batch, steps, **options):
    sample = partial(_draw, batch=batch, noise=study.config.noise, jump=study.config.jump)
    options |= {"seeds": study.config.seeds, "steps": steps, "steps_per_call": 500}
    return study.fitted_fresh(f"{ONE_LAYER} on fresh signals{name}", NETWORKS[ONE_LAYER], sample, **options)


def _draw(key, batch, noise, jump):
    drawn = data.sample_jump_signals(key, batch, noise, jump)
    return drawn.signals, drawn.labels


def _sanity(study, optimum, kernels, epochs):
    shuffled = study.train.signals, jax.random.permutation(study.key(9), study.train.labels)
    options = {"seeds": study.config.seeds, "epochs": epochs}
    memorized = study.fitted(f"{ONE_LAYER} on shuffled labels", NETWORKS[ONE_LAYER], shuffled, **options)
    untrained, _ = study.stacked(NETWORKS[ONE_LAYER], study.config.seeds)
    noise = jax.random.normal(study.key(10), (optimum.shape[0], 1))
    kernels |= {"untrained": untrained.dense1.kernel[...], "shuffled labels": memorized.network.dense1.kernel[...]}
    kernels["planted: optimum plus a vector for all classes"] = (optimum + 10 * noise)[None]
    return {
        name: {
            "raw": np.array([np.corrcoef(np.ravel(kernel), np.ravel(optimum))[0, 1] for kernel in stack]),
            "agreement": np.array([methods.filters.agreement(kernel, optimum) for kernel in stack]),
        }
        for name, stack in kernels.items()
    }


def _sizes(study):
    """Trainings with the same number of steps on every number of signals."""
    own, sizes, trainings = study.config.train_signals, {*study.config.sample_sizes, study.config.train_signals}, {}
    largest = study.drawn(1, max(sizes))
    for size in sorted(sizes):
        fit = study.thesis_fit(
            ONE_LAYER if size == own else f"{ONE_LAYER} on {size} signals",
            NETWORKS[ONE_LAYER],
            rows=(largest.signals[:size], largest.labels[:size]),
            epochs=max(1, study.config.epochs * own // size),
            patience=max(3, study.config.patience * own // size),
        )
        trainings[size] = Training(study.errors(study.predictions(fit.network)).l1, fit.best_epoch * (size // 100))
    return trainings


def show(result: Optimum, page) -> None:
    """The network trained on fresh signals, sanity controls, and an analysis of the remaining error."""
    page.finding(reaches(result))
    page.text(
        "The optimum is a softmax over weighted sums of the samples, so that one layer of weights can represent it. "
        f"Here such a network is trained on {result.batch} fresh signals in each of {result.adam.steps:,} steps, with "
        "Adam. Its prediction is the mode of its distribution, the most probable position, or the median, which "
        "minimizes the expected |error|."
    )
    ratios = {name: ours.l1 / float(result.best[name].l1) for name, ours in result.fresh.items()}
    spread = {name: (mean_and_spread(result.fresh[name].l1, 4), mean_and_spread(ratios[name])) for name in ratios}
    page.table(
        ("estimate", "optimum", "network", "ratio"),
        [(name, f"{float(best.l1):.4f}", *spread[name]) for name, best in result.best.items()],
        "Mean |error| in samples of the optimum and of the networks (mean ± standard deviation over seeds).",
    )
    fresh = {"l1": result.adam.l1, "l1_over_optimum": ratios, "mean_l1_over_optimum_mode": ratios["mode"].mean()}
    page.metrics({"fresh": fresh, "sanity": result.sanity})
    _show_filters(result, page)
    page.finding(controls(result.sanity))
    page.table(
        ("weights", "raw correlation", "agreement (class mean removed)"),
        [(name, *(mean_and_spread(values) for values in each.values())) for name, each in result.sanity.items()],
        "Correlation of one-layer weights with those of the optimum, mean ± standard deviation over seeds. It should "
        "be zero for networks that have not learned the task, and one for planted weights, the optimum's plus the same "
        "vector for all classes.",
    )
    _show_causes(result, page)


def _show_filters(result, page):
    jumps, filters = {f"jump at {at}": at for at in SHOWN}, result.filters.items()
    rows = {title: {name: columns[:, place] for name, columns in filters} for place, title in enumerate(jumps)}
    page.figure(
        "filters_over_optimum",
        figures.filters.gallery(np.arange(1, 101), rows, jumps=jumps, y_label="weight, class mean removed"),
        "Filters of five classes. The softmax is invariant to a vector added to the weights of all classes, so that "
        "the mean over the classes is subtracted. The optimum is then a saw-tooth: samples after the jump increase the "
        "score, samples before it decrease the score.",
    )
    profiles = {name: profile.mean for name, profile in result.profiles.items()}
    labels = {"x_label": "offset from the jump (samples)", "y_label": "weight, averaged over the classes", "zero": 0}
    page.figure(
        "filter_profile",
        figures.filters.profiles(result.profiles["optimum"].offsets, profiles, **labels),
        "The same filters, aligned at the jump and averaged over the 60 classes.",
    )


def _show_causes(result, page):
    optimum, (plain, adam) = float(result.best["mode"].l1), (result.plain, result.adam)
    streams = {"plain descent": plain, f"Adam, batch {result.batch}": adam}
    streams = {f"fresh signals every step, {name}": each for name, each in streams.items()}
    named = {f"{size:,} signals, plain descent": each for size, each in result.sizes.items()} | streams
    rows = [(name, mean_and_spread(each.l1), f"{int(np.mean(each.steps)):,}") for name, each in named.items()]
    few, slow, best = (float(np.mean(each.l1)) - optimum for each in (result.sizes[result.own], plain, adam))
    page.text(
        f"The network trained as in the thesis is {few:.3f} samples above the optimum. Fresh signals at every step "
        f"change this by {slow - few:+.3f}, Adam with a decaying rate and larger batches by {best - slow:+.3f}; "
        f"{best:.3f} remains. Its validation loss is smallest after {np.mean(result.best_epoch):.0f} of "
        f"{result.epochs} epochs."
    )
    page.table(
        ("1-layer network trained on", "L1", "steps"),
        [*rows, ("optimum (mode of the posterior)", f"{optimum:.3f}", None)],
        "Mean |error| (L1) in samples, mean ± standard deviation over seeds, and steps to the best epoch.",
    )
    sizes, l1 = np.array(list(result.sizes)), {ONE_LAYER: np.stack([each.l1 for each in result.sizes.values()])}
    lines = {"optimum": optimum, "fresh signals, plain descent": float(np.mean(plain.l1))}
    page.figure(
        "training_set_size",
        figures.curves.against(sizes, l1, "training signals", "mean |error| (samples)", lines, log_x=True),
        "Error against the size of the training set; dashed, the error with fresh signals after the same number of "
        "steps, and that of the optimum.",
    )
    outer = np.minimum(POSITIONS - POSITIONS[0], POSITIONS[-1] - POSITIONS) < 5
    parts = {"outer_five_positions": outer, "others": ~outer}
    ends = {
        name: {part: curve[where].mean() for part, where in parts.items()} for name, curve in result.by_position.items()
    }
    page.figure(
        "error_by_position",
        figures.comparison.by_position(POSITIONS, result.by_position),
        f"Mean |error| by true position; of the {ONE_LAYER} {ends[ONE_LAYER]['outer_five_positions']:.3f} samples at "
        f"the five positions at either end, {ends[ONE_LAYER]['others']:.3f} at the others.",
    )
    lost = {f"{size}": {"l1": each.l1, "steps_of_best_epoch": each.steps} for size, each in result.sizes.items()}
    lost |= {name: each._asdict() for name, each in streams.items()}
    page.metrics({"lost_accuracy": lost | {"by_position": ends, "optimum_mode_l1": optimum}})


def reaches(result: Optimum) -> str:
    """The finding: how near a single layer comes to the optimum, trained as in the thesis and on fresh signals."""
    optimum = float(result.best["mode"].l1)
    few, fresh = (float(np.mean(each.l1)) for each in (result.sizes[result.own], result.adam))
    verdict = "what keeps it from the optimum is its training, not its size"
    if fresh > NEAR * optimum:
        verdict = "neither reaches the optimum"
    elif few <= NEAR * optimum:
        verdict = "both reach the optimum"
    return (
        f"A network of one layer misses the jump by {few:.3f} samples after training on {result.own:,} signals, "
        f"{few / optimum - 1:.0%} more than the optimum, and by {fresh:.3f} after training on fresh signals at every "
        f"step, {fresh / optimum - 1:.1%} more: {verdict}."
    )


def controls(sanity: dict[str, dict[str, np.ndarray]]) -> str:
    """The finding: whether only trained weights agree with the optimum."""
    fresh, few, untrained, shuffled = [float(np.mean(each["agreement"])) for each in sanity.values()][:4]
    sign = "a sign" if min(fresh, few) > 0.1 > max(abs(untrained), abs(shuffled)) else "no sign"
    return (
        f"Agreement with the optimal weights is {sign} of learning: correlation {fresh:.2f} after training on fresh "
        f"signals, {few:.2f} as in the thesis, {untrained:.2f} before training, {shuffled:.2f} with shuffled labels."
    )
