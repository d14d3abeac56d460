"""What an explanation of one instance holds."""

import dataclasses
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


class Level(NamedTuple):
    """A node on an instance's path: its factor, the IDs that go the instance's way here and above, and its own.

    ``vote`` is what the factor's forest gives these IDs. ``rows`` of the reference satisfy the
    conditions of all nodes down to this one.
    """

    node: int
    factor: int
    allowed: tuple[int, ...]
    own_id: int
    vote: float
    rows: Int[np.ndarray, " kept"]

    @property
    def condition(self) -> str:
        """In words."""
        return f"f{self.factor} ∈ {{{', '.join(map(str, self.allowed))}}}"


class Hypothesis(NamedTuple):
    """Another class than the instance's: at every level the share of its rows that are left, and the separability of
    those left from the rows left of the instance's class.

    Separability is 1 where none is left, NaN where so few are that it cannot be told, or none of the instance's class.
    ``ruled_out`` is the first level with no more than the tolerated share left of this class, but more of the
    instance's; None if there is none.
    """

    label: int
    left: Float[np.ndarray, " levels"]
    separability: Float[np.ndarray, " levels"]
    ruled_out: int | None


@dataclasses.dataclass(frozen=True)
class Explanation:
    """Why the tree puts an instance where it does.

    Attributes:
        label: the class that hypotheses are held against: the instance's label, or the prediction if none was given.
        prediction: the tree's.
        ids: the instance's ID in every factor, that with most votes.
        levels: the path from the root, a level a split, to the leaf that does most for the prediction.
        weight: of this leaf in the prediction: 1 where votes are hard, else its probability.
        share: of every class among the training rows of the leaves, weighted as they are in the prediction.
        left: share of the label's own reference rows that satisfies all conditions down to every level; where next to
            none is, no class is ruled out by being gone as well.
        hypotheses: of all other classes, the latest ruled out first, before them those that are not ruled out; among
            equals those of which more is left at the last level.
    """

    label: int
    prediction: int
    ids: Int[np.ndarray, " factors"]
    levels: tuple[Level, ...]
    weight: float
    share: Float[np.ndarray, " classes"]
    left: Float[np.ndarray, " levels"]
    hypotheses: tuple[Hypothesis, ...]
