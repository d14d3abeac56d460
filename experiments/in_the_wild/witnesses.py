"""What the units respond to: the text where a unit's maximum lies, and what those windows have in common."""

from typing import NamedTuple

import jax
import numpy as np

from experiments.in_the_wild.detector import PADDING, PLACES, SIDE, TOKENS, WINDOW
from experiments.in_the_wild.needed import core
from experiments.in_the_wild.wild_study import FIRST
from interp_jax.methods import receptive

UNITS, FEWER, TEXTS, CANDIDATES, LEVEL, NAMED = 6, 2, 4, 8, 0.05, 4


class Unit(NamedTuple):
    """Of one unit of a type's set.

    Attributes:
        number: of the unit.
        pushes: how much it raises the type's score above the mean of the other types' (mean over files of the type,
            less that over other files).
        texts: [windows] bytes where it is greatest, in files of the type, one of each package.
        last: the share of files of the type in which its window lies in the last bytes.
        ngram: the n-gram that its windows hold most above chance in held-out packages, as a literal; "" without one.
        observed: held-out packages with it in the window.
        expected: as many by chance.
        adjusted: p-value by Holm's method.
        packages: held-out packages.
        enriched: how many n-grams are enriched, of those tested.
        tested: their number.
        permuted: the least adjusted p-value of the control: windows of the same files, exchanged between them.
    """

    number: int
    pushes: float
    texts: list[str]
    last: float
    ngram: str
    observed: int
    expected: float
    adjusted: float
    packages: int
    enriched: int
    tested: int
    permuted: float


class Witnesses(NamedTuple):
    """By type, the units that push it most; and the number of units of its set."""

    units: dict[str, list[Unit]]
    of: dict[str, int]


def measure(study) -> Witnesses:
    """Windows and n-grams of the units of each type's set."""
    types = [number for number in study.types if study.detector.types[number] in FIRST]
    types += [number for number in study.types if number not in types]
    units, of = {}, {}
    for number in study.counted("what units respond to", types):
        mask, name = core(study, number, "mean").mask, study.detector.types[number]
        pushes = push(study, number)
        order = [unit for unit in np.argsort(-pushes, kind="stable") if mask[unit]]
        most = UNITS if name in FIRST else FEWER
        units[name] = [_unit(study, number, int(unit), pushes) for unit in order[:most]]
        of[name] = int(mask.sum())
    return Witnesses(units, of)


def push(study, number: int) -> np.ndarray:
    """[units] how much more each raises a type's score, over that of other types, in its files than elsewhere."""
    kernel = study.detector.weights["dense", "kernel"]
    own = study.predictions == number
    difference = study.hidden[own].mean(axis=0) - study.hidden[~own].mean(axis=0)
    return difference * (kernel[:, number] - np.delete(kernel, number, axis=1).mean(axis=1))


def windows(pooled: np.ndarray, position: np.ndarray) -> receptive.Windows:
    """The window of each unit's maximum [files, units], by its place."""
    field = receptive.sliding(TOKENS, PLACES * WINDOW, stride=PLACES)
    start = PLACES * position.astype(int)
    return receptive.Windows(start, start + PLACES * WINDOW, pooled, position.astype(int), np.ones_like(start), field)


def _unit(study, number, unit, pushes):
    rows = np.flatnonzero(study.predictions == number)
    tokens, groups = study.files.tokens[rows].astype(np.int32), study.files.package[rows]
    pooled, place = study.seen.pooled[rows][:, [unit]], study.seen.place[rows][:, [unit]]
    own = windows(pooled, place)
    texts = [readable(each) for each in receptive.top(own, 0, count=TEXTS, groups=groups).cut(tokens)]
    options = {"key": jax.random.fold_in(study.key(3), unit), "candidates": CANDIDATES, "ignored": (PADDING,)}
    options["lengths"] = 2, 8
    enriched = receptive.ngrams(own, 0, tokens, groups, **options)
    # The control: each file's window where another file's is.
    others = windows(pooled, np.random.default_rng(unit).permutation(place))
    control = receptive.ngrams(others, 0, tokens, groups, **options)
    first = len(enriched.ngrams) > 0
    return Unit(
        unit, float(pushes[unit]), texts, float(np.mean(own.start[:, 0] >= SIDE - PLACES * (WINDOW - 1))),
        enriched.texts()[0] if first else "", int(enriched.observed[0]) if first else 0,
        float(enriched.expected[0]) if first else 0.0, float(enriched.adjusted[0]) if first else 1.0, enriched.groups,
        int(np.sum(enriched.adjusted <= LEVEL)), len(enriched.ngrams),
        float(control.adjusted[0]) if len(control.ngrams) else 1.0,
    )  # fmt: skip


