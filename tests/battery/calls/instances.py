"""An instance of every public class that has methods of its own."""

import pathlib
import tempfile

import jax
import numpy as np
from flax import nnx

from interp_jax import data, kernels, methods, networks, reports
from tests.battery.arguments import CLASSES, FEATURES, HIDDEN, INPUTS, LABELS, PREDICTIONS, ROWS, Fresh, normal, tail

KEY = jax.random.key(3)
IDS = np.random.default_rng(0).integers(0, 3, (ROWS, 2))


def folder() -> pathlib.Path:
    """A new temporary folder below the one that the run removes at its end."""
    return pathlib.Path(tempfile.mkdtemp())


def explainer():
    """A small explainer of the ordinary rows."""
    return methods.cnn_inte.fit(
        INPUTS, HIDDEN, LABELS, key=KEY, factors=2, ids=2, depth=2, trees=2, draws=1, finalists=1
    )


def chain(key=KEY, sizes=(FEATURES, 5, CLASSES)):
    """A frozen perceptron."""
    return networks.freeze(networks.perceptron(key, sizes))


def lifted():
    """What follows the first layer of a perceptron, lifted."""
    return networks.lift(chain().after("relu1"), (5,))


def narrowed():
    """A tail that begins with response normalization, narrowed."""
    norm = networks.Chain(norm=_norm(), dense=nnx.Linear(5, CLASSES, rngs=nnx.Rngs(0)))
    return networks.narrow(networks.freeze(norm), (5,))


def _norm():
    from functools import partial

    return partial(networks.local_response_norm, radius=1, alpha=0.5)


def run():
    """A run folder with one open section to come."""
    return reports.Run.open("study", "name", {"seed": 0}, title="T", lead="L.", sections=("first",), root=folder())


_made: dict = {}


def once(make):
    """A maker whose value is made once."""

    def made():
        if make not in _made:
            _made[make] = make()
        return _made[make]

    return made


INSTANCES = {
    "Scaling": once(lambda: data.fit_scaling(INPUTS)),
    "Moments": once(lambda: kernels.correlation.Moments.init(FEATURES, 3).update(INPUTS, normal(ROWS, 3, seed=6))),
    "DecisionSet": once(lambda: methods.cnn_inte.learn_rules(IDS, LABELS, count=3, classes=CLASSES)),
    "Rule": lambda: INSTANCES["DecisionSet"]().rules[0],
    "Tree": once(lambda: methods.cnn_inte.grow(IDS, LABELS, count=3, classes=CLASSES, depth=2)),
    "Explainer": once(explainer),
    "Forests": lambda: INSTANCES["Explainer"]().forests,
    "Quotient": once(lambda: methods.hierarchy.quotient(HIDDEN, np.arange(5) % 2, np.ones(5))),
    "Hierarchy": once(lambda: methods.hierarchy.build(normal(5, 4, seed=3))),
    "Contributions": once(lambda: methods.identity.contributions(INPUTS, normal(2, ROWS, FEATURES + CLASSES))),
    "Chain": once(chain),
    "FrozenNetwork": once(lambda: networks.freeze(lambda x, slope: slope * x, slope=jax.numpy.float32(2))),
    "GatedChain": once(lambda: networks.gate(chain(), ("relu1",))),
    "IdentityCNN": once(lambda: networks.IdentityCNN(KEY, (4, 4, 1), CLASSES, depth=2, patch=2)),
    "IdentityPerceptron": once(lambda: networks.IdentityPerceptron(KEY, FEATURES, CLASSES, depth=2)),
    "LayerStack": lambda: INSTANCES["IdentityPerceptron"]().stack(),
    "LiftedTail": once(lifted),
    "NarrowedTail": once(narrowed),
    "Necessity": once(
        lambda: methods.core_units.necessity(
            tail, HIDDEN, PREDICTIONS, 1, np.arange(5) < 2, key=KEY, reference=HIDDEN[::-1]
        )
    ),
    "Replacement": once(lambda: methods.core_units.replacement(HIDDEN, "mean")),
    "NetworkPart": once(lambda: networks.split(chain().__call__, "relu1", INPUTS)[0]),
    "TappedNetwork": once(lambda: networks.tap(chain().__call__, "relu1", INPUTS)),
    "SignalConvolution": once(lambda: networks.SignalConvolution(3, rngs=nnx.Rngs(0))),
    "LNN": once(lambda: networks.lnn.init(KEY, (FEATURES, 5, CLASSES))),
    "Run": lambda: Fresh(run),
    "Section": lambda: Fresh(lambda: reports.Section("first", "First")),
}
