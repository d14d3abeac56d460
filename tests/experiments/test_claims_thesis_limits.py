"""Claims on the limits of memorizing: made-up records on both sides of every rule, and records that are not kept."""

import numpy as np
import pytest

from experiments.claims.papers.thesis import PAPER
from experiments.claims.rules import EXPLAINED, FAILS, HOLDS, NOT_TESTED, UNDECIDED
from tests.experiments.ledger import assessed

RNG = np.random.default_rng(0)
TRUE, SHUFFLED = "true labels", "shuffled labels"


def _networks(*values):
    """Five networks with hardly a spread for each value; for one value a list, else a list of lists."""
    spread = 1 + 1e-5 * RNG.normal(size=(len(values), 5))
    rows = (np.array(values, float)[:, None] * spread).tolist()
    return rows[0] if len(values) == 1 else rows


def _deviation(*inner):
    return {"inner": _networks(*inner), "inter": _networks(*inner), "level": _networks(*inner)}


def _record(good=True):
    """A run of which every claim holds, or none."""
    up, down = ((1.0, 2.0) if good else (2.0, 1.0)), ((2.0, 1.0) if good else (1.0, 2.0))
    few, many = (4.0, 40.0) if good else (40.0, 40.0)
    epochs = [few, 0.3 * many, 0.5 * many, 0.7 * many, many] if good else [40.0, 30.0, 20.0, 10.0, 5.0]
    held_out = [0.9, 0.8, 0.7, 0.5, 0.1] if good else [0.1, 0.5, 0.7, 0.8, 0.9]
    names = "dropout 0.2", "dropout 0.5", "batch norm", "weight decay 0.01", "weight decay 0.1"
    layers = {"none": {"l1": _networks(1.0)}} | {name: {"l1": _networks(0.8 if good else 1.5)} for name in names[:3]}
    kinds = "memorizing", "memorizing, true labels"
    rising, other = ((0.3, 0.6, 0.61, 0.62), (0.3, 0.3, 0.3, 0.3)) if good else ((0.6, 0.3, 0.1, 0.05),) * 2
    profiles = {kind: _deviation(*rising) for kind in kinds}
    profiles |= {kind: _deviation(*other) for kind in ("fully trained", "learning")}
    sizes = {"width": _networks(2.0, 1.0), "rows": _networks(1.0, 2.0)}
    slower = {"width": _networks(4.0, 1.0), "rows": _networks(1.0, 4.0)}
    nearest = 0.6 if good else 0.1
    return {
        "metrics": {
            "noise": {
                "fitted": [[True] * 5] * 5,
                "epochs": _networks(*epochs), "training": _networks(*[1.0] * 5), "held_out": _networks(*held_out)
            },
            "regularizers": {
                "shuffled": {name: {"training": _networks(1.0 if good else 0.5)} for name in ("none", *names)}
            },
            "deeper": dict.fromkeys(("2 layers", "3 layers", "4 layers"), layers),
            "sensitivity": {
                "gini": {TRUE: _networks(down[0]), SHUFFLED: _networks(down[1])},
                "critical": {TRUE: _networks(0.5, up[0] / 4), SHUFFLED: _networks(0.5, up[1] / 4)},
            },
            "sizes": {"epochs": {TRUE: sizes if good else slower, SHUFFLED: slower if good else sizes}},
            "answers": {"memorizing": {"last hidden layer": _networks(nearest), "chance": _networks(0.1)}},
            "detection": {
                "ratios": {
                    "0% shuffled": _networks(up[0]),
                    "early stopped": _networks(up[0]),
                    "50% shuffled": _networks(up[1]),
                    "100% shuffled": _networks(up[1]),
                }
            },
            "soft": {"held_out": {"soft answers": _networks(0.8 if good else 0.7), "hard answers": _networks(0.7)}},
            "descent": {
                "fitted": {"fully trained": [True] * 5},
                "epochs": {
                    "learning": _networks(few), "fully trained": _networks(few), "memorizing": _networks(many)
                },
                "accuracy": {
                    "memorizing": {
                        "training_labels": _networks(0.9999 if good else 0.9),
                        "held_out": _networks(0.017 if good else 0.5),
                    }
                },
                "deviation": dict.fromkeys(("normalized euclidean", "cosine", "correlation"), profiles),
            },
        }
    }  # fmt: skip


