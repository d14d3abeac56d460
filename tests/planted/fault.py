"""A planted fault: a small change of a source file that some test has to notice."""

from collections.abc import Mapping, Sequence
from posixpath import normpath
from typing import NamedTuple


class Fault(NamedTuple):
    """One change of a source file.

    Args:
        source: the changed file, from the root of the checkout.
        old: text that occurs exactly once in it.
        new: what stands there instead.
        breaks: what is wrong then, in one line.
        tests: the test file or folder that has to notice, from the root of the checkout.
        names: test functions of that file that notice; all of ``tests`` is run if there are none.
    """

    source: str
    old: str
    new: str
    breaks: str
    tests: str
    names: tuple[str, ...] = ()

    def plant(self, text: str) -> str:
        """The source's text with the fault in it."""
        if (times := text.count(self.old)) != 1:
            raise ValueError(f"{self.source}: found {self.old!r} {times} times, wanted it once ({self.breaks})")
        return text.replace(self.old, self.new)

    def selection(self) -> list[str]:
        """What pytest runs."""
        return [f"{self.tests}::{name}" for name in self.names] or [self.tests]


def faults_below(folder: str, listed: Mapping[tuple[str, str], Sequence[tuple[str, str, str]]]) -> list[Fault]:
    """The faults of a folder of the package, from its sources and their tests: what stands there, what instead, why."""
    return [
        Fault(normpath(f"interp_jax/{folder}/{source}"), old, new, breaks, normpath(f"tests/{folder}/{tests}"))
        for (source, tests), faults in listed.items()
        for old, new, breaks in faults
    ]
