"""A network that reaches the optimum, its filters, and the causes of the remaining error of other networks."""

from typing import NamedTuple

import jax
import numpy as np

from experiments.jump_detection.architectures import NEAR
from experiments.jumps import FIRST, NETWORKS
from experiments.study import mean_and_spread
from interp_jax import figures, methods

ONE_LAYER = "1-layer perceptron"
SHOWN = (21, 35, 50, 65, 80)


class Optimum(NamedTuple):
    """The mean |error| of the optimum and of networks [networks] of one layer, and the weights of both."""

    optimum: float
    fresh: np.ndarray  # trained on fresh signals, with Adam
    plain: np.ndarray  # trained on fresh signals, with descent as in the thesis
    sizes: dict[int, np.ndarray]  # trained on so many signals
    own: int  # the number of signals of the other sections
    filters: dict[str, np.ndarray]  # [100, classes shown], without the mean over the classes
    agreement: dict[str, np.ndarray]  # by weights, correlation with those of the optimum [networks]


def measure(study) -> Optimum:
    """Errors, filters and agreement with the optimum of 1-layer networks trained on fresh and on given signals."""
    config, optimum, own = study.config, study.optimal_weights.weights, study.thesis_fit(ONE_LAYER)
    name, options = f"{ONE_LAYER} on fresh signals", {"steps_per_call": 500}
    fresh = study.fresh_fit(name, config.fresh_batch, config.fresh_steps, **options)
    same_steps = config.epochs * config.train_signals // 100
    plain = study.fresh_fit(f"{name}, plain descent", 100, same_steps, study.descent, **options)
    kernels = {"fresh signals": fresh.network.dense1.kernel[...], "thesis-style": own.network.dense1.kernel[...]}
    weights = {"optimum": optimum, **{name: stack[0] for name, stack in kernels.items()}}
    return Optimum(
        study.errors(study.posterior.mode).l1,
        study.fit_errors(fresh).l1,
        study.fit_errors(plain).l1,
        _sizes(study),
        config.train_signals,
        {name: methods.filters.center_classes(kernel)[:, np.array(SHOWN) - FIRST] for name, kernel in weights.items()},
        {
            name: np.array([methods.filters.agreement(kernel, optimum) for kernel in stack])
            for name, stack in (kernels | _control_kernels(study, int(np.max(own.best_epoch)))).items()
        },
    )


def _control_kernels(study, epochs):
    """The kernels of networks that have not learned the task."""
    shuffled = study.train.signals, jax.random.permutation(study.key(9), study.train.labels)
    options = {"seeds": study.config.seeds, "epochs": epochs}
    memorized = study.fitted(f"{ONE_LAYER} on shuffled labels", NETWORKS[ONE_LAYER], shuffled, **options)
    untrained, _ = study.stacked(NETWORKS[ONE_LAYER], study.config.seeds)
    return {"untrained": untrained.dense1.kernel[...], "shuffled labels": memorized.network.dense1.kernel[...]}


def _sizes(study):
    """Errors after trainings with the same number of steps on every number of signals."""
    config, errors, own = study.config, {}, study.config.train_signals
    sizes = sorted({*config.sample_sizes, own})
    largest = study.drawn(1, sizes[-1])
    for size in sizes:
        name = ONE_LAYER if size == own else f"{ONE_LAYER} on {size} signals"
        rows = largest.signals[:size], largest.labels[:size]
        epochs, patience = max(1, config.epochs * own // size), max(3, config.patience * own // size)
        fit = study.thesis_fit(name, NETWORKS[ONE_LAYER], rows, epochs=epochs, patience=patience)
        errors[size] = study.fit_errors(fit).l1
    return errors


def show(result: Optimum, page) -> None:
    """The network trained on fresh signals, sanity controls, and an analysis of the remaining error."""
    page.text(
        "The optimum is a network of one layer with the right weights. To separate what the layer can compute from "
        "what its training finds, it is also trained on fresh signals at every step, which it cannot memorize."
    )
    page.finding(reaches(result))
    jumps, filters = {f"jump at {at}": at for at in SHOWN}, result.filters.items()
    rows = {title: {name: columns[:, place] for name, columns in filters} for place, title in enumerate(jumps)}
    gallery = figures.filters.gallery(np.arange(1, 101), rows, jumps=jumps, y_label="weight, class mean removed")
    page.figure("filters_over_optimum", gallery, f"Filters of five classes; thesis-style: on {result.own:,} signals.")
    page.finding(controls(result.agreement))
    errors = {f"on {size:,} signals": l1 for size, l1 in result.sizes.items()}
    errors["on fresh signals, descent as in the thesis"] = result.plain
    errors["on fresh signals, Adam and larger batches"] = result.fresh
    errors["optimum (mode)"] = result.optimum
    page.table(
        ("training", "L1"),
        [(name, mean_and_spread(l1)) for name, l1 in errors.items()],
        "Networks of one layer: mean |error| on test signals in samples, after equal numbers of steps but for Adam.",
    )
    page.metrics({"fresh": {"l1": result.fresh}, "agreement": result.agreement, "trainings": errors})


def reaches(result: Optimum) -> str:
    """The finding: how near a single layer comes to the optimum, trained as in the thesis and on fresh signals."""
    errors = (result.sizes[result.own], result.fresh, result.optimum)
    few, fresh, optimum = (round(float(np.mean(l1)), 3) for l1 in errors)  # as printed
    verdict = "what keeps it from the optimum is its training, not its size"
    if fresh > NEAR * optimum:
        verdict = "neither reaches the optimum"
    elif few <= NEAR * optimum:
        verdict = "both reach the optimum"
    return (
        f"A network of one layer misses the jump by {few:.3f} samples after training on {result.own:,} signals, "
        f"{few / optimum - 1:.0%} more than the optimum ({optimum:.3f}), and by {fresh:.3f} after training on fresh "
        f"signals at every step, {fresh / optimum - 1:.0%} more: {verdict}."
    )


def controls(agreement: dict[str, np.ndarray]) -> str:
    """The finding: whether only trained weights agree with the optimum."""
    fresh, few, untrained, shuffled = (round(float(np.mean(each)), 2) + 0.0 for each in agreement.values())
    sign = "a sign" if min(fresh, few) > 0.1 > max(abs(untrained), abs(shuffled)) else "no sign"
    return (
        f"Agreement with the optimal weights is {sign} of learning: correlation {fresh:.2f} after training on fresh "
        f"signals, {few:.2f} after training as in the thesis, {untrained:.2f} before training, {shuffled:.2f} with "
        "shuffled labels."
    )
