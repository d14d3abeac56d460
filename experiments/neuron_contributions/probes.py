"""The accuracy of every layer by its own class units and by a linear probe, for the identity and random starts."""

from typing import NamedTuple

import numpy as np
from jax.tree_util import Partial
from sklearn.linear_model import RidgeClassifier

from experiments.neuron_contributions.neurons_study import IDENTITY, RANDOM, TITLES
from experiments.study import BATCH, mean_and_spread
from interp_jax import figures, networks
from interp_jax.methods.identity import layer_accuracy


class Probes(NamedTuple):
    """By start, [layers, networks] accuracy of the class units and of linear probes, and training accuracy."""

    own: dict[str, np.ndarray]
    probe: dict[str, np.ndarray]
    training: dict[str, np.ndarray]
    inputs: float  # accuracy of a probe on the inputs
    rows: int
    classes: int


def measure(study) -> Probes:
    """Both readings of all layers on the held-out rows; probes are fitted on training rows."""
    task, rows, own, probe, training = study.task, study.config.probe_rows, {}, {}, {}
    taught, labels = task.inputs[:rows], task.labels[:rows]
    for start in (IDENTITY, *RANDOM):
        of_units, of_probes, of_rows = [], [], []
        for network in study.counted(f"probing {TITLES[start]}", study.networks(start)):
            layers = Partial(_layers, network)
            before, after = (
                networks.apply(layers, each, batch_size=BATCH, axis=1) for each in (taught, task.held_inputs)
            )
            scores = after[..., -network.classes :]
            of_units.append(np.asarray(layer_accuracy(scores, task.held_labels)))
            of_probes.append([_probe(a, labels, b, task.held_labels) for a, b in zip(before, after, strict=True)])
            of_rows.append(np.mean(before[-1, :, -network.classes :].argmax(axis=1) == labels))
        own[start], probe[start] = np.array(of_units).T, np.array(of_probes).T
        training[start] = np.array(of_rows)
    inputs = _probe(taught, labels, task.held_inputs, task.held_labels)
    return Probes(own, probe, training, inputs, len(labels), len(task.class_names))


def _layers(network, inputs):
    return network.layers(inputs)


def _probe(taught, labels, held, held_labels):
    return float(RidgeClassifier(alpha=1.0).fit(taught, labels).score(held, held_labels))


def show(result: Probes, page) -> None:
    """A table, and curves of both readings."""
    page.text(
        "A layer has an accuracy of its own by its class units. In a network with random start these units are "
        "trained to mean the classes only at the end, whatever the layers before compute; a linear probe, fitted to "
        f"each layer's units on {result.rows:,} training images, reads what a layer holds without that convention."
    )
    page.finding(readable(result))
    middle = len(next(iter(result.own.values()))) // 2
    places = {"first layer": [0], "first half": slice(middle), f"layer {middle}": [middle - 1]}
    page.table(
        ("start", "training (%)", *(f"{what} (%)" for place in places for what in (place, "… probe")), "last (%)"),
        [
            (
                TITLES[start],
                *(
                    mean_and_spread(100 * each, 1)
                    for each in (
                        result.training[start],
                        *(of[start][at].mean(axis=0) for at in places.values() for of in (result.own, result.probe)),
                        result.own[start][-1],
                    )
                ),
            )
            for start in result.own
        ],
        "Accuracy on held-out images, mean ± standard deviation over networks; training: on the probes' training "
        f"images. A probe on the images themselves: {result.inputs:.1%}.",
    )
    curves = {f"{TITLES[start]}: class units": each for start, each in result.own.items()}
    curves |= {f"{TITLES[start]}: probe": each for start, each in result.probe.items()}
    figure = figures.through_layers.shares(
        curves, "accuracy on held-out rows", references={"chance": 1 / result.classes}
    )
    page.figure("probes", figure, "Accuracy of every layer, by its class units and by a linear probe: mean and range.")
    page.metrics(
        {
            "own": result.own,
            "probe": result.probe,
            "training": result.training,
            "inputs": result.inputs,
            "rows": result.rows,
        }
    )


def readable(result: Probes) -> str:
    """The finding: whether early layers of random starts hold the class, although their class units do not tell it."""
    half = len(next(iter(result.own.values()))) // 2
    units, probes = ({start: each[:half].mean() for start, each in of.items()} for of in (result.own, result.probe))
    least, most, low = (end(of[start] for start in RANDOM) for end, of in ((min, units), (max, units), (min, probes)))
    why = "a property of how they are read" if low > most + 0.1 else "no matter of how they are read"
    gain = low - result.inputs
    beyond = f"{100 * abs(gain):.1f} points {'more' if gain > 0 else 'less'} than a probe on the images themselves"
    return (
        f"On average over the first half of the layers, class units of random starts classify {least:.1%} to "
        f"{most:.1%} of held-out images, linear probes {low:.1%} or more ({beyond}): that early layers of random "
        f"starts do not predict the class is {why}. At the identity start it is {units[IDENTITY]:.1%} and "
        f"{probes[IDENTITY]:.1%}."
    )
