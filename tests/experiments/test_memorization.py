"""The study with small settings, its measures, and its settings."""

import dataclasses

import numpy as np
import pytest

from experiments.memorization import averages, deviations, discrimination, dynamics, embedding, training
from experiments.memorization import study as study_main
from experiments.memorization.memorization_study import KINDS, METRICS, at_least, task
from experiments.memorization.settings import PRESETS, Settings
from interp_jax.methods.deviation import Profile
from tests.experiments.small import MEMORIZATION


@pytest.mark.slow
def test_every_section_is_written_and_shown_again_without_measuring(run, monkeypatch):
    report, metrics = run(study_main, MEMORIZATION)
    assert set(metrics) == set(study_main.SECTIONS)
    assert set(metrics["deviations"]["deviation"]) == set(METRICS)
    inner = np.array(metrics["deviations"]["deviation"]["cosine"]["memorizing"]["inner"])
    assert inner.shape == (len(metrics["deviations"]["layers"]), 1)
    assert set(metrics["discrimination"]["ratios"]) == set(KINDS)
    assert metrics["dynamics"]["epochs"] == [0, 1, 2]
    assert 0 < metrics["training"]["unchanged_labels"] < 0.1, "shuffled labels equal the true ones by chance only"
    for _, section in study_main.SECTIONS.values():
        monkeypatch.setattr(section, "measure", lambda study: pytest.fail("measured again"))
    figures = {path: path.read_bytes() for path in (report.parent / "figures").iterdir()}
    for path in figures:
        path.write_bytes(b"another")
    assert run(study_main, dataclasses.replace(MEMORIZATION, show=True)) == (report, metrics)
    assert {path: path.read_bytes() for path in figures} == figures


def test_quick_networks_memorize_in_fewer_epochs_at_a_larger_rate_and_those_of_the_paper_preset_do_not():
    quick, paper = (task(PRESETS[name]) for name in ("quick", "paper"))
    assert (quick.full_epochs, quick.rate) == (128, 2e-3)
    assert (paper.full_epochs, paper.rate) == (512, 1e-3)
    assert PRESETS["paper"].learning_rate == 0.01


def _training(fitted, held_out, control):
    shares = {"learning": (0.97, 0.98), "fully trained": (1.0, control), "memorizing": (fitted, held_out)}
    accuracy = {kind: {"training_labels": [of[0]], "held_out": [of[1]]} for kind, of in shares.items()}
    return training.Training(accuracy, 0.1, {}, (6000, 6000, 10_000, 10), "rows", "somehow", 4)


def test_the_finding_compares_held_out_accuracy_with_chance_and_with_true_labels():
    assert training.memorized(_training(1.0, 0.108, 0.96)) == (
        "Memorizing networks, trained on randomly permuted labels, classify 100.0% of their 6,000 training rows as "
        "they were trained to, and held-out rows correctly as often as by chance (10.8%). The same training on the "
        "true labels (fully trained networks) gives 100.0% and 96.0%; training with early stopping "
        "(learning networks) 97.0% and 98.0%."
    )
    assert "more often than by chance (11.0%)" in training.memorized(_training(0.3, 0.11, 0.9))
    assert "less often than by chance (9.0%)" in training.memorized(_training(0.3, 0.09, 0.9))


def test_large_layers_are_thinned_for_their_figure():
    assert training._thinned(np.arange(784 * 10).reshape(784, 10)).shape == (196, 10)
    assert training._thinned(np.arange(100)).tolist() == list(range(100))


def test_the_share_of_the_true_classes_is_followed_to_the_last_hidden_layer():
    through = {"input": 0.4, "relu1": 0.9, "relu2": 0.5, "output": 0.1}
    assert averages.true_classes({"learning": through, "memorizing": through | {"relu2": 0.1}}) == (
        "From the input to the last hidden layer the share of the variance that is between true classes of held-out "
        "rows rises from 0.40 to 0.50 if learning and falls from 0.40 to 0.10 if memorizing."
    )


def test_layers_in_which_training_labels_prevail_among_neighbors_are_named():
    true, equal, trained = ({"true": 0.5, "training": training} for training in (0.1, 0.5, 0.9))
    sentence = embedding.neighborhoods({"input": true, "relu1": trained, "output": trained})
    assert "than their true one in relu1, output: of the 10 nearest rows in the output 90% have the same tr" in sentence
    assert "in no layer: of the 10 nearest rows in the output 50% have" in embedding.neighborhoods(
        {"input": true, "relu1": equal}
    )


def _profile(inner, inter=((0, 0, 0),), level=((0, 0, 0),)):
    return Profile(*(np.array(each, float) for each in (inner, inter, level)), *[np.zeros(0)] * 4)


FALLING, RISING, FLAT = [4.0, 3.0, 2.0], [1.0, 3.0, 3.1], [4.0, 4.0, 4.0]


def test_the_distance_within_labels_is_followed_in_each_kind_of_network():
    profiles = {"learning": _profile([FALLING]), "fully trained": _profile([FLAT]), "memorizing": _profile([RISING])}
    profiles["fully trained"] = _profile([[1.0, 1.5, 0.5]])
    profiles["memorizing, true labels"], profiles["memorizing"] = profiles["memorizing"], _profile([[5.0, 6.0, 7.0]])
    assert deviations.from_layer_to_layer(profiles) == (
        "From the input to the first hidden layer, the mean cosine distance of rows with the same true label rises "
        "from 1.00 to 3.00 in memorizing networks, rises from 1.00 to 1.50 in fully trained networks, falls from 4.00 "
        "to 3.00 in learning networks; in the last hidden layer it is 3.10, 0.50, 2.00 in this order. Of rows with the "
        "same permuted label it goes from 5.00 to 6.00 in memorizing networks."
    )


