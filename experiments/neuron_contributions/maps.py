"""Maps of the input for a class from neurons' shares: what they look like, and whether they rank pixels."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.neuron_contributions.neurons_study import IDENTITY, predicted, shares
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import attribution, identity

NEURONS, MAP, RANDOM_INK = "neurons' shares", "contribution map, all classes alike", "random ink"
GRADIENT, INTEGRATED = "x · gradient", "integrated gradients"
CHOOSING = 200  # training rows by which the number of layers is chosen
TRIED = 7  # numbers of layers that are tried
STEPS = 10
SHOWN = 6  # images in the figure


class Maps(NamedTuple):
    """By ranking, [networks, rows] deletion and insertion areas, and maps of some images.

    Attributes:
        deletion, insertion: the areas.
        layers: [networks] of how many layers the shares are summed.
        images: [shown, height, width].
        maps: [shown, height, width] of the first network, for the predicted class.
        classes: [shown] it.
    """

    deletion: dict[str, np.ndarray]
    insertion: dict[str, np.ndarray]
    layers: np.ndarray
    images: np.ndarray
    maps: np.ndarray
    classes: np.ndarray


def measure(study) -> Maps:
    """Maps by all rankings on held-out rows; how many layers a map sums is chosen on training rows."""
    config, held, chosen, curves = study.config, study.task.held_inputs[: study.config.removal_rows], [], []
    for network in study.counted("removing pixels", study.networks(IDENTITY)):
        teaching = study.task.inputs[:CHOOSING]
        layers = _choose(network, teaching, _summed(network, teaching, predicted(network, teaching), config))
        chosen.append(layers)
        target = predicted(network, held)
        of_neurons = _summed(network, held, target, config)[layers - 1]
        flat = jnp.asarray(held)
        rankings = {
            NEURONS: of_neurons,
            GRADIENT: attribution.gradient_times_input(network, flat, target),
            INTEGRATED: attribution.integrated_gradients(network, flat, target, nodes=config.nodes),
            MAP: _maps(network, flat)[_choose(network, teaching, _maps(network, teaching)) - 1],
            RANDOM_INK: jax.random.uniform(study.key(4), held.shape),
        }
        curves.append({name: _areas(network, flat, each, target) for name, each in rankings.items()})
        if len(curves) == 1:
            side = math.isqrt(held.shape[1])
            shown = [each[:SHOWN].reshape(-1, side, side) for each in (held, np.asarray(of_neurons))]
            classes = target[:SHOWN]
    areas = [{name: np.stack([of[name][part] for of in curves]) for name in curves[0]} for part in range(2)]
    return Maps(*areas, np.array(chosen), *shown, classes)


def _summed(network, inputs, target, config):
    """[layers, rows, features] shares of the features, summed over the layers so far."""
    of = shares(network, inputs, target, config.nodes).shares[..., : inputs.shape[1]]
    return np.cumsum(of, axis=0)


def _maps(network, inputs):
    """[layers, rows, features] the contribution maps of all layers."""
    return identity.contributions(jnp.asarray(inputs), network.layers(jnp.asarray(inputs))).maps


def _choose(network, inputs, summed) -> int:
    """The number of layers with the smallest deletion area on these rows."""
    target = predicted(network, inputs)
    tried = np.unique(np.linspace(1, len(summed), TRIED).round().astype(int))
    areas = [_areas(network, jnp.asarray(inputs), summed[layers - 1], target)[0].mean() for layers in tried]
    return int(tried[np.argmin(areas)])


def _areas(network, inputs, importance, target):
    curves = attribution.removal_curves(network, inputs, jnp.asarray(importance), target, steps=STEPS)
    return np.asarray(curves.deletion_area), np.asarray(curves.insertion_area)


def show(result: Maps, page) -> None:
    """Maps of some images, and the areas of all rankings."""
    rows = result.deletion[NEURONS].shape[1]
    page.text(
        "A feature neuron stands for a pixel in every layer, so that its shares summed over layers are a map of the "
        "image for one class. Pixels are blanked (deletion), or put into an empty image (insertion), in the order of "
        "a map; only non-zero pixels are ranked. The number of layers that are summed, here "
        f"{', '.join(map(str, result.layers))}, is the one with the smallest deletion area on {CHOOSING} training "
        "images. The contribution map of the paper, the change of the pixels up to a layer that is chosen in the same "
        "way, knows no class."
    )
    page.finding(ranks(result))
    page.table(
        ("ranking", "deletion area", "insertion area", "deletion area less that of neurons' shares"),
        [
            (
                name,
                *(f"{mean_and_spread(of[name].mean(axis=1), 3)}" for of in (result.deletion, result.insertion)),
                None if name == NEURONS else mean_and_spread(_beyond(result, name), 3),
            )
            for name in sorted(result.deletion, key=lambda name: result.deletion[name].mean())
        ],
        f"Area under the probability of the predicted class, lower is better for deletion and higher for insertion, "
        f"on {rows:,} held-out images: mean ± standard deviation over networks.",
    )
    scaled = {"image": result.images, "neurons' shares": result.maps}
    names = [f"class {each}" for each in result.classes]
    page.figure("maps", figures.images.learned(scaled, names), "Images, and their pixels' shares in the class's score.")
    page.metrics(
        {
            "deletion": {name: each.mean(axis=1) for name, each in result.deletion.items()},
            "insertion": {name: each.mean(axis=1) for name, each in result.insertion.items()},
            "layers": result.layers,
            "rows": rows,
        }
    )


def ranks(result: Maps) -> str:
    """The finding: whether neurons' shares rank pixels better than the best gradient's and the paper's."""
    area = {name: each.mean() for name, each in result.deletion.items()}
    words = []
    for name in (min((GRADIENT, INTEGRATED), key=lambda each: area[each]), MAP):
        every = _beyond(result, name)
        how = "better than" if every.min() > 0 else "worse than" if every.max() < 0 else "about as well as"
        words.append(f"{how} “{name}” ({area[name]:.3f})")
    return (
        f"The neurons' shares in the score of the predicted class rank its pixels {' and '.join(words)}: the area "
        f"under the deletion curve is {area[NEURONS]:.3f} (random order {area[RANDOM_INK]:.3f})."
    )


def _beyond(result, name):
    """[networks] how much greater another ranking's deletion area is."""
    return (result.deletion[name] - result.deletion[NEURONS]).mean(axis=1)
