"""Trainings that go on where they were stopped: their state on disk, from time to time."""

import shutil
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax.networks.training._steps import History, TrainingState, curves

SECONDS = 60.0
"""Least time between two states on disk: writing one takes up to a second."""


class Resuming:
    """The unfinished training in a folder, or nothing at all where the folder is None.

    A state is a subfolder by the number of calls it stands for. The next one is complete before the last one goes, so
    whatever kills a training leaves a state that counts; all else in the folder is left alone.

    Args:
        folder: where the states are, or will be.
        key: the training's random key or keys.
        **numbers: further arguments that must be the same when a training goes on; None is one too.
    """

    def __init__(self, folder: str | Path | None, *, key: jax.Array, **numbers: float | int | np.integer | None):
        self._folder = None if folder is None else Path(folder).absolute()
        self._arguments = {name: np.float64(-1 if value is None else value) for name, value in numbers.items()}
        self._arguments["key"] = _stored(key)
        self._saved = time.monotonic()

    def restored(self, state: TrainingState) -> tuple[TrainingState, list[History]]:
        """The newest state and the records that led to it, or the given one, ``state``, and none."""
        newest = max((int(path.name) for path in self._states() if path.name.isdigit()), default=0)
        if not newest:
            return state, []
        # Not at the top: loading orbax takes a second.
        from interp_jax.networks.training.stored_arrays import load_arrays

        curve = jax.ShapeDtypeStruct((newest, *state.stopped.shape), np.float32)
        curves_like = History(*[curve] * len(History._fields))
        like = {"arguments": self._arguments, "state": jax.tree.map(_stored, state), "curves": curves_like}
        try:
            tree = load_arrays(self._folder / str(newest), like)
        except ValueError as error:
            raise ValueError(f"checkpoint: found another training in {self._folder.name}: {error}") from error
        for name, wanted in self._arguments.items():
            if not np.array_equal(found := np.asarray(tree["arguments"][name]), wanted):
                raise ValueError(f"checkpoint: found {name} {found} in {self._folder.name}, wanted {wanted}")
        records = [History(*record) for record in zip(*tree["curves"], strict=True)]
        return jax.tree.map(_placed, tree["state"], state), records

    def save(self, state: TrainingState, records: list[History]) -> None:
        """Writes the state that the records led to, unless the last one is not old enough."""
        if self._folder is None:
            return
        jax.block_until_ready(records[-1])  # else calls are queued faster than they are computed, and no time passes
        if time.monotonic() - self._saved < SECONDS:
            return
        from interp_jax.networks.training.stored_arrays import save_arrays

        older = self._states()
        self._folder.mkdir(parents=True, exist_ok=True)
        tree = {"arguments": self._arguments, "state": jax.tree.map(_stored, state), "curves": curves(records)}
        save_arrays(self._folder / str(len(records)), tree)
        for path in older:
            shutil.rmtree(path, ignore_errors=True)
        self._saved = time.monotonic()

    def _states(self) -> list[Path]:
        """The states, and what a writer that was killed has left of one."""
        found = self._folder.iterdir() if self._folder is not None and self._folder.is_dir() else ()
        return [path for path in found if path.name.partition(".orbax-checkpoint-tmp")[0].isdigit()]


def _stored(array):
    """In the host's memory; optimizers that add noise keep a random key."""
    is_key = jnp.issubdtype(array.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(array) if is_key else array)


def _placed(new, old):
    """A copy where the state that a training starts with is: the buffer of a state is given away."""
    is_key = jnp.issubdtype(old.dtype, jax.dtypes.prng_key)
    new = jax.random.wrap_key_data(new, impl=jax.random.key_impl(old)) if is_key else jnp.array(new)
    return jax.device_put(new, old.sharding) if old.committed else new
