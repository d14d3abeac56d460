"""Every section of the thesis has claims or a reason, every claim can be read, and made-up records flip verdicts."""

import copy

import numpy as np
import pytest

from experiments.claims.papers.thesis import PAPER
from experiments.claims.papers.thesis.inside_layers import STUDY
from experiments.claims.papers.thesis.records import layers
from experiments.claims.rules import EXPLAINED, FAILS, HOLDS, Part
from tests.experiments.ledger import assessed

CONTENTS = """
1.1 1.2 1.3 1.3.1 1.3.2 1.4 2.1 2.1.1 2.1.2 2.2 2.2.1 2.2.2 2.2.3 2.3 2.3.1 2.3.2 2.3.3 3.1 3.2 3.2.1 3.2.2
3.2.3 3.3 3.3.1 3.3.2 3.3.3 3.4 3.4.1 3.4.2 3.4.3 3.4.4 3.4.5 4.1 4.2 4.2.1 4.2.2 4.2.3 4.3 4.3.1 4.3.2 4.3.3
4.3.4 4.3.5 5 5.1 5.2 5.2.1 5.2.2 5.2.3 5.3 6.1 6.2 6.2.1 6.2.2 6.2.3 6.2.4 6.3 6.4 6.4.1 6.4.2 6.4.3 6.4.4
7.1 7.2 7.3
"""


def _verdicts(records, sentence):
    """The verdicts on the parts of the claim whose sentence starts like this."""
    claimed = assessed(PAPER, records, sentence)
    assert claimed.claim.sentence.startswith(sentence)
    return dict(zip((part.what for part in claimed.parts), claimed.of_parts, strict=True))


def test_every_section_of_the_contents_is_there_in_its_order():
    assert [title.split()[0] for title in PAPER.sections] == CONTENTS.split()
    assert all(PAPER.sections.values())


@pytest.mark.parametrize(
    ("section", "claim"), [pytest.param(*each, id=each[1].sentence[:50]) for each in PAPER.claims() if each[1].parts]
)
def test_the_parts_of_a_claim_are_read_from_the_kept_runs(records, section, claim):
    try:
        parts = claim.parts(records)
    except KeyError as missing:
        (run,) = missing.args
        assert run not in records
        assert run.startswith(("limits_of_memorizing", STUDY))
        pytest.skip(f"no kept run has {run}")
    assert parts
    for part in parts:
        assert isinstance(part, Part)
        assert np.isfinite(part.ours.mean), f"{section}, {part.what}"
        assert part.ours.networks >= 1


def test_a_narrow_bottleneck_is_still_improving_at_the_end_as_its_note_says(records):
    run = records["bottleneck"]
    best = run["metrics"]["widths"]["networks"]["100-2-60"]["best_epoch"]
    assert min(best) > 0.9 * run["config"]["epochs"]


def test_every_method_has_a_control():
    for section, claim in PAPER.claims():
        assert claim.control or not claim.method, section


@pytest.mark.parametrize(("error", "verdict"), [(0.2, HOLDS), (0.499, EXPLAINED)])
def test_networks_beat_the_classical_detector_only_if_their_errors_are_smaller(records, error, verdict):
    made = copy.deepcopy(records)
    made["jump_detection"]["metrics"]["detectors"]["errors"]["Gaussian derivative within 21…80"]["l1"] = 0.5
    networks = made["jump_detection"]["metrics"]["networks"]["networks"]
    networks["2-layer perceptron"]["l1"] = [error, error + 1e-5, error - 1e-5, error, error]
    verdicts = _verdicts(made, "A network with one hidden layer locates jumps better")
    assert verdicts == {"jumps, 2-layer perceptron": verdict}


@pytest.mark.parametrize(("dead", "verdict"), [([1, 1, 1, 1, 1], HOLDS), ([0, 0, 0, 0, 0], FAILS)])
def test_deep_bottlenecks_have_dead_units_only_if_units_are_never_active(records, dead, verdict):
    made = copy.deepcopy(records)
    for width in (6, 9, 10):
        made["bottleneck"]["metrics"]["widths"]["networks"][f"100-25-{width}-25-60"]["dead"] = dead
    verdicts = _verdicts(made, "Deep networks have units in the bottleneck that are never active")
    assert verdicts["dead units, deep, p = 6, 9, 10"] == verdict


@pytest.mark.parametrize(("start", "verdict"), [(1.0, HOLDS), (0.5, EXPLAINED)])
def test_rows_of_a_class_come_closer_by_learning_only_if_untrained_networks_do_not_bring_them_closer(
    records, start, verdict
):
    made = copy.deepcopy(records)
    metrics = made["memorization_jumps"]["metrics"]
    rng = np.random.default_rng(0)
    spread = 1e-5 * rng.normal(size=(2, 4, 5))
    learned = np.array([1.0, 0.8, 0.6, 0.5])[:, None] + spread[0]
    metrics["deviations"]["deviation"]["cosine"]["learning"]["inner"] = learned.tolist()
    untrained = np.array([1.0, start, start, start])[:, None] + spread[1]
    metrics["dynamics"]["deviation"]["fully trained"]["inner"][0] = untrained.tolist()
    verdicts = _verdicts(made, "By distances that do not depend on the activation level")
    assert verdicts["jumps, beside untrained"] == verdict


def _embedding_parts(records, opening):
    (claim,) = (each for _, each in PAPER.claims() if each.sentence.startswith(opening))
    return [part.ours.mean for part in claim.parts(records)]


def test_codes_and_starts_are_read_from_records_of_before_and_after_the_study_was_shortened():
    starts = {"default": [2.0, 2.0], "pseudo-inverse": [1.0, 1.5], "pseudo-inverse of other classes": [3.0, 2.5]}
    first, best = {"crossings": 4, "coinciding": 4}, {"crossings": 0, "coinciding": 3}
    before = {
        "codes": {"deep": {"best": 2, "seed 0": first, "seed 2": best}},
        "starts": {"100-2-60": {"loss": {name: [[9.0, 9.0], last] for name, last in starts.items()}}},
    }
    after = {"codes": {"deep": {"best": 2, **best}}, "starts": {"100-2-60": {"final_loss": starts}}}
    for metrics in (before, after):
        made = {"bottleneck": {"metrics": metrics}}
        assert _embedding_parts(made, "A trained network maps noiseless signals") == [3]
        assert _embedding_parts(made, "An output layer that starts from the pseudo-inverse") == [0.75, 1.5]


def test_euclidean_deviations_are_normalized_ones_times_the_level():
    of = {"inner": [[0.5, 0.25], [0.5, 0.5]], "level": [[2.0, 2.0], [4.0, 8.0]]}
    made = {
        "memorization_mnist": {"metrics": {"deviations": {"deviation": {"normalized euclidean": {"learning": of}}}}}
    }
    for field, wanted in (("inner", [[1.0, 0.5], [2.0, 4.0]]), ("level", of["level"])):
        found = layers(made, "mnist", "learning", field, metric="euclidean")
        np.testing.assert_array_equal(found, wanted)
