"""Decision sets over clusters: independent if-then rules in place of a tree."""

import textwrap
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Bool, Float, Int

from interp_jax._checks import Given, as_count, as_labels, as_numpy, check_number
from interp_jax._readable import readable
from interp_jax.methods.cnn_inte.tree import as_ids


@readable()
class Rule(NamedTuple):
    """If a row's ID in each factor is among the allowed ones, the row is of the class ``label``.

    Attributes:
        allowed: the IDs of each factor that satisfy the condition.
        label: the class.
        precision: the share of this class among the training rows that satisfy the condition, with one row of the class
            and one of another added (Laplace).
        cover: the number of training rows that satisfy the condition.
    """

    allowed: Bool[np.ndarray, "factors ids"]
    label: int
    precision: float
    cover: int

    def _finding(self) -> str:
        condition = textwrap.shorten(self.condition, 300, placeholder=" …")
        return f"{condition} → {self.label} ({self._quality})"

    @property
    def _quality(self) -> str:
        return f"precision {self.precision:.3f}, {self.cover} row{'' if self.cover == 1 else 's'}"

    @property
    def condition(self) -> str:
        """The condition as text; factors whose IDs are all allowed are left out."""
        parts = [
            f"f{factor} ∈ {{{', '.join(map(str, np.flatnonzero(allowed)))}}}"
            for factor, allowed in enumerate(self.allowed)
            if not allowed.all()
        ]
        return " and ".join(parts) or "always"

    def covers(self, ids: Given[Array | np.ndarray, "rows factors"]) -> Bool[np.ndarray, " rows"]:
        """Which rows of IDs [rows, factors] satisfy the condition. Host-level."""
        factors, count = self.allowed.shape
        ids = as_ids(ids, count=count, factors=factors)
        return np.all(self.allowed[np.arange(factors), ids[:, :factors]], axis=1)


@readable()
class DecisionSet(NamedTuple):
    """Unordered rules; a row that no rule covers is of the class ``default``."""

    rules: tuple[Rule, ...]
    default: int
    classes: int

    def _finding(self) -> str:
        first = (
            f"\n{textwrap.shorten(rule.condition, 100, placeholder=' …')} → {rule.label} ({rule._quality})"
            for rule in self.rules[:3]
        )
        rules = f"{len(self.rules)} rule{'' if len(self.rules) == 1 else 's'}"
        more = "; the first 3 are" if len(self.rules) > 3 else ""
        classes = f"{self.classes} class{'' if self.classes == 1 else 'es'}"
        return f"{rules} for {classes}, otherwise class {self.default}{more}{''.join(first)}"

    def predict(self, ids: Given[Array | np.ndarray, "rows factors"]) -> Int[np.ndarray, " rows"]:
        """The class of the most precise rule that covers each row. Host-level; memory: rows × classes."""
        return self.confidence(ids).argmax(axis=1)

    def confidence(self, ids: Given[Array | np.ndarray, "rows factors"]) -> Float[np.ndarray, "rows classes"]:
        """The precision of each class's most precise rule that covers a row; 1e-9 for the default. Host-level."""
        ids = as_numpy("ids", ids)
        confidence = np.zeros((len(ids) if ids.ndim else 0, self.classes))
        confidence[:, self.default] = 1e-9
        for rule in self.rules:
            mine, covered = confidence[:, rule.label], rule.covers(ids)
            mine[covered] = np.maximum(mine[covered], rule.precision)
        return confidence


