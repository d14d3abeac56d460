"""The study of explanations where networks disagree: its sentence on both sides, and one small run."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.specificity import explained, paths
from experiments.specificity import study as study_main
from experiments.specificity.explained import PIXELS, WEIGHTED
from experiments.specificity.settings import PRESETS
from experiments.specificity.where_networks_disagree import follows
from interp_jax.methods import cnn_inte
from interp_jax.methods.specificity import Specificity


def _specific(value, low, high):
    rest = jnp.zeros(()), jnp.zeros(()), jnp.zeros(2), jnp.zeros(()), jnp.zeros((2, 2)), jnp.zeros(3)
    return Specificity(jnp.float32(value), jnp.array([low, high]), *rest)


FORESTS = _specific(0.01, -0.1, 0.1)


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (
            0.1,
            0.3,
            "disagreement, follows its own network: S (1: the network itself, 0: either network as often) is 0.20 "
            "(0.10 to 0.30)",
        ),
        (-0.1, 0.5, "disagreement, does not clearly follow its own network"),
        (-0.3, -0.1, "disagreement, follows the other network"),
    ],
)
def test_the_interval_decides_whether_a_tree_follows_its_network(low, high, wanted):
    sentence = follows("trained", _specific(0.2, low, high), FORESTS, np.array([0.0, -0.1, 0.1]))
    assert wanted in sentence
    assert sentence.endswith("forests that see the image alone reach 0.01 (−0.10 to 0.10).".replace("−", "-"))


@pytest.mark.parametrize(
    ("less", "more", "wanted"),
    [
        (0.1, 0.2, ", more than that of a tree on components"),
        (-0.2, -0.1, ", less than that of a tree on components"),
        (-0.1, 0.1, ", not clearly more or less than that of a tree on components"),
    ],
)
def test_the_paired_difference_decides_the_words_on_the_baseline(less, more, wanted):
    beyond = np.array([(less + more) / 2, less, more])
    assert wanted in follows("half-trained", _specific(0.2, 0.1, 0.3), FORESTS, beyond)


def test_a_path_is_read_by_its_rows_its_conditions_and_the_clusters_that_they_name():
    leaf, classes, predictions = np.array([3, 3, 3, 7]), np.array([1, 1, 1, 0]), np.array([1, 1, 0, 0])
    found = explained.reading(leaf, classes, predictions, np.array([2, 2, 2, 1]), np.array([4, 4, 4, 1]))
    assert found.coverage == pytest.approx((3 * 0.75 + 0.25) / 4)
    assert found.precision == pytest.approx((3 * (2 / 3) + 1) / 4)
    assert (found.conditions, found.listed) == (1.75, 3.25)


def test_conditions_and_clusters_are_those_of_explanations():
    random = np.random.default_rng(0)
    hidden, labels = random.normal(size=(200, 6)).astype(np.float32), random.integers(0, 3, 200)
    options = {"factors": 3, "ids": 5, "depth": 3, "draws": 1, "forests": False, "key": jax.random.key(0)}
    explainer = cnn_inte.fit(None, hidden, labels, **options)
    ids = explainer.hidden_ids(hidden)
    found = explained._of_clusters(explainer, ids, labels)
    levels, listed = [], []
    for row in range(20):
        explanation, before = explainer.explain(hidden=hidden[row]), {}
        levels.append(len(explanation.levels))
        total = 0
        for level in explanation.levels:
            of = before.get(level.factor, 5)
            total += min(len(level.allowed), of - len(level.allowed))
            before[level.factor] = len(level.allowed)
        listed.append(total)
    few = explained._of_clusters(explainer, ids[:20], labels[:20])
    assert few.conditions == pytest.approx(np.mean(levels))
    assert few.listed == pytest.approx(np.mean(listed))
    assert found.precision == pytest.approx(np.mean(explainer.predict(hidden=hidden) == labels))


@pytest.mark.parametrize(("precision", "words"), [(0.9, "more precise"), (0.5, "less precise"), (0.8, "as precise")])
def test_the_finding_compares_the_precision_of_paths(precision, words):
    def of(value, listed):
        return explained.Reading(*(np.full(2, each) for each in (0.1, value, 4.0, listed)))

    readings = {explained.WEIGHTED: of(precision, 9.0), explained.WEIGHTED_COMPONENTS: of(0.8, 5.0)}
    sentence = paths.in_words(paths.Paths({"half-trained": readings}))
    assert f"{words} " in sentence
    assert "with more to read (5.0 thresholds)" in sentence


@pytest.mark.slow
def test_trees_that_see_the_layer_follow_half_trained_networks_and_trees_on_pixels_do_not(run):
    settings = dataclasses.replace(PRESETS["quick"], name="small", draws=2, seeds=4, resamples=200)
    _, metrics = run(study_main, settings)
    of = metrics["disagreement"]["half-trained"]
    assert of[WEIGHTED]["interval"][0] > 0
    assert of[PIXELS]["interval"][0] < 0.05 < 0.1 < of[WEIGHTED]["specific"] - of[PIXELS]["specific"]
    assert max(of[WEIGHTED]["leaves"]) <= 2**settings.depth
