"""The parts of an explanation of one instance."""

import dataclasses
import textwrap
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from interp_jax._readable import readable


@readable()
class Level(NamedTuple):
    """One split on an instance's path.

    Attributes:
        node: the number of the split's node.
        factor: the factor that it splits on.
        allowed: the IDs of this factor that lead the instance's way, here and at earlier splits.
        own_id: the instance's ID in this factor.
        vote: the factor's forest's probability of the allowed IDs.
        rows: the reference rows that satisfy the conditions of all levels to this one.
        ids: the number of the factor's IDs; None if unknown.
    """

    node: int
    factor: int
    allowed: tuple[int, ...]
    own_id: int
    vote: float
    rows: Int[np.ndarray, " remaining"]
    ids: int | None = None

    def _finding(self) -> str:
        condition = textwrap.shorten(self.condition, 300, placeholder=" …")
        remain = "reference row remains" if len(self.rows) == 1 else "reference rows remain"
        return f"{condition}, the instance's ID is {self.own_id}; {len(self.rows)} {remain}"

    @property
    def condition(self) -> str:
        """The condition in words: the allowed IDs, or the others if they are fewer and known."""
        others = [each for each in range(self.ids or 0) if each not in self.allowed]
        sign, named = ("∉", others) if 0 < len(others) < len(self.allowed) else ("∈", self.allowed)
        return f"f{self.factor} {sign} {{{', '.join(map(str, named))}}}"


@readable()
class Hypothesis(NamedTuple):
    """A class other than the instance's, level by level.

    Attributes:
        label: the class.
        left: the share of its reference rows that satisfy all conditions to a level.
        separability: how well a plane separates these rows from those left of the instance's class (`separability`): 1
            if none is left, NaN if too few are left, or none of the instance's class.
        ruled_out: the first level with at most the tolerated share of this class left, but more of the instance's; None
            if none.
    """

    label: int
    left: Float[np.ndarray, " levels"]
    separability: Float[np.ndarray, " levels"]
    ruled_out: int | None

    def _finding(self) -> str:
        return f"class {self.label} {_when(self.ruled_out)}"


@readable()
@dataclasses.dataclass(frozen=True)
class Explanation:
    """Why the tree classifies an instance as it does.

    Attributes:
        label: the class that hypotheses are compared with: the instance's, such as the network's prediction, or by
            default the tree's.
        prediction: the tree's class.
        ids: the instance's most likely ID in each factor.
        levels: the path, one level per split, from the root to the leaf that contributes most to the prediction.
        weight: the probability of this leaf; 1 if votes are hard.
        share: the predicted share of each class, in the order of `Explainer.class_labels`.
        left: the share of the label's own reference rows that satisfies all conditions to each level; if at most the
            tolerance, no class is ruled out.
        hypotheses: all other classes: first those never ruled out, then by the level that rules them out, last first;
            ties by rows left at the last level, most first.
    """

    label: int
    prediction: int
    ids: Int[np.ndarray, " factors"]
    levels: tuple[Level, ...]
    weight: float
    share: Float[np.ndarray, " classes"]
    left: Float[np.ndarray, " levels"]
    hypotheses: tuple[Hypothesis, ...]

    def _finding(self) -> str:
        """The path and the classes that each of its levels, counted from 1, rules out."""
        path = textwrap.shorten(" → ".join([level.condition for level in self.levels]), 200, placeholder=" …")
        at: dict[int | None, list[str]] = {}
        for hypothesis in self.hypotheses:
            at.setdefault(hypothesis.ruled_out, []).append(str(hypothesis.label))
        never = at.pop(None, [])
        ruled_out = sorted((level, labels) for level, labels in at.items() if level is not None)
        parts = [f"{_classes(labels)} {_when(level)}" for level, labels in ruled_out]
        parts += [f"{_classes(never)} {_when(None)}"] if never else []
        lines = [f"path {path} → class {self.prediction}"]
        if not self.levels:
            lines = [f"class {self.prediction} for every input: the tree has no split"]
        elif self.weight < 0.995:
            lines[0] += f" (its leaf has {self.weight:.0%} of the weight)"
        if self.label != self.prediction:
            lines.append(f"the tree's class is not the given class {self.label}, with which others are compared")
        if parts:
            lines.append(textwrap.shorten("; ".join(parts), 250, placeholder=" …"))
        return "\n".join(lines)


def _classes(labels: list[str]) -> str:
    return f"class{'es' if len(labels) > 1 else ''} {', '.join(labels)}"


def _when(ruled_out: int | None) -> str:
    """Levels are counted from 1 in texts."""
    return "not ruled out" if ruled_out is None else f"ruled out at level {ruled_out + 1}"
