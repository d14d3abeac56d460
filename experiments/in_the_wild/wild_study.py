"""The study with its detector, its files, and what the detector makes of them."""

import sys
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.in_the_wild import detector, files
from experiments.in_the_wild.detector import Detector
from experiments.study import Study
from interp_jax import networks

LAYER = "norm2"  # before it units are coupled by their common mean and variance
ROWS = 64  # files at a time
SEARCH, CALIBRATION, CHECK = range(3)
FIRST = ("python", "json")  # types that every run looks at


class Seen(NamedTuple):
    """What the network computes of every file.

    Attributes:
        pooled: [files, units] the largest output of each unit of the convolution over all places.
        place: [files, units] the place where that is, the first of equal ones.
        scores: [files, types] the logits.
    """

    pooled: np.ndarray
    place: np.ndarray
    scores: np.ndarray


class WildStudy(Study):
    """The study of the installed model; nothing is trained."""

    @cached_property
    def detector(self) -> Detector:
        """The installed model."""
        return detector.load(detector.installed())

    @cached_property
    def network(self) -> networks.Chain:
        """The detector's network."""
        return networks.inference_view(self.detector.network)

    @cached_property
    def permuted(self) -> networks.Chain:
        """The control: the network with the weights of its convolution and of its last layer in random order."""
        draw = np.random.default_rng(self.config.seed)
        weights = dict(self.detector.weights)
        for name in (("conv", "kernel"), ("dense", "kernel")):
            weights[name] = draw.permutation(weights[name].reshape(-1)).reshape(weights[name].shape)
        return networks.inference_view(detector.chain(weights))

    @cached_property
    def files(self) -> files.Files:
        """The files of this installation that the study uses."""
        config = self.config
        limits = {"files": config.files, "package_files": config.package_files, "seed": config.seed}
        return self.cached("files", lambda: files.collect(files.roots(), **limits), files)

    @cached_property
    def seen(self) -> Seen:
        """What the network computes of them."""
        return self.cached("seen", lambda: see(self.network, self.files.tokens), sys.modules[__name__])

    @cached_property
    def predictions(self) -> np.ndarray:
        """[files] the number of the type with the highest score."""
        return self.seen.scores.argmax(axis=1)

    @cached_property
    def hidden(self) -> np.ndarray:
        """[files, units] the layer whose units are selected."""
        norm = partial(_between, self.network.after("pool").until(LAYER))
        return networks.apply(networks.freeze(norm), self.seen.pooled)

    @cached_property
    def tail(self):
        """The network after that layer."""
        return networks.lift(self.network.after(LAYER), self.hidden.shape[1:])

    def part(self, number: int) -> np.ndarray:
        """The numbers of the files of a part."""
        return np.flatnonzero(self.files.part == number)

    @cached_property
    def types(self) -> list[int]:
        """Types that are looked at one by one, by number: those with most files in the part where they have fewest."""
        every = len(self.detector.types)
        counts = [np.bincount(self.predictions[self.part(part)], minlength=every) for part in range(len(files.PARTS))]
        fewest = np.min(counts, axis=0)
        first = [self.detector.types.index(name) for name in FIRST if name in self.detector.types]
        order = [each for each in first if fewest[each] >= LEAST]
        order += [each for each in np.argsort(-fewest, kind="stable") if each not in order and fewest[each] >= LEAST]
        return [int(each) for each in order[: self.config.types]]


LEAST = 20  # files of a type in each part, without which it is not looked at


def _between(norm, pooled):
    return norm(pooled)


def see(network, tokens) -> Seen:
    """`Seen` of all rows."""
    step = partial(_see, network.until("gelu2"), network.after("pool"))
    return Seen(*networks.apply(networks.freeze(step), tokens.astype(np.int32), batch_size=ROWS))


def _see(head, tail, tokens):
    maps = head(tokens)
    pooled = jnp.max(maps, axis=1)
    return pooled, jnp.argmax(maps, axis=1).astype(jnp.int16), tail(pooled)


def other_version(settings) -> Detector | None:
    """The other version of the model that the settings name."""
    if settings.other is None:
        return None
    folder = Path(settings.other)
    return detector.load(detector.model_in(folder / "magika" if (folder / "magika").is_dir() else folder))
