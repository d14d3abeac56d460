"""Networks in which a cluster is one sigmoid unit, and the partitions of the units that are compared."""

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.cluster import KMeans

from interp_jax.methods import hierarchy
from interp_jax.networks.models.lnn import LNN

TREE, CHANCE, UNTRAINED_TREE = "tree of roles", "random, same sizes", "tree of the untrained network"
SHUFFLED, KMEANS = "tree of shuffled features", "k-means of roles"
PARTITIONS = TREE, CHANCE, UNTRAINED_TREE, SHUFFLED, KMEANS
ACTIVATION, UNIT = "standardized activation", "sigmoid unit"
FORMS = ACTIVATION, UNIT


def merged(network: LNN, labels, signs, means) -> LNN:
    """A network with one hidden layer in which each cluster is one sigmoid unit, as wide as before.

    Its incoming weights and its bias are the means of those of its units, reversed units with the opposite sign; its
    outgoing weights are sums. Since σ(−u) = 1 − σ(u), a reversed unit k has activation 1 − o and adds its outgoing
    weights to the biases of the outputs. Copies, reversed or not, are merged without loss. Units without a cluster
    (a negative label) are held at their mean. Traceable.

    Args:
        network: with one hidden layer.
        labels: [units] the cluster of each unit, from 0 to units − 1; unused numbers are units without weights.
        signs: [units] ±1.
        means: [units] the mean activation of each unit.
    """
    (first, last), (hidden, outputs) = network.weights, network.biases
    chosen = labels[:, None] == jnp.arange(len(labels))[None, :]
    signed = jnp.where(chosen, signs[:, None], 0)
    mean = signed / jnp.maximum(jnp.sum(chosen, axis=0), 1)[None, :]
    product = jax.tree_util.Partial(jnp.matmul, precision="highest")
    outgoing = product(signed.T, last)
    constant = jnp.where(labels < 0, means, jnp.where(signs < 0, 1.0, 0.0))
    return LNN((product(first, mean), outgoing), (product(hidden, mean), outputs + product(constant, last)))


def partitions(tree, untrained, key: np.random.Generator, counts) -> dict[str, np.ndarray]:
    """By name, labels [counts, units]; −1 for units that are not in the tree.

    All but the random one cluster the same or other vectors at each count; that has the tree's sizes.

    Args:
        tree: of the trained network.
        untrained: the tree of the network with the same initial weights.
        key: for the random partition, the shuffled features and k-means.
        counts: numbers of clusters, at most the number of units.
    """
    shuffled = hierarchy.build(np.stack([key.permutation(column) for column in tree.vectors.T], axis=1))
    order, most = key.permutation(len(tree.vectors)), len(tree.vectors)
    seed, vectors = int(key.integers(2**31)), np.asarray(tree.vectors, float)
    measured = {name: [] for name in PARTITIONS}
    for count in counts:
        count = min(count, most)
        cut = tree.cut(count)
        measured[TREE].append(tree.expand(cut, -1))
        measured[CHANCE].append(tree.expand(cut[order], -1))
        measured[UNTRAINED_TREE].append(_without(untrained.expand(untrained.cut(count), 0), tree))
        measured[SHUFFLED].append(tree.expand(_cut(shuffled, count), -1))
        near = KMeans(count, n_init=4, random_state=seed).fit(vectors).labels_ if count < most else cut
        measured[KMEANS].append(tree.expand(near, -1))
    return {name: np.array(labels, np.int32) for name, labels in measured.items()}


def _cut(tree, count):
    """The cut of a tree of possibly fewer units, of which the dead ones go to the first cluster."""
    return tree.expand(tree.cut(min(count, len(tree.vectors))), 0)


def _without(labels, tree):
    labels = np.array(labels)
    labels[tree.dead_units] = -1
    return labels


@jax.jit
def quotient_outputs(network: LNN, fitted, rows, labels, signs):
    """[forms, partitions, rows, outputs] of a network whose clusters are units, for each of some partitions.

    Args:
        network: with one hidden layer.
        fitted: [rows, inputs] that means and deviations of the hidden units are taken over.
        rows: [rows, inputs] that outputs are computed for.
        labels: [partitions, units]; negative for units to hold at their mean.
        signs: [units] ±1.
    """
    head, tail = network.segments()
    hidden, held = head(fitted), head(rows)
    means = jnp.mean(hidden, axis=0)

    def one(partition):
        activation = tail(hierarchy.quotient(hidden, partition, signs).apply(held))
        return jnp.stack([activation, merged(network, partition, signs, means)(rows)])

    return jnp.moveaxis(jax.lax.map(one, labels), 0, 1)
