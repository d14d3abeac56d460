"""N-grams of tokens that a unit's windows hold more often than windows placed at random."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array
from numpy.typing import ArrayLike

from interp_jax._checks import Count, Given, Key, Number, as_count, as_counts, as_key, as_numpy, check_number, describe
from interp_jax._readable import readable
from interp_jax.methods.receptive.maxima import Windows, as_groups, as_windows, chosen_rows

# The n-grams of most groups among which candidates are chosen: each costs a pass over the rows' tokens.
_TRIED = 500
_LEVEL = 0.05
_SHOWN = 3


@readable(figure="ngrams")
class Ngrams(NamedTuple):
    """N-grams of a unit's windows, tested on groups that did not choose them; the smallest p-value first.

    Attributes:
        ngrams: the tokens of each.
        observed: [ngrams] held-out groups of which a unit's window holds the n-gram.
        expected: [ngrams] the mean of that number if every row's window lay at random.
        p_value: [ngrams] the probability of at least as many groups as observed if it did.
        adjusted: [ngrams] the same by Holm's method, for all that were tested.
        groups: the number of held-out groups.
        choosing_groups: the number of groups on which the n-grams were chosen.
    """

    ngrams: tuple[tuple[int, ...], ...]
    observed: np.ndarray
    expected: np.ndarray
    p_value: np.ndarray
    adjusted: np.ndarray
    groups: int
    choosing_groups: int

    def texts(self) -> list[str]:
        r"""Each n-gram as a string literal of bytes, or as numbers if a token is none.

        Host-level.

        Example:
            >>> few = np.zeros(2)
            >>> Ngrams(((100, 10), (256,)), few, few, few, few, 1, 1).texts()
            ["b'd\\n'", '(256,)']
        """
        return [repr(bytes(each)) if max(each) < 256 and min(each) >= 0 else repr(each) for each in self.ngrams]

    def _finding(self) -> str | None:
        if np.ndim(self.p_value) != 1:
            return None
        passed = int(np.sum(self.adjusted <= _LEVEL))
        text = f"{passed} of {len(self.ngrams)} n-grams are enriched (p ≤ {_LEVEL} by Holm's method) in the windows of "
        text += f"{self.groups} held-out groups"
        rows = zip(self.texts()[:_SHOWN], self.observed, self.expected, strict=False)
        return "\n".join([text, *(f"{name} in {held} groups, {mean:.1f} at random" for name, held, mean in rows)])


def ngrams(
    windows: Given[Windows, "of receptive.windows"],
    unit: Count,
    inputs: Given[ArrayLike, "rows positions"],
    groups: Given[ArrayLike, "rows"],
    *,
    key: Key,
    rows: Given[ArrayLike, "rows"] | None = None,
    lengths: Given[Sequence[int], "least, most"] = (1, 8),
    candidates: Count = 20,
    share: Number = 0.5,
    ignored: Given[Sequence[int], "tokens"] = (),
) -> Ngrams:
    """`Ngrams`: what a unit's windows hold more often than chance, chosen on some groups and tested on the others.

        a = number of held-out groups with the n-gram in a unit's window of some row,
        p = P(Σ_g B_g ≥ a),    B_g ~ Bernoulli(1 − Π_{rows n of g} (1 − q_n))

    The unit of analysis is the **group** (the package of a file, the speaker of a recording), not the row: an n-gram
    counts once for a group, in however many of its rows. q_n is the share of row n's windows, one for each position of
    the head, that hold the n-gram: chance places the window of every row uniformly among them, and no windows have to
    be drawn. p is the tail of the sum of these independent draws (a Poisson-binomial distribution), exact up to
    rounding, and one-sided; Holm's method adjusts it for all n-grams tested.

    A small p says that the unit's maxima lie where the n-gram is, not that the n-gram causes them: what lies beside it
    in every file does as well. Copies within a group make p larger, copies in several groups make it too small: give
    such groups one number.

    Host-level; O(rows · positions) for each of at most 500 n-grams of the choosing groups and each candidate.

    Args:
        windows: what `receptive.windows` returned for ``inputs``, of one axis of positions.
        unit: the unit's number.
        inputs: [rows, positions] the tokens, any whole numbers.
        groups: [rows] what each row belongs to, numbers or strings.
        key: a JAX random key, which divides the groups.
        rows: [rows] True for rows that take part, such as those of one class; None for all. A row whose maximum lies
            at several positions takes no part: which of them is named is not a matter of chance.
        lengths: the least and the most tokens of an n-gram.
        candidates: n-grams chosen and tested, at most: those of smallest p on the choosing groups. Left out is
            one of a single group; one that a longer n-gram of as many groups holds; and one that has more than half of
            the shorter one's tokens in a row with an n-gram of smaller p.
        share: of the groups, on which n-grams are chosen.
        ignored: tokens such as padding: n-grams with them are not counted, and windows of nothing else are no windows.

    Returns:
        `Ngrams`, none if no n-gram lies in the windows of two choosing groups.

    Raises:
        TypeError: windows of another kind.
        ValueError: windows of images or of other inputs, tokens that are not whole, rows or groups that are not one a
            row, fewer than two groups with windows, a unit out of range, lengths that are not two or fall, or counts
            below one.

    Example:
        >>> tokens = np.random.default_rng(0).integers(0, 5, (40, 30))
        >>> tokens[:, 7:9] = 8, 9
        >>> from interp_jax.methods import receptive
        >>> found = receptive.windows(lambda x: (x[:, 1:] * x[:, :-1])[..., None], tokens)
        >>> enriched = ngrams(found, 0, tokens, np.arange(40), key=jax.random.key(0))
        >>> enriched.ngrams, enriched.observed, enriched.adjusted < 1e-9
        (((8, 9),), array([20]), array([ True]))
    """
    windows = as_windows("windows", windows)
    total, units = windows.value.shape
    unit = as_count("unit", unit, least=0, most=units - 1)
    tokens = _tokens(inputs, windows)
    part = chosen_rows(rows, total)
    groups = as_groups("groups", groups, total)
    least, most = as_counts("lengths", lengths, length=2)
    if least > most:
        raise ValueError(f"lengths: found {least} and {most}, wanted the least first")
    candidates = as_count("candidates", candidates)
    check_number("share", share, above=0, below=1)
    data = _Rows.of(windows, unit, tokens, groups, part, as_counts("ignored", ignored, least=-(2**63)))
    choosing, testing = data.divided(as_key(key), float(share))
    frequent = _closed(choosing.held(least, most))[:_TRIED]
    order = _apart(sorted(frequent, key=lambda ngram: choosing.test(ngram)[2]), candidates)
    tests = sorted(((*testing.test(ngram), ngram) for ngram in order), key=lambda each: each[2])
    observed, expected, p_value = (np.array([each[i] for each in tests]) for i in range(3))
    names = tuple(each[3] for each in tests)
    counts = len(np.unique(testing.groups)), len(np.unique(choosing.groups))
    return Ngrams(names, observed.astype(int), expected, p_value, _holm(p_value), *counts)


def _tokens(inputs, windows) -> np.ndarray:
    tokens = as_numpy("inputs", inputs)
    wanted = (len(windows.value), *windows.field.lengths)
    if len(wanted) != 2:
        raise ValueError(f"windows: found {len(wanted) - 1} axes of positions, wanted one: n-grams are of sequences")
    if tokens.dtype.kind not in "iu" or tokens.shape != wanted:
        raise ValueError(f"inputs: found {describe(tokens)}, wanted whole numbers {list(wanted)}, as the windows have")
    return tokens


class _Rows(NamedTuple):
    """Rows with a window: tokens, groups, the unit's window and all windows that chance may choose."""

    tokens: np.ndarray
    groups: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    allowed: np.ndarray
    ignored: tuple[int, ...]

    @classmethod
    def of(cls, windows, unit, tokens, groups, part, ignored) -> "_Rows":
        starts, stops = windows.field.start[:, 0], windows.field.stop[:, 0]
        counted = _before(~np.isin(tokens, np.array(ignored, np.int64)))
        allowed = counted[:, stops] > counted[:, starts]
        part = part & np.take_along_axis(allowed, windows.position[:, [unit]], axis=1)[:, 0]
        part &= windows.ties[:, unit] == 1  # among equals the first is named, which is not at random
        ends = windows.start[part, unit], windows.stop[part, unit]
        return cls(tokens[part], groups[part], *ends, starts, stops, allowed[part], ignored)

    def divided(self, key: Array, share: float) -> tuple["_Rows", "_Rows"]:
        """The rows of a share of the groups, and those of the others; neither is empty."""
        names = np.unique(self.groups)
        if len(names) < 2:
            raise ValueError(f"groups: found {len(names)} with windows in the rows that take part, wanted at least 2")
        first = min(max(round(share * len(names)), 1), len(names) - 1)
        names = names[np.asarray(jax.random.permutation(key, len(names)))]
        chosen = np.isin(self.groups, names[:first])
        return self._where(chosen), self._where(~chosen)

    def _where(self, rows) -> "_Rows":
        some = {name: getattr(self, name)[rows] for name in ("tokens", "groups", "start", "stop", "allowed")}
        return self._replace(**some)

    def held(self, least: int, most: int) -> dict[tuple[int, ...], int]:
        """The n-grams of the unit's windows, and in how many groups' windows each is; those of one group left out."""
        groups: dict[tuple[int, ...], set] = {}
        for row, group in enumerate(self.groups):
            for ngram in self._of(self.tokens[row, self.start[row] : self.stop[row]].tolist(), least, most):
                groups.setdefault(ngram, set()).add(group)
        return {ngram: len(each) for ngram, each in groups.items() if len(each) > 1}

    def _of(self, window: list[int], least: int, most: int) -> Iterator[tuple[int, ...]]:
        for first in range(len(window)):
            for length in range(1, min(most, len(window) - first) + 1):
                if window[first + length - 1] in self.ignored:
                    break
                if length >= least:
                    yield tuple(window[first : first + length])

    def test(self, ngram: tuple[int, ...]) -> tuple[int, float, float]:
        """Groups with the n-gram in a unit's window, their mean if windows lay at random, and the tail beyond."""
        begun = _before(self._begins(ngram))
        behind = np.maximum(self.stops - len(ngram) + 1, self.starts)
        inside = (begun[:, behind] > begun[:, self.starts]) & self.allowed
        chance = np.sum(inside, axis=1) / np.sum(self.allowed, axis=1)
        end = np.maximum(self.stop - len(ngram) + 1, self.start)
        row = np.arange(len(self.tokens))
        holds = begun[row, end] > begun[row, self.start]
        names, group = np.unique(self.groups, return_inverse=True)
        without = np.ones(len(names))
        np.multiply.at(without, group, 1 - chance)
        observed = len(np.unique(group[holds]))
        return observed, float(np.sum(1 - without)), _tail(1 - without, observed)

    def _begins(self, ngram) -> np.ndarray:
        """[rows, positions] where the n-gram begins."""
        begins = np.zeros(self.tokens.shape, bool)
        places = np.nonzero(self.tokens[:, : self.tokens.shape[1] - len(ngram) + 1] == ngram[0])
        for offset, token in enumerate(ngram[1:], 1):
            same = self.tokens[places[0], places[1] + offset] == token
            places = places[0][same], places[1][same]
        begins[places] = True
        return begins


