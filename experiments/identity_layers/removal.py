"""Deletion and insertion: whether contribution maps rank pixels by their importance for the prediction."""

import types
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import bootstrap

from experiments.identity_layers.layers_study import IDENTITY, NAMES, SHUFFLED, contributions
from interp_jax import figures
from interp_jax.methods import attribution

MAP, RANDOM_INK, GRADIENTS = "contribution map", "random ink", "integrated gradients"
CONTROLS = ("orthogonal", SHUFFLED)
CHOOSING = 300  # training rows for the choice of the layer
LAYERS = 7  # candidate layers
STEPS = 10


class Removal(NamedTuple):
    """By ranking, deletion curves and areas, and the difference of the deletion area from the map's."""

    curves: dict[str, np.ndarray]  # [steps, networks]
    area: dict[str, tuple[float, float]]  # deletion, insertion
    difference: dict[str, list[float]]  # with the ends of a 95% interval
    controls: dict[str, list[float]]  # by network, the difference of the map's deletion area from that of random ink
    layers: list[int]  # the chosen ones
    rows: int
    by_network: Mapping[str, np.ndarray] = types.MappingProxyType({})  # deletion area, [networks]


def measure(study) -> Removal:
    """Curves of all rankings on held-out rows, their areas, and their differences with intervals over rows."""
    depth, inputs = study.config.depth, study.task.inputs[:CHOOSING]
    networks, held = study.networks(IDENTITY, depth), study.task.held_inputs[: study.config.removal_rows]
    # The map of the last layer equals that of the layer before: its pixel units have no gradient and stay the identity.
    tried = np.unique(np.linspace(0, depth - 1, LAYERS).round().clip(max=depth - 2).astype(int))
    maps, layers = [(network, contributions(network, inputs).maps[tried]) for network in networks], []
    for change in (jnp.positive, jnp.abs):
        areas = [[_curves(network, inputs, change(each)).deletion_area.mean() for each in of] for network, of in maps]
        layers.append(int(tried[np.mean(areas, axis=0).argmin()]))
    removed = [_removed(study, network, held, *layers) for network in networks]
    areas = {name: np.mean([each[name][-2:] for each in removed], axis=0) for name in removed[0]}
    controls = {kind: _removed(study, study.networks(kind, depth)[0], held, layers[0]) for kind in CONTROLS}
    controls |= {IDENTITY: removed[0]}
    interval = partial(_interval, seed=study.config.seed)
    return Removal(
        {name: np.stack([each[name].deletion.mean(axis=0) for each in removed], axis=1) for name in areas},
        {name: tuple(float(part.mean()) for part in each) for name, each in areas.items()},
        {name: interval(each[0] - areas[MAP][0]) for name, each in areas.items() if name != MAP},
        {kind: interval(each[MAP].deletion_area - each[RANDOM_INK].deletion_area) for kind, each in controls.items()},
        [layer + 1 for layer in layers],
        len(held),
        {name: np.array([each[name].deletion_area.mean() for each in removed]) for name in areas},
    )


def _removed(study, network, inputs, layer, of_magnitude=None):
    """The `attribution.RemovalCurves` of every ranking; without a layer of the magnitude those of the controls only."""
    maps, target = contributions(network, inputs).maps, jnp.argmax(network(inputs), axis=1)
    rankings = {MAP: maps[layer], RANDOM_INK: jax.random.uniform(study.key(4), inputs.shape)}
    if of_magnitude is not None:
        by_gradient = attribution.gradient_times_input(network, inputs, target)
        rankings |= {
            f"{MAP}, layer {len(maps) - 1}": maps[-2],
            f"|{MAP}|": jnp.abs(maps[of_magnitude]),
            "x · gradient": by_gradient,
            "|x · gradient|": jnp.abs(by_gradient),
            GRADIENTS: attribution.integrated_gradients(network, inputs, target, nodes=study.config.nodes),
            "|x| alone": inputs,
        }
    return {name: jax.tree.map(np.asarray, _curves(network, inputs, each)) for name, each in rankings.items()}


