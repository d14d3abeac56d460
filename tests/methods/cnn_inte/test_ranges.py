"""Values and labels far from the ordinary: each gives what the ordinary one gives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import cnn_inte
from interp_jax.methods.cnn_inte._rows import Scaling, flat_rows, scaling_of
from interp_jax.methods.cnn_inte.factors import Factors, assign, find_factors

KEY = jax.random.key(0)
OPTIONS = {"key": KEY, "factors": 2, "ids": 4, "depth": 3, "draws": 2, "finalists": 1, "trees": 4, "max_leaf_nodes": 16}


@pytest.fixture(scope="module")
def rows():
    """Inputs of whole numbers and half ones, two groups of activations, and the class that follows from both."""
    inputs = np.random.default_rng(0).integers(-6, 7, (300, 3)) / 2
    hidden = np.stack([inputs[:, 0], inputs[:, 0] + 0.25, inputs[:, 1], inputs[:, 1] - 0.25], axis=1)
    return inputs.astype(np.float32), hidden.astype(np.float32), (inputs[:, 0] > 0) + 2 * (inputs[:, 1] > 0)


@pytest.fixture(scope="module")
def ordinary(rows):
    return cnn_inte.fit(*rows, **OPTIONS)


def test_ids_are_the_nearest_centers_however_far_some_rows_lie(rows):
    inputs, hidden, labels = rows
    hidden = hidden.copy()
    hidden[:3] = 3e4
    explainer = cnn_inte.fit(inputs, hidden, labels, **OPTIONS)
    of_rows = explainer.hidden_ids(hidden)
    for factor, centers in enumerate(explainer.factors.centers.astype(float)):
        inside = explainer.factors.of_unit == factor
        distances = ((hidden[:, None, inside].astype(float) - centers[None][..., inside]) ** 2).sum(axis=2)
        np.testing.assert_array_equal(of_rows[:, factor], distances.argmin(axis=1))
    assert np.mean(explainer.tree.predict(of_rows) == labels) > 0.5


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_nearest_centers_do_not_depend_on_the_scale_or_on_a_far_center(scale):
    centers = np.float32([[[0.0, 0], [1, 0], [3e7, 3e7]]]) * np.float32(scale)
    rows = np.float32([[0.2, 0], [0.9, 0.1], [3e7, 2e7]]) * np.float32(scale)
    found = assign(Factors(np.zeros(2, int), centers), rows, "coordinates")
    np.testing.assert_array_equal(found[:, 0], [0, 1, 2])


@pytest.mark.parametrize("offset", [1e9, -(2.0**40)])
def test_float64_far_from_zero_is_centered_before_it_is_cut(rows, ordinary, offset):
    inputs, hidden, labels = rows
    shifted, moved = inputs.astype(np.float64) + offset, hidden.astype(np.float64) + offset
    explainer = cnn_inte.fit(shifted, moved, labels, **OPTIONS)
    assert explainer.fidelity(shifted, labels) >= ordinary.fidelity(inputs, labels) - 0.02 > 0.8
    assert np.mean(explainer.hidden_ids(moved) == ordinary.hidden_ids(hidden)) > 0.95
    explanation = explainer.explain(shifted[0])
    assert explanation.prediction == explainer.predict(shifted[:1])[0]
    assert np.isfinite([hypothesis.separability for hypothesis in explanation.hypotheses]).any()


@pytest.mark.parametrize("scale", [2.0**-100, 2.0**110])
def test_inputs_of_any_magnitude_are_predicted_alike(rows, ordinary, scale):
    inputs, hidden, labels = rows
    explainer = cnn_inte.fit(inputs * np.float32(scale), hidden, labels, **OPTIONS)
    np.testing.assert_array_equal(explainer.predict(inputs * np.float32(scale)), ordinary.predict(inputs))


def test_activations_of_any_magnitude_have_the_same_ids(rows):
    hidden = rows[1]
    options = {"factors": 2, "ids": 4, "key": KEY, "standardized": True}
    hidden = hidden[:270]  # as many as a fit learns from
    groups = [find_factors(jnp.asarray(hidden * np.float32(scale)), **options) for scale in (1, 2.0**-90, 2.0**90)]
    for scale, each in zip((1, 2.0**-90, 2.0**90), groups, strict=True):
        np.testing.assert_array_equal(each.of_unit, groups[0].of_unit)
        assert np.isfinite(each.centers / np.float32(scale)).all()


@pytest.mark.parametrize("kind", [np.int8, np.int64, bool, np.float16, jnp.bfloat16, np.float64, list])
def test_the_type_of_inputs_does_not_change_predictions(rows, ordinary, kind):
    inputs = rows[0].round().astype(bool if kind is bool else np.int8)
    wanted = ordinary.predict(inputs.astype(np.float32))
    same = ordinary.predict(np.asarray(inputs.tolist()) if kind is list else inputs.astype(kind))
    np.testing.assert_array_equal(same, wanted)


def test_rows_that_float32_holds_are_left_alone():
    rows = np.arange(12.0).reshape(4, 3)
    assert flat_rows("x", rows).dtype == np.float32
    assert flat_rows("x", rows + 1e-12).dtype == np.float64
    assert all(part.ndim == 0 for part in scaling_of(flat_rows("x", rows)))


@pytest.mark.parametrize("names", [(0, 200), (7, 2019), (3, 2**31 - 1)])
def test_predictions_and_explanations_are_in_the_labels_given(rows, names):
    inputs, hidden, labels = rows
    first, second = names
    explainer = cnn_inte.fit(inputs, hidden, np.where(labels % 2, second, first), **OPTIONS)
    plain = cnn_inte.fit(inputs, hidden, labels % 2, **OPTIONS)
    np.testing.assert_array_equal(explainer.predict(inputs), np.where(plain.predict(inputs), second, first))
    assert explainer.class_labels.tolist() == [first, second]
    assert explainer.fidelity(inputs, np.where(labels % 2, second, first)) == plain.fidelity(inputs, labels % 2)
    explanation = explainer.explain(inputs[0], second)
    assert (explanation.label, [each.label for each in explanation.hypotheses]) == (second, [first])
    assert explanation.share.shape == (2,)
    with pytest.raises(
        ValueError, match=f"^label: found {first + 1}, wanted a label that was fitted, such as {second}"
    ):
        explainer.explain(inputs[0], first + 1)


def test_absent_classes_change_no_split():
    ids = np.random.default_rng(0).integers(0, 4, (300, 4))
    far = cnn_inte.grow(ids, np.where(ids[:, 0] > 1, 20_000, 0), count=4, classes=20_001, depth=2)
    near = cnn_inte.grow(ids, (ids[:, 0] > 1).astype(int), count=4, classes=2, depth=2)
    np.testing.assert_array_equal(far.goes_left, near.goes_left)
    np.testing.assert_array_equal(far.predict(ids), 20_000 * near.predict(ids))


def test_another_fit_and_other_numbers_of_rows_compile_nothing(rows, assert_compiles):
    inputs = rows[0]
    explainers = [cnn_inte.fit(*rows, **OPTIONS | {"key": jax.random.key(seed)}) for seed in (0, 1)]
    [(each.predict(inputs), each.explain(inputs[0]), each.predict(inputs[:50])) for each in explainers]
    with assert_compiles(0):
        again = cnn_inte.fit(*rows, **OPTIONS | {"key": jax.random.key(2)})
        again.predict(inputs)
        again.explain(inputs[0])
        for count in (51, 52, 64):
            np.testing.assert_array_equal(again.predict(inputs[:count]), again.predict(inputs)[:count])


@pytest.mark.parametrize(
    ("former", "name"),
    [
        ("kept_aside", "validation_fraction"),  # in @renamed(…)
        ("leaves", "max_leaf_nodes"),
        ("jobs", "n_jobs"),
        ("unseen", "held_out_ids"),  # in @renamed(…)
    ],
)
def test_former_names_of_arguments_are_told_the_new_ones(former, name):
    with pytest.raises(TypeError, match=f"^{former}: found an argument of this name, wanted {name}"):
        cnn_inte.fit(np.zeros((4, 1)), np.zeros((4, 1)), np.arange(4) % 2, key=KEY, **{former: 1})


def test_rows_beyond_the_scaled_range_are_clipped_and_stay_finite():
    """Rows that a scaling was not made from may lie far outside of it."""
    scaled = Scaling(np.zeros(1), np.full(1, 16.0)).of(np.array([[3e38], [-3e38], [1.0]], np.float32))
    assert scaled.dtype == np.float32
    most = np.finfo(np.float32).max
    assert scaled.ravel().tolist() == [most, -most, 16.0]
