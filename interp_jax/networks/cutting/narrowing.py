"""A network's tail that begins with a normalization across units, run on the open or changed units only."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from interp_jax._checks import Given, describe
from interp_jax._readable import readable
from interp_jax.networks.chain import Chain
from interp_jax.networks.cutting.lifting import LiftedTail, gated_units, lift
from interp_jax.networks.models.response_norm import RADIUS, local_response_norm


class UnderGates(NamedTuple):
    """A hidden layer with a gate for every unit, and the next layer's output, without bias, under these gates."""

    hidden: Float[Array, "rows *features"]
    gates: Float[Array, " units"]
    output: Float[Array, "rows *parts"]


@readable()
@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class NarrowedTail:
    """A tail of response normalization and then a linear layer; made by `narrow`. Traceable.

    A callable pytree: ``tail(hidden) -> scores`` is the chain itself. Gates do not commute with the normalization, so
    that nothing can be computed once for all gates as in a `LiftedTail`. But a closed unit does not change its
    neighbors, so that ``scores_of_units(hidden, units, gates)`` runs normalization and layer on the open units only;
    and a unit has few neighbors, so that ``scores_with_changed_units(under_gates(hidden, gates), units, new_gates)``
    runs them on the changed units and their neighbors only.
    """

    tail: Chain
    rest: LiftedTail
    norm: str = dataclasses.field(metadata={"static": True})

    def __call__(self, hidden: Float[Array | np.ndarray, "rows *features"]) -> Float[Array, "rows *outputs"]:
        """The chain's scores of whole hidden layers; magnitudes beyond 1e19 overflow."""
        return self.tail(hidden)

    def scores_of_units(
        self,
        hidden: Float[Array | np.ndarray, "rows *features"],
        units: Int[Array | np.ndarray, " open"],
        gates: Float[Array | np.ndarray, " open"],
    ) -> Float[Array, "rows *outputs"]:
        """The scores with only these units left, each multiplied by its gate; the cost is proportional to their number.

        A unit may come twice, if all its gates but one are 0, so that masks of different sizes share a compilation.
        """
        return self.rest.scores_after_layer(self.rest.layer_of_units(self._normed(hidden, units, gates), units))

    def under_gates(
        self, hidden: Float[Array | np.ndarray, "rows *features"], gates: Float[Array | np.ndarray, " units"]
    ) -> UnderGates:
        """The layer's output with every unit multiplied by its gate, the input of ``scores_with_changed_units``."""
        hidden, gates, units = jnp.asarray(hidden), jnp.asarray(gates), jnp.arange(hidden.shape[-1])
        return UnderGates(hidden, gates, self.rest.layer_of_units(self._normed(hidden, units, gates), units))

    def scores_with_changed_units(
        self,
        start: UnderGates,
        units: Int[Array | np.ndarray, " changed"],
        gates: Float[Array | np.ndarray, " changed"],
    ) -> Float[Array, "rows *outputs"]:
        """The scores with other gates for these units, which are distinct; the cost is proportional to their number."""
        radius, count = dict(self._options).get("radius", RADIUS), start.hidden.shape[-1]
        # Those whose normalized values change, and then their neighbors; each counts where it comes first.
        changed, neighbors = np.arange(-radius, radius + 1), np.arange(radius + 1, 2 * radius + 1)
        offsets = (changed, np.concatenate([-neighbors, neighbors]))
        places = jnp.concatenate([jnp.add.outer(jnp.asarray(units), part).reshape(-1) for part in offsets])
        again = jnp.tril(places[:, None] == places[None], -1).any(axis=1)
        counts = ((places >= 0) & (places < count) & ~again).astype(start.gates.dtype)
        places = jnp.clip(places, 0, count - 1)
        new, old = (
            self._normed(start.hidden, places, counts * gates[places])[..., : len(units) * len(changed)]
            for gates in (start.gates.at[units].set(gates), start.gates)
        )
        return self.rest.scores_after_layer(start.output + self.rest.layer_of_units(new - old, places[: new.shape[-1]]))

    @property
    def _options(self):
        return getattr(getattr(self.tail, self.norm), "keywords", ())

    def _normed(self, hidden, units, gates):
        """Some units, each multiplied by its gate, normalized as if there were no others."""
        return local_response_norm(gated_units(hidden, units, gates), **dict(self._options), places=jnp.asarray(units))


def narrow(tail: Given[Chain, "hidden -> scores"], shape: Sequence[int]) -> NarrowedTail:
    """The tail in a form that can leave out closed units, for methods that try many sets of them.

    Host-level, but pure: it may be called while tracing. Holds a copy of the layer's kernel.

    Args:
        tail: a chain of `local_response_norm` and then what `lift` takes, such as ``cifar_cnn(key).after("max1")``.
        shape: of one row's hidden layer, (height, width, units) or (units,).

    Returns:
        The tail with three further methods: ``scores_of_units``, ``under_gates`` and ``scores_with_changed_units``.

    Raises:
        ValueError: not a chain, other stages first, or a shape that the layer does not take.

    Example:
        >>> from interp_jax.networks import cifar_cnn
        >>> tail = narrow(cifar_cnn(jax.random.key(0), (8, 8, 3), channels=(4, 4)).after("max1"), (4, 4, 4))
        >>> hidden = jnp.ones((5, 4, 4, 4))
        >>> found = tail.scores_of_units(hidden, jnp.array([0, 2]), jnp.ones(2))
        >>> bool(jnp.allclose(found, tail(hidden * jnp.array([[[[1.0, 0, 1, 0]]]])), atol=1e-6))
        True
    """
    if not isinstance(tail, Chain):
        raise ValueError(f"tail: found {describe(tail)}, wanted a Chain")
    if not tail.stage_names:
        raise ValueError("tail: found no stages, wanted a normalization and a layer")
    name, stage = next(iter(tail.stages.items()))
    if getattr(stage, "function", stage) is not local_response_norm:
        raise ValueError(f"tail: found stage {name!r} first, wanted local_response_norm")
    if {"places", "outputs"} & set(dict(getattr(stage, "keywords", ()))):
        raise ValueError(f"stage {name!r}: found one that was cut already, wanted one of all units")
    return NarrowedTail(tail, lift(tail.after(name), shape), name)
