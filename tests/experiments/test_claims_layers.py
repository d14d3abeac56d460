"""Made-up records of what the layers of detectors do flip the verdicts of the thesis' claims on them."""

import copy

import numpy as np
import pytest

from experiments.claims.papers.thesis import PAPER
from experiments.claims.papers.thesis.inside_layers import LEVELED, OTHER_WAYS, STUDY
from experiments.claims.papers.thesis.records import CNN, FOUR, ONE, TWO
from experiments.claims.rules import EXPLAINED, FAILS, HOLDS, IN_PART, NOT_TESTED
from experiments.layers_of_detectors import arrival
from tests.experiments.ledger import assessed

RNG = np.random.default_rng(0)


def _eight(value):
    """Eight networks with a spread so small that a rule and not chance decides."""
    return (value + 1e-4 * RNG.normal(size=8)).tolist()


def _variants(trained, untrained, shuffled):
    return dict(
        zip(("trained", "untrained", "shuffled labels"), map(_eight, (trained, untrained, shuffled)), strict=True)
    )


def _as_claimed():
    """Metrics with which all claims hold."""
    filters = {"conv1": _variants(0.9, 0.3, 0.3), "conv2": _variants(0.1, 0.5, 0.5)}
    falls = dict.fromkeys(("before", "after"), _eight(0.3)) | dict.fromkeys(("before_first", "after_last"), _eight(0.0))
    narrow = {name: {"width": _eight(width), "below_base": _eight(0.2)}
              for name, width in (("input", 4.0), ("conv1", 3.9), ("conv2", 2.0), ("conv3", 1.9))}  # fmt: skip
    orders = {"last hidden layer": 0.99, "probabilities": 0.3}
    return {
        "noise": {
            "located": np.outer(1 + 1e-4 * np.arange(5), [1.0, 0.95, 0.9, 0.8, 0.7, 0.6]).tolist(),
            "widths": {"learned": [_eight(width) for width in (1.0, 2.0, 3.0)], "best": [1.0, 2.0, 3.0]},
            "errors": {"within_one": _eight(0.9), "largest": _eight(58.0), "percentile_99": _eight(2.0)},
        },
        "stripes": {"measures": {
            "trained": {"largest_step": _eight(0.1), "widest_run": _eight(0.4)},
            "untrained": {"largest_step": _eight(0.5), "widest_run": _eight(0.1)},
        }},
        "filters": {"diagonal": _variants(0.8, 0.1, 0.1), "smoothing": {CNN[2]: filters}},
        "two_units": {
            "l1": _eight(1.55),
            "accuracy": {"narrow": {"silent": _eight(0.1), "other": _eight(0.3)},
                         "wide": {"silent": _eight(0.7), "other": _eight(0.7)}},
            "agreement": {"trained": _eight(0.4), "untrained": _eight(0.4)},
        },
        "separable": {"random": {
            kind: {"trials": 1_000, "successes": 1_000, "rate": 1.0} for kind in ("nearest point", "descent")
        }},
        "arrival": {"ascents": {name: {
            "log-probability": {"converged": _eight(0.99), "correct": _eight(0.99)},
            LEVELED: {"converged": _eight(0.99)}, "active": _eight(0.5),
            **{way: {"converged": _eight(0.3)} for way in OTHER_WAYS},
        } for name in CNN.values()}},
        "learned_inputs": {
            "falls": {"trained": falls, "untrained": {name: _eight(0.0) for name in falls}},
            "stages": dict.fromkeys(CNN.values(), narrow),
        },
        "fooling": {"distance": {name: {"far": _eight(far)} for name, far in ((ONE, 3.0), (TWO, 2.5), (FOUR, 1.0))}},
        "output_layer": {
            "order": {FOUR: {kind: {layer: _eight(value - less) for layer, value in orders.items()}
                             for kind, less in (("trained", 0.0), ("untrained", 0.3))}},
            "regrouped": {"last hidden layer": _eight(0.05), "probabilities": _eight(0.95)},
        },
    }  # fmt: skip


