"""The state of an unfinished training on disk, so that an interrupted one can be resumed."""

import functools
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax._shards import on_host
from interp_jax.networks.training._steps import History, TrainingState, curves

STATE = re.compile(r"\d+(\.orbax-checkpoint-tmp.*)?|\.\d+\.[0-9a-f]{8}\.tmp")
SECONDS = 60.0
"""Least time between two states on disk; writing one takes up to a second."""


class Resuming:
    """The unfinished training in a folder; does nothing where the folder is None.

    A state is a subfolder named by its number of compiled calls. The previous one is removed once the next is
    complete, so that a killed training leaves a usable state; other files in the folder are not touched.

    Of several processes that train together, the first decides when a state is written and writes it; all read it.

    Args:
        folder: of the states.
        key: the training's random key or keys.
        together: whether arrays of the training are spread over several processes, which then all save and restore.
        **numbers: further arguments, numbers or None, that must be the same when a training is resumed.
    """

    def __init__(
        self,
        folder: str | Path | None,
        *,
        key: jax.Array,
        together: bool = False,
        **numbers: float | int | np.integer | None,
    ):
        self._folder = None if folder is None else Path(folder).absolute()
        self._together = together
        self._arguments: dict[str, Any] = {
            name: np.float64(-1 if value is None else value) for name, value in numbers.items()
        }
        self._arguments["key"] = _stored(key)
        self._saved = time.monotonic()

    def restored(self, state: TrainingState) -> tuple[TrainingState, list[History]]:
        """The newest stored state and the records that led to it, or ``state`` and no records."""
        if self._folder is None:
            return state, []
        newest = self._in_all(self._newest)
        if len(set(numbers := self._of_all(newest))) > 1:
            found = f"found the states {', '.join(map(str, numbers))} in {self._folder.name} (0: none), one per process"
            raise ValueError(f"checkpoint: {found}, wanted a folder that all processes share")
        if not newest:
            return state, []
        # Not at the top: importing orbax takes a second.
        from interp_jax.networks.training.stored_arrays import load_arrays

        curve = jax.ShapeDtypeStruct((newest, *state.stopped.shape), np.float32)
        curves_like = History._make([curve] * len(History._fields))
        like = {"arguments": self._arguments, "state": jax.tree.map(_stored, state), "curves": curves_like}
        try:
            tree = self._in_all(functools.partial(load_arrays, self._folder / str(newest), like))
        except ValueError as error:
            raise ValueError(f"checkpoint: found another training in {self._folder.name}: {error}") from error
        for name, wanted in self._arguments.items():
            if not np.array_equal(found := np.asarray(tree["arguments"][name]), wanted):
                raise ValueError(f"checkpoint: found {name} {found} in {self._folder.name}, wanted {wanted}")
        records = [History(*record) for record in zip(*tree["curves"], strict=True)]
        return jax.tree.map(_placed, tree["state"], state), records

    def save(self, state: TrainingState, records: list[History]) -> None:
        """Writes the state that the records led to, unless the last one was written less than a minute ago."""
        if self._folder is None:
            return
        jax.block_until_ready(records[-1])  # else calls are queued faster than they are computed, and no time passes
        if not self._of_all(int(time.monotonic() - self._saved >= SECONDS))[0]:
            return
        tree = {"arguments": self._arguments, "state": jax.tree.map(_stored, state), "curves": curves(records)}
        self._in_all(functools.partial(self._write, self._folder, len(records), tree), "the first process cannot write")
        self._saved = time.monotonic()

    def _write(self, folder: Path, number: int, tree: Any) -> None:
        if self._together and jax.process_index():
            return
        from interp_jax.networks.training.stored_arrays import save_arrays

        older = self._states()
        folder.mkdir(parents=True, exist_ok=True)
        save_arrays(folder / str(number), tree)
        for path in older:
            shutil.rmtree(path, ignore_errors=True)

    def _in_all(self, work: Callable[[], Any], otherwise: str = "another process cannot read") -> Any:
        """What ``work()`` returns; where it fails in one process, all fail, and none waits for it."""
        failure = result = None
        try:
            result = work()
        except Exception as error:  # the others wait
            failure = error
        failed = any(self._of_all(int(failure is not None)))
        if failure is not None:
            raise failure
        if failed:
            raise OSError(f"checkpoint: found that {otherwise} {self._folder}; it says why")
        return result

    def _of_all(self, number: int) -> list[int]:
        """The numbers of all processes that train together, in their order."""
        if not self._together:
            return [number]
        from jax.experimental.multihost_utils import process_allgather

        return np.asarray(process_allgather(np.int32(number))).ravel().tolist()

    def _newest(self) -> int:
        return max((int(path.name) for path in self._states() if path.name.isdigit()), default=0)

    def _states(self) -> list[Path]:
        """The states, including incomplete ones that a killed process left."""
        paths = self._folder.iterdir() if self._folder is not None and self._folder.is_dir() else ()
        return [path for path in paths if STATE.fullmatch(path.name)]


def _stored(array):
    """The array in the host's memory; optimizers that add noise keep a random key."""
    is_key = jnp.issubdtype(array.dtype, jax.dtypes.prng_key)
    return on_host(jax.random.key_data(array) if is_key else array)


def _placed(new, old):
    """A copy on the devices of the state that a training starts with; the training gives its buffers away."""
    is_key = jnp.issubdtype(old.dtype, jax.dtypes.prng_key)
    new = jax.random.wrap_key_data(new, impl=jax.random.key_impl(old)) if is_key else jnp.array(new)
    return jax.device_put(new, old.sharding) if old.committed else new
