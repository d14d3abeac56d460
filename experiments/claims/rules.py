"""Rules that decide what a claim is worth, not changed once applied; no verdict is written by hand.

A claim has one or more measured parts. Every part belongs to one of four families:

* `Number`: a published number, with the tolerance within which ours is the same;
* `Direction`: more than a threshold, for example a difference above 0;
* `Control`: a paired difference, trained minus control or method minus other method; what the control has too is
  explained by it;
* a picture is one of the three, of a measure of what the picture shows.

Each is tested by the spread over networks, one-sided at 2.5% for each verdict, with Holm's correction for all parts of
a paper. What no test decides is undecided.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

HOLDS, IN_PART, FAILS = "holds", "holds in part", "fails"
EXPLAINED, UNDECIDED, NOT_TESTED = "explained by a control", "undecided", "not tested here"
VERDICTS = HOLDS, IN_PART, FAILS, EXPLAINED, UNDECIDED, NOT_TESTED
LEVEL = 0.025  # of each one-sided test, for all parts of a paper together


class Estimate(NamedTuple):
    """A mean, its standard error and the latter's degrees of freedom, over networks or what else was repeated."""

    mean: float
    error: float
    freedom: float
    networks: int
    repeated: str = "networks"

    def above(self, threshold: float) -> float:
        """The p-value of a true mean of at most the threshold."""
        if not self.freedom:
            return 1.0
        if not self.error:  # equal values, mostly small whole numbers: by their signs alone
            return 0.5 ** (self.freedom + 1) if self.mean > threshold else 1.0
        return float(stats.t.sf((self.mean - threshold) / self.error, self.freedom))

    def below(self, threshold: float) -> float:
        """The p-value of a true mean of at least the threshold."""
        return self._replace(mean=-self.mean).above(-threshold)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """The interval with ``level`` outside at either end; infinite for a single network."""
        half = float(stats.t.isf(level, self.freedom)) * self.error if self.freedom else np.inf
        return self.mean - half, self.mean + half


def over_networks(values: ArrayLike) -> Estimate:
    """The estimate from one value for each network, independent of each other; NaN are left out."""
    finite = np.asarray(values, float).ravel()
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return Estimate(np.nan, np.inf, 0, 0)
    error = finite.std(ddof=1) / np.sqrt(len(finite)) if len(finite) > 1 else np.inf
    return Estimate(float(finite.mean()), float(error), len(finite) - 1, len(finite))


@dataclasses.dataclass(frozen=True)
class Number:
    """As published, up to a tolerance; ``better`` says which side, if any, counts as at least as good."""

    published: float
    tolerance: float
    better: str | None = None  # "lower" or "higher"

    def tests(self, ours: Estimate) -> dict[str, float]:
        """The p-value of each verdict's opposite."""
        low, high = self.published - self.tolerance, self.published + self.tolerance
        at_least = 0.0 if self.better == "lower" else ours.above(low)
        at_most = 0.0 if self.better == "higher" else ours.below(high)
        too_low = 1.0 if self.better == "lower" else ours.below(low)
        too_high = 1.0 if self.better == "higher" else ours.above(high)
        return {HOLDS: max(at_least, at_most), FAILS: min(too_low, too_high)}

    def words(self) -> str:
        """The rule in words."""
        if self.better is None:
            return f"{self.published:g} ± {self.tolerance:g}"
        side, step = ("at most", self.tolerance) if self.better == "lower" else ("at least", -self.tolerance)
        return f"{side} {self.published + step:g}".replace("-", "\u2212")


@dataclasses.dataclass(frozen=True)
class Direction:
    """Above a threshold, or with ``upwards`` False below it."""

    threshold: float = 0.0
    upwards: bool = True

    def tests(self, ours: Estimate) -> dict[str, float]:
        """The p-value of each verdict's opposite."""
        above, below = ours.above(self.threshold), ours.below(self.threshold)
        return {HOLDS: above, FAILS: below} if self.upwards else {HOLDS: below, FAILS: above}

    def words(self) -> str:
        """The rule in words."""
        return f"{'above' if self.upwards else 'below'} {self.threshold:g}"


@dataclasses.dataclass(frozen=True)
class Control:
    """Trained minus control above 0; explained by the control if surely less than a margin that would matter."""

    margin: float

    def tests(self, ours: Estimate) -> dict[str, float]:
        """The p-value of each verdict's opposite; a difference below 0 is explained as well."""
        small = ours.below(self.margin)
        # A difference that is surely above 0 and surely small is real, but too small to matter.
        return {EXPLAINED: small, HOLDS: max(ours.above(0.0), 1.0 if small <= LEVEL else 0.0)}

    def words(self) -> str:
        """The rule in words."""
        return f"difference from the control above 0; explained if below {self.margin:g}"


Rule = Number | Direction | Control


class Part(NamedTuple):
    """A measured quantity that a claim is decided by."""

    what: str
    ours: Estimate
    rule: Rule


def verdicts(parts: Sequence[Part]) -> list[str]:
    """The verdict of every part of one paper, by Holm's step-down correction for all of them."""
    tests = [part.rule.tests(part.ours) for part in parts]
    best = [min(each, key=each.__getitem__) for each in tests]
    p_values = np.array([each[name] for each, name in zip(tests, best, strict=True)])
    # Holm: the smallest is compared with level / number, the next with level / (number − 1), …; the first failure ends.
    # A part without a spread, of a single network, cannot be decided whatever it is, and does not count.
    testable = np.flatnonzero([part.ours.freedom > 0 for part in parts])
    order = testable[np.argsort(p_values[testable], kind="stable")]
    decided = np.zeros(len(parts), bool)
    decided[order] = np.cumprod(p_values[order] <= LEVEL / np.arange(len(order), 0, -1))
    return [name if sure else UNDECIDED for name, sure in zip(best, decided, strict=True)]


def together(of_parts: Sequence[str]) -> str:
    """The verdict of a claim from those of its parts."""
    kinds = set(of_parts)
    if not kinds:
        return NOT_TESTED
    if len(kinds) == 1:
        return kinds.pop()
    if HOLDS in kinds:
        return IN_PART
    return UNDECIDED if UNDECIDED in kinds else FAILS
