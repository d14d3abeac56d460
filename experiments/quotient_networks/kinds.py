"""The study's networks, several of each kind with the same initial weights, and their trees."""

import dataclasses
from functools import cached_property, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.sigmoid_networks import Task, train
from experiments.study import Study, lane
from interp_jax.methods import hierarchy
from interp_jax.networks.models.lnn import LNN

TRAINED, UNTRAINED, WITHOUT, RANDOM = "trained", "untrained", "without the L1 term", "rows in random order"
OWN, PERMUTED, DEEP = "few rows, true targets", "few rows, permuted targets", "three hidden layers"
MEMORIZED_ROWS = {"mnist": 1_000, "digits": 400}


class Recipe(NamedTuple):
    """How a kind of network differs from the paper's."""

    passes: int | None = None
    penalty: float | None = None
    random_order: bool = False
    few_rows: bool = False
    permuted: bool = False
    deep: bool = False


RECIPES = {
    TRAINED: Recipe(),
    UNTRAINED: Recipe(passes=0),
    WITHOUT: Recipe(penalty=0.0),
    RANDOM: Recipe(random_order=True),
    OWN: Recipe(few_rows=True),
    PERMUTED: Recipe(few_rows=True, permuted=True),
    DEEP: Recipe(deep=True),
}


@dataclasses.dataclass(kw_only=True)
class QuotientStudy(Study):
    """The study with its task."""

    task: Task
    made: dict = dataclasses.field(default_factory=dict)

    def networks(self, kind: str) -> list[LNN]:
        """All networks of a kind; those of one number start from the same weights, but for deep ones."""
        return [lane(LNN(*map(tuple, self._made(kind)[:2])), number) for number in range(self.config.networks)]

    def errors(self, kind: str) -> np.ndarray:
        """[networks, stretches] the squared error during training."""
        return self._made(kind)[2]

    def trees(self, kind: str) -> list[hierarchy.Hierarchy]:
        """The tree of each network of a kind, on the rows that it was trained on."""
        if (kind, "trees") not in self.made:
            rows, _ = self.rows(kind)
            vectors = [hierarchy.network_vectors(each.segments(), rows) for each in self.networks(kind)]
            self.made[kind, "trees"] = list(map(hierarchy.build, vectors))
        return self.made[kind, "trees"]

    def rows(self, kind: str) -> tuple[np.ndarray, np.ndarray]:
        """The rows that a kind is trained on, with their targets."""
        recipe, task = RECIPES[kind], self.task
        count = self.few_rows if recipe.few_rows else len(task.inputs)
        inputs, targets = task.inputs[:count], task.targets[:count]
        return inputs, targets[self._permutation[self._permutation < count]] if recipe.permuted else targets

    @property
    def few_rows(self) -> int:
        """How many rows are memorized."""
        wanted = self.config.memorized_rows or MEMORIZED_ROWS.get(self.config.data, len(self.task.inputs))
        return min(wanted, len(self.task.inputs))

    @cached_property
    def _permutation(self):
        return np.asarray(jax.random.permutation(self.key(3), len(self.task.inputs)))

    def _made(self, kind):
        if kind not in self.made:
            self.made[kind] = self.cached(f"networks, {kind}", partial(self._train, kind))
        return self.made[kind]

    def _train(self, kind):
        recipe, task, count, trained = RECIPES[kind], self.task, self.config.networks, []
        inputs, targets = self.rows(kind)
        passes = self.config.memorized_passes if recipe.few_rows else task.passes
        options = {
            "sizes": (inputs.shape[1], *(self.config.deep if recipe.deep else task.hidden), targets.shape[1]),
            "steps": (passes if recipe.passes is None else recipe.passes) * len(inputs),
            "drawn": recipe.random_order or not task.features.images,  # digits are shown in the paper's order
        }
        penalty = task.penalty if recipe.penalty is None else recipe.penalty
        keys = jnp.stack([jax.random.split(jax.random.fold_in(self.key(2), number)) for number in range(count)])
        at_once = self.config.networks_at_once
        for first in self.counted(f"networks {kind}", range(0, count, at_once)):
            some = keys[first : first + at_once]
            trained.append(train(some, jnp.asarray(inputs), jnp.asarray(targets), penalty, **options))
        whole = jax.tree.map(lambda *parts: np.concatenate(parts), *trained)
        return [list(whole.network.weights), list(whole.network.biases), whole.error]
