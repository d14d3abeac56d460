"""The study of explanations where networks disagree: its sentence on both sides, and one small run."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from experiments.specificity import study as study_main
from experiments.specificity.explained import PIXELS, WEIGHTED
from experiments.specificity.settings import PRESETS
from experiments.specificity.where_networks_disagree import follows
from interp_jax.methods.specificity import Specificity


def _specific(value, low, high):
    rest = jnp.zeros(()), jnp.zeros(()), jnp.zeros(2), jnp.zeros(()), jnp.zeros((2, 2)), jnp.zeros(3)
    return Specificity(jnp.float32(value), jnp.array([low, high]), *rest)


FORESTS = _specific(0.01, -0.1, 0.1)


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0.1, 0.3, "the layer follows its own network: S is 0.20 (0.10 to 0.30)"),
        (-0.1, 0.5, "the layer does not clearly follow its own network"),
        (-0.3, -0.1, "the layer follows the other network"),
    ],
)
def test_the_interval_decides_whether_a_tree_follows_its_network(low, high, wanted):
    sentence = follows("trained", _specific(0.2, low, high), FORESTS, np.array([0.0, -0.1, 0.1]))
    assert wanted in sentence
    assert sentence.endswith("forests that see the image alone reach 0.01 (−0.10 to 0.10).".replace("−", "-"))


@pytest.mark.parametrize(
    ("less", "more", "wanted"),
    [
        (0.1, 0.2, ", more than a tree on components"),
        (-0.2, -0.1, ", less than a tree on components"),
        (-0.1, 0.1, ", not clearly more or less than a tree on components"),
    ],
)
def test_the_paired_difference_decides_the_words_on_the_baseline(less, more, wanted):
    beyond = np.array([(less + more) / 2, less, more])
    assert wanted in follows("half-trained", _specific(0.2, 0.1, 0.3), FORESTS, beyond)


@pytest.mark.slow
def test_trees_that_see_the_layer_follow_half_trained_networks_and_trees_on_pixels_do_not(run):
    settings = dataclasses.replace(PRESETS["quick"], name="small", draws=2, seeds=4, resamples=200)
    _, metrics = run(study_main, settings)
    of = metrics["disagreement"]["half-trained"]
    assert of[WEIGHTED]["interval"][0] > 0
    assert of[PIXELS]["interval"][0] < 0.05 < 0.1 < of[WEIGHTED]["specific"] - of[PIXELS]["specific"]
    assert max(of[WEIGHTED]["leaves"]) <= 2**settings.depth
