"""The ledger of the paper on hierarchical modules: all sections, kept runs that are read, verdicts that can change."""

import numpy as np
import pytest

from experiments.claims.claim import assess
from experiments.claims.papers.hierarchical_modules import (
    ACTIVATION,
    FORECASTS,
    LINKAGES,
    MORE,
    NOISE,
    OWN,
    PAPER,
    PERMUTED,
    QUOTIENT_CONTROLS,
    RANDOM,
    RUNS,
    TRAINED,
    UNTRAINED,
    WARD,
    WITHOUT,
    of_pairs,
)
from experiments.claims.rules import EXPLAINED, FAILS, HOLDS, NOT_TESTED, UNDECIDED
from tests.experiments.ledger import assessed, changed

CONTENTS = """\
Abstract
1 Introduction
2 Training a Layered Neural Network
3 Hierarchical Modular Representation of LNNs
3.1 Determining Feature Vectors of Hidden Layer Units
3.2 Hierarchical Clustering of Units in a Trained LNN
4 Experiments
4.1 Experiment Using the MNIST Data Set
4.2 Experiment Using the Consumer Price Index Data Set
5 Discussion
6 Conclusion
Appendix 1: Comparison with Clustering Method Based on Non-negative Matrix Factorization
Appendix 2: Effect of Sign Alignment of Feature Vectors
Appendix 3: Experimental Settings"""
SPREAD = np.linspace(-0.01, 0.01, 20)


def test_every_section_of_the_paper_is_in_the_ledger():
    assert list(PAPER.sections) == CONTENTS.splitlines()
    assert all(PAPER.sections.values())


def test_every_measured_claim_is_read_from_the_kept_runs_or_names_the_one_that_is_missing(records):
    for each in assess(PAPER, records):
        if each.claim.parts is not None and not each.parts:
            missing = [name for name in (*MORE.values(), FORECASTS) if repr(name) in each.reason]
            assert missing, each.claim.sentence
            assert not set(missing) & set(records), each.claim.sentence
        assert len({part.what for part in each.parts}) == len(each.parts), each.section
        assert np.all(np.isfinite([part.ours.mean for part in each.parts])), each.section


@pytest.mark.parametrize(
    ("trained", "control", "verdicts"),
    [(0.95, 0.6, (HOLDS, HOLDS)), (0.95, 0.94, (HOLDS, EXPLAINED)), (0.6, 0.6, (FAILS, EXPLAINED))],
)
def test_signs_hold_above_the_threshold_and_are_learned_above_the_controls(records, trained, control, verdicts):
    def change(metrics):
        shares = metrics["causal"]["share_of_signs_as_predicted"]
        for kind in shares:
            values = trained + SPREAD if kind == "trained" else control + SPREAD[::-1]
            shares[kind]["resample"] = [*values[:-1], None if kind == "shuffled targets" else values[-1]]

    made = changed(records, RUNS.values(), change)
    assert assessed(PAPER, made, "tells whether the output rises").verdict == verdicts[0]
    assert assessed(PAPER, made, "These signs tell").verdict == verdicts[1]


@pytest.mark.parametrize(
    ("control", "spread", "verdict"), [(0.2, 0.02, HOLDS), (0.9, 0.02, EXPLAINED), (0.8, 0.2, UNDECIDED)]
)
def test_roles_are_learned_only_if_networks_agree_more_than_their_controls(records, control, spread, verdict):
    def change(metrics):
        for kind, of in metrics["stability"]["agreement"].items():
            of["roles"] = dict.fromkeys(of["roles"], 0.9 if kind == "trained" else control)
            of["roles_spread"] = dict.fromkeys(of["roles_spread"], spread)

    assert assessed(PAPER, changed(records, RUNS.values(), change), "coarsest clusters are the main").verdict == verdict


@pytest.mark.parametrize(("rand", "verdict"), [(0.97, HOLDS), (0.5, FAILS)])
def test_the_verdict_on_the_tree_follows_the_modules_that_it_recovers(records, rand, verdict):
    def change(metrics):
        planted = metrics["planted"]
        planted["adjusted_rand"][planted["noise"].index(NOISE)] = list(rand + SPREAD)

    assert assessed(PAPER, changed(records, RUNS.values(), change), "units that have the same role").verdict == verdict


@pytest.mark.parametrize(("after", "verdict"), [(0.5, HOLDS), (1.5, FAILS)])
def test_a_tree_that_is_not_lower_after_the_alignment_fails(records, after, verdict):
    def change(metrics):
        metrics["vectors"]["height_of_all_networks"] = {"before": [1.0] * 20, "after": list(after + SPREAD)}

    assert assessed(PAPER, changed(records, RUNS.values(), change), "lower after the alignment").verdict == verdict