def test_small_inner_and_large_inter_deviations_are_unlikely_under_permuted_labels():
    null = np.array([[3.0], [5.0], [4.0]])
    assert deviations.by_chance(np.array([1.0]), null, -1) == ["1.000 (4.000, p = 0.25)"]
    assert deviations.by_chance(np.array([4.0]), null, -1) == ["4.000 (4.000, p = 0.75)"]
    assert deviations.by_chance(np.array([9.0]), null, 1) == ["9.000 (4.000, p = 0.25)"]
    assert deviations.by_chance(np.array([1.0]), null, 1) == ["1.000 (4.000, p = 1.00)"]


@pytest.mark.parametrize(("share", "words"), [(1.0, "100%"), (0.998, "at least 99.8%")])
def test_a_least_share_of_all_is_100_percent(share, words):
    assert at_least(share, 1) == words


def test_each_network_is_classified_by_the_threshold_from_all_others():
    ratios = {
        "learning": np.array([0.2, 0.9]),
        "fully trained": np.array([0.3, 0.5]),
        "memorizing": np.array([1.1, 1.5, 0.4]),
    }
    assert discrimination.threshold_of(ratios) == pytest.approx(0.45)
    assert discrimination.misclassified(ratios, "learning").tolist() == [False, True]
    # Without itself the last is below (0.5 + 1.1) / 2, and without 0.5 the threshold is (0.3 + 0.4) / 2.
    assert discrimination.misclassified(ratios, "memorizing").tolist() == [False, False, True]
    assert discrimination.misclassified(ratios, "fully trained").tolist() == [False, True]


def test_memorizing_networks_are_identified_with_fewer_errors_than_a_constant_answer_makes():
    errors = {"learning": 0, "fully trained": 0, "memorizing": 0}
    ratios = {
        kind: np.linspace(*ends, 20) for kind, ends in zip(errors, ((0.4, 0.5), (1, 1.1), (1.5, 1.7)), strict=True)
    }
    sentence = discrimination.detection(errors, ratios)
    assert "is 1.50 to 1.70 in 20 memorizing, 1.00 to 1.10 in 20 fully trained, 0.40 to 0.50 in 20 learning" in sentence
    assert "This quotient tells without test data whether a network memorizes" in sentence
    assert sentence.endswith("misclassifies none of 60.")
    few = {kind: each[:2] for kind, each in ratios.items()}
    assert "This quotient separates the 6 networks at hand: a threshold" in discrimination.detection(errors, few)
    assert "tells without test data" in discrimination.detection(
        errors, {kind: each[:4] for kind, each in ratios.items()}
    )
    assert "does not tell whether" in discrimination.detection(errors | {"learning": 1}, few)
    assert "does not tell whether a network memorizes" in discrimination.detection(
        errors | {"learning": 12, "memorizing": 8}, ratios
    )


def _stages(*ratios):
    """Stages of one network, by the ratio of its first hidden layer to its input."""
    return {"inner": np.array([[[2.0], [2 * ratio]] for ratio in ratios])}


def test_the_epoch_since_which_the_kinds_are_separate_is_the_first_without_a_later_exception():
    control = _stages(1, 1, 1, 1)
    for ratios, start, mean in (((2, 0.5, 1.5, 2), 2, "1.50"), ((3, 2, 2, 2), 0, "3.00")):
        result = dynamics.Dynamics({"fully trained": control, "memorizing": _stages(*ratios)}, [0, 1, 2, 4], [])
        sentence = dynamics.separation(result)
        assert f"fully trained network from epoch {start} on (then {mean} and 1.00 on average)" in sentence
        assert sentence.endswith(
            f"From epoch {start} on it is above 1.00, the largest of any fully trained one, in all memorizing ones."
        )
    rising = dynamics.Dynamics(
        {"fully trained": _stages(1, 1, 1.2, 1.9), "memorizing": _stages(1, 1.5, 1.8, 2)}, [0, 1, 2, 4], []
    )
    assert dynamics.separation(rising).endswith(
        "From epoch 4 on it is above 1.90, the largest of any fully trained one, in all memorizing ones."
    )
    late = dynamics.Dynamics(
        {"fully trained": _stages(1, 1, 2.5, 1.9), "memorizing": _stages(1, 1.5, 2.6, 2)}, [0, 1, 2, 4], []
    )
    assert dynamics.separation(late).endswith(
        "At no epoch it is above 2.50, the largest of any fully trained one, in all memorizing ones."
    )
    never = dynamics.Dynamics({"fully trained": control, "memorizing": control}, [0, 1, 2, 4], [])
    assert dynamics.separation(never).endswith("does not separate the kinds of networks.")


def test_a_row_is_not_its_own_neighbor():
    layer = np.repeat(np.eye(2), 20, axis=0)
    labels = np.arange(40)
    assert embedding.agreement(layer, labels) == 0
    assert embedding.agreement(layer, np.arange(40) // 20) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": -1.0}, "noise: found -1.0"),
        ({"full_epochs": 100}, "full_epochs: found 100, wanted a power of two"),
        ({"train_rows": 10}, "train_rows: found 10, wanted a whole number of at least 600"),
        ({"learned_rows": 700}, "learned_rows: found 700, wanted at least train_rows, 6000"),
        ({"rows_per_class": 1}, "rows_per_class: found 1, wanted a whole number of at least 2"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)
