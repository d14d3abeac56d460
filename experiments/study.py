"""What a study's sections share: settings, the run's folder, progress bars and trained networks."""

import dataclasses
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax import networks
from interp_jax.reports import Run


@dataclasses.dataclass
class Study:
    """A run in progress; networks are trained once, kept on disk, and read from there ever after.

    A training that was stopped goes on from its last minute.
    """

    config: Any
    run: Run
    progress: Any
    fits: dict[str, networks.Fit] = dataclasses.field(default_factory=dict)

    def key(self, number: int):
        """The study's ``number``-th random key."""
        return jax.random.fold_in(jax.random.key(self.config.seed), number)

    def stacked(self, constructor: Callable, seeds: int | None):
        """A stacked network and the keys to train it with, lane i from the i-th fold of the study's key.

        With None for ``seeds`` lane 0 alone, a single network and its key: convolutions are slow in a stack on CPU.
        """
        lanes = [jax.random.split(jax.random.fold_in(self.key(0), lane)) for lane in range(seeds or 1)]
        initial, training = (jnp.stack(keys) for keys in zip(*lanes, strict=True))
        if seeds is None:
            return constructor(initial[0]), training[0]
        return jax.vmap(constructor)(initial), training

    def fitted(
        self, name: str, constructor: Callable, rows, *, seeds: int | None, epochs: int, **options
    ) -> networks.Fit:
        """`networks.fit` of ``seeds`` networks, or of a single one for None, under the name of its checkpoint."""

        def train(network, keys, report, unfinished):
            progress = {"on_epoch": report, "checkpoint": unfinished}
            return networks.fit(network, *rows, key=keys, epochs=epochs, **progress, **options)

        return self._once(name, constructor, seeds, epochs, train)

    def fitted_fresh(
        self, name: str, constructor: Callable, sample: Callable, *, seeds: int | None, steps: int, **options
    ) -> networks.Fit:
        """`networks.fit_fresh` of ``seeds`` networks, or of a single one, under the name of its checkpoint."""

        def train(network, keys, report, unfinished):
            progress = {"on_call": report, "checkpoint": unfinished}
            return networks.fit_fresh(network, sample, key=keys, steps=steps, **progress, **options)

        return self._once(name, constructor, seeds, steps, train)

    def untrained(self, constructor: Callable, seeds: int) -> list[networks.Chain]:
        """The networks that `fitted` starts from."""
        stacked, _ = self.stacked(constructor, seeds)
        return [networks.inference_view(lane(stacked, seed)) for seed in range(seeds)]

    def folder(self, name: str) -> Path:
        """Where the checkpoint of this name is kept."""
        return self.run.checkpoint(name.replace(", ", "-").replace(" ", "-"))

    def write(self, sections: Mapping[str, tuple[str, Callable]]) -> Path:
        """Writes the sections, (title, function of the study and the section) by name, that are not finished yet.

        Returns:
            The path of the report.
        """
        task = self.progress.task("sections", len(sections))
        for identifier, (title, write) in sections.items():
            if not self.run.finished(identifier):
                with self.run.section(identifier, title) as section:
                    write(self, section)
            task.advance(note=title)
        task.finish()
        return self.run.report

    def _once(self, name, constructor, seeds, total, train) -> networks.Fit:
        if name not in self.fits:
            network, keys = self.stacked(constructor, seeds)
            folder = self.folder(name)
            unfinished = folder.with_name(f"{folder.name}.unfinished")
            if not folder.is_dir():
                networks.save_fit(folder, self._trained(name, network, keys, total, train, unfinished))
            shutil.rmtree(unfinished, ignore_errors=True)
            self.fits[name] = networks.load_fit(folder, network)
        return self.fits[name]

    def _trained(self, name, network, keys, total, train, unfinished):
        task = self.progress.task(f"training {name}", total)
        done = 0

        def report(count, history):
            nonlocal done
            task.advance(count - done, f"loss {history.loss.mean():.3f}")
            done = count

        fit = train(network, keys, report, unfinished)
        task.finish()
        return fit


def lane(stacked, index: int):
    """One network of a stacked one."""
    return jax.tree.map(lambda leaf: leaf[index], stacked)


@jax.jit
def probabilities(network, inputs) -> jax.Array:
    """The softmax of a network's scores."""
    return jax.nn.softmax(network(inputs))


def mean_and_spread(values, digits: int = 3) -> str:
    """``mean ± standard deviation``, or the number alone when there is one."""
    values = np.atleast_1d(np.asarray(values, float))
    mean = f"{np.nanmean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean}\u00a0±\u00a0{np.nanstd(values, ddof=1):.{digits}f}"
