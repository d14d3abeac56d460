"""A penalty on the distance of weights from the identity, as a part of the optimizer."""

import jax
import jax.numpy as jnp
import optax

from interp_jax._checks import check_number
from interp_jax.kernels.dirac import dirac


def pull_to_identity(strength: float, *, scale: float = 1.0) -> optax.GradientTransformation:
    """An optax transformation that adds the gradient of a penalty on the weights' distance from the identity.

        loss + λ Σ_l ‖W_l − I / s‖²_F,    whose gradient is ∂loss / ∂W_l + 2 λ (W_l − I / s)

    Traceable. For `fit`: ``optimizer=optax.chain(pull_to_identity(1e-3), optax.sgd(0.01))``. Before the optimizer it
    is this penalty; after one that adapts its rates, and scaled by a rate, it is a decay towards the identity. The
    loss that `fit` reports excludes it. It acts on the stacks of `IdentityPerceptron` and `IdentityCNN`, alone or
    inside a larger network: parameters named kernel, [layers, width, width] or [layers, height, width, channels,
    channels], with a parameter named bias [layers, width] beside them. For convolutions I is the Dirac kernel. Other
    parameters are left alone.

    Args:
        strength: λ, at least 0.
        scale: s of the network, which multiplies its sums, above 0.

    Raises:
        ValueError: a strength below 0 or a scale that is not positive; when used, no parameters, none of them such a
            stack, or a stack of kernels with even sides, which have no middle.

    Example:
        >>> import jax.numpy as jnp
        >>> weights = {"kernel": jnp.full((1, 2, 2), 3.0), "bias": jnp.ones((1, 2))}
        >>> pull = pull_to_identity(0.5)
        >>> pull.update({"kernel": jnp.zeros((1, 2, 2)), "bias": jnp.zeros((1, 2))}, pull.init(weights), weights)[0]
        {'bias': Array([[0., 0.]], dtype=float32), 'kernel': Array([[[2., 3.],
                [3., 2.]]], dtype=float32)}

    Source: ours; arXiv:2102.13333 (abstract) names no penalty: its weights stay near the identity by themselves.
    """
    check_number("strength", strength, least=0)
    check_number("scale", scale, above=0)

    def update(updates, state, params=None):
        if params is None:
            raise ValueError("params: found None, wanted the weights to be pulled")
        leaves, tree = jax.tree_util.tree_flatten_with_path(params)
        named = {_names(path): leaf for path, leaf in leaves}
        stacks = {path for path, leaf in named.items() if _is_stack(path, leaf, named)}
        if not stacks:
            found = ", ".join(f"{'.'.join(path)} {leaf.shape}" for path, leaf in named.items())
            raise ValueError(f"params: found {found or 'none'}, wanted a kernel and bias of an identity network")
        departure = [
            _departure(leaf, scale) if path in stacks else jnp.zeros_like(leaf) for path, leaf in named.items()
        ]

        def pulled(slope, each):
            return (slope + 2 * strength * each).astype(slope.dtype)

        return jax.tree.map(pulled, updates, tree.unflatten(departure)), state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


def _names(path):
    """A parameter's names, outermost first, without the ``value`` that Flax appends."""
    names = [str(next(getattr(key, part) for part in ("key", "name", "idx") if hasattr(key, part))) for key in path]
    return tuple(names[:-1] if names[-1:] == ["value"] else names)


def _is_stack(path, leaf, named):
    if path[-1:] != ("kernel",) or leaf.ndim not in (3, 5) or leaf.shape[-1] != leaf.shape[-2]:
        return False
    bias = named.get((*path[:-1], "bias"))
    return bias is not None and bias.shape == (leaf.shape[0], leaf.shape[-1])


def _departure(weights, scale):
    if any(side % 2 == 0 for side in weights.shape[1:-2]):
        raise ValueError(f"params: found kernels of shape {weights.shape}, wanted odd sides")
    kind = jnp.promote_types(weights.dtype, jnp.float32)
    return weights.astype(kind) - dirac(weights.shape[1:], kind)[None] / scale
