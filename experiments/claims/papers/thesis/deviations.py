"""How deviations change from layer to layer; read by the claims of section 6.4."""

import numpy as np

from experiments.claims.papers.thesis.records import (
    change,
    layers,
    untrained_layers,
)
from experiments.claims.rules import Control, Part, over_networks

METHOD = "inner-class deviation of hidden layers"
MARGIN = 0.1  # of the deviation of the input
ADAM = "memorizing by Adam for 512 epochs (thesis: plain gradient descent with a rate of .01)"
MNIST = (
    "two networks; batches of 100 with momentum and a rate that decays from .05 in 8 epochs (thesis: batches of 1,000, "
    "no momentum, .01)"
)
CHANGES = "Changes are shares of the value of the input."


def rise(records, data, kind, first=0, last=-1, **options):
    """The change of a measure from one layer to another, of every network."""
    return over_networks(change(layers(records, data, kind, **options), first, last))


def smallest_step(records, data, kind, **options):
    """The smallest increase from a layer to the next, of every network."""
    return over_networks(np.diff(layers(records, data, kind, **options), axis=0).min(axis=0))


def shrinking(records, data, title):
    """By how much more the deviation of learning networks shrinks than that of the same networks before training."""
    learned, start = change(layers(records, data, "learning")), change(untrained_layers(records, data))
    return Part(f"{title}, beside untrained", over_networks(start - learned), Control(MARGIN))


def by_chance(records, kind, place, layer):
    """A deviation of the first network over its mean under permuted labels."""
    deviations = records["memorization_jumps"]["metrics"]["deviations"]
    measured = np.array(deviations["deviation"]["cosine"][kind][("inner", "inter")[place]])[layer, 0]
    return measured / np.mean(np.array(deviations["null"][kind])[:, place, layer])
