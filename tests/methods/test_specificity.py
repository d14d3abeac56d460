"""Specificity against its definition row by row, and against distributions of which the answer is known."""

import itertools

import jax
import numpy as np
import pytest

from interp_jax.methods.specificity import specificity

KEY = jax.random.key(0)


def _by_hand(explained, predictions):
    """S, the excess and the rows that neither follows, row by row and pair by pair."""
    gained = differ = neither = 0.0
    for a, b in itertools.combinations(range(len(predictions)), 2):
        for row in range(predictions.shape[1]):
            one, other = predictions[a, row], predictions[b, row]
            if one != other:
                mine, theirs = explained[a, row], explained[b, row]
                gained += 0.5 * (int(mine == one) - int(mine == other) + int(theirs == other) - int(theirs == one))
                neither += 0.5 * (int(mine not in (one, other)) + int(theirs not in (one, other)))
                differ += 1
    every = predictions.shape[1] * len(predictions) * (len(predictions) - 1) / 2
    return gained / differ, gained / every, neither / differ, differ / every


@pytest.mark.parametrize("networks", [2, 3, 5])
def test_it_is_the_sum_over_rows_and_pairs(networks):
    random = np.random.default_rng(networks)
    predictions, explained = random.integers(0, 4, (2, networks, 37))
    explained = np.where(random.random(explained.shape) < 0.5, predictions, explained)
    found = specificity(explained, predictions, key=KEY, resamples=50)
    wanted = _by_hand(explained, predictions)
    np.testing.assert_allclose([found.specific, found.excess, found.neither, found.disagreement], wanted, rtol=1e-5)
    for a, b in itertools.permutations(range(networks), 2):
        np.testing.assert_allclose(found.pairs[a, b], _by_hand(explained[[a, b]], predictions[[a, b]])[0], rtol=1e-5)
    assert np.isnan(np.diagonal(found.pairs)).all()


def _networks(random, networks=8, rows=400, errs=0.1):
    """Networks that err at random, each on rows of its own."""
    labels = random.integers(0, 5, rows)
    wrong = random.random((networks, rows)) < errs
    return labels, np.where(wrong, (labels + random.integers(1, 5, (networks, rows))) % 5, labels)


def test_what_is_true_of_the_data_is_not_specific_and_its_interval_holds_0():
    """The true labels follow the correct one of two networks, whichever it is: S is 0 on average."""
    inside = 0
    for seed in range(40):
        labels, predictions = _networks(np.random.default_rng(seed))
        found = specificity(np.broadcast_to(labels, predictions.shape), predictions, key=KEY, resamples=300)
        np.testing.assert_allclose(found.specific, 0, atol=1e-6)
        # An explanation that errs at random, as often as a network does.
        _, explained = _networks(np.random.default_rng(1000 + seed))
        found = specificity(explained, predictions, key=KEY, resamples=300)
        inside += float(found.interval[0]) <= 0 <= float(found.interval[1])
    assert inside >= 33  # 95 of 100 are wanted; P(fewer than 33 of 40) = 0.003


def test_the_interval_holds_what_is_planted():
    """Explanations that follow their network on half of all rows and the labels on the others have S = 1/2."""
    inside = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        labels, predictions = _networks(random)
        follows = random.random(predictions.shape) < 0.5
        found = specificity(np.where(follows, predictions, labels), predictions, key=KEY, resamples=300)
        inside += float(found.interval[0]) <= 0.5 <= float(found.interval[1])
    assert inside >= 33


def test_differences_of_two_explainers_are_paired_by_the_key():
    random = np.random.default_rng(0)
    labels, predictions = _networks(random)
    follows = random.random(predictions.shape) < 0.5
    explained = np.where(follows, predictions, labels)
    better = np.where(random.random(predictions.shape) < 0.1, predictions, explained)
    one, other = (specificity(each, predictions, key=KEY, resamples=300) for each in (explained, better))
    paired = np.asarray(other.resampled - one.resampled)
    assert np.quantile(paired, 0.025) > 0
    assert paired.std() < 0.7 * np.hypot(np.std(one.resampled), np.std(other.resampled))


def test_networks_that_never_disagree_leave_it_undefined():
    same = np.broadcast_to(np.arange(6) % 3, (3, 6))
    found = specificity(same, same, key=KEY, resamples=10)
    assert np.isnan(found.specific)
    assert np.isnan(found.interval).all()
    assert found.excess == found.disagreement == 0
    assert repr(found) == "Specificity: 3 networks that never disagree"


def test_two_networks_have_an_interval_over_rows():
    random = np.random.default_rng(0)
    _, predictions = _networks(random, networks=2)
    found = specificity(predictions, predictions, key=KEY, resamples=100)
    np.testing.assert_array_equal(found.interval, 1)
    assert repr(found).startswith("Specificity: 1.000 (1.000 to 1.000) on the ")


def test_eager_jit_and_lanes_agree():
    random = np.random.default_rng(0)
    predictions, explained = random.integers(0, 3, (2, 4, 3, 25))
    one = [specificity(e, p, key=KEY, resamples=20) for e, p in zip(explained, predictions, strict=True)]
    lanes = jax.vmap(lambda e, p: specificity(e, p, key=KEY, resamples=20))(explained, predictions)
    jitted = jax.jit(lambda e, p: specificity(e, p, key=KEY, resamples=20))(explained[0], predictions[0])
    for number, each in enumerate(one):
        jax.tree.map(lambda x, y, n=number: np.testing.assert_allclose(x, y[n], rtol=1e-5), each, lanes)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5), one[0], jitted)


def test_a_second_call_compiles_nothing(assert_compiles):
    random = np.random.default_rng(0)
    first, second = random.integers(0, 3, (2, 2, 3, 25))
    specificity(*first, key=KEY, resamples=20)
    with assert_compiles(0):
        specificity(*second, key=KEY, resamples=20)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"explained": np.zeros((3, 4), int)}, "explained: found"),
        (
            {"predictions": np.zeros((1, 5), int), "explained": np.zeros((1, 5), int)},
            "predictions: found .*at least two",
        ),
        ({"predictions": np.zeros((2, 0), int), "explained": np.zeros((2, 0), int)}, "predictions: found"),
        ({"predictions": np.zeros(5, int)}, "predictions: found"),
        ({"explained": np.full((3, 5), 0.5)}, "explained: found"),
        ({"confidence": 1.0}, "confidence: found"),
        ({"resamples": 0}, "resamples: found"),
    ],
)
def test_bad_input_is_named(changes, message):
    arguments = {"explained": np.zeros((3, 5), int), "predictions": np.zeros((3, 5), int), "key": KEY} | changes
    with pytest.raises(ValueError, match=f"^{message}"):
        specificity(arguments.pop("explained"), arguments.pop("predictions"), **arguments)