@jax.jit
def _curves(network, inputs, importance):
    target = jnp.argmax(network(inputs), axis=1)
    return attribution.removal_curves(network, inputs, importance, target, steps=STEPS)


def _interval(differences, seed):
    """The mean and the ends of its 95% bootstrap interval over rows."""
    options = {"n_resamples": 2_000, "method": "percentile", "rng": np.random.default_rng(seed)}
    ends = bootstrap((differences,), np.mean, **options).confidence_interval
    return [float(differences.mean()), *map(float, ends)]


def show(result: Removal, page) -> None:
    """Curves of all rankings, their areas, and the difference of the contribution map from each baseline."""
    of_map, of_magnitude = result.layers
    controls = "; ".join(f"{NAMES[kind]} {or_none(each)}" for kind, each in result.controls.items())
    page.text(
        "The pixels of an image are blanked one after another (deletion), or an empty image is filled (insertion), in "
        "the order of a map, and the probability of the predicted class is recorded. Only ink (non-zero pixels) is "
        "ranked: random ink at random, |x| alone by the pixels' values, maps from the greatest value down. The "
        f"contribution map is that of layer {of_map}, its magnitude that of layer {of_magnitude}: these have the "
        f"smallest deletion area on {CHOOSING} training rows."
    )
    page.finding(importance(result))
    page.table(
        ("ranking", "deletion area", "difference from the map", "insertion area"),
        [
            (name, f"{deletion:.3f}", with_interval(result.difference.get(name)), f"{insertion:.3f}")
            for name, (deletion, insertion) in sorted(result.area.items(), key=lambda item: item[1])
        ],
        "Areas under the deletion curve (lower is better) and the insertion curve (higher is better), on "
        f"{result.rows:,} held-out rows; difference from the contribution map with 95% interval over images.",
        note=f"Sanity controls: deletion area of the map less that of random ink, in one network each: {controls}.",
    )
    shares, labels = np.linspace(0, 1, STEPS + 1), ("share of the ink removed", "probability of the class")
    curves = figures.curves.against(shares, result.curves, *labels, y_range=(0, 1.02))
    page.figure("deletion", curves, "Deletion: mean over the rows, one dot for each network.")
    areas = {
        name: {"deletion_area": result.by_network.get(name, [each[0]]), "insertion_area": each[1]}
        for name, each in result.area.items()
    }
    differences = {name: {"deletion_area": each} for name, each in result.difference.items()}
    page.metrics({"area": areas, "difference": differences, "controls": result.controls})
    page.metrics({"layer": of_map, "layer_of_magnitude": of_magnitude, "rows": result.rows})


def importance(result: Removal) -> str:
    """The finding: whether the map ranks pixels better than random ink, and than integrated gradients."""
    area, speeds = [f"{result.area[name][0]:.3f}" for name in (MAP, RANDOM_INK, GRADIENTS)], []
    for _, low, high in (result.difference[name] for name in (RANDOM_INK, GRADIENTS)):
        speeds.append("faster than" if low > 0 else "more slowly than" if high < 0 else "about as fast as")
    return (
        "If the non-zero pixels of an image are blanked in the order of the image's contribution map (how much the "
        f"layers have increased a pixel), the probability of the predicted class falls {speeds[0]} in random order "
        f"(area under the curve {area[0]} against {area[1]}) and {speeds[1]} in the order of integrated gradients "
        f"({area[2]}), which are computed for this class."
    )


def or_none(numbers) -> str:
    """`with_interval`, or in words that all three numbers are 0 as far as they are shown."""
    return "none to three digits" if all(round(value, 3) == 0 for value in numbers) else with_interval(numbers)


def with_interval(numbers) -> str | None:
    """The text ``mean (low … high)`` for three numbers, if any."""
    mean, low, high = (f"{value:+.3f}".replace("-", "−") for value in numbers or (0, 0, 0))
    return numbers and f"{mean}\u00a0({low}\u00a0…\u00a0{high})"
