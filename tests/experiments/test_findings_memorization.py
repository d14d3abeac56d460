"""The sentences of the study of memorization, on both sides of what each depends on, from made-up results."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.memorization import averages, deviations, training
from experiments.memorization.memorization_study import FULLY_TRAINED, KINDS, LEARNING, MEMORIZING
from interp_jax.methods.deviation import Profile


def _training(learned_rows, held_out=0.1, fitted=1.0):
    shares = {LEARNING: (0.97, 0.98), FULLY_TRAINED: (1.0, 0.96), MEMORIZING: (fitted, held_out)}
    accuracy = {kind: {"training_labels": [of[0]], "held_out": [of[1]]} for kind, of in shares.items()}
    return training.Training(accuracy, 0.1, {}, (6_000, learned_rows, 10_000, 10), "rows", "somehow", 4)


@pytest.mark.parametrize(("rows", "words"), [(6_000, "stopping (learning"), (48_000, "stopping on 48,000 rows (learn")])
def test_the_rows_of_learning_networks_are_given_only_if_they_are_more(rows, words):
    sentence = training.memorized(_training(rows))
    assert f"training with early {words}" in sentence
    assert sentence.endswith("networks) 97.0% and 98.0%.")


@pytest.mark.parametrize(
    ("held_out", "words"),
    [(0.1, "as often as"), (0.1089, "as often as"), (0.1091, "more often than"), (0.0909, "less often than")],
)
def test_held_out_rows_are_classified_correctly_by_chance_within_three_standard_errors(held_out, words):
    assert f"correctly {words} by chance ({held_out:.1%})" in training.memorized(_training(6_000, held_out))


def test_a_share_that_does_not_change_stays():
    same, more = ({"input": 0.4, "relu1": last, "output": 0.9} for last in (0.402, 0.6))
    assert averages.true_classes({LEARNING: more, MEMORIZING: same}).endswith(
        "rises from 0.40 to 0.60 if learning and stays at 0.40 if memorizing."
    )


def _page(texts, captions):
    return SimpleNamespace(
        text=texts.append,
        finding=texts.append,
        table=lambda *_: None,
        figure=lambda name, figure, caption: captions.append(caption),
        metrics=lambda _: None,
    )


def test_averages_are_those_of_the_labels_of_the_training_or_of_the_true_ones(monkeypatch):
    axes, captions, texts = [], [], []
    monkeypatch.setattr(averages.figures.heatmaps, "class_averages", lambda *_, x_label: axes.append(x_label))
    by_layer = {"input": 0.4, "relu1": 0.6, "output": 0.9}
    by_kind = dict.fromkeys((LEARNING, MEMORIZING), by_layer)
    rows = dict.fromkeys(averages.ROWS, by_kind)
    averages.show(averages.Averages(rows, rows, np.arange(2), None), _page(texts, captions))
    assert axes == ["training label", "true label"]
    assert [each.partition(" (Fig. ")[2][:3] for each in captions] == ["6.3", "6.4"], "and no image of a five"


@pytest.mark.parametrize(
    ("pairs", "classes", "number"),
    [
        ("adjacent", "averages of adjacent classes", "(Figs 6.7 to 6.9, 6.13, 6.14 of the thesis)"),
        ("all", "averages of two classes", "(Fig. 6.12 of the thesis)"),
    ],
)
def test_deviations_are_between_adjacent_or_between_any_classes(monkeypatch, pairs, classes, number):
    monkeypatch.setattr(deviations.figures, "deviation", lambda *_, **__: None)
    texts, captions, flat = [], [], np.array([[1.0, 1.001, 2.0]])
    profile = Profile(flat, flat, flat, *[np.zeros(0)] * 3, np.array([5, 5]))
    profiles = dict.fromkeys((*KINDS, f"{MEMORIZING}, true labels"), profile)
    by_metric = dict.fromkeys(deviations.METRICS, profiles)
    result = deviations.Deviations(by_metric, dict.fromkeys(KINDS, np.ones((3, 2, 3))), ["a", "b", "c"], pairs)
    deviations.show(result, _page(texts, captions))
    assert classes in texts[0]
    assert all(number in each for each in captions)
    assert "stays at 1.00 in memorizing networks, stays at 1.00 in fully trained networks" in texts[1]
