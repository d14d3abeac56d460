"""What the tests of all papers' claims share: the verdict on a sentence, and made-up records."""

import copy

from experiments.claims.claim import assess


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
