"""A penalty that keeps weights near the identity, as a part of the optimiser."""

import jax
import jax.numpy as jnp
import optax


def pull_to_identity(strength: float) -> optax.GradientTransformation:
    """Adds the gradient of a penalty on the distance of weights from the identity.

        loss + λ Σ_l ‖W_l − I‖²_F,    whose gradient is ∂loss / ∂W_l + 2 λ (W_l − I)

    For `fit`: ``optimizer=optax.chain(pull_to_identity(1e-3), optax.sgd(0.01))``. Before the optimiser it is this
    penalty; behind one that adapts its rates, scaled by a rate, it is a decay towards the identity instead. The loss
    that `fit` reports is without it. Weights are those stacked over layers, [layers, width, width] or
    [layers, height, width, channels, channels], where I is the Dirac kernel; other parameters are left alone.

    Traceable.

    Args:
        strength: λ.

    Raises:
        ValueError: a strength below 0; when used, no parameters.

    Example:
        >>> import jax.numpy as jnp
        >>> pull, weights = pull_to_identity(0.5), jnp.full((1, 2, 2), 3.0)
        >>> pull.update(jnp.zeros((1, 2, 2)), pull.init(weights), weights)[0]
        Array([[[2., 3.],
                [3., 2.]]], dtype=float32)

    Source: ours; arXiv:2102.13333 (abstract) names no penalty, its weights stay near the identity by themselves.
    """
    if not strength >= 0:
        raise ValueError(f"strength: found {strength}, wanted at least 0")

    def update(updates, state, parameters=None):
        if parameters is None:
            raise ValueError("parameters: found None, wanted the weights to be pulled")
        return jax.tree.map(lambda slope, each: slope + 2 * strength * _departure(each), updates, parameters), state

    return optax.GradientTransformation(lambda parameters: optax.EmptyState(), update)


def _departure(weights):
    """Weights less the identity, and 0 for what are no stacked weights."""
    if weights.ndim not in (3, 5) or weights.shape[-1] != weights.shape[-2]:
        return jnp.zeros_like(weights)
    middle = tuple(side // 2 for side in weights.shape[1:-2])
    eye = jnp.eye(weights.shape[-1], dtype=weights.dtype)
    return weights - jnp.zeros(weights.shape[1:], weights.dtype).at[middle].set(eye)[None]