def _records(good):
    return {f"limits_of_memorizing_{data}": _record(good) for data in ("jumps", "mnist", "digits")}


CLAIMS = [
    ("The more labels are shuffled", FAILS),
    ("Regularization does not keep networks from memorizing", FAILS),
    ("The training on shuffled labels is slow", FAILS),
    ("Soft answers, as a learning network gives them", EXPLAINED),
    ("The same where it was not chosen", FAILS),
    ("Dropout and batch normalization would help deeper networks", FAILS),
    ("Memorizing takes many more steps than learning", FAILS),
    ("Sensitivity of the loss, density of decision boundaries", FAILS),
    ("a network of four layers reaches 100% accuracy", FAILS),
    ("a memorizing network fails on true labels", FAILS),
    ("rate of .01: in memorizing networks this distance remains constant", FAILS),
    ("by true labels, too, rows of one class move apart", FAILS),
    ("memorizing networks drive rows of one class apart, up to", FAILS),
]


@pytest.mark.parametrize(("sentence", "verdict"), CLAIMS)
def test_a_claim_holds_or_not_by_the_numbers(sentence, verdict):
    assert assessed(PAPER, _records(good=True), sentence).verdict == HOLDS
    assert assessed(PAPER, _records(good=False), sentence).verdict == verdict


@pytest.mark.parametrize(
    ("sentence", "controlled"),
    [
        ("Memorizing networks answer with the label of the nearest signal", "jumps, nearest in the last hidden layer"),
        ("thesis, by plain descent with a rate of .01: the activation level", "jumps, as in the thesis, activity"),
        (
            "descent with a rate of .01: in memorizing networks the distance between rows",
            "jumps, as in the thesis, rise",
        ),
    ],
)
def test_what_a_control_shows_as_well_is_explained_by_it(sentence, controlled):
    for good, verdict in ((True, HOLDS), (False, EXPLAINED)):
        claimed = assessed(PAPER, _records(good), sentence)
        (found,) = (
            each for part, each in zip(claimed.parts, claimed.of_parts, strict=True) if part.what.startswith(controlled)
        )
        assert found == verdict


def test_classes_have_to_move_apart_at_every_step():
    records = _records(good=True)
    sentence = "descent with a rate of .01: in memorizing networks the distance between classes"
    assert assessed(PAPER, records, sentence).verdict == HOLDS
    for of in records["limits_of_memorizing_jumps"]["metrics"]["descent"]["deviation"].values():
        of["memorizing"] = {"inter": _networks(0.3, 0.6, 0.5, 0.9)}
    assert assessed(PAPER, records, sentence).verdict == FAILS


def test_a_ratio_to_networks_that_do_not_fit_true_labels_is_no_number():
    records = _records(good=True)
    for of in records.values():
        of["metrics"]["noise"]["fitted"] = [[False] * 5] * 5
    claimed = assessed(PAPER, records, "Memorizing takes many more steps than learning")
    assert claimed.of_parts == [UNDECIDED] * 3 + [HOLDS] * 2


def test_without_its_run_a_claim_is_not_tested_and_without_some_data_it_is_on_the_others():
    sentence = "Memorizing takes many more steps than learning"
    none = assessed(PAPER, {}, sentence)
    assert none.verdict == NOT_TESTED
    assert "limits_of_memorizing_jumps" in none.reason
    some = assessed(PAPER, {"limits_of_memorizing_jumps": _record()}, sentence)
    assert {part.what.split(",")[0] for part in some.parts} == {"jumps"}
