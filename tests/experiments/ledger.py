"""What the tests of all papers' claims share: the verdict on a sentence, and made-up records."""

import copy

import numpy as np
import pytest

from experiments.claims.claim import assess
from experiments.claims.rules import HOLDS, IN_PART, UNDECIDED, verdicts

RNG = np.random.default_rng(0)


def assessed(paper, records, sentence):
    """The assessed claim of a paper whose sentence has these words."""
    (only,) = (each for each in assess(paper, records) if sentence in each.claim.sentence)
    return only


def changed(records, runs, change):
    """Made-up records: those of some runs with their metrics changed."""
    made = {name: copy.deepcopy(records[name]) for name in runs}
    for record in made.values():
        change(record["metrics"])
    return made


def near(value, *shape):
    """Numbers that differ a little: equal ones would be decided by their signs alone."""
    return value + 1e-4 * RNG.normal(size=shape)


def assert_turns(paper, sentence, made, measures, other):
    """A claim holds, but not with each of its measures changed: only parts whose names end like these turn."""
    for bad in dict.fromkeys([(), *((each,) for each in measures), measures]):
        claims = [each for each in assess(paper, made(bad)) if sentence in each.claim.sentence]
        assert claims, sentence
        for each in claims:
            wanted = {part.what: other if part.what.endswith(bad) else HOLDS for part in each.parts}
            assert dict(zip(wanted, each.of_parts, strict=True)) == wanted, bad
            assert each.verdict == (HOLDS if not bad else other if bad == measures else IN_PART)


def assert_reads(paper, sentence, made, wanted):
    """The parts of a claim on a single network, by the ends of their names, have these means, and decide nothing.

    Of many networks like it, each part would have the verdict that is given.
    """
    claims = [each for each in assess(paper, made) if sentence in each.claim.sentence]
    assert claims, sentence
    for each in claims:
        assert all(any(part.what.endswith(end) for part in each.parts) for end in wanted)
        assert each.verdict == UNDECIDED
        assert each.reason == "a single network"
        for part in each.parts:
            mean, verdict = next(wanted[end] for end in wanted if part.what.endswith(end))
            assert part.ours.mean == pytest.approx(mean), part.what
            many = part._replace(ours=part.ours._replace(error=1e-4, freedom=9, networks=10))
            assert verdicts([many]) == [verdict], part.what
