"""The study with small settings, its measures, and its sentences."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.quotient_networks import deep, inputs, quotient, readings, training
from experiments.quotient_networks import study as study_main
from experiments.quotient_networks.kinds import PERMUTED, RANDOM, TRAINED, UNTRAINED, WITHOUT
from experiments.quotient_networks.linkages import METHODS, relinked
from experiments.quotient_networks.merging import CHANCE, FORMS, PARTITIONS, TREE, merged, partitions, quotient_outputs
from experiments.quotient_networks.settings import PRESETS
from experiments.roles import by_season
from experiments.sigmoid_networks import planted_network
from interp_jax.methods import hierarchy
from interp_jax.networks.models import lnn

SMALL = dataclasses.replace(
    PRESETS["quick"],
    name="small",
    hidden=16,
    passes=3,
    networks=3,
    networks_at_once=3,
    planted=1,
    deep=(8, 8, 8),
    resamples=3,
    memorized_rows=100,
    memorized_passes=100,
)
ROWS = np.random.default_rng(0).normal(size=(40, 9)).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("data", ["digits", "prices"])
def test_every_section_is_written_and_keeps_a_number_for_each_network(run, data):
    report, metrics = run(study_main, dataclasses.replace(SMALL, data=data))
    assert set(metrics) == set(study_main.SECTIONS)
    assert {path.stem for path in report.parent.glob("sections/*")} == set(study_main.SECTIONS)
    for name in (TREE, CHANCE):
        for form in FORMS:
            assert np.shape(metrics["quotient"]["scores"][form][name]) == (3, len(metrics["quotient"]["counts"]))
    whole = np.array(metrics["quotient"]["scores"][FORMS[0]][TREE])[:, -1]
    np.testing.assert_allclose(whole, metrics["quotient"]["whole"], rtol=1e-3, atol=2e-3)
    own = metrics["memorized"]["own_rows"][PERMUTED]
    assert len(own) == 3
    if data == "digits":
        assert min(own) > 0.5, "permuted targets of 100 rows are memorized by half"
    for kind in (TRAINED, PERMUTED, UNTRAINED):
        assert {len(values) for values in metrics["readings"]["readings"][kind].values()} == {3}
    assert (RANDOM in metrics["training"]["scores"]) == (data == "digits")


def _signed(units=6):
    return np.where(np.arange(units) % 2, -1.0, 1.0).astype(np.float32)


def test_reversed_copies_are_merged_without_loss_into_one_sigmoid_unit():
    network, module, signs = planted_network(jax.random.key(0), 9, 12, 3, noise=0.0)
    small = merged(network, jnp.asarray(module), jnp.asarray(signs), jnp.zeros(12))
    np.testing.assert_allclose(small(ROWS), network(ROWS), atol=1e-5)
    used = np.abs(np.asarray(small.weights[1])).sum(axis=1) > 0
    assert used.sum() == 4, "one unit for each module"
    other = merged(network, jnp.asarray(module), jnp.ones(12), jnp.zeros(12))
    assert np.abs(other(ROWS) - network(ROWS)).max() > 1e-3


def test_a_merged_network_agrees_with_a_loop_over_clusters():
    network = lnn.init(jax.random.key(1), (9, 6, 2))
    labels, signs, means = np.array([0, 3, 0, -1, 3, 0]), _signed(), np.full(6, 0.25, np.float32)
    (first, last), (hidden, outputs) = (list(map(np.asarray, each)) for each in network)
    sums = np.repeat(outputs[None], len(ROWS), axis=0).astype(float)
    for cluster in (0, 3):
        members = np.flatnonzero(labels == cluster)
        weights = np.mean([signs[k] * first[:, k] for k in members], axis=0)
        bias = np.mean([signs[k] * hidden[k] for k in members])
        activation = 1 / (1 + np.exp(-(ROWS @ weights + bias)))
        for k in members:
            sums += (activation if signs[k] > 0 else 1 - activation)[:, None] * last[k]
    sums += 0.25 * last[3]
    found = merged(network, jnp.asarray(labels), jnp.asarray(signs), jnp.asarray(means))(ROWS)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-sums)), rtol=1e-4)


def test_both_forms_are_the_network_itself_if_every_unit_is_a_cluster():
    network = lnn.init(jax.random.key(2), (9, 6, 2))
    outputs = quotient_outputs(network, ROWS, ROWS[:7], np.arange(6, dtype=np.int32)[None], jnp.asarray(_signed()))
    assert outputs.shape == (2, 1, 7, 2)
    np.testing.assert_allclose(outputs, np.broadcast_to(network(ROWS[:7]), outputs.shape), atol=1e-5)


def test_partitions_have_as_many_clusters_and_the_random_one_the_sizes_of_the_tree():
    network, other = (lnn.init(jax.random.key(number), (9, 10, 3)) for number in (3, 4))
    tree, untrained = (hierarchy.build(hierarchy.network_vectors(each.segments(), ROWS)) for each in (network, other))
    found = partitions(tree, untrained, np.random.default_rng(0), range(1, 11))
    assert set(found) == set(PARTITIONS)
    for labels in found.values():
        assert [len(np.unique(each)) for each in labels] == list(range(1, 11))
    for tree_cut, chance in zip(found[TREE], found[CHANCE], strict=True):
        np.testing.assert_array_equal(np.sort(np.bincount(tree_cut)), np.sort(np.bincount(chance)))
    assert any((a != b).any() for a, b in zip(found[TREE], found[CHANCE], strict=True))


def test_trees_by_all_linkages_have_the_same_vectors_and_every_number_of_clusters():
    tree = hierarchy.build(np.random.default_rng(0).normal(size=(9, 4)))
    for method in METHODS:
        other = relinked(tree, method)
        assert other.vectors is tree.vectors
        assert [len(np.unique(other.cut(c))) for c in range(1, 10)] == list(range(1, 10))


def test_signs_of_correlations_with_inputs_are_compared_with_those_of_the_weights():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 3)).astype(np.float32)
    x[:, 2] = -x[:, 0] + 0.1 * x[:, 2]  # follows the first with the opposite sign
    weights = np.array([[2.0, 0.005, 0.0], [0.0, 1.0, 3.0], [0.0, 0.0, 0.0]], np.float32)
    network = lnn.LNN((weights, np.eye(3, dtype=np.float32)), (np.zeros(3, np.float32),) * 2)
    tree = hierarchy.build(hierarchy.network_vectors(network.segments(), x))
    agreeing, through, strong, deleted = inputs.signs(network, x, tree)
    # Unit 0 follows inputs 0 (by its weight) and 2 (without); units 1 and 2 follow input 1.
    assert (through, strong) == (1.0, 4 / 9)
    assert (agreeing, deleted) == (0.75, 0.25)


def test_a_cluster_has_the_outputs_that_the_paper_names_up_to_its_sign():
    roles = np.array([[0.5, -0.3, 0.0], [-0.2, 0.6, 0.4]])
    assert readings.signed(roles, (0,), (1,)) == 0.3
    assert readings.signed(roles, (0,), (1, 2)) == 0.2  # the second cluster, reversed
    assert readings.signed(roles, (0, 1), ()) == -0.2
    np.testing.assert_allclose(readings.leading(roles, (1,)), 0.2)
    np.testing.assert_allclose(readings.leading(roles, (1, 2)), 0.2)
    np.testing.assert_allclose(readings.leading(roles, (2,)), -0.2)


def test_an_heir_is_found_only_beside_a_weak_part():
    above = np.array([[0.5, 0.1], [0.0, 0.4]])
    parts = np.array([[0.1, 0.0], [0.6, 0.12], [0.0, 0.4]])
    np.testing.assert_allclose(readings.heir(above, parts, np.array([0, 2])), 1.0)
    assert readings.heir(above, parts * 3, np.array([0, 2])) == 0


def test_a_cluster_follows_a_shape_in_the_direction_that_it_raises_the_output():
    shapes = np.array([[1.0, 0.0, -1.0, 0.0], [-1.0, 0.0, 1.0, 0.0]])
    maps, outputs = np.array([[-0.5, 0.01, 0.5, 0.0], [0.1, 0.2, 0.1, 0.0]]), np.array([[-0.9, 0.8], [0.1, 0.1]])
    assert readings.shape(maps, outputs, (0,), (1,), shapes) > 0.99
    assert readings.shape(maps, outputs, (1,), (0,), shapes) > 0.99  # the same cluster, reversed
    assert readings.shape(-maps, outputs, (0,), (1,), shapes) < -0.99


def test_the_order_of_three_outputs_counts_up_to_the_sign():
    roles = np.array([[0.2, 0.1, 0.3], [-0.2, -0.1, -0.3], [0.2, 0.3, 0.1], [0.2, -0.1, 0.3]])
    assert readings.in_order(roles) == 0.5


def test_the_season_and_what_is_the_same_in_all_months_share_the_sum_of_squares():
    month = np.arange(36)
    level, season = np.full((1, 36), 0.3), 0.2 * np.cos(2 * np.pi * month / 12)[None]
    np.testing.assert_allclose(by_season(level), (1, 0), atol=1e-12)
    np.testing.assert_allclose(by_season(season), (0, 1), atol=1e-12)
    np.testing.assert_allclose(by_season(level + season), (0.09 / 0.11, 0.02 / 0.11), atol=1e-12)
    assert np.isnan(by_season(np.zeros((1, 36)))).all()


def test_clusters_needed_are_counted_from_the_last_number_that_fails():
    result = quotient.Quotients(True, (2, 3), np.arange(1, 5), np.array([0.9, 0.9]), {})
    scores = np.array([[0.1, 0.895, 0.5, 0.9], [0.9, 0.9, 0.9, 0.9]])
    assert quotient.needed_clusters(result, scores) == [4, 1]
    errors = result._replace(accuracy=False, whole=np.array([10.0, 10.0]))
    assert quotient.needed_clusters(errors, np.array([[20, 10.4, 10.4, 10], [20, 20, 20, 10]])) == [2, 4]


def test_sentences_follow_from_the_numbers():
    scores = {
        kind: {"training": [0.9 + better] * 2, "held out": [0.8 - better] * 2}
        for kind, better in ((TRAINED, 0.0), (WITHOUT, 0.05))
    }
    result = training.Training("x", True, (2, 2), (1, 1), 1, scores, {TRAINED: [0.5], WITHOUT: [0.1]}, {}, {})
    words = training.in_words(result)
    assert "0 of 2 networks do better on the training rows than without it, and 2 on held-out rows" in words
    assert "50% of the weights are below 0.01, without it 10%" in words
    assert training.roughness(np.ones(100)) == 0
    assert training.roughness(1 + 0.5 * (np.arange(100) % 2)) > 0.3
    tree = np.array([[[0.5, 0.9], [0.5, 0.8]]] * 2)
    made = quotient.Quotients(
        True, (1, 2), np.array([1, 2]), np.array([0.9, 0.9]), {TREE: tree, CHANCE: 0 * tree + 0.85}
    )
    assert "does better than the random clusters in 1 of 2 networks" in quotient.in_words(made)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden": 15}, "hidden: found 15"),
        ({"csv": "p.csv"}, "csv: found"),
        ({"months": 12}, "months: found 12"),
        ({"deep": (5,)}, "deep: found"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SMALL, **changes)


def test_clusters_of_several_and_of_distant_layers_are_counted():
    layer = np.array([0, 0, 1, 1, 2, 2])
    masks = np.array([[1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 1, 0], [1, 0, 0, 0, 0, 1], [0, 0, 0, 1, 0, 0]], bool)
    assert deep.layers(layer, masks) == (0.5, 0.25)
