"""The study with small settings, and its measures."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.jumps import POSITIONS
from experiments.layers_of_detectors import arrival, fooling, learned_inputs, output_layer, readers, stripes, two_units
from experiments.layers_of_detectors import study as study_main
from experiments.layers_of_detectors.arrival import LEVELED, WAYS, Arrival, Ascents
from experiments.layers_of_detectors.learned_inputs import peak, upright
from experiments.layers_of_detectors.settings import PRESETS, Settings
from experiments.layers_of_detectors.two_units import TwoUnits

SMALL = dataclasses.replace(
    PRESETS["quick"],
    name="small",
    train_signals=600,
    validation_signals=300,
    test_signals=1_200,
    averaged_signals=5,
    epochs=2,
    patience=2,
    shuffled_epochs=2,
    narrow_epochs=3,
    narrow_patience=3,
    neighbor_rows=50,
    attacked_signals=5,
    point_sets=20,
    point_steps=20,
    draws=2,
    histogram_sets=2,
    starts=2,
    steps=20,
    stall_steps=10,
)


@pytest.mark.slow
def test_every_section_is_written_and_shown_again_from_its_results(run, monkeypatch):
    report, metrics = run(study_main, SMALL)
    assert set(metrics) == set(study_main.SECTIONS)
    page = report.read_text()
    for _, part in study_main.SECTIONS.values():
        monkeypatch.setattr(part, "measure", lambda study: pytest.fail("measured again"))
    assert study_main.main(dataclasses.replace(SMALL, show=True)).read_text() == page


def test_settings_that_no_run_can_use_are_refused():
    wrong = [("threshold", 0.4), ("threshold", 1.0), ("noise_levels", (0.2,)), ("noise_levels", (0.3, 0.2))]
    wrong += [("noise_levels", (0.2, 0.35)), ("read", ("2-layer perceptron",)), ("ascended", ())]
    for field, value in wrong:
        with pytest.raises(ValueError, match=f"^{field}: found "):
            dataclasses.replace(Settings(), **{field: value})


def test_other_readers_of_a_layer_find_the_class_of_well_separated_rows():
    draw = np.random.default_rng(0)
    labels = np.arange(300) % 3
    centers = np.array([[0.0, 0, 5], [4, 0, 5], [0, 4, 5]])
    rows = np.float32(centers[labels] + draw.normal(size=(300, 3)) * [0.3, 0.3, 0.0])
    means = np.stack([rows[labels == each].mean(axis=0) for each in range(3)])
    for weights, bias in (readers.nearest(means), readers.discriminant(rows, labels, means)):
        np.testing.assert_array_equal(np.argmax(rows @ np.asarray(weights) + np.asarray(bias), axis=1), labels)
    points, other = np.float32(draw.uniform(size=(40, 2))), np.float32(draw.uniform(size=(500, 2)))
    weights, bias = readers.nearest(points)
    distances = np.linalg.norm(other[:, None] - points[None], axis=-1)
    np.testing.assert_array_equal(
        np.argmax(other @ np.asarray(weights) + np.asarray(bias), axis=1), distances.argmin(axis=1)
    )


def test_a_discriminant_ignores_directions_in_which_classes_vary_as_nearest_means_do_not():
    draw = np.random.default_rng(1)
    labels = np.arange(2_000) % 2
    rows = draw.normal(size=(2_000, 2)) * [0.2, 20.0] + np.outer(labels, [1.0, 0.0])
    means = np.stack([rows[labels == each].mean(axis=0) for each in range(2)])
    nearest, discriminant = (
        np.mean(np.argmax(rows @ np.asarray(weights) + np.asarray(bias), axis=1) == labels)
        for weights, bias in (readers.nearest(means), readers.discriminant(rows, labels, means))
    )
    assert nearest < 0.8
    assert discriminant > 0.98


def test_steps_are_in_order_and_one_hot_vectors_are_not():
    steps = np.tril(np.ones((60, 60)))
    assert output_layer.order(steps) == pytest.approx(1)
    assert output_layer.order(np.eye(60)) == 0
    assert abs(output_layer.order(steps[np.random.default_rng(0).permutation(60)])) < 0.2


def test_neighbors_have_the_same_label_in_clusters_and_rarely_by_chance():
    labels = np.repeat(np.arange(10), 20)
    draw = np.random.default_rng(0).normal(size=(200, 5))
    assert output_layer.same_label(np.float32(0.01 * draw + labels[:, None]), labels) == 1
    near = np.linalg.norm(draw[:, None] - draw[None], axis=-1) + 1e9 * np.eye(200)
    slow = np.mean(labels[near.argsort(axis=1)[:, :10]] == labels[:, None])
    assert slow < 0.2
    assert output_layer.same_label(np.float32(draw + 50), labels) == pytest.approx(slow, abs=0.002)


def _linear(weights):
    return jax.tree_util.Partial(lambda w, x: jnp.matmul(x, w, precision="highest"), weights)


def test_gradients_at_the_start_are_those_of_the_probability():
    weights = jnp.array([[1.0, -1.0, 0.5], [0.3, 2.0, 0.0]])
    starts, units = jnp.array([[0.1, -0.2], [0.4, 0.0]]), jnp.array([2, 0])
    log_probability, norms = arrival.at(_linear(weights), starts, units)
    for row, unit in enumerate((2, 0)):
        p = np.asarray(jax.nn.softmax(starts[row] @ weights))
        gradient = p[unit] * (np.asarray(weights)[:, unit] - np.asarray(weights) @ p)
        assert log_probability[row] == pytest.approx(np.log(p[unit]), rel=1e-5)
        assert norms[row] == pytest.approx(np.linalg.norm(gradient), rel=1e-4)


def _arrival(published, leveled, log10_probability):
    arrives = np.array(published)[None] > 0
    shares = {way: np.array([float(arrives.mean())]) for way in WAYS} | {LEVELED: np.array([leveled])}
    values = np.array(log10_probability, float)[None]
    return Arrival({"CNN": Ascents(shares, shares, arrives, values, values, np.ones(1))}, 0.05)


def test_the_cause_is_named_only_if_its_change_lets_ascents_arrive():
    words = arrival.cause_in_words(_arrival([1, 1, 0, 0], 1.0, [-1, -2, -20, -30]))
    assert f"With “{LEVELED}” at least 99% do" in words
    assert "50.0% of the ascents" in words
    assert "100.0% of pairs" in words
    words = arrival.cause_in_words(_arrival([1, 1, 0, 0], 0.6, [-30, -20, -2, -1]))
    assert "With none of the changes at least 99% do" in words
    assert "in 0.0% of pairs" in words
    assert "nothing to explain" in arrival.cause_in_words(_arrival([1, 1], 1.0, [-1, -1]))


def test_falls_and_peaks_of_made_up_signals_are_measured():
    signals = np.zeros((60, 100))
    for place, at in enumerate(POSITIONS):
        signals[place, at - 1] = 3.0
        signals[place, at - 6 : at - 1] = -1.0
    of = learned_inputs.falls(signals)
    assert of["before"] == pytest.approx(0.25)
    assert of["after"] == pytest.approx(0.75)
    triangle = np.maximum(0, 4.0 - np.abs(np.arange(100) - 49)) + 1
    triangle[55] = 0.0
    width, fall, place = peak(triangle)
    assert width == pytest.approx(4.0, abs=0.1)
    assert place == 50
    assert fall == pytest.approx(1 / 5)
    np.testing.assert_array_equal(upright(-triangle), triangle)
    np.testing.assert_array_equal(upright(triangle), triangle)


def test_the_smallest_change_of_a_linear_network_is_its_margin():
    weights = np.random.default_rng(0).normal(size=(5, 4))
    signals = jnp.array(np.random.default_rng(1).normal(size=(6, 5)), jnp.float32)
    scores = np.asarray(signals) @ weights
    labels, network = scores.argmax(axis=1), _linear(jnp.asarray(weights, jnp.float32))
    change, moved, correct = fooling.smallest_change(network, signals, jnp.asarray(labels), 0)
    assert moved.all()
    assert correct.all()
    for row, label in enumerate(labels):
        others = [other for other in range(4) if other != label]
        gaps = [scores[row, label] - scores[row, other] for other in others]
        norms = [np.linalg.norm(weights[:, label] - weights[:, other]) for other in others]
        assert change[row] == pytest.approx(min(np.divide(gaps, norms)), rel=0.03, abs=1e-3)
    far, _, _ = fooling.smallest_change(network, signals, jnp.asarray(labels), 1)
    assert (far >= change - 1e-3).all()


def test_stripes_are_wide_and_gradual_or_not():
    ramp, spikes, silent = np.arange(60.0), np.arange(60) % 2 * 59.0, np.zeros(60)
    step, run, active = stripes.stripes(np.stack([ramp, silent], axis=1))
    assert step == pytest.approx(1 / 59)
    assert (run, active) == (0.5, 0.5)
    assert stripes.stripes(spikes[:, None])[:2] == (1.0, pytest.approx(1 / 60))


def test_accuracies_are_compared_where_a_unit_is_silent_and_networks_without_such_positions_are_left_out():
    ramp = np.stack([np.arange(60.0), np.full(60, 2.0)], axis=1)
    accuracy = np.full((2, 60), 0.8)
    accuracy[0, 0] = 0.3
    codes = {"trained": np.stack([ramp, ramp + 1])}
    result = TwoUnits(np.ones(2), np.array([5, 90]), 95, 100, codes, accuracy, np.full((2, 60), 0.9))
    of = two_units.by_silence(result)
    np.testing.assert_allclose(of["narrow"]["silent"], [0.3, np.nan])
    np.testing.assert_allclose(of["narrow"]["other"], [0.8, np.nan])
    assert "In 1 of 2 networks there are" in two_units.silence_in_words(result)
    assert "2 of 2 lie" in two_units.converged_in_words(result)
    assert "1 of 2 lie" in two_units.converged_in_words(result._replace(best_epoch=np.array([5, 99])))
    dead = np.stack([np.zeros(60), np.arange(60.0)], axis=1)
    assert not two_units.silent(dead).any()


def test_codes_agree_up_to_affine_maps_and_dead_ones_are_not_compared():
    draw = np.random.default_rng(0)
    code = np.abs(draw.normal(size=(60, 2))) + 0.1
    mapped = code @ [[1.0, 0.2], [0.1, -0.1]] + 1
    dead = np.stack([np.zeros(60), code[:, 0]], axis=1)
    np.testing.assert_allclose(two_units.agreements(np.stack([code, mapped, dead])), [1, 1, np.nan], atol=1e-9)
    assert two_units.explained(draw.normal(size=(60, 2)), code) < 0.2
