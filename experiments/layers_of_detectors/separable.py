"""Whether the pseudo-inverse tells how hard the output layer's task is (thesis section 4.3.4)."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.jumps import FIRST
from experiments.layers_of_detectors.detector_study import NARROW
from experiments.layers_of_detectors.readers import nearest
from experiments.layers_of_detectors.two_units import TITLE
from experiments.study import mean_and_spread
from interp_jax.methods.embedding import decodes, pseudo_inverse

POINTS, DIMENSION = 10, 2
ADAM = optax.adam(0.1)
MAPS = {
    "pseudo-inverse": "the pseudo-inverse",
    "nearest point": "the map to the nearest point",
    "descent": "a layer trained on the points",
}


class Separable(NamedTuple):
    """Random sets that maps separate, and by output layer arrays [networks] for networks with two hidden units."""

    separated: dict[str, int]
    sets: int
    steps: int
    positions: dict[str, np.ndarray]  # share of mean codes that are decoded
    l1: dict[str, np.ndarray]


def measure(study) -> Separable:
    """Random sets of points, and the codes of trained networks."""
    config = study.config
    points = jax.random.uniform(study.key(40), (config.point_sets, POINTS, DIMENSION))
    separated = {
        "pseudo-inverse": jax.vmap(decodes)(points),
        "nearest point": jax.vmap(lambda each: _own(each, *nearest(each)))(points),
        "descent": jax.lax.map(partial(_trained, steps=config.point_steps), points, batch_size=200),
    }
    fit = study.thesis_fit(TITLE, NARROW, epochs=config.narrow_epochs, patience=config.narrow_patience)
    measured = [_output_layers(study, each) for each in study.lanes(fit)]
    positions, l1 = (
        {name: np.array([each[name][part] for each in measured]) for name in measured[0]} for part in (0, 1)
    )
    counts = {name: int(np.sum(each)) for name, each in separated.items()}
    return Separable(counts, config.point_sets, config.point_steps, positions, l1)


def _own(points, weights, bias):
    """Whether each point has the largest score at its own index."""
    scores = jnp.matmul(points, weights, precision="highest") + bias[None]
    return jnp.all(jnp.argmax(scores, axis=1) == jnp.arange(len(points)))


def _trained(points, steps):
    """Whether a softmax layer that is trained on all points at every step separates them in the end."""
    layer = jnp.zeros((DIMENSION, POINTS)), jnp.zeros(POINTS)

    def loss(layer):
        scores = jnp.matmul(points, layer[0], precision="highest") + layer[1][None]
        return optax.softmax_cross_entropy_with_integer_labels(scores, jnp.arange(POINTS)).mean()

    def step(_, state):
        update, optimizer = ADAM.update(jax.grad(loss)(state[0]), state[1])
        return optax.apply_updates(state[0], update), optimizer

    layer, _ = jax.lax.fori_loop(0, steps, step, (layer, ADAM.init(layer)))
    return _own(points, *layer)


def _output_layers(study, network):
    """By output layer, the share of mean codes that it decodes, and its mean |error| on test signals."""
    codes, learned = jnp.asarray(study.averages(network)["relu1"]), network.stages["dense2"]
    hidden = network.until("relu1")(study.test.signals)
    layers = {
        "learned": (learned.kernel[...], learned.bias[...]),
        "pseudo-inverse": tuple(pseudo_inverse(codes)),
        "nearest point": nearest(codes),
    }
    result = {}
    for name, (weights, bias) in layers.items():
        answers, places = (
            jnp.argmax(jnp.matmul(each, weights, precision="highest") + bias[None], axis=1) for each in (hidden, codes)
        )
        share = jnp.mean(places == jnp.arange(len(codes)))
        result[name] = float(share), float(study.errors(FIRST + answers).l1)
    return result


def show(result: Separable, page) -> None:
    """Random sets and the codes of networks, by map."""
    page.text(
        "The thesis takes the probability that the pseudo-inverse separates random points for the difficulty of the "
        "output layer's task. But for any distinct points the affine map with weights 2 v and bias −|v|² for the "
        "point v gives the nearest point's score the largest value, and so separates them."
    )
    page.finding(in_words(result))
    page.table(
        ("map", "sets separated"),
        [(title, f"{result.separated[name]:,} of {result.sets:,}") for name, title in MAPS.items()],
        f"Random sets of {POINTS} points in the unit square. The layer is trained by {result.steps:,} steps of Adam.",
    )
    page.table(
        ("output layer", "positions decoded (%)", "mean |error|"),
        [
            (name, mean_and_spread(100 * result.positions[name], 1), mean_and_spread(result.l1[name], 2))
            for name in result.l1
        ],
        f"Output layers on the two units of networks {TITLE}: mean codes of the 60 positions that are decoded, and "
        "errors in samples on test signals.",
    )
    rates = {
        name: {"trials": result.sets, "successes": result.sets - count, "rate": 1 - count / result.sets}
        for name, count in result.separated.items()
    }
    page.metrics({"random": rates, "positions": result.positions, "l1": result.l1})


def in_words(result: Separable) -> str:
    """The finding: sets that each map separates."""
    shares = [f"{result.separated[name] / result.sets:.1%} ({title})" for name, title in MAPS.items()]
    return f"Of random sets of {POINTS} points in the plane, affine maps separate {', '.join(shares)}."