def learn_rules(
    ids: Given[Array | np.ndarray, "rows factors"],
    labels: Given[Array | np.ndarray, "rows"],
    *,
    count: int,
    classes: int,
    length: int = 3,
    per_class: int = 3,
    precise: float = 0.9,
) -> DecisionSet:
    """A `DecisionSet`: a few rules per class, each of a few conditions, learned against all other classes.

    A rule starts without conditions and gains, one at a time, the condition "ID of this factor in this set" of greatest
    gain,

        gain = p · (log₂ p/(p + n) − log₂ P/(P + N)),

    with p rows of its class and n others that it covers with the condition, P and N without. Sets are the first IDs in
    the order of the class's share. A rule whose precision reaches ``precise`` gets no more conditions, which would
    reduce its cover. Rows of a class that a rule covers do not count for the class's next rule.

    Host-level. Memory: rows × factors.

    Args:
        ids: [rows, factors] the categories 0 … count − 1 of each row in each factor.
        labels: [rows] the class of each row, 0 … classes − 1.
        count: number of categories of a factor.
        classes: number of classes.
        length: maximum conditions of a rule.
        per_class: maximum rules of a class.
        precise: share of its class among the covered rows at which a rule gets no more conditions, in (0, 1].

    Returns:
        A `DecisionSet`.

    Raises:
        ValueError: IDs or labels that are not integers in their range or have different rows, counts below one, or
            ``precise`` outside (0, 1].

    Example:
        >>> ids = np.random.default_rng(0).integers(0, 4, (200, 2))
        >>> decisions = learn_rules(ids, (ids[:, 1] == 3).astype(int), count=4, classes=2)
        >>> [(rule.condition, rule.label) for rule in decisions.rules]
        [('f1 ∈ {0, 1, 2}', 0), ('f1 ∈ {3}', 1)]

    Source: Lakkaraju, Bach & Leskovec, Interpretable decision sets, KDD 2016, for the form; Clark & Boswell, EWSL 1991
    (unordered rules) and Quinlan, Machine Learning 5, 1990 (gain), for the search.
    """
    count, classes = as_count("count", count), as_count("classes", classes)
    length, per_class = as_count("length", length), as_count("per_class", per_class)
    check_number("precise", precise, above=0, most=1)
    ids = as_ids(ids, count=count)
    labels = np.asarray(as_labels("labels", labels, rows=len(ids), classes=classes))
    rules, covered = [], np.zeros(len(ids), bool)
    for label in np.unique(labels).tolist():
        left = labels == label
        for _ in range(per_class):
            rule = _grow(ids, labels, left | (labels != label), label, count, length, precise)
            if rule is None or not np.any(new := rule.covers(ids) & left):
                break
            rules.append(rule)
            left = left & ~new
            covered |= rule.covers(ids)
    rest = labels if covered.all() else labels[~covered]
    return DecisionSet(tuple(rules), int(np.bincount(rest, minlength=classes).argmax()), classes)


def _grow(ids, labels, rows, label, count, length, precise):
    """One rule for a class over the given rows, None if no condition gains."""
    factors = ids.shape[1]
    allowed = np.ones((factors, count), bool)
    for _ in range(length):
        mine, best, chosen = labels[rows] == label, 1e-9, None
        if not mine.any() or mine.mean() >= precise:
            break
        for factor in range(factors):
            column = ids[rows, factor]
            right, wrong = (np.bincount(column[each], minlength=count) for each in (mine, ~mine))
            order = np.argsort(-right / np.maximum(right + wrong, 1), kind="stable")
            order = order[(right + wrong)[order] > 0]
            p, n = np.cumsum(right[order]), np.cumsum(wrong[order])
            gain = p * (np.log2(np.maximum(p, 1) / (p + n)) - np.log2(mine.mean()))
            place = int(np.argmax(gain))
            if gain[place] > best:
                best, chosen = gain[place], (factor, order[: place + 1])
        if chosen is None:
            break
        among = np.zeros(count, bool)
        among[chosen[1]] = True
        allowed[chosen[0]] &= among
        rows = rows & among[ids[:, chosen[0]]]
    if allowed.all():
        return None
    covered = np.all(allowed[np.arange(factors), ids], axis=1)
    right = int(np.sum(labels[covered] == label))
    return Rule(allowed, label, (right + 1) / (int(covered.sum()) + 2), int(covered.sum()))