OPPOSITE = {
    "The more noise, the smaller the share": ({"noise": {"located": [[0.6, 0.9], [0.61, 0.93], [0.62, 0.92]]}}, FAILS),
    "A network finds the width": ({"noise": {"widths": {"learned": [_eight(3.0), _eight(3.0), _eight(2.0)]}}}, FAILS),
    "Most errors are 0 or 1": ({"noise": {"errors": {"largest": _eight(20.0)}}}, IN_PART),
    "The mean activity of a hidden unit varies": (
        {"stripes": {"measures": {"untrained": {"largest_step": _eight(0.1), "widest_run": _eight(0.4)}}}},
        IN_PART,
    ),
    "The dense layer after it picks the peak": ({"filters": {"diagonal": _variants(0.8, 0.1, 0.8)}}, IN_PART),
    "What the layers of a simple CNN do can be read": (
        {"filters": {"smoothing": {CNN[2]: {name: _variants(0.5, 0.5, 0.5) for name in ("conv1", "conv2")}}}},
        EXPLAINED,
    ),
    "Positions at which one of the two units is silent": (
        {"two_units": {"accuracy": {"wide": {"silent": _eight(0.5), "other": _eight(0.7)}}}},
        IN_PART,
    ),
    "The code of a position in two units is arbitrary": (
        {"two_units": {"agreement": {"trained": _eight(0.99), "untrained": _eight(0.2)}}},
        FAILS,
    ),
    "These probabilities show how difficult": (
        {"separable": {"random": {
            kind: {"trials": 1_000, "successes": 0, "rate": 0.0} for kind in ("nearest point", "descent")
        }}},
        FAILS,
    ),
    "Such inputs fall before the rise": (
        {"learned_inputs": {"falls": {"untrained": {"before": _eight(0.3), "after": _eight(0.3)}}}},
        IN_PART,
    ),
    "After its peak the signal behind the filter": (
        {"learned_inputs": {"stages": {CNN[1]: {"conv1": {"below_base": _eight(0.0)}}}}},
        FAILS,
    ),
    "Signals learned for later layers have sharper peaks": (
        {"learned_inputs": {"stages": {CNN[2]: {"conv2": {"width": _eight(6.0)}, "conv1": {"width": _eight(9.0)}}}}},
        IN_PART,
    ),
    "Peaks are sharper in later layers": (
        {"learned_inputs": {"stages": {CNN[3]: {"conv3": {"width": _eight(9.0)}, "conv2": {"width": _eight(5.0)}}}}},
        FAILS,
    ),
    "Where the published ascent does not arrive": (
        {"arrival": {"ascents": {
            name: {way: {"converged": _eight(0.99)} for way in OTHER_WAYS} for name in CNN.values()
        }}},
        EXPLAINED,
    ),
    "Deeper networks are fooled more easily": ({"fooling": {"distance": {FOUR: {"far": _eight(4.0)}}}}, FAILS),
    "Learning networks keep positions in order": (
        {"output_layer": {"order": {FOUR: {"untrained": {"last hidden layer": _eight(0.99)}}}}},
        IN_PART,
    ),
    "Memorizing networks regroup signals": (
        {"output_layer": {"regrouped": {"last hidden layer": _eight(0.5)}}},
        IN_PART,
    ),
}  # fmt: skip


def _merged(metrics, changes):
    for name, change in changes.items():
        if isinstance(change, dict):
            _merged(metrics[name], change)
        else:
            metrics[name] = change
    return metrics


@pytest.mark.parametrize("sentence", OPPOSITE)
def test_a_claim_holds_or_does_not_by_what_was_measured(records, sentence):
    changes, verdict = OPPOSITE[sentence]
    made = dict(records)
    for metrics, wanted in ((_as_claimed(), HOLDS), (_merged(copy.deepcopy(_as_claimed()), changes), verdict)):
        made[STUDY] = {"metrics": metrics}
        assert assessed(PAPER, made, sentence).verdict == wanted


def test_the_ways_of_ascent_are_those_of_the_study():
    assert LEVELED == arrival.LEVELED
    assert {LEVELED, *OTHER_WAYS} < set(arrival.WAYS)


def test_without_a_kept_run_these_claims_are_not_tested_and_those_with_other_parts_are(records):
    made = {name: record for name, record in records.items() if name != STUDY}
    for sentence in OPPOSITE:
        missing = assessed(PAPER, made, sentence)
        assert missing.verdict == NOT_TESTED
        assert missing.reason == f"no kept run has '{STUDY}'"
    for sentence in ("What holds for perceptrons holds for CNNs", "Mean |errors| of networks with a bottleneck of two"):
        assert assessed(PAPER, made, sentence).parts
        with_run = assessed(PAPER, made | {STUDY: {"metrics": _as_claimed()}}, sentence)
        assert len(with_run.parts) >= len(assessed(PAPER, made, sentence).parts)
