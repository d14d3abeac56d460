"""Keras models on JAX: their weights as arrays, the model static."""

import sys
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

from interp_jax._checks import describe

_SEED = "seed_generator_state"


def is_keras(model: Any) -> bool:
    """Whether this is a Keras model or layer."""
    # Keras is not a dependency: one of its models can only be here if the user has imported it.
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, getattr(keras, "Layer", ()))


def kind_and_values(model: Any) -> tuple["_Keras", Any]:
    """How to call a Keras model, and its weights and statistics as they are now, without random state."""
    backend = sys.modules["keras"].backend.backend()
    if backend != "jax":
        raise ValueError(f"model: found a Keras model on {backend}, wanted one on JAX: set KERAS_BACKEND=jax")
    if not model.built:
        raise ValueError(f"model: found {describe(model.name)}, not built, wanted weights: call it on rows first")
    others = model.non_trainable_variables
    seeds = tuple((place, each.shape, str(each.dtype)) for place, each in enumerate(others) if each.name == _SEED)
    values = [each.value for each in model.trainable_variables], [each.value for each in others if each.name != _SEED]
    return _Keras(model, seeds), values


@dataclass(frozen=True)
class _Keras:
    model: Any
    seeds: tuple

    def __call__(self, values, x, arguments):
        trainable, others = values[0], list(values[1])
        for place, shape, dtype in self.seeds:  # needed for the call and not used: any value serves
            others.insert(place, jnp.zeros(shape, dtype))
        scores, _ = self.model.stateless_call(trainable, others, x, **{"training": False, **arguments})
        return scores
