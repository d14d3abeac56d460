"""What an explanation and its parts say."""

import dataclasses

import jax
import numpy as np
import pytest

from interp_jax.methods import cnn_inte

NO_SPLIT = cnn_inte.Explanation(1, 1, np.zeros(2, int), (), 1.0, np.ones(2) / 2, np.zeros(0), ())


@pytest.mark.parametrize(
    ("allowed", "count", "condition"),
    [
        ((0, 3, 4, 7, 8, 9), 10, "f2 ∉ {1, 2, 5, 6}"),
        ((1, 2, 5, 6), 10, "f2 ∈ {1, 2, 5, 6}"),
        ((0, 1), 4, "f2 ∈ {0, 1}"),
        ((0, 1), 2, "f2 ∈ {0, 1}"),
        ((0, 3, 4, 7, 8, 9), None, "f2 ∈ {0, 3, 4, 7, 8, 9}"),
    ],
)
def test_a_condition_lists_the_fewer_ids(allowed, count, condition):
    level = cnn_inte.Level(0, 2, allowed, allowed[0], 1.0, np.arange(7), count)
    assert level.condition == condition
    assert condition in repr(level)


def test_an_explained_level_knows_the_number_of_ids_and_one_row_is_singular():
    inputs = np.random.default_rng(0).normal(size=(120, 3)).astype(np.float32)
    options = {"key": jax.random.key(0), "ids": 3, "depth": 2, "trees": 2, "draws": 1, "finalists": 1}
    explainer = cnn_inte.fit(inputs, inputs, (inputs[:, 0] > 0).astype(int), **options)
    assert explainer.factors.centers.shape[:2] == (3, 3)  # all three units: fewer than eight
    assert "best of" not in repr(explainer)
    assert f"fidelity: by the clusters of the activations, a tree gives {explainer.scores[0]:.1%}" in repr(explainer)
    level = explainer.explain(inputs[0]).levels[0]
    assert level.ids == 3
    assert repr(level._replace(rows=np.arange(1))).endswith("1 reference row remains")


def test_a_tree_without_a_split_has_its_own_sentence():
    assert repr(NO_SPLIT) == "Explanation: class 1 for every input: the tree has no split"
    tree = cnn_inte.grow(np.zeros((1, 1), int), np.array([1]), count=2, classes=2, depth=1)
    assert repr(tree) == "Tree: 1 leaf from 1 training row of 1 class, without a split"


def test_the_weight_of_the_leaf_is_stated_where_other_leaves_have_some():
    levels = (cnn_inte.Level(0, 2, (1,), 1, 1.0, np.arange(7), 4),)
    found = dataclasses.replace(NO_SPLIT, levels=levels, weight=0.95)
    assert repr(found) == "Explanation: path f2 ∈ {1} → class 1 (its leaf has 95% of the weight)"
    assert "weight" not in repr(dataclasses.replace(found, weight=1.0))


def test_one_row_and_one_class_of_a_rule_are_singular():
    rule = cnn_inte.Rule(np.eye(2, dtype=bool), 0, 0.5, 1)
    assert repr(rule).endswith("(precision 0.500, 1 row)")
    assert repr(cnn_inte.DecisionSet((rule,), 0, 1)).startswith("DecisionSet: 1 rule for 1 class, otherwise class 0\n")
