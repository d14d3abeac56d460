"""What `freeze` makes of a model: its arrays as leaves, and a static recipe for the call."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from flax import errors

from interp_jax.networks._rows import as_rows

ARRAYS = (jax.Array, np.ndarray)
_OF_CHAINS = ("until", "after", "segments", "activations", "stages", "stage_names")


def is_equinox(model: Any) -> bool:
    """Whether this is an Equinox module."""
    # Equinox is not a dependency: one of its modules can only be here if the user has imported it.
    equinox = sys.modules.get("equinox")
    return equinox is not None and isinstance(model, equinox.Module)


@jax.tree_util.register_pytree_node_class
class FrozenNetwork:
    """A network made by `freeze`: a callable pytree with ``arrays`` as leaves and a static recipe for the call.

    Traceable.
    """

    def __init__(self, arrays: tuple, recipe: "_Recipe"):
        self.arrays, self.recipe = arrays, recipe

    def __call__(self, x):
        """The scores of the rows ``x``; NaN and infinity are passed on. Traceable.

        Raises:
            ValueError: rows that the model takes otherwise than ``batched`` says, or a model with random state of its
                own around which a function has been frozen.
        """
        # Several arrays, for a model with several inputs, are left to the model.
        is_tree = not isinstance(x, np.ndarray) and any(isinstance(leaf, ARRAYS) for leaf in jax.tree.leaves(x))
        return self.recipe(self.arrays, x if is_tree else as_rows("x", x))

    def tree_flatten(self) -> tuple[tuple, "_Recipe"]:
        """The arrays as children and the recipe as static data. Traceable."""
        return self.arrays, self.recipe

    @classmethod
    def tree_unflatten(cls, recipe: "_Recipe", arrays: Iterable[Any]) -> "FrozenNetwork":
        """The network from the parts of `tree_flatten`. Traceable."""
        return cls(tuple(arrays), recipe)

    def __getattr__(self, name: str):
        if name in _OF_CHAINS:
            raise AttributeError(
                f"{name}: found a {type(self).__name__}, wanted a Chain, which alone has its stages by name; "
                "networks.split(model, at=…, inputs=…) cuts other models"
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        shapes = ", ".join(str(getattr(array, "shape", array)) for array in self.arrays)
        return f"FrozenNetwork({type(self.recipe.kind).__name__.strip('_')}, arrays: {shapes})"


@dataclass(frozen=True)
class _Recipe:
    kind: Any
    structure: Any
    is_array: tuple[bool, ...]
    statics: tuple
    batched: bool

    def __call__(self, arrays, x):
        array, static = iter(arrays), iter(self.statics)
        leaves = [next(array) if is_array else next(static)[1] for is_array in self.is_array]
        tree, arguments = jax.tree.unflatten(self.structure, leaves)

        def together(x):
            return self.kind(tree, x, arguments)

        # Rows one at a time.
        singly = jax.vmap(together)
        try:
            return together(x) if self.batched else singly(x)
        except errors.TraceContextError as error:
            raise ValueError(
                "model: found a function around a Flax module that has random state or changes itself, wanted the "
                "module frozen first: networks.freeze(module), and then the function around it"
            ) from error
        except (TypeError, ValueError, IndexError) as error:
            if not _takes(singly if self.batched else together, x):
                raise
            how, wanted = ("one at a time", "batched=False") if self.batched else ("all at once", "batched=True")
            shown = ", ".join(f"{leaf.dtype} {list(leaf.shape)}" for leaf in jax.tree.leaves(x))
            cause = next(iter(str(error).splitlines()), type(error).__name__)
            raise ValueError(
                f"x: found rows {shown}, which the model takes {how}, wanted freeze(…, {wanted}): {cause}"
            ) from error


def _takes(function, x) -> bool:
    """Whether a function takes rows and returns as many."""
    rows = {leaf.shape[:1] for leaf in jax.tree.leaves(x)}
    try:
        outputs = jax.eval_shape(function, x)
    except Exception:
        return False
    return {leaf.shape[:1] for leaf in jax.tree.leaves(outputs)} == rows