@pytest.mark.parametrize(("other", "verdict"), [(0.3, HOLDS), (0.8, EXPLAINED)])
def test_the_tree_recurs_more_only_if_the_factorization_does_not(records, other, verdict):
    def change(metrics):
        metrics["factorization"]["support"] = {"tree": list(0.7 + SPREAD), "factorization": list(other - SPREAD)}

    assert assessed(PAPER, changed(records, RUNS.values(), change), "clusters recur more").verdict == verdict


def test_the_error_of_a_mean_over_pairs_is_at_most_the_bound():
    rng = np.random.default_rng(0)
    first, second = np.triu_indices(12, 1)
    for agreement in (lambda a, b: a * b, lambda a, b: a + b, lambda a, b: np.abs(a - b)):
        pairs = [agreement(x[first], x[second]) for x in rng.normal(size=(2_000, 12)) + 0.5]
        bounds = [of_pairs(each.mean(), each.std(), 12).error for each in pairs]
        means = np.mean(pairs, axis=1)
        # Attained by the sum; 2,000 draws determine a standard deviation to 2%.
        assert np.std(means) <= 1.05 * np.sqrt(np.mean(np.square(bounds)))
    assert of_pairs(0.5, 0.1, 12)[2:4] == (11, 12)


def _scores(base, gain):
    return list(base + gain + SPREAD)


def _made(accuracy: bool, good: bool) -> dict:
    """Metrics of a run of quotient networks in which every claim holds, or none does."""
    better = 0.2 if good else -0.2
    sign = better if accuracy else -better * 20
    base = 0.7 if accuracy else 15.0
    readings = {
        "raises 6, lowers 7", "raises 2 and 6, lowers 0, 4 and 9", "raises 0, 4 and 6, lowers 3 and 7",
        "0 more strongly than any other", "5 and 6 more strongly than any other", "2 more strongly than any other",
        "lowers 4 and 9", "an heir and a weak part", "shape of 6 against 7", "shape of 0",
        "0 < radish < taro < carrot, share of clusters", "raises taro and carrot, lowers radish",
        "season, most seasonal cluster", "all months alike, the cluster where most so",
    }  # fmt: skip
    high, low = (0.95, 0.05) if good else (-0.1, 0.0)
    values = {
        kind: dict.fromkeys(readings, _scores(level, 0))
        | {"strongest output of the weakest cluster": _scores(0.1 if good else 0.5, 0)}
        for kind, level in ((TRAINED, high), (OWN, high), (PERMUTED, low), (UNTRAINED, low))
    }
    quotient = {
        "tree of roles": [[0, value] for value in _scores(base, sign)],
        **{name: [[0, value] for value in _scores(base, 0)] for name in QUOTIENT_CONTROLS},
    }
    own, control = (0.9, 0.3) if good else (0.6, 0.6)
    overfits = {TRAINED: {"held out": _scores(base, sign), "training": _scores(base, 0)}}
    for kind in (WITHOUT, RANDOM):
        overfits[kind] = {"held out": _scores(base, 0), "training": _scores(base, sign)}
    return {
        "training": {
            "scores": overfits,
            "small_weights": {TRAINED: _scores(0.7 if good else 0.1, 0), WITHOUT: _scores(0.1, 0)},
            "roughness": {TRAINED: _scores(0.1, 0), RANDOM: _scores(0.1, better)},
        },
        "quotient": {
            "counts": [1, 4],
            "resolutions": [4],
            "whole": _scores(base, sign + (0 if good else (0.3 if accuracy else -5))),
            "scores": {ACTIVATION: quotient},
        },
        "linkages": {
            "noise": [0.0, 1.0],
            "planted": {WARD: [[1], _scores(0.5, better)]} | {name: [[1], _scores(0.5, 0)] for name in LINKAGES},
            "scores": {WARD: [[value] for value in _scores(base, sign)]}
            | {name: [[value] for value in _scores(base, 0)] for name in LINKAGES},
        },
        "inputs": {
            "signs_as_predicted": {
                TRAINED: _scores(own, 0),
                OWN: _scores(own, 0),
                PERMUTED: _scores(control, 0),
                UNTRAINED: _scores(control, 0),
            },
            "deleted": {TRAINED: _scores(0.1 if good else 0.6, 0)},
        },
        "readings": {"readings": values},
        "memorized": {
            "roles": {OWN: [[own] * 3, [own + 0.01] * 3], PERMUTED: [[control] * 3] * 2},
            "signs": {OWN: _scores(own, 0), PERMUTED: [*_scores(control, 0)[:-1], None]},
        },
        "support": {"clusters": 4, "support": _scores(own, 0)},
        "deep": {"distant": [[value] for value in (_scores(0.5, 0) if good else _scores(-0.5, 0))]},
    }


