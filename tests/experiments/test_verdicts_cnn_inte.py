"""Verdicts on the paper on CNN-INTE follow the numbers of its records: made-up ones turn each of them round."""

import pytest

from experiments.claims.papers.cnn_inte import (
    AT,
    COMPONENTS,
    FULL,
    HALF,
    KNOWN,
    MEANS,
    NETWORK,
    ONE_PATH,
    OTHER,
    OTHER_ERRS,
    OURS,
    OWN,
    OWN_ERRS,
    PAPER,
    PIXELS,
    PUBLISHED,
    RULES,
    RUNS,
    SHOWN,
    TWICE,
)
from experiments.claims.rules import EXPLAINED, FAILS, HOLDS
from tests.experiments.ledger import assert_reads, assert_turns, changed, near

OF_BOTH = {"as published": PUBLISHED, "ours": OURS}
TREES = OF_BOTH | {"one path": ONE_PATH}


@pytest.mark.parametrize(
    ("sentence", "side", "names", "good_and_bad", "others", "kinds", "other"),
    [
        ("does not sacrifice", "accuracy", OF_BOTH, (0.89, 0.85), {NETWORK: 0.9}, (HALF, FULL), FAILS),
        ("clustered by the means", "accuracy", {"": MEANS}, (0.95, 0.85), {PUBLISHED: 0.9}, (HALF,), FAILS),
        ("faithful to", "fidelity", OF_BOTH, (0.97, 0.9), {}, (HALF, FULL), FAILS),
        ("principal components", "fidelity", {"": OURS}, (0.95, 0.905), {COMPONENTS: 0.9}, (HALF, FULL), EXPLAINED),
        ("The network has a test accuracy", "accuracy", {"": NETWORK}, (0.94, 0.9), {}, (HALF,), FAILS),
        ("The network has a test accuracy", "accuracy", {"": NETWORK}, (0.94, 0.96), {}, (HALF,), FAILS),
        ("The tree of depth 5", "accuracy", TREES, (0.93, 0.9), {}, (HALF,), FAILS),
        ("A deeper tree is more accurate", "accuracy", {"": TWICE}, (0.95, 0.85), {KNOWN: 0.9}, (HALF, FULL), FAILS),
        ("can be tuned", "accuracy", {"": OURS}, (0.95, 0.85), {PUBLISHED: 0.9}, (HALF,), FAILS),
        ("Decision sets seem", "accuracy", {"": RULES}, (0.895, 0.85), {KNOWN: 0.9}, (HALF, FULL), FAILS),
    ],
)
def test_a_claim_on_trees_turns_with_their_scores(records, sentence, side, names, good_and_bad, others, kinds, other):
    def made(bad):
        def change(metrics):
            for kind in (HALF, FULL):
                for name in (of := metrics["fidelity"][kind]):
                    end = next((end for end, each in names.items() if each == name), None)
                    # The other side, and networks that the claim is not about, are the other way round.
                    own, opposite = (good_and_bad[which] for which in (end in bad, end not in bad))
                    own, opposite = (own, opposite) if end is not None else [others.get(name, 0.5)] * 2
                    values = [
                        own if column == side and kind in kinds else opposite for column in ("accuracy", "fidelity")
                    ]
                    of[name] = [near(value, 8) for value in values]

        return changed(records, RUNS.values(), change)

    assert_turns(PAPER, sentence, made, tuple(names), other)


def _agreements(metrics, bad):
    shown, with_other, where_errs = (0.3, 0.6, 0.79) if bad else (0.7, 0.79, 0.6)
    levels = {SHOWN: shown, OWN: 0.61, OTHER: with_other, OWN_ERRS: 0.8, OTHER_ERRS: where_errs}
    for kind in (HALF, FULL):
        networks = [dict(zip(levels, near([*levels.values()], 5), strict=True)) for _ in range(8)]
        no_errors = networks[0] | {OWN_ERRS: None, OTHER_ERRS: None}
        metrics["fidelity"]["specificity"][kind] = [*networks, no_errors]


@pytest.mark.parametrize(("sentence", "other"), [("it covers every image", FAILS), ("correctly or wrongly", EXPLAINED)])
def test_a_claim_on_explanations_turns_with_what_they_agree_on(records, sentence, other):
    def made(bad):
        return changed(records, RUNS.values(), lambda metrics: _agreements(metrics, bad))

    assert_turns(PAPER, sentence, made, ("",), other)


def _numbers(metrics):
    """One network, in which each measure has a number of its own."""
    controls, sweep = metrics["sanity_controls"], metrics["sweep"]
    trees = {HALF: [0.1], FULL: [0.9, 0.8], "trained on shuffled labels": [0.5, 0.6], "untrained": [0.72, 0.9]}
    controls["networks"] = {kind: {"tree": each, "network": 0.95} for kind, each in trees.items()}
    controls["planted"] = {"agreement": 0.8, "accuracy": 0.3}
    for scores, first in zip(metrics["fidelity"][FULL][PIXELS], (0.3, 0.6), strict=True):
        scores[:] = [first, *[0.1] * (len(scores) - 1)]
    values = {
        "layer": {"after the first convolution": 0.64, "after the second": 0.8, "the first dense layer": 0.99},
        "clusters": {"3": 0.1, "5": 0.9, "10": 0.95, "40": 0.96, "20": 0.93} | {"HDBSCAN, up to 40": 0.8},
        "factors": {"1": 0.1, "2": 0.9, "8": 0.94, "16": 0.92},
    }
    for varied, of in values.items():
        named = {f"{name} {varied}" if name.isdigit() else name: value for name, value in of.items()}
        sweep["fidelity"][varied] = {
            name: [(level == AT) * value for level in sweep["levels"]] for name, value in named.items()
        }


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("is what the network has learned", {"permuted labels": (0.3, HOLDS), "untrained": (0.04, EXPLAINED)}),
        ("Where the groups of units are known", {"": (0.8, FAILS)}),
        ("any hidden layer", {"first convolution": (0.04, EXPLAINED), "the second": (0.2, HOLDS)}),
        ("The number of clusters is tricky", {"clusters": (0.06, HOLDS), "factors": (0.04, FAILS)}),
        ("Density-based clustering", {"": (-0.15, FAILS)}),
    ],
)
def test_what_decides_nothing_in_a_single_network_is_read_as_it_is_in_the_record(records, sentence, wanted):
    assert_reads(PAPER, sentence, changed(records, RUNS.values(), _numbers), wanted)
