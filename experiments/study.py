"""What all studies share: a run's folder, progress bars, trained networks, and the order of work."""

import contextlib
import dataclasses
import shutil
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments import kept, meshes, stored
from experiments.settings import SEEDS
from experiments.tasks import TITLES, fingerprint
from interp_jax import networks
from interp_jax.reports import Run, describe, progress
from interp_jax.reports._records import read_record

BATCH = 500  # rows that a network evaluates at a time


@dataclasses.dataclass
class Study:
    """A run in progress. Networks are trained once and then read from the run's folder.

    A training that was interrupted continues from its last checkpoint, which is at most a minute old.
    """

    config: Any
    run: Run
    progress: Any
    fits: dict[str, networks.Fit] = dataclasses.field(default_factory=dict)

    def key(self, number: int):
        """The study's ``number``-th random key."""
        return jax.random.fold_in(jax.random.key(self.config.seed), number)

    def stacked(self, constructor: Callable, seeds: int | None):
        """A stacked network and its training keys; lane i uses the study's key folded with i.

        With ``seeds=None``, lane 0 as a single network and its key: stacked convolutions are slow on CPUs.
        """
        lanes = [jax.random.split(jax.random.fold_in(self.key(0), lane)) for lane in range(seeds or 1)]
        initial, training = (jnp.stack(keys) for keys in zip(*lanes, strict=True))
        if seeds is None:
            return constructor(initial[0]), training[0]
        return jax.vmap(constructor)(initial), training

    def fitted(
        self, name: str, constructor: Callable, rows, *, seeds: int | None, epochs: int, **options
    ) -> networks.Fit:
        """The result of `networks.fit` for ``seeds`` networks, or for a single one with None; stored under ``name``."""

        def train(network, keys, report, unfinished):
            progress = {"on_epoch": report, "checkpoint": unfinished}
            return networks.fit(network, *self.spread(rows), key=keys, epochs=epochs, **progress, **options)

        return self._once(name, constructor, seeds, epochs, "epoch", train)

    def fitted_fresh(
        self, name: str, constructor: Callable, sample: Callable, *, seeds: int | None, steps: int, **options
    ) -> networks.Fit:
        """The result of `networks.fit_fresh`, with ``seeds`` and ``name`` as in `fitted`."""

        def train(network, keys, report, unfinished):
            progress = {"on_call": report, "checkpoint": unfinished}
            return networks.fit_fresh(network, sample, key=keys, steps=steps, **progress, **options)

        return self._once(name, constructor, seeds, steps, "step", train)

    def untrained(self, constructor: Callable, seeds: int) -> list[networks.Chain]:
        """The networks that `fitted` starts from, before any training."""
        stacked, _ = self.stacked(constructor, seeds)
        return [networks.inference_view(lane(stacked, seed)) for seed in range(seeds)]

    def cached(self, name: str, compute: Callable[[], Any], module: types.ModuleType | None = None) -> Any:
        """What ``compute`` returns: computed once, then read from the run's folder, named tuples from ``module``."""
        path = self.folder(name) / "result.npz"
        if not path.exists():
            result = compute()
            path.parent.mkdir(exist_ok=True)
            stored.save(path, result)
        return stored.load(path, module)

    def counted(self, what: str, items: Iterable) -> Iterator:
        """The items one after the other, counted by a progress bar."""
        items = list(items)
        bar = self.progress.task(what, len(items))
        for item in items:
            yield item
            bar.advance()
        bar.finish()

    def spread(self, rows):
        """Rows over the devices of the settings, which change no result but by rounding."""
        return meshes.spread(rows, self.config.devices)

    def folder(self, name: str) -> Path:
        """The folder of the checkpoint of this name."""
        return self.run.checkpoint(name.replace(", ", "-").replace(" ", "-"))

    def with_seed(self, number: int, **changes):
        """The same study with the random keys of another seed, for number 1, 2, …, and other changed fields."""
        config = dataclasses.replace(self.config, seed=(self.config.seed + 1000 * number) % SEEDS)
        return dataclasses.replace(self, config=config, **changes)

    def write(self, sections: Mapping[str, tuple[str, Any]]) -> Path:
        """Writes all sections that are not finished yet, or with ``show`` all, and returns the path of the report.

        A section's result is stored before it is shown, so that it can be shown again without computing anything.

        Args:
            sections: by name, the title and a module (or object) with ``measure(study)``, which computes and returns a
                named tuple or mapping, and ``show(result, page)``, which draws and phrases from that alone.

        Raises:
            ValueError: a section without a stored result that is to be shown only.
        """
        task = self.progress.task("sections", len(sections))
        for identifier, (title, part) in sections.items():
            if self.config.show or not self.run.finished(identifier):
                with self.run.section(identifier, title, again=self.config.show) as page:
                    part.show(self._result(identifier, part), page)
            task.advance(note=title)
        task.finish()
        return self.run.report

    def _result(self, identifier, part):
        path = self.run.result(identifier)
        if not path.exists():
            if self.config.show:
                raise ValueError(f"show: found no {path}, wanted a stored result; without --show it is computed")
            stored.save(path, part.measure(self))
        # Read even if just computed: a page never shows more than what is stored.
        return stored.load(path, part)

    def _once(self, name, constructor, seeds, total, unit, train) -> networks.Fit:
        if name not in self.fits:
            network, keys = self.stacked(constructor, seeds)
            folder = self.folder(name)
            unfinished = folder.with_name(f"{folder.name}.unfinished")
            trained = partial(self._trained, name, network, keys, total, unit, train, unfinished)
            meshes.saved_once(folder, trained, networks.save_fit)
            shutil.rmtree(unfinished, ignore_errors=True)
            self.fits[name] = networks.load_fit(folder, network)
        return self.fits[name]

    def _trained(self, name, network, keys, total, unit, train, unfinished):
        task = self.progress.task(f"training {name}", total, unit=unit)
        done = 0

        def report(count, history):
            nonlocal done
            task.advance(count - done, f"loss {history.loss.mean():.3f}")
            done = count

        fit = train(network, keys, report, unfinished)
        task.finish()
        return fit


