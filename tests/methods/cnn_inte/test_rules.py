import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from interp_jax.methods.cnn_inte import learn_rules


def test_planted_rules_are_found():
    ids = np.random.default_rng(0).integers(0, 5, (3000, 4))
    first = np.isin(ids[:, 0], (1, 3)) & np.isin(ids[:, 2], (0, 4))
    second = ~first & (ids[:, 3] == 2) & np.isin(ids[:, 1], (0, 1, 2))
    labels = np.where(first, 1, np.where(second, 2, 0))
    found = learn_rules(ids, labels, count=5, classes=3, precise=1.0)
    assert np.mean(found.predict(ids) == labels) > 0.97
    (rule,) = (rule for rule in found.rules if rule.label == 1 and rule.precision > 0.99)
    assert rule.condition == "f0 ∈ {1, 3} and f2 ∈ {0, 4}"
    assert rule.cover == first.sum()


@given(
    arrays(np.int64, (30, 2), elements=st.integers(0, 3)),
    arrays(np.int64, 30, elements=st.integers(0, 2)),
)
@settings(max_examples=40, deadline=None)
def test_what_holds_for_every_set(ids, labels):
    found = learn_rules(ids, labels, count=4, classes=3, length=2, per_class=2)
    assert len(found.rules) <= 6
    predicted = found.predict(ids)
    covered = np.zeros(30, bool)
    for rule in found.rules:
        covers = rule.covers(ids)
        covered |= covers
        assert rule.cover == covers.sum() > 0
        right = np.sum(labels[covers] == rule.label)
        np.testing.assert_allclose(rule.precision, (right + 1) / (rule.cover + 2))
        # Rules are independent: a row's class is that of its most precise rule.
        best = found.confidence(ids).max(axis=1)
        assert np.all(best[covers] >= rule.precision)
    assert np.all(predicted[~covered] == found.default)
    assert found.default == np.bincount(labels if covered.all() else labels[~covered]).argmax()


def test_numbering_the_ids_otherwise_changes_nothing():
    random = np.random.default_rng(3)
    ids = random.integers(0, 5, (500, 3))
    labels = np.where(np.isin(ids[:, 0], (0, 3)), 1, np.where(ids[:, 1] > 2, 2, 0))
    orders = [random.permutation(5) for _ in range(3)]
    other = np.stack([order[column] for order, column in zip(orders, ids.T, strict=True)], axis=1)
    first, second = (learn_rules(each, labels, count=5, classes=3) for each in (ids, other))
    assert np.mean(first.predict(ids) == labels) > 0.8
    assert abs(np.mean(first.predict(ids) == labels) - np.mean(second.predict(other) == labels)) < 0.05


def test_rules_that_are_precise_enough_get_no_more_conditions():
    ids = np.random.default_rng(4).integers(0, 5, (2000, 3))
    labels = ((ids[:, 0] == 1) & ~((ids[:, 1] == 2) & (ids[:, 2] < 2))).astype(int)  # f0 alone is right to 92%
    (rough,) = (rule for rule in learn_rules(ids, labels, count=5, classes=2, precise=0.9).rules if rule.label == 1)
    assert rough.condition == "f0 ∈ {1}"
    exact = learn_rules(ids, labels, count=5, classes=2, precise=1.0)
    assert all(rule.precision > 0.98 for rule in exact.rules if rule.label == 1)


def test_a_rule_of_exactly_the_precision_gets_no_more_conditions():
    ids = np.array([[1, 0], [1, 0], [1, 0], [1, 1], *[[0, 0]] * 6])
    labels = np.array([1, 1, 1, *[0] * 7])
    for precise, condition in ((0.75, "f0 ∈ {1}"), (0.76, "f0 ∈ {1} and f1 ∈ {0}")):
        found = learn_rules(ids, labels, count=2, classes=2, precise=precise)
        assert [rule.condition for rule in found.rules if rule.label == 1] == [condition]


def test_of_factors_that_gain_alike_the_first_is_taken():
    ids = np.repeat([[0, 0], [1, 1]], 5, axis=0)
    found = learn_rules(ids, ids[:, 0], count=2, classes=2)
    assert [rule.condition for rule in found.rules] == ["f0 ∈ {0}", "f0 ∈ {1}"]


def test_rows_of_one_kind_get_the_default():
    found = learn_rules(np.zeros((6, 2), int), np.array([1, 1, 1, 0, 2, 1]), count=3, classes=3)
    assert (found.rules, found.default) == ((), 1)
