"""The sentences of the study of memorization, on both sides of what each depends on, from made-up results."""

import pytest

from experiments.memorization import averages, training
from experiments.memorization.memorization_study import FULLY_TRAINED, LEARNING, MEMORIZING


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