def write_report(
    study: type[Study],
    settings: Any,
    sections: Mapping[str, tuple[str, Any]],
    *,
    title: str,
    lead: str,
    name: str = "",
    recorded: Mapping[str, Any] = types.MappingProxyType({}),
    **fields: Any,
) -> Path:
    """Runs a study: writes all sections that are not finished yet, and returns the path of the report.

    The run's folder is ``runs/<study>/<name>``, where the study is the folder that its settings are defined in.

    Args:
        study: the class of the study.
        settings: its settings.
        sections: as for `Study.write`.
        title: the report's heading.
        lead: the report's first paragraph.
        name: the run's name where the settings have none; by default the preset and the data set.
        recorded: settings that the run's record has in another form.
        **fields: further fields of the study, such as its task.

    Raises:
        ValueError: the folder holds a run with other settings or images.
        OSError: another process has the run, or the folder cannot be written.
    """
    config = dataclasses.asdict(settings)
    own_name, overwrite, show, _ = (config.pop(field) for field in ("name", "overwrite", "show", "devices"))
    if show and overwrite:
        raise ValueError("show: found it with overwrite, wanted one of both")
    name = name or "-".join(config[field] for field in ("preset", "data") if field in config)
    folder = type(settings).__module__.split(".")[-2]
    options: dict[str, Any] = {"title": title, "lead": lead, "sections": list(sections), "overwrite": overwrite}
    options["root"] = meshes.root(folder, own_name or name)
    stored_config = Path(options["root"], folder, own_name or name, "config.json")
    config |= recorded
    config |= _fingerprint(config.get("data"), stored_config, show=show, overwrite=overwrite)
    with contextlib.closing(Run.open(folder, own_name or name, config, **options)) as run:
        if show:
            kept.restore(folder, config, run.folder / "results")
        run.environment({**describe(), "device": jax.devices()[0].device_kind})
        with progress(f"{title}, {name}") as bars:
            return study(settings, run, bars, **fields).write(sections)


def _fingerprint(data: Any, stored_config: Path, *, show: bool, overwrite: bool) -> dict[str, str]:
    """The setting by which a run recognizes its images; none for one that was begun without, or that is only shown."""
    if data not in TITLES:
        return {}
    if show or (stored_config.exists() and not overwrite):
        with contextlib.suppress(OSError, ValueError):  # what is damaged is refused when the run is opened
            earlier = read_record(stored_config)
            if show or kept.IMAGES not in earlier:
                return {name: earlier[name] for name in (kept.IMAGES,) if name in earlier}
    return {} if show else {kept.IMAGES: fingerprint(data)}


def lane(stacked, index: int):
    """One network of a stacked network."""
    return jax.tree.map(lambda leaf: leaf[index], stacked)


@jax.jit
def probabilities(network, inputs) -> jax.Array:
    """The class probabilities of a network: the softmax of its scores."""
    return jax.nn.softmax(network(inputs))


def from_to(before: float, after: float) -> str:
    """What becomes of a number, as far as its digits tell: ``rises from 0.10 to 0.20``, ``stays at 0.10``."""
    first, last = (f"{value:z.2f}" for value in (before, after))  # z: no minus sign before 0
    if first == last:
        return f"stays at {first}"
    return f"{'rises' if after > before else 'falls'} from {first} to {last}"


def mean_and_spread(values, digits: int = 3) -> str:
    """``mean ± standard deviation`` as text, NaN left out; a single value stands alone."""
    values = np.atleast_1d(np.asarray(values, float))
    mean = f"{np.nanmean(values):.{digits}f}"
    return mean if np.isfinite(values).sum() < 2 else f"{mean}\u00a0±\u00a0{np.nanstd(values, ddof=1):.{digits}f}"
