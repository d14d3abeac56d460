"""Keras models on JAX as frozen networks: weights as leaves, the model static."""

import sys
from dataclasses import dataclass
from typing import Any

import jax

from interp_jax._checks import describe
from interp_jax.networks.freezing import FrozenNetwork, _Recipe


def is_keras(model: Any) -> bool:
    """Whether this is a Keras layer or model; Keras is not imported."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, getattr(keras, "Layer", ()))


def freeze_keras(model: Any, **call_arguments: Any) -> FrozenNetwork:
    """A Keras model in inference mode with its weights as they are now."""
    backend = sys.modules["keras"].backend.backend()
    if backend != "jax":
        raise ValueError(f"model: found a Keras model on {backend}, wanted one on JAX: set KERAS_BACKEND=jax")
    if not model.built:
        raise ValueError(f"model: found {describe(model.name)}, not built, wanted weights: call it on rows first")
    call_arguments = {"training": False, **call_arguments}
    values = [
        [variable.value for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    ]
    leaves, structure = jax.tree.flatten((values, {}))
    kind = _Keras(model, tuple(sorted(call_arguments.items())))
    return FrozenNetwork(tuple(leaves), _Recipe(kind, structure, (True,) * len(leaves), (), True))


@dataclass(frozen=True)
class _Keras:
    model: Any
    arguments: tuple

    def __call__(self, values, x, arguments):
        scores, _ = self.model.stateless_call(*values, x, **dict(self.arguments), **arguments)
        return scores
