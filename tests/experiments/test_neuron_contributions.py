"""The study of neurons' contributions: its sentences on both sides, and one small run."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from experiments.neuron_contributions import maps, probes, pull, split
from experiments.neuron_contributions import study as study_main
from experiments.neuron_contributions.neurons_study import IDENTITY, RANDOM
from experiments.neuron_contributions.settings import PRESETS


def _split(missing, order):
    return split.Split(np.array([missing]), np.zeros(1), np.array([[order]]), np.zeros((1, 1)), np.ones((1, 4)), 2, 3)


def test_the_split_is_called_complete_and_in_order_only_where_it_is():
    sentence = split.in_order(_split(0.002, 0.95))
    assert "sum to the score within 0.20%" in sentence
    assert "in nearly the order" in sentence
    sentence = split.in_order(_split(0.04, 0.6))
    assert "miss 4.0% of the score" in sentence
    assert "roughly in the order" in sentence
    assert "not in the order" in split.in_order(_split(0.04, 0.1))


def _maps(**areas):
    of = {maps.NEURONS: 0.2, maps.GRADIENT: 0.2, maps.INTEGRATED: 0.2, maps.MAP: 0.2, maps.RANDOM_INK: 0.5} | areas
    deletion = {name: np.array([[area] * 3, [area + 0.01] * 3]) for name, area in of.items()}
    nothing = np.zeros((1, 2, 2))
    return maps.Maps(deletion, deletion, np.array([3, 3]), nothing, nothing, np.zeros(1, int))


def test_rankings_are_better_or_worse_only_in_all_networks():
    assert f"better than “{maps.MAP}” (0.305)" in maps.ranks(_maps(**{maps.MAP: 0.3}))
    assert f"worse than “{maps.GRADIENT}” (0.105)" in maps.ranks(_maps(**{maps.GRADIENT: 0.1}))
    assert f"about as well as “{maps.MAP}” (0.205)" in maps.ranks(_maps())


def _probes(low):
    own = {start: np.full((4, 2), 0.1) for start in RANDOM} | {IDENTITY: np.full((4, 2), 0.8)}
    read = {start: np.full((4, 2), low) for start in (*RANDOM, IDENTITY)}
    return probes.Probes(own, read, {start: np.ones(2) for start in own}, 0.9, 10, 10)


def test_chance_is_a_property_of_the_reading_only_where_probes_read_more():
    assert "is a property of how they are read" in probes.readable(_probes(0.9))
    assert "is no matter of how they are read" in probes.readable(_probes(0.15))


def _pull(last):
    accuracy = {"0": np.full((4, 2), 0.95), "1": np.full((4, 2), last)}
    return pull.Pull(accuracy, {"0": np.full((4, 2), 0.6), "1": np.full((4, 2), 0.1)})


def test_nearness_costs_accuracy_only_where_it_is_lost():
    assert "costs 5.0 points of accuracy (95.0% and 90.0%)" in pull.costs(_pull(0.90))
    assert "costs no accuracy" in pull.costs(_pull(0.96))


def test_a_strong_pull_keeps_weights_at_their_start_and_none_is_adam():
    start, gradient = {"weight": np.ones(3, np.float32)}, {"weight": np.full(3, 2.0, np.float32)}

    def after(strength):
        optimizer, weights = pull.pulled(0.1, 100, strength), jax.tree.map(jnp.asarray, start)
        state = optimizer.init(weights)
        for _ in range(50):
            updates, state = optimizer.update(gradient, state, weights)
            weights = optax.apply_updates(weights, updates)
        return weights["weight"]

    free = after(0.0)
    assert abs(float(after(5.0)[0]) - 1) < 0.3 < abs(float(free[0]) - 1)
    schedule = optax.warmup_cosine_decay_schedule(0.0, 0.1, 10, 100, 0.0)
    adam, weights = optax.adam(schedule), jax.tree.map(jnp.asarray, start)
    state = adam.init(weights)
    for _ in range(50):
        updates, state = adam.update(gradient, state, weights)
        weights = optax.apply_updates(weights, updates)
    np.testing.assert_allclose(free, weights["weight"], rtol=1e-5)


@pytest.mark.slow
def test_on_digits_the_split_is_complete_and_predicts_interventions(run):
    settings = dataclasses.replace(
        PRESETS["quick"],
        name="small",
        depth=8,
        epochs=8,
        seeds=2,
        random_seeds=1,
        rows=20,
        removal_rows=60,
        conv_depth=4,
        conv_epochs=2,
    )
    _, metrics = run(study_main, settings)
    assert max(metrics["split"]["missing"]) < 0.01
    assert min(metrics["split"]["order_of_networks"]) > 0.9
    of = {name: np.mean(each) for name, each in metrics["maps"]["deletion"].items()}
    assert of[maps.NEURONS] < of[maps.MAP] < of[maps.RANDOM_INK]
    assert np.mean(metrics["probes"]["probe"]["he"][:4]) > 0.7 > 0.3 > np.mean(metrics["probes"]["own"]["he"][:4])
