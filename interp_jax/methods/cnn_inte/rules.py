"""Decision sets over clusters: independent if-then rules in place of a tree."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int


class Rule(NamedTuple):
    """If a row's ID in every factor is among those allowed, it is of the class ``label``.

    ``precision`` is the share of training rows that it covers rightly, one row of each kind added (Laplace);
    ``cover`` how many it covers.
    """

    allowed: Bool[np.ndarray, "factors ids"]
    label: int
    precision: float
    cover: int

    @property
    def condition(self) -> str:
        """In words; factors whose IDs are all allowed are left out."""
        asked = [
            f"f{factor} ∈ {{{', '.join(map(str, np.flatnonzero(allowed)))}}}"
            for factor, allowed in enumerate(self.allowed)
            if not allowed.all()
        ]
        return " and ".join(asked) or "always"

    def covers(self, ids: Int[np.ndarray, "rows factors"]) -> Bool[np.ndarray, " rows"]:
        """Which rows satisfy the condition."""
        return np.all(self.allowed[np.arange(ids.shape[1]), ids], axis=1)


class DecisionSet(NamedTuple):
    """Rules in no order; a row that none covers is of the class ``default``."""

    rules: tuple[Rule, ...]
    default: int
    classes: int

    def predict(self, ids: Int[np.ndarray, "rows factors"]) -> Int[np.ndarray, " rows"]:
        """The class of the most precise rule that covers a row."""
        return self.confidence(ids).argmax(axis=1)

    def confidence(self, ids: Int[np.ndarray, "rows factors"]) -> Float[np.ndarray, "rows classes"]:
        """The precision of the most precise rule of every class that covers a row; next to none for the default."""
        found = np.zeros((len(ids), self.classes))
        found[:, self.default] = 1e-9
        for rule in self.rules:
            mine = found[:, rule.label]
            mine[rule.covers(ids)] = np.maximum(mine[rule.covers(ids)], rule.precision)
        return found


def learn_rules(
    ids: Int[np.ndarray, "rows factors"],
    labels: Int[np.ndarray, " rows"],
    *,
    count: int,
    classes: int,
    length: int = 3,
    per_class: int = 3,
    precise: float = 0.9,
) -> DecisionSet:
    """Rules of up to ``length`` conditions, up to ``per_class`` a class, each learned against all other classes.

    Host-level. A rule starts without conditions and is given, time after time, the condition "ID of this factor in this
    set" of most information,

        gain = p · (log₂ p/(p + n) − log₂ P/(P + N)),

    p, n of its class and others covered with the condition, P, N without; sets are the beginnings of the order of the
    IDs by the class's share. A rule is given none once the share ``precise`` of what it covers is right: more would
    cover fewer rows. Rows that a class's rules cover no longer count for its next one. `DecisionSet` holds no
    order between rules, so each can be read alone.

    Args:
        ids: categories 0 … count − 1 of every row in every factor.
        labels: the class of every row, 0 … classes − 1.
        count: categories of a factor.
        classes: number of classes.
        length: most conditions of a rule.
        per_class: most rules of a class.
        precise: share of rightly covered rows from which on a rule is given no more conditions.

    Example:
        >>> import numpy as np
        >>> ids = np.random.default_rng(0).integers(0, 4, (200, 2))
        >>> found = learn_rules(ids, (ids[:, 1] == 3).astype(int), count=4, classes=2)
        >>> [(rule.condition, rule.label) for rule in found.rules]
        [('f1 ∈ {0, 1, 2}', 0), ('f1 ∈ {3}', 1)]

    Source: Lakkaraju, Bach & Leskovec, Interpretable decision sets, KDD 2016, for the form; Clark & Boswell, EWSL 1991
    (unordered rules) and Quinlan, Machine Learning 5, 1990 (gain), for the search. Libraries that learn rule sets tell
    two classes apart and ask for single values.
    """
    found, covered = [], np.zeros(len(ids), bool)
    for label in range(classes):
        left = labels == label
        for _ in range(per_class):
            rows = left | (labels != label)
            rule = _grow(ids, labels, rows, label, count, length, precise)
            if rule is None or not np.any(new := rule.covers(ids) & left):
                break
            found.append(rule)
            left = left & ~new
            covered |= rule.covers(ids)
    rest = labels if covered.all() else labels[~covered]
    return DecisionSet(tuple(found), int(np.bincount(rest, minlength=classes).argmax()), classes)


def _grow(ids, labels, rows, label, count, length, precise):
    """One rule for a class over the rows given, None if no condition gains."""
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
