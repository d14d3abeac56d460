"""A chain whose stages' units can be switched off by masks passed with the inputs."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped
from numpy.typing import ArrayLike

from interp_jax._checks import Given, as_counts, as_real, describe
from interp_jax._readable import readable
from interp_jax.networks.chain import Chain
from interp_jax.networks.cutting.masks import as_values, check_masks


@readable()
@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class GatedChain:
    """A chain that takes masks too, made by `gate`: a callable pytree, equal by value. Traceable.

    ``gated(inputs, masks) -> scores``; ``names`` are the gated stages in the chain's order, ``values`` what
    each one's closed units are, None for zero.
    """

    chain: Chain
    names: tuple[str, ...] = dataclasses.field(metadata={"static": True})
    values: tuple = ()

    def __call__(
        self, inputs: Shaped[Array | np.ndarray, "rows *features"], masks: Mapping
    ) -> Shaped[Array, "rows *outputs"]:
        """Scores of the rows when every named stage's output is multiplied by its mask [units], bool or numbers.

        With values the output is mask · output + (1 − mask) · value.
        """
        check_masks(masks)
        if set(masks) != set(self.names):
            raise ValueError(f"masks: found {sorted(map(str, masks))}, wanted one for each of {sorted(self.names)}")
        rest = self.chain
        for name, value in zip(self.names, self.values or [None] * len(self.names), strict=True):
            hidden = rest.until(name)(inputs)
            mask = as_real(f"masks[{name!r}]", masks[name], shape=[hidden.shape[-1]])
            mask = mask.astype(hidden.dtype).reshape((1,) * (hidden.ndim - 1) + mask.shape)
            inputs = hidden * mask
            if value is not None:
                if value.ndim > hidden.ndim - 1 or value.shape != hidden.shape[1:][-value.ndim :]:
                    wanted = f"last axes of {hidden.shape[1:]}"
                    raise ValueError(f"values[{name!r}]: found shape {value.shape}, wanted {wanted}")
                inputs += jnp.broadcast_to(jnp.asarray(value, hidden.dtype), hidden.shape) * (1 - mask)
            rest = rest.after(name)
        return rest(inputs)

    def mask_shapes(self, shape: Sequence[int]) -> dict[str, tuple[int]]:
        """Every mask's shape, (units,), for inputs of which one row has the given shape."""
        row = jax.ShapeDtypeStruct((1, *as_counts("shape", shape)), jnp.float32)
        outputs = jax.eval_shape(lambda row: dict(self.chain.activations(row)), row)
        return {name: outputs[name].shape[-1:] for name in self.names}


def gate(
    chain: Given[Chain, "hidden -> scores"],
    names: Collection[str],
    values: Given[Mapping[str, ArrayLike] | None, "units"] = None,
) -> GatedChain:
    """The chain with a gate on every unit of some stages, units being the last axis.

    Host-level, but pure: it may be called while tracing. Shares the chain's variables.

    Args:
        chain: a chain, or a part of one such as ``net.after("max1")``.
        names: the stages whose outputs are multiplied by masks, or a mapping of masks.
        values: by the name of a stage, what its closed units are instead of zero: finite constants [units] or of other
            last axes of its output, such as ``core.replacement.constants`` of a `Selection`.

    Returns:
        A `GatedChain`: ``gated(inputs, masks) -> scores``, with a mask [units] by the name of each stage.

    Raises:
        ValueError: not a chain, no names, names that are not its stages, or values of stages without a gate.

    Example:
        >>> from flax import nnx
        >>> net = Chain(dense1=nnx.Linear(2, 3, rngs=nnx.Rngs(0)), dense2=nnx.Linear(3, 2, rngs=nnx.Rngs(1)))
        >>> gated = gate(net, ["dense1"])
        >>> gated.mask_shapes((2,))
        {'dense1': (3,)}
        >>> gated(jnp.ones((1, 2)), {"dense1": jnp.zeros(3)})
        Array([[0., 0.]], dtype=float32)
    """
    if not isinstance(chain, Chain):
        raise ValueError(f"chain: found {describe(chain)}, wanted a Chain")
    if not isinstance(names, str | Collection) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"names: found {describe(names)}, wanted names of stages")
    names = (names,) if isinstance(names, str) else tuple(names)
    unknown = [name for name in names if name not in chain.stage_names]
    if unknown or not names:
        stages = ", ".join(map(repr, chain.stage_names))
        raise ValueError(f"names: found {unknown or 'none'}, wanted some of the stages {stages}")
    ordered = tuple(name for name in chain.stage_names if name in names)
    constants = {name: jnp.asarray(value) for name, value in as_values(values, dict.fromkeys(names)).items()}
    return GatedChain(chain, ordered, tuple(map(constants.get, ordered)) if constants else ())
