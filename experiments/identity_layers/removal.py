"""Deletion and insertion curves: whether contribution maps rank pixels by their importance for the prediction."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import bootstrap

from experiments.identity_layers.layers_study import IDENTITY, NAMES, SHUFFLED, contributions
from interp_jax import figures
from interp_jax.methods import attribution

MAP, MAGNITUDE, ALONE, RANDOM_INK = "contribution map", "|contribution map|", "|x| alone", "random ink"
GRADIENTS = "integrated gradients"
CONTROLS = ("orthogonal", SHUFFLED)
AREAS = ("deletion_area", "insertion_area")
CHOOSING = 300  # training rows for the choice of the layer, and held-out rows for its validation
LAYERS = 7  # candidate layers
STEPS = 10


class Removal(NamedTuple):
    """By ranking, deletion curves [steps, networks], areas, and their differences from the map's with 95 % intervals.

    ``by_layer`` has deletion areas of the candidate layers ``tried`` [layers, networks], by rows; ``controls``, by
    network, the area of the map and of random ink, and their difference.
    """

    deletion: dict[str, np.ndarray]
    area: dict[str, dict[str, float]]
    difference: dict[str, dict[str, list[float]]]
    layer: int
    layer_of_magnitude: int
    tried: np.ndarray
    by_layer: dict[str, np.ndarray]
    controls: dict[str, tuple[float, float, list[float]]]
    rows: int


def measure(study) -> Removal:
    """Curves of all rankings on held-out rows, their areas, and their differences with intervals over rows."""
    depth, inputs, networks = study.config.depth, study.task.inputs, study.networks(IDENTITY, study.config.depth)
    held, interval = study.task.held_inputs[: study.config.removal_rows], partial(_interval, seed=study.config.seed)
    # The map of the last layer equals that of the layer before: its pixel units have no gradient and stay the identity.
    tried = np.unique(np.linspace(0, depth - 1, LAYERS).round().clip(max=depth - 2).astype(int))
    choices = {"training": (inputs, jnp.positive), "training, magnitude": (inputs, jnp.abs)}
    by_layer = {
        name: np.stack([_areas_by_layer(network, rows[:CHOOSING], tried, change) for network in networks], axis=1)
        for name, (rows, change) in (choices | {"held out": (held, jnp.positive)}).items()
    }
    layer, of_magnitude = (int(tried[by_layer[name].mean(axis=1).argmin()]) for name in choices)
    curves = [_curves(study, network, held, layer, of_magnitude) for network in networks]
    areas = {
        name: {part: np.mean([getattr(each[name], part) for each in curves], axis=0) for part in AREAS}
        for name in curves[0]
    }
    controls = {kind: _curves(study, study.networks(kind, depth)[0], held, layer) for kind in CONTROLS}
    pairs = {
        kind: [each[name].deletion_area for name in (MAP, RANDOM_INK)]
        for kind, each in ({IDENTITY: curves[0]} | controls).items()
    }
    return Removal(
        {name: np.stack([each[name].deletion.mean(axis=0) for each in curves], axis=1) for name in areas},
        {name: {part: float(each[part].mean()) for part in AREAS} for name, each in areas.items()},
        {
            name: {part: interval(each[part] - areas[MAP][part]) for part in AREAS}
            for name, each in areas.items()
            if name != MAP
        },
        layer + 1,
        of_magnitude + 1,
        tried + 1,
        by_layer,
        {kind: (float(own.mean()), float(ink.mean()), interval(own - ink)) for kind, (own, ink) in pairs.items()},
        len(held),
    )


def show(result: Removal, page) -> None:
    """Curves of all rankings, their areas, and the difference of the contribution map from each baseline."""
    page.text(
        "The pixels of an image are blanked one after another (deletion), or an empty image is filled (insertion), in "
        "the order of a map, and the probability of the predicted class is recorded. Only ink (non-zero pixels) is "
        "ranked. Maps keep their sign: pixels that support the class, or that the layers increased most, come first. "
        f"The contribution map is that of layer {result.layer}, its magnitude that of layer "
        f"{result.layer_of_magnitude}: these have the smallest deletion area on {CHOOSING} training rows."
    )
    page.finding(importance(result))
    page.table(
        ("ranking", "deletion area", "difference from the map", "insertion area"),
        [
            (
                name,
                f"{area['deletion_area']:.3f}",
                None if name == MAP else with_interval(result.difference[name]["deletion_area"]),
                f"{area['insertion_area']:.3f}",
            )
            for name, area in sorted(result.area.items(), key=lambda item: item[1]["deletion_area"])
        ],
        "Areas under the deletion curve (lower is better) and the insertion curve (higher is better), on "
        f"{result.rows:,} held-out rows; difference from the contribution map with 95 % interval over images.",
        note=controls_in_words(result.controls),
    )
    shares, y_label = np.linspace(0, 1, STEPS + 1), "probability of the class"
    page.figure(
        "deletion",
        figures.curves.against(shares, result.deletion, "share of the ink removed", y_label, y_range=(0, 1.02)),
        "Deletion: mean over the rows, one dot for each network.",
    )
    baselines = {name: result.area[name]["deletion_area"] for name in (ALONE, RANDOM_INK)}
    page.figure(
        "deletion_by_layer",
        figures.curves.against(result.tried, result.by_layer, "layer of the map", "deletion area", baselines),
        "Area under the deletion curve by the layer of the map or of its magnitude, on training and on held-out rows: "
        "mean, one dot for each network.",
    )
    names = "training", "training_magnitude", "held_out"
    by_layer = {f"by_layer_{name}": each for name, each in zip(names, result.by_layer.values(), strict=True)}
    controls = {kind: {"map": own, "random_ink": ink} for kind, (own, ink, _) in result.controls.items()}
    numbers = {name: each for name, each in result._asdict().items() if name not in ("deletion", "by_layer")}
    page.metrics(numbers | by_layer | {"controls": controls})


def importance(result: Removal) -> str:
    """The finding: whether the map ranks pixels better than random ink, and than integrated gradients."""
    area, speed = {name: f"{each['deletion_area']:.3f}" for name, each in result.area.items()}, {}
    for name in (RANDOM_INK, GRADIENTS):
        _, low, high = result.difference[name]["deletion_area"]
        speed[name] = "faster than" if low > 0 else "more slowly than" if high < 0 else "about as fast as"
    return (
        "If the ink of an image is blanked in the order of its contribution map (how much the layers have increased a "
        f"pixel), the probability of the predicted class falls {speed[RANDOM_INK]} in random order (area under the "
        f"curve {area[MAP]} against {area[RANDOM_INK]}) and {speed[GRADIENTS]} in the order of integrated gradients "
        f"({area[GRADIENTS]}), which are computed for this class."
    )


def controls_in_words(controls: dict[str, tuple]) -> str:
    """How the map compares with random ink, also in networks whose maps should not explain anything."""
    areas = {kind: f"{own:.3f} and {ink:.3f}, {with_interval(apart)}" for kind, (own, ink, apart) in controls.items()}
    listed = "; ".join(f"{NAMES[kind]} {each}" for kind, each in areas.items())
    return f"Sanity controls, deletion area of the map and of random ink in one network each, difference: {listed}."


def with_interval(numbers) -> str:
    """The text ``mean (low … high)`` for three numbers."""
    mean, low, high = (f"{value:+.3f}".replace("-", "−") for value in numbers)
    return f"{mean}\u00a0({low}\u00a0…\u00a0{high})"


def _curves(study, network, inputs, layer, of_magnitude=None):
    """The `attribution.RemovalCurves` of every ranking; without a layer of the magnitude those of the controls only."""
    maps, target = contributions(network, inputs).maps, jnp.argmax(network(inputs), axis=1)
    rankings = {MAP: maps[layer], RANDOM_INK: jax.random.uniform(study.key(4), inputs.shape)}
    if of_magnitude is not None:
        by_gradient = attribution.gradient_times_input(network, inputs, target)
        rankings |= {
            f"contribution map, layer {len(maps) - 1}": maps[-2],
            MAGNITUDE: jnp.abs(maps[of_magnitude]),
            "x · gradient": by_gradient,
            "|x · gradient|": jnp.abs(by_gradient),
            GRADIENTS: attribution.integrated_gradients(network, inputs, target, nodes=study.config.nodes),
            ALONE: inputs,
        }
    removed = partial(attribution.removal_curves, network, inputs, target=target, steps=STEPS)
    return {name: jax.tree.map(np.asarray, removed(importance=each)) for name, each in rankings.items()}


@partial(jax.jit, static_argnames="change")
def _areas_by_layer(network, inputs, tried, change):
    """The mean deletion areas of the contribution maps of some layers, each transformed by ``change``."""
    maps, target = contributions(network, inputs).maps, jnp.argmax(network(inputs), axis=1)
    removed = partial(attribution.removal_curves, network, inputs, target=target, steps=STEPS)
    return jax.lax.map(lambda layer: removed(importance=change(maps[layer])).deletion_area.mean(), tried)


def _interval(differences, seed):
    """The mean and the ends of its 95 % bootstrap interval over rows."""
    options = {"n_resamples": 2_000, "method": "percentile", "rng": np.random.default_rng(seed)}
    ends = bootstrap((differences,), np.mean, **options).confidence_interval
    return [float(differences.mean()), *map(float, ends)]
