"""Layers in which the units of a cluster act as one, against loops over units."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import hierarchy

RANDOM = np.random.default_rng(0)
HIDDEN = RANDOM.normal(size=(30, 6)) * [1, 2, 0.1, 5, 1, 3] + [0, 1, 2, 3, 4, 5]
LABELS = np.array([2, 0, 2, 0, 2, -1])
SIGNS = np.array([1, 1, -1, -1, 1, 0])


def _transcription(fitted, rows, labels, signs):
    means, deviations, found = fitted.mean(axis=0), fitted.std(axis=0), np.empty_like(rows)
    for n, row in enumerate(rows):
        for k in range(len(labels)):
            members = [unit for unit in range(len(labels)) if unit == k or labels[unit] == labels[k]]
            members = [unit for unit in members if labels[unit] >= 0 and deviations[unit] > 0]
            each = [signs[unit] * (row[unit] - means[unit]) / deviations[unit] for unit in members]
            found[n, k] = means[k] + (signs[k] * deviations[k] * np.mean(each) if each and labels[k] >= 0 else 0)
    return found


def test_activations_agree_with_loops_over_units_on_rows_that_were_not_fitted():
    new = RANDOM.normal(size=(7, 6))
    quotient = hierarchy.quotient(HIDDEN, LABELS, SIGNS)
    np.testing.assert_allclose(quotient.apply(new), _transcription(HIDDEN, new, LABELS, SIGNS), rtol=1e-4, atol=1e-5)
    assert round(float(np.trace(quotient.mixing)), 5) == 2
    assert "6 units that act as 2" in repr(quotient)


def test_nothing_changes_if_every_unit_is_a_cluster():
    quotient = hierarchy.quotient(HIDDEN, np.arange(6), np.ones(6))
    np.testing.assert_allclose(quotient.apply(HIDDEN), HIDDEN, rtol=1e-5, atol=1e-6)


def test_shifted_scaled_and_reversed_copies_are_one_unit_without_loss():
    unit = RANDOM.normal(size=(20, 1))
    hidden = unit * [1, -3, 0.2] + [5, 0, 1]
    quotient = hierarchy.quotient(hidden, [7, 7, 7], [1, -1, 1])
    np.testing.assert_allclose(quotient.apply(hidden), hidden, rtol=1e-5, atol=1e-5)
    assert np.linalg.matrix_rank(np.asarray(quotient.mixing), tol=1e-5) == 1


def test_a_linear_tail_has_the_same_scores_from_a_unit_for_each_cluster():
    weights = RANDOM.normal(size=(6, 3))
    quotient = hierarchy.quotient(HIDDEN, LABELS, SIGNS)
    means, deviations = HIDDEN.mean(axis=0), HIDDEN.std(axis=0)
    scores = means @ weights
    for cluster in (0, 2):
        chosen = cluster == LABELS
        activation = (SIGNS * (HIDDEN - means) / deviations)[:, chosen].mean(axis=1)
        scores = scores + activation[:, None] * (SIGNS * deviations)[chosen] @ weights[chosen]
    np.testing.assert_allclose(quotient.apply(HIDDEN) @ weights, scores, rtol=1e-4, atol=1e-4)


def test_constant_units_are_held_and_do_not_count():
    hidden = HIDDEN.copy()
    hidden[:, 3] = 0.1
    quotient = hierarchy.quotient(hidden, LABELS, SIGNS)
    np.testing.assert_allclose(quotient.apply(hidden)[:, 1], hidden[:, 1], rtol=1e-5)  # alone in its cluster now
    np.testing.assert_allclose(quotient.apply(hidden + 1)[:, 3], 0.1, rtol=1e-6)


def test_positions_count_as_rows_do():
    images = RANDOM.normal(size=(5, 2, 3, 6)).astype(np.float32)
    quotient, flat = (hierarchy.quotient(x, LABELS, SIGNS) for x in (images, images.reshape(-1, 6)))
    np.testing.assert_array_equal(quotient.mixing, flat.mixing)
    np.testing.assert_allclose(quotient.apply(images).reshape(-1, 6), flat.apply(images.reshape(-1, 6)), rtol=1e-5)


def test_partitions_are_lanes_and_share_a_compilation():
    partitions = jnp.asarray([LABELS, np.arange(6), np.zeros(6, int)])
    signs = jnp.where(jnp.asarray(SIGNS) == 0, 1, jnp.asarray(SIGNS))
    hidden = jnp.asarray(HIDDEN, jnp.float32)
    lanes = jax.jit(jax.vmap(lambda labels: hierarchy.quotient(hidden, labels, signs).apply(hidden)))(partitions)
    for lane, labels in zip(lanes, partitions, strict=True):
        np.testing.assert_allclose(lane, hierarchy.quotient(hidden, labels, signs).apply(hidden), rtol=1e-4, atol=1e-4)


def test_a_single_row_is_its_mean():
    quotient = hierarchy.quotient(HIDDEN[:1], LABELS, SIGNS)
    np.testing.assert_allclose(quotient.apply(HIDDEN), np.repeat(HIDDEN[:1], 30, axis=0), rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden": np.zeros(6)}, r"hidden: found shape \[6\], wanted \[rows, …, units\]"),
        ({"hidden": np.zeros((0, 6))}, "hidden: found shape"),
        ({"labels": LABELS[:5]}, "labels: found shape"),
        ({"labels": LABELS / 2}, "labels: found"),
        ({"signs": SIGNS / 2}, "signs: found 0.5, wanted \\+1 or −1"),
        ({"signs": SIGNS * np.nan}, "signs: found nan"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        hierarchy.quotient(**{"hidden": HIDDEN, "labels": LABELS, "signs": SIGNS} | change)
    with pytest.raises(ValueError, match="hidden: found shape"):
        hierarchy.quotient(HIDDEN, LABELS, SIGNS).apply(HIDDEN[:, :5])
