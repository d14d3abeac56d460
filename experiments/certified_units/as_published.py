"""The paper's objective with its relaxed gates as published, for many costs, penalties, sharpnesses and optimizers."""

from itertools import product
from typing import NamedTuple

import jax
import numpy as np
import optax

from interp_jax import figures
from interp_jax.methods import core_units

NEARLY = 0.9  # the share of the units from which on a set is nearly all: some units of a layer may be always 0
OPTIMIZERS = {"Adam": optax.adam(0.01), "plain descent": optax.sgd(0.1)}


class AsPublished(NamedTuple):
    """Units and holding rates by layer, [optimizers, sharpnesses, λ, α, classes], of the first network."""

    optimizers: list[str]
    sharpness: list[float]
    penalties: list[float]
    alphas: list[float]
    units: dict[str, np.ndarray]
    holding: dict[str, np.ndarray]
    of: dict[str, int]
    required: float


def measure(study) -> AsPublished:
    """The gates' own sets, without any search, for every setting and class."""
    config, units, holding, of = study.config, {}, {}, {}
    grid = [*product(OPTIMIZERS, config.published_sharpness, config.published_penalties)]
    shape = len(OPTIMIZERS), len(config.published_sharpness), len(config.published_penalties)
    for layer in config.layers:
        rows = [_sets(study, layer, *setting) for setting in study.counted(f"objective as published, {layer}", grid)]
        units[layer], holding[layer] = (
            np.stack(each).reshape(*shape, *each[0].shape) for each in zip(*rows, strict=True)
        )
        of[layer] = study.shape(layer)[-1]
    settings = config.published_sharpness, config.published_penalties, config.published_alphas
    return AsPublished([*OPTIMIZERS], *map(list, settings), units, holding, of, config.holding)


def _sets(study, layer, optimizer, sharpness, penalty):
    """Units and holding rates [alphas, classes] of one setting."""

    def compute():
        options = {"kind": "relaxed", "repeats": 1, "sharpness": sharpness, "penalty": penalty}
        options |= {"alphas": study.config.published_alphas, "optimizer": OPTIMIZERS[optimizer]}
        options |= {"steps": study.config.published_steps, "minibatch_size": study.config.minibatch_size}
        options["key"] = jax.random.fold_in(study.key(4), 0)
        swept = core_units.sweep(study.tail(0, layer), *study.parts(0, layer)["search"], range(10), **options)
        return [swept.units[..., 0].T, swept.holding_rate[..., 0].T]

    return study.cached(f"as published {layer} {optimizer} {sharpness:g} {penalty:g}", compute)


def outcomes(units: np.ndarray, holding: np.ndarray, of: int, required: float) -> dict[str, np.ndarray]:
    """What became of each set, as masks: no unit, nearly all, or a selection with or without the required rate."""
    most, enough = units >= NEARLY * of, holding >= required - 1e-6
    some = (units > 0) & ~most
    return {"none": units == 0, "nearly all": most, "selected": some & enough, "too few": some & ~enough}


def show(result: AsPublished, page) -> None:
    """A table of all settings, and the rates over costs and penalties."""
    page.text(
        "The objective as published: squared loss of the center-based classifier, α for every open gate, λ for gates "
        "that are neither open nor closed, gates b = σ(w·x) that are rounded after training, and no search. Of the "
        f"classes, the table counts those for which the gates close everything (none), keep at least {NEARLY:.0%} of "
        f"the units (nearly all), select units that hold {required(result)} of the decisions of the search's rows "
        "(selected), or select units that do not (too few); the paper gives none of these settings."
    )
    page.finding(sentence(result))
    metrics = {}
    for layer, units in result.units.items():
        holding, rows = result.holding[layer], []
        counts = outcomes(units, holding, result.of[layer], result.required)
        for optimizer, sharpness, penalty in np.ndindex(units.shape[:3]):
            at = optimizer, sharpness, penalty
            setting = result.optimizers[optimizer], f"{result.sharpness[sharpness]:g}", f"{result.penalties[penalty]:g}"
            cells = (
                _in_words({name: each[at][alpha] for name, each in counts.items()})
                for alpha in range(len(result.alphas))
            )
            rows.append((*setting, *cells))
        header = "optimizer", "w", "λ", *(f"α = {alpha:g}" for alpha in result.alphas)
        page.table(
            header,
            rows,
            f"Layer {layer}, {result.of[layer]} feature maps, one network: classes of {units.shape[-1]} by outcome.",
        )
        series = {
            f"{optimizer}, w = {sharpness:g}": holding[first, second].mean(axis=(0, 2))
            for first, optimizer in enumerate(result.optimizers)
            for second, sharpness in enumerate(result.sharpness)
        }
        lines = figures.curves.against(np.log10(result.alphas), series, "log₁₀ α", "holding rate")
        page.figure(
            f"as_published_{layer}", lines, f"Layer {layer}: holding rate, mean over classes and λ; 0.5 is chance."
        )
        metrics[layer] = {name: each.mean(axis=-1) for name, each in counts.items()}
        metrics[layer] |= {"units": units.mean(axis=-1), "holding": holding.mean(axis=-1)}
    grid = {name: getattr(result, name) for name in ("optimizers", "sharpness", "penalties", "alphas")}
    page.metrics({**grid, "layers": metrics})


def required(result: AsPublished) -> str:
    """The required holding rate in percent, without decimals that are 0."""
    return f"{result.required:.1%}".replace(".0%", "%")


def _in_words(of_classes: dict[str, np.ndarray]) -> str:
    return ", ".join(f"{each.sum()} {name}" for name, each in of_classes.items() if each.any())


def sentence(result: AsPublished) -> str:
    """The finding: how often the objective selects, and what it needs where it works best."""
    words = []
    for layer, units in result.units.items():
        holding = result.holding[layer]
        counts = outcomes(units, holding, result.of[layer], result.required)
        whole = counts["selected"].all(axis=-1)
        best = (
            f"for all classes in {whole.sum()} of {whole.size} settings, with {units.mean(axis=-1)[whole].min():.1f} "
            "units in the best of them, chosen with these numbers in view"
            if whole.any()
            else "no setting succeeds for all classes"
        )
        words.append(
            f"{counts['selected'].mean():.0%} of settings and classes in layer {layer} (in "
            f"{counts['none'].mean():.0%} it closes all gates, in {counts['nearly all'].mean():.0%} it keeps at least "
            f"{NEARLY:.0%} of the units, in {counts['too few'].mean():.0%} it selects units that hold less; {best})"
        )
    return (
        f"The objective as published, without a search, selects units that hold {required(result)} of the decisions "
        f"for {' and '.join(words)}."
    )
