"""Noisy step signals whose jump position is to be found."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

LENGTH = 100
FIRST_POSITION, LAST_POSITION = 21, 80


class JumpSignals(NamedTuple):
    """Signals, one a row, and the 1-based position of each one's first sample after the jump."""

    signals: Float[Array, "rows 100"]
    positions: Int[Array, " rows"]

    @property
    def labels(self) -> Int[Array, " rows"]:
        """Class numbers 0…59 of the positions 21…80; given positions beyond these have no class."""
        return self.positions - FIRST_POSITION


def jump_signals(key, n: int, noise: float = 1.0, jump: float = 3.0, *, positions=None) -> JumpSignals:
    """Signals of 100 samples that step from 0 to ``jump`` at a position drawn from 21…80, plus Gaussian noise.

        xᵢ ~ N(0, noise²) for i < t,  N(jump, noise²) for i ≥ t

    Host-level. The first rows of a larger draw with the same key are those of a smaller one.

    Args:
        key: a JAX random key.
        n: number of signals.
        noise: standard deviation σ; the thesis' tables fit 1.0, which it does not print.
        jump: height θ of the step, in the same unit.
        positions: the positions to use, n whole numbers in 2…100, instead of drawing them: a balanced set, say.

    Returns:
        `JumpSignals`: ``.signals`` float32 [n, 100], ``.positions`` int32 [n], and ``.labels`` = positions − 21.

    Raises:
        ValueError: n below one, noise not positive, a jump that is zero or not finite, positions outside the signal.

    Example:
        >>> import jax
        >>> signals, positions = jump_signals(jax.random.key(0), 3)
        >>> signals.shape, positions.shape
        ((3, 100), (3,))

    Source: Chen 2017, eq. 3.1 and section 3.1 ("simplified version").
    """
    if n < 1:
        raise ValueError(f"n: found {n}, wanted at least one signal")
    if not (np.isfinite(noise) and noise > 0):
        raise ValueError(f"noise: found {noise}, wanted a positive finite standard deviation")
    if not np.isfinite(jump) or jump == 0:
        raise ValueError(f"jump: found {jump}, wanted a finite height other than zero")
    if positions is not None:
        positions = np.asarray(positions)
        if positions.shape != (n,) or not np.issubdtype(positions.dtype, np.integer):
            found = f"{positions.dtype} of shape {positions.shape}"
            raise ValueError(f"positions: found {found}, wanted whole numbers of shape ({n},)")
        if positions.min() < 2 or positions.max() > LENGTH:
            found = f"{positions.min()} to {positions.max()}"
            raise ValueError(f"positions: found {found}, wanted jumps inside the signal, 2 to {LENGTH}")
        positions = jnp.asarray(positions, jnp.int32)
    return _sample_jitted(key, n, noise, jump, positions)


def sample_jump_signals(key, n: int, noise=1.0, jump=3.0, positions=None) -> JumpSignals:
    """`jump_signals` without its checks: traceable, for drawing fresh signals inside a compiled training step.

    Example:
        >>> import jax
        >>> jax.vmap(lambda key: sample_jump_signals(key, 4).signals)(jax.random.split(jax.random.key(0), 2)).shape
        (2, 4, 100)
    """
    position_key, noise_key = jax.random.split(key)
    if positions is None:
        positions = jax.random.randint(position_key, (n,), FIRST_POSITION, LAST_POSITION + 1, jnp.int32)
    step = jnp.arange(1, LENGTH + 1, dtype=jnp.int32)[None, :] >= positions[:, None]
    draws = jax.random.normal(noise_key, (n, LENGTH), jnp.float32)
    return JumpSignals(jnp.where(step, jump, 0.0).astype(jnp.float32) + noise * draws, positions)


_sample_jitted = functools.partial(jax.jit, static_argnums=1)(sample_jump_signals)