HELD = (
    "It is the L1 term", "the network overfits", "unit rises or falls with the input",
    "signs of correlations with inputs", "an effect of the input", "Ward's method is effective",
    "one representative mapping", "the network does what it did", "Of four clusters", "Of eight clusters",
    "A cluster has two parts", "inputs in the shape of digits", "What is read from these clusters", "one order",
    "Of twelve clusters", "differ in the months", "read from the months", "does not change as long as",
    "units of distant layers", "Training is more stable",
)  # fmt: skip


@pytest.mark.parametrize("sentence", HELD)
def test_a_claim_holds_if_the_networks_are_as_it_says_and_not_if_they_are_not(records, sentence):
    of = {name: records[name] for name in RUNS.values()}
    verdicts = {}
    for good in (True, False):
        runs = {MORE[data]: {"metrics": _made(data != "prices", good), "config": {"networks": 20}} for data in RUNS}
        verdicts[good] = assessed(PAPER, of | runs, sentence).verdict
    assert verdicts[True] == HOLDS
    assert verdicts[False] in (FAILS, EXPLAINED)
    assert assessed(PAPER, of, sentence).verdict == NOT_TESTED


@pytest.mark.parametrize(("less", "verdict"), [(1.0, HOLDS), (-1.0, EXPLAINED)])
@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("better than last month's price does", "the paper's"),
        ("A network of this kind", "chosen"),
        ("better than ridge regression", "chosen"),
    ],
)
def test_a_forecast_is_better_only_if_its_error_is_less_than_that_of_a_simpler_one(
    records, sentence, kind, less, verdict
):
    networks = {name: {"held out": list(13.0 + SPREAD)} for name in ("the paper's", "chosen")}
    networks[kind] = {"held out": list(13.0 - less + SPREAD)}
    measured = {"naive": {name: {"held out": 13.0} for name in ("last month", "ridge regression")}}
    measured["networks"] = networks
    of = {name: records[name] for name in RUNS.values()}
    made = of | {FORECASTS: {"metrics": {"forecasts": measured}}}
    assert assessed(PAPER, made, sentence).verdict == verdict
    assert assessed(PAPER, of, sentence).reason == f"no kept run has {FORECASTS!r}"


@pytest.mark.parametrize(("control", "spread", "verdict"), [(0.2, 0.01, HOLDS), (0.89, 0.01, EXPLAINED)])
def test_the_roles_of_chosen_networks_are_compared_with_those_on_permuted_targets(records, control, spread, verdict):
    roles = {
        kind: (value + spread * np.linspace(-1, 1, 190))[:, None].repeat(3, axis=1).tolist()
        for kind, value in {"chosen": 0.9, "chosen, permuted targets": control}.items()
    }
    trees = {"metrics": {"trees": {"resolutions": [3, 6, 12], "roles": roles}}, "config": {"networks": 20}}
    assert assessed(PAPER, {FORECASTS: trees}, "The roles of the chosen network's").verdict == verdict


@pytest.mark.parametrize(("share", "verdict"), [(0.97, HOLDS), (0.6, FAILS)])
def test_a_control_on_permuted_targets_has_to_fit_them(share, verdict):
    values = {data: list(share + SPREAD) for data in RUNS}
    values["prices"] = list(24.0 * (1 - share) + SPREAD)
    runs = {
        MORE[data]: {"metrics": {"memorized": {"own_rows": {PERMUTED: each}, "constant": 24.0}}}
        for data, each in values.items()
    }
    assert assessed(PAPER, runs, "Networks memorize permuted targets").verdict == verdict


def test_a_control_that_memorized_counts_beside_the_untrained_one(records):
    of = {name: records[name] for name in RUNS.values()}
    runs = {MORE["digits"]: {"metrics": _made(True, True), "config": {"networks": 20}}}
    before = assessed(PAPER, of, "coarsest clusters are the main").parts
    after = assessed(PAPER, of | runs, "coarsest clusters are the main").parts
    assert [part.what for part in after if part not in before] == ["digits, 4 clusters, memorized"]
