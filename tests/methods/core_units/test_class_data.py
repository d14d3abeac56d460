import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax.methods.core_units import class_data

KEYS = [jax.random.key(seed) for seed in range(3)]


@given(
    # Few sizes, because each is compiled.
    predictions=st.sampled_from([1, 2, 30]).flatmap(
        lambda rows: st.lists(st.integers(0, 3), min_size=rows, max_size=rows)
    ),
    target=st.one_of(st.none(), st.integers(0, 3)),
    seed=st.integers(0, 2),
    negatives=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_all_positives_and_as_many_others_are_drawn(predictions, target, seed, negatives):
    predictions = np.array(predictions)
    positive = np.ones(len(predictions), bool) if target is None else predictions == target
    if not positive.any():
        with pytest.raises(ValueError, match=f"^target: found no row of {len(predictions)} predicted as {target}"):
            class_data(predictions, target, key=KEYS[seed])
        return
    found = class_data(predictions, target, key=KEYS[seed], negatives=negatives)
    np.testing.assert_array_equal(found.positives, np.flatnonzero(positive))
    assert len(found.negatives) == (min(positive.sum(), (~positive).sum()) if negatives else 0)
    assert not positive[found.negatives].any()
    assert np.all(np.diff(found.negatives) > 0)
    np.testing.assert_array_equal(found.rows, [*found.positives, *found.negatives])


def test_every_other_row_is_equally_likely_and_the_key_decides():
    predictions = np.array([0, 1, 1, 0, 2, 2, 2, 0, 1, 2])
    drawn = [class_data(predictions, 0, key=jax.random.key(seed)).negatives for seed in range(100)]
    shares = np.bincount(np.concatenate(drawn), minlength=10)[predictions != 0] / 100
    np.testing.assert_allclose(shares, 3 / 7, atol=0.2)
    np.testing.assert_array_equal(class_data(predictions, 0, key=jax.random.key(5)).negatives, drawn[5])


def test_classes_of_every_size_share_a_compilation(assert_compiles):
    predictions = np.arange(40) % 7 % 3
    class_data(predictions, 0, key=KEYS[0])
    with assert_compiles(0):
        for target in (1, 2, None):
            class_data(predictions, target, key=KEYS[1])


def test_targets_and_keys_that_are_none_are_refused():
    predictions = np.array([0, 1, 1])
    for target in (-1, True, 1.0, "1"):
        with pytest.raises(ValueError, match=f"^target: found {target!r}, wanted a whole number"):
            class_data.__wrapped__(predictions, target, key=KEYS[0])
    for key in (0, None):
        with pytest.raises(ValueError, match=f"^key: found {key}, wanted a JAX random key"):
            class_data(predictions, 1, key=key)
    old, new = (class_data(predictions, 0, key=make(7)).rows for make in (jax.random.PRNGKey, jax.random.key))
    np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    "predictions", [np.ones((2, 2), int), np.array([0.0, 1.0]), np.array([-1, 0]), np.array([0, 2**32])]
)
def test_predictions_that_are_no_whole_numbers_are_refused(predictions):
    with pytest.raises(ValueError, match="^predictions: found"):
        class_data(predictions, 0, key=KEYS[0])