def readable(tokens: np.ndarray) -> str:
    """Bytes as a literal without its quotes, padding as ·."""
    return "".join("·" if each == PADDING else repr(bytes([each]))[2:-1] for each in tokens.tolist())


def show(result: Witnesses, page) -> None:
    """A table for each type."""
    for name in result.units:
        if name in FIRST:
            page.finding(in_words(name, result.units[name], result.of[name]))
    page.text(
        "A unit's largest output lies at one place of a file: a window of 20 bytes. Below, for the units of each "
        "type's certified set (others at their means) that raise its score most in its own files, the windows where "
        "they respond most, in files of different packages, written as in Python (\\n is a line's end, · is no byte); "
        "and the sequence of 2 to 8 bytes that stands out most: sequences were chosen on half of the packages and "
        "tested on the others, by the number of packages of which a window holds it, against windows anywhere in the "
        f"same files (p by Holm's method, for {CANDIDATES} sequences at most). The control is the "
        "window of the same file at the place where another file's is: what stands out there too may be owed to the "
        "place, such as the end of a file, and not to the unit's weights."
    )
    for name, units in result.units.items():
        with page.folded(f"{name}: {len(units)} of the {result.of[name]} units of its set"):
            page.table(
                (
                    "unit",
                    "raises the score by",
                    "in the last bytes",
                    "windows of its greatest outputs",
                    "sequence",
                    "packages (by chance)",
                    "p",
                    "p, other file's place",
                ),
                [
                    (
                        each.number,
                        f"{each.pushes:.2f}",
                        f"{each.last:.0%}",
                        "  |  ".join(each.texts),
                        plain(each.ngram),
                        f"{each.observed} of {each.packages} ({each.expected:.1f})",
                        f"{each.adjusted:.1g}",
                        f"{each.permuted:.1g}",
                    )
                    for each in units
                ],
                f"Units that raise the score of {name} most. "
                "Raises the score by: mean over files of the type less that over others. In the last bytes: share of "
                "the files of the type where the window lies there. Packages: those that were held out and have the "
                "sequence in the window, of all held out, and as many as chance would have. p: of that number; the "
                "last column for the control.",
            )
    page.metrics({name: [each._asdict() for each in units] for name, units in result.units.items()})


def plain(literal: str) -> str:
    """A sequence in quotes, from its literal; its blanks do not run together on a page."""
    return f"“{literal[2:-1]}”".replace(" ", "\u00a0") if literal else ""


def control_in_words(clear: int, control: int) -> str:
    """What the control leaves of so many units."""
    if not control:
        return ", so that the place alone explains none"
    if control < clear:
        return ": there the place, such as a file's end, may be the explanation"
    return ", so that the place, such as a file's end, may explain them all"


def in_words(name: str, units: list[Unit], of: int) -> str:
    """The finding: what the units of a type respond to."""
    clear = [each for each in units if each.adjusted <= LEVEL]
    if not clear:
        return f"No sequence of bytes stands out where the {len(units)} units that push {name} most respond most."
    sequences: dict[str, list[Unit]] = {}
    for each in clear:
        sequences.setdefault(plain(each.ngram), []).append(each)
    named = ", ".join(
        f"{text} ({'units' if len(of_text) > 1 else 'unit'} {', '.join(str(each.number) for each in of_text)}; in "
        f"windows of at least {min(each.observed for each in of_text)} of {of_text[0].packages} packages, by chance "
        f"{max(each.expected for each in of_text):.1f})"
        for text, of_text in list(sequences.items())[:NAMED]
    )
    control = sum(each.permuted <= LEVEL for each in clear)
    return (
        f"Of the {of} units of its set, those that raise the score of {name} most respond to windows of "
        f"{WINDOW * PLACES} bytes in which one sequence is frequent: {named}. Sequences chosen on one half of the "
        f"packages are confirmed on the other half for {len(clear)} of {len(units)} such units. At the same places of "
        f"other files a sequence is confirmed for {control} of these{control_in_words(len(clear), control)}."
    )
