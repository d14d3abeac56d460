"""A network's tail that begins with a normalisation across units: those that are closed can be left out of it."""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from interp_jax.networks.chain import Chain
from interp_jax.networks.cifar_cnn import local_response_norm
from interp_jax.networks.lift import LiftedTail, lift


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class NarrowedTail:
    """A tail of response normalisation and then a layer that is linear; made by `narrow`. Traceable.

    A callable pytree: ``tail(hidden) -> scores`` is the chain itself. Gates do not commute with the normalisation, so
    that nothing can be computed once for all gates as in a `LiftedTail`; but a closed unit is nothing to its
    neighbours, so that ``kept(hidden, units, gates)`` runs normalisation and layer on the open units alone.
    """

    tail: Chain
    rest: LiftedTail
    norm: str = dataclasses.field(metadata={"static": True})

    def __call__(self, hidden: Float[Array | np.ndarray, "rows *features"]) -> Float[Array, "rows *outputs"]:
        """The scores of whole hidden layers, as the chain gives them."""
        return self.tail(hidden)

    def kept(
        self,
        hidden: Float[Array | np.ndarray, "rows *features"],
        units: Int[Array | np.ndarray, " kept"],
        gates: Float[Array | np.ndarray, " kept"],
    ) -> Float[Array, "rows *outputs"]:
        """The scores where only the units of these numbers are left, each multiplied by its gate; costs in proportion.

        A number may come twice, if all its gates but one are 0, so that masks of different sizes share a compilation.
        """
        rows = jnp.asarray(hidden)[..., units] * jnp.broadcast_to(jnp.asarray(gates), (*hidden.shape[:-1], len(units)))
        options = dict(getattr(getattr(self.tail, self.norm), "keywords", ()))
        return self.rest.of_units(local_response_norm(rows, **options, places=jnp.asarray(units)), units, hidden.shape)


def narrow(tail, shape: Sequence[int]) -> NarrowedTail:
    """The tail in a form that can leave out closed units, for methods that try many sets of them.

    Host-level, but pure: it can be called while other code is traced. Holds a copy of the layer's kernel.

    Args:
        tail: a chain of `local_response_norm` and then what `lift` takes, such as ``cifar_cnn(key).after("max1")``.
        shape: of one row's hidden layer, (height, width, units) or (units,).

    Returns:
        The tail with a further function, ``kept``.

    Raises:
        ValueError: another stage first, or a shape that the layer does not take.

    Example:
        >>> from interp_jax.networks import cifar_cnn
        >>> tail = narrow(cifar_cnn(jax.random.key(0), (8, 8, 3), channels=(4, 4)).after("max1"), (4, 4, 4))
        >>> hidden = jnp.ones((5, 4, 4, 4))
        >>> found = tail.kept(hidden, jnp.array([0, 2]), jnp.ones(2))
        >>> bool(jnp.allclose(found, tail(hidden * jnp.array([1.0, 0, 1, 0])), atol=1e-6))
        True
    """
    if not isinstance(tail, Chain):
        raise ValueError(f"tail: found {type(tail).__name__}, wanted a Chain")
    if not tail.stage_names:
        raise ValueError("tail: found no stages, wanted a normalisation and a layer")
    name, stage = next(iter(tail.stages.items()))
    if getattr(stage, "function", stage) is not local_response_norm:
        raise ValueError(f"tail: found stage {name!r} first, wanted local_response_norm")
    if {"places", "kept"} & set(dict(getattr(stage, "keywords", ()))):
        raise ValueError(f"stage {name!r}: found one that was cut already, wanted one of all units")
    return NarrowedTail(tail, lift(tail.after(name), shape), name)
