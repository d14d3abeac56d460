"""Noisy step signals whose jump position is to be found."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from numpy.typing import ArrayLike

from interp_jax._checks import Given, Key, Number, as_count, as_key, as_labels, at_hand, check_number
from interp_jax._readable import readable

LENGTH = 100
FIRST_POSITION, LAST_POSITION = 21, 80
_LEAST, _MOST = 1e-37, 1e37  # the range of float32, with room for the noise's largest draws


@readable()
class JumpSignals(NamedTuple):
    """Signals, one per row, and for each the 1-based position t of its first sample after the jump."""

    signals: Float[Array, "rows 100"]
    positions: Int[Array, " rows"]

    def _finding(self) -> str | None:
        if np.ndim(self.signals) != 2 or not len(self.positions):
            return None
        least, most = int(np.min(self.positions)), int(np.max(self.positions))
        return f"{len(self.signals)} signals of {self.signals.shape[1]} samples, jumps at {least} to {most}"

    @property
    def labels(self) -> Int[Array, " rows"]:
        """Positions − 21: class numbers 0…59 of the positions 21…80; other positions have no class."""
        return self.positions - FIRST_POSITION


def jump_signals(
    key: Key, n: int, noise: float = 1.0, jump: float = 3.0, *, positions: Given[ArrayLike, "n"] | None = None
) -> JumpSignals:
    """Signals of 100 samples that step from 0 to ``jump`` at a position t drawn from 21…80, plus Gaussian noise.

        xᵢ ~ N(0, noise²) for i < t,  N(jump, noise²) for i ≥ t

    Host-level. With the same key, a smaller draw equals the first rows of a larger one.

    Args:
        key: a JAX random key.
        n: number of signals.
        noise: standard deviation of the noise, above 0; not given in the thesis; its tables fit 1.0.
        jump: height of the step, in the same unit, not 0.
        positions: [n] integers in 2…100, in place of drawn ones, e.g. for a balanced set.

    Returns:
        `JumpSignals`: ``.signals`` float32 [n, 100], ``.positions`` int32 [n], and ``.labels`` = positions − 21, which
        are classes 0…59 for drawn positions.

    Raises:
        ValueError: not a random key; n that is not an integer of at least 1; noise not above 0 or not finite; a jump of
            0 or not finite; either beyond 1e-37…1e37 in magnitude; positions outside 2…100 or not n of them.

    Example:
        >>> import jax
        >>> signals, positions = jump_signals(jax.random.key(0), 3)
        >>> signals.shape, positions.shape
        ((3, 100), (3,))

    Source: Chen 2017, eq. 3.1 and section 3.1 ("simplified version").
    """
    key, n = as_key(key), as_count("n", n)
    check_number("noise", noise, least=_LEAST, most=_MOST)
    check_number("jump", jump, least=-_MOST, most=_MOST)
    if at_hand(jump) and abs(float(jump)) < _LEAST:
        raise ValueError(f"jump: found {jump}, wanted a height other than 0, at least {_LEAST:g} in magnitude")
    if positions is not None:
        positions = as_labels("positions", positions, rows=n)
        if at_hand(positions) and not bool(((positions >= 2) & (positions <= LENGTH)).all()):
            found = f"{int(positions.min())} to {int(positions.max())}"
            raise ValueError(f"positions: found {found}, wanted jumps inside the signal, 2 to {LENGTH}")
    return _sample_jitted(key, n, noise, jump, positions)


def sample_jump_signals(
    key: Key, n: int, noise: Number = 1.0, jump: Number = 3.0, positions: Given[ArrayLike, "n"] | None = None
) -> JumpSignals:
    """The signals of `jump_signals`, drawn inside compiled code such as a training step.

    Traceable; values are not checked, so that noise, jump and positions may be traced.

    Args:
        key: a JAX random key.
        n: number of signals.
        noise: standard deviation of the noise.
        jump: height of the step, in the same unit.
        positions: [n] integers, in place of drawn ones; outside 2…100 a signal has no step.

    Raises:
        ValueError: not a random key; n that is not an integer of at least 1; noise or jump that is not finite;
            positions that are not n integers.

    Example:
        >>> import jax
        >>> jax.vmap(lambda key: sample_jump_signals(key, 4).signals)(jax.random.split(jax.random.key(0), 2)).shape
        (2, 4, 100)
    """
    key, n = as_key(key), as_count("n", n)
    check_number("noise", noise)
    check_number("jump", jump)
    position_key, noise_key = jax.random.split(key)
    if positions is not None:
        positions = as_labels("positions", positions, rows=n)
    else:
        positions = jax.random.randint(position_key, (n,), FIRST_POSITION, LAST_POSITION + 1, jnp.int32)
    step = jnp.arange(1, LENGTH + 1, dtype=jnp.int32)[None, :] >= positions[:, None]
    draws = jax.random.normal(noise_key, (n, LENGTH), jnp.float32)
    return JumpSignals(jnp.where(step, jump, 0.0).astype(jnp.float32) + noise * draws, positions)


_sample_jitted = functools.partial(jax.jit, static_argnums=1)(sample_jump_signals)