def _before(values) -> np.ndarray:
    """[rows, positions + 1] how many are True before each position."""
    return np.pad(np.cumsum(values, axis=1, dtype=np.int32), ((0, 0), (1, 0)))


def _closed(groups: dict[tuple[int, ...], int]) -> list[tuple[int, ...]]:
    """N-grams that no n-gram one token longer of as many groups holds, those of most groups first."""
    parts = {part for ngram, count in groups.items() for part in (ngram[:-1], ngram[1:]) if groups.get(part) == count}
    closed = [ngram for ngram in groups if ngram not in parts]
    return sorted(closed, key=lambda ngram: (-groups[ngram], -len(ngram), ngram))


def _apart(ngrams: list[tuple[int, ...]], count: int) -> list[tuple[int, ...]]:
    """The first n-grams that share no run of more than half of the shorter one's tokens with an earlier one."""
    chosen: list[tuple[int, ...]] = []
    for ngram in ngrams:
        if len(chosen) == count:
            break
        if not any(_share_a_run(ngram, other) for other in chosen):
            chosen.append(ngram)
    return chosen


def _share_a_run(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    length = min(len(first), len(second)) // 2 + 1
    runs = {first[start : start + length] for start in range(len(first) - length + 1)}
    return any(second[start : start + length] in runs for start in range(len(second) - length + 1))


def _tail(chances: np.ndarray, least: int) -> float:
    """The probability that at least this many of independent events with these chances happen."""
    counts = np.ones(1)
    for chance in chances:
        counts = np.convolve(counts, [1 - chance, chance])
    return float(min(counts[least:].sum(), 1.0))


def _holm(p_value: Any) -> np.ndarray:
    """P-values in rising order, adjusted for their number."""
    steps = np.arange(len(p_value), 0, -1)
    return np.minimum(np.maximum.accumulate(p_value * steps), 1.0)
