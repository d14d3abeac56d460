"""A claim of a paper, how it is measured, and the verdict on it."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from experiments.claims.rules import NOT_TESTED, UNDECIDED, Part, together, verdicts
from experiments.kept import RESULTS

Records = Mapping[str, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Claim:
    """A sentence of a paper, short and in our words, and how it is decided.

    Attributes:
        place: figure, table or page of the section.
        sentence: what is claimed.
        published: the published number, or what the picture shows.
        parts: from the kept records by file name, the measured parts; it may raise KeyError where a record is missing.
        control: what could explain the claim away, in words; empty if nothing is compared.
        note: a setting that differs from the paper's, or what was chosen with the outcome in view.
        method: for the summary, the method whose claim a control could explain away.
        untested: why the claim is not tested here; then there are no parts.
    """

    place: str
    sentence: str
    published: str
    parts: Callable[[Records], list[Part]] | None = None
    control: str = ""
    note: str = ""
    method: str = ""
    untested: str = ""

    def __post_init__(self):
        """Refuses a claim that is neither measured nor marked as not tested."""
        if (self.parts is None) == (not self.untested):
            raise ValueError(f"parts: found {self.parts} and untested {self.untested!r}, wanted one of both")


@dataclasses.dataclass(frozen=True, eq=False)
class Paper:
    """A paper, and for each of its sections the claims, or the reason that it has none."""

    short: str
    title: str
    sections: Mapping[str, list[Claim] | str]

    def claims(self) -> list[tuple[str, Claim]]:
        """All claims with their sections."""
        return [
            (section, claim) for section, each in self.sections.items() if not isinstance(each, str) for claim in each
        ]


@dataclasses.dataclass(frozen=True, eq=False)
class Assessed:
    """A claim with its measured parts, the verdict of each, and the verdict of the whole."""

    section: str
    claim: Claim
    parts: list[Part]
    of_parts: list[str]
    verdict: str
    reason: str = ""


def assess(paper: Paper, records: Records) -> list[Assessed]:
    """The verdicts on all claims of a paper, which share one correction for many tests."""
    measured, missing = [], {}
    for section, claim in paper.claims():
        parts: list[Part] = []
        if claim.parts is not None:
            try:
                parts = claim.parts(records)
            except KeyError as error:
                missing[claim] = f"no kept run has {error}"
        measured.append((section, claim, parts))
    every = verdicts([part for *_, parts in measured for part in parts])
    assessed, start = [], 0
    for section, claim, parts in measured:
        own, start = every[start : start + len(parts)], start + len(parts)
        alone = own and all(part.ours.networks < 2 for part in parts)
        reason = claim.untested or missing.get(claim, "") or ("a single network" if alone else "")
        verdict = NOT_TESTED if not parts else UNDECIDED if alone else together(own)
        assessed.append(Assessed(section, claim, parts, own, verdict, reason))
    return assessed


def kept_records(folder: Path = RESULTS) -> dict[str, Any]:
    """The records of all kept runs, by the names of their files."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
