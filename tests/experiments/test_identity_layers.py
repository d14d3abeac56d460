"""The study with small settings, its measures, and its settings."""

import dataclasses
import json

import numpy as np
import pytest

from experiments.identity_layers import accuracy, convolution, distance, exits, removal, shares
from experiments.identity_layers import study as study_main
from experiments.identity_layers.layers_study import IDENTITY, RANDOM, LayersStudy, title
from experiments.identity_layers.maps import choose
from experiments.identity_layers.settings import PRESETS, Settings
from experiments.identity_layers.table import results_table
from experiments.identity_networks import task

SMALL = dataclasses.replace(
    PRESETS["quick"],
    name="small",
    depths=(4, 8),
    depth=8,
    seeds=2,
    deep_seeds=1,
    random_seeds=1,
    epochs=8,
    conv_depth=4,
    conv_epochs=3,
    removal_rows=40,
    nodes=4,
)


@pytest.mark.slow
def test_every_section_is_written(run):
    report, metrics = run(study_main, SMALL)
    assert set(metrics) == set(study_main.SECTIONS)
    layers = np.array(metrics["accuracy"]["accuracy"]["identity 8"]["layers"])
    assert layers.shape == (8, 2)
    assert layers[-1].min() > 0.9
    assert metrics["distance"]["mean"][0] > metrics["distance"]["mean"][1] > 0
    for kind in (IDENTITY, *RANDOM):
        assert np.max(metrics["shares"][f"{kind} 8"]["written_error"]) < 1e-3
    assert np.max(metrics["shares"]["identity 8"]["origin_error"]) < 0.05
    assert all(np.all(np.diff(shares) >= 0) for shares in metrics["exits"]["cumulative"].values())
    records = {report.parent: {"config": json.loads((report.parent / "config.json").read_text()), "metrics": metrics}}
    environment = json.loads((report.parent / "timing.json").read_text())["environment"]
    records[report.parent]["environment"] = environment
    assert results_table(records).count("\n| digits") == 5


def test_networks_trained_alone_have_different_keys():
    study = LayersStudy(SMALL, None, None, task=None)
    keys = [study.with_seed(number).stacked(lambda key: key, None) for number in range(3)]
    assert len({str(pair) for pair in keys}) == 3


def test_cases_have_titles():
    assert title("identity 8") == "identity, 8 layers"
    assert title("glorot, untrained 30") == "Glorot, 30 layers, untrained"


def test_the_summary_of_a_curve():
    found = accuracy.summary(np.array([[0.1, 0.5], [0.3, 0.4], [0.6, 0.7], [0.9, 0.65]]))
    for name, wanted in {
        "first": [0.1, 0.5],
        "half_mean": [0.2, 0.45],
        "half_best": [0.3, 0.5],
        "last": [0.9, 0.65],
    }.items():
        np.testing.assert_allclose(found[name], wanted)


def test_images_are_chosen_by_their_prediction_depth():
    sure, unsure = [4.0, 0.0], [0.0, 1.0]
    rows = [[sure] * 3, [unsure, sure, sure], [unsure, unsure, sure], [sure, sure, unsure], [unsure] * 3]
    scores = np.swapaxes(np.array(rows), 0, 1)
    found = choose(scores, np.zeros(5, int), each=1)
    assert found == [("easy", 0), ("late", 2), ("misclassified", 3)]


def _accuracies(identity, random):
    """Four layers, one network of each kind."""
    layers = {IDENTITY: identity, **dict.fromkeys(RANDOM, random)}
    of = {f"{kind} 4": np.array(each)[:, None] for kind, each in layers.items()}
    return accuracy.Accuracies(of, 4, "digits", 10)


def test_early_layers_are_compared_with_those_of_random_networks():
    only = accuracy.early_layers(_accuracies([0.8, 0.85, 0.9, 0.95], [0.1, 0.2, 0.1, 0.9]))
    assert only == (
        "A network of 4 layers in which every layer starts as the identity classifies 95.0% of held-out images "
        "(digits) correctly; its first layer alone 80.0%, the best of its first half 85.0%. From random weights "
        "networks reach 90.0% to 90.0%, but the best layer of their first half 20.0% to 20.0% (chance: 10%). Early "
        "layers predict the class only if the network starts at the identity."
    )
    other = accuracy.early_layers(_accuracies([0.1, 0.2, 0.9, 0.95], [0.1, 0.2, 0.1, 0.9]))
    assert other.endswith("Early layers predict the class no better if the network starts at the identity.")
    slightly = accuracy.early_layers(_accuracies([0.6, 0.61, 0.9, 0.95], [0.1, 0.6, 0.1, 0.9]))
    assert slightly.endswith("Early layers predict the class better if the network starts at the identity.")


def test_the_distance_from_the_identity_is_compared_by_depth_and_with_random_weights():
    random = {"glorot": np.array([1.4]), "he": np.array([1.7])}
    near = distance.closeness({10: 0.2, 100: 0.1}, random)
    assert near == (
        "Weights that start at the identity stay closer to it than random ones: after training their mean distance "
        "from it, relative to its norm, is 20.0% with 10 layers, 10.0% with 100 layers, that of random ones 140% to "
        "170%. It decreases with depth, as depth to the power −0.30, more slowly than 1 / depth."
    )
    assert distance.closeness({10: 0.2, 20: 0.05}, random).endswith("power −2.00, at least as fast as 1 / depth.")
    far = distance.closeness({10: 0.2, 100: 1.5}, random)
    assert "do not stay closer" in far
    assert "does not always decrease" in far
    assert "depth" not in distance.closeness({10: 0.2}, random)


def _removal(random_ink, gradients):
    areas = {removal.MAP: 0.3, removal.RANDOM_INK: 0.3 + random_ink, removal.GRADIENTS: 0.3 + gradients}
    difference = {name: [area - 0.3, area - 0.35, area - 0.25] for name, area in areas.items() if name != removal.MAP}
    return removal.Removal({}, {name: (area, 0.5) for name, area in areas.items()}, difference, {}, [1, 2], 9)


def test_the_map_is_compared_with_random_ink_and_gradients_by_intervals():
    assert removal.importance(_removal(0.2, -0.1)) == (
        "If the non-zero pixels of an image are blanked in the order of the image's contribution map (how much the "
        "layers have increased a pixel), the probability of the predicted class falls faster than in random order "
        "(area under the curve 0.300 against 0.500) and more slowly than in the order of integrated gradients (0.200), "
        "which are computed for this class."
    )
    other = removal.importance(_removal(-0.2, 0.04))
    assert "falls more slowly than in random order" in other
    assert "about as fast as in the order of integrated gradients" in other
    assert removal.with_interval([-0.1, -0.2, 0.05]) == "−0.100\u00a0(−0.200\u00a0…\u00a0+0.050)"
    assert removal.or_none([0.0004, -0.0001, 0.0]) == "none to three digits"
    assert removal.or_none([0.0004, -0.0006, 0.0]) == "+0.000\u00a0(−0.001\u00a0…\u00a0+0.000)"
    assert removal.with_interval(None) is None, "the map has no difference from itself"


def test_early_exit_says_what_it_costs():
    for stopped, words in ((0.9, "loses 5.0 points of accuracy (90.0% against 95.0%)"), (0.96, "does not lower the")):
        values = np.full((len(exits.THRESHOLDS) + 1, 1), stopped)
        values[-1] = 0.95
        sentence = exits.early_exit(exits.Exits({}, values, values, np.full_like(values, 0.6)))
        assert "at least 90% confident computes 60% of the layers" in sentence
        assert words in sentence


def test_shares_agree_with_ablation_more_closely_or_not():
    for agreement, word in ((0.9, "agree more closely"), (0.5, "agree no more closely"), (0.501, "no more closely")):
        parts = {kind: {"origin_error": np.array([[0.02]]), "agreement": np.array([0.5])} for kind in RANDOM}
        parts[IDENTITY] = {"origin_error": np.array([[0.001]]), "agreement": np.array([agreement])}
        sentence = shares.completeness(shares.Shares({f"{kind} 8": each for kind, each in parts.items()}, 8))
        assert "sum to the score of the predicted class within 0.10% (from random weights 2.00% to 2.00%)" in sentence
        assert word in sentence


def test_early_convolutions_are_compared_with_random_ones():
    layers = {"identity": np.array([0.3, 0.4, 0.9]), "glorot": np.array([0.1, 0.2, 0.95])}
    apart = {"identity": np.array([0.3]), "glorot": np.array([1.5])}
    sentence = convolution.of_convolutions(convolution.Convolution(layers, apart))
    assert "predict the class better than from random weights" in sentence
    assert "the best of the first half classifies 30.0% (random: 10.0%), the last 90.0% (95.0%)" in sentence
    assert sentence.endswith("distance of 30% from the identity (random: 150%).")
    swapped = convolution.Convolution({"identity": layers["glorot"], "glorot": layers["identity"]}, apart)
    assert "no better than" in convolution.of_convolutions(swapped)


def test_images_of_the_task_are_rows_of_pixels():
    found = task(PRESETS["quick"])
    assert found.inputs.shape == (1442, 64)
    assert found.held_inputs.shape == (355, 64)
    assert LayersStudy(PRESETS["quick"], None, None, task=found).shape == (8, 8, 1)
    other = task(dataclasses.replace(PRESETS["quick"], seed=1))
    assert not np.array_equal(found.labels, other.labels)
    assert np.array_equal(found.held_labels, other.held_labels)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": -1.0}, "rate: found -1.0, wanted a finite number, above 0"),
        ({"conv_rate": float("inf")}, "conv_rate: found inf"),
        ({"depth": 20}, "depth: found 20, wanted one of depths, 10, 30, 100"),
        ({"depths": (30, 30)}, "depths: found"),
        ({"depths": (2, 30)}, "depths: found 2, wanted a whole number of at least 4"),
        ({"epochs": 0}, "epochs: found 0, wanted a whole number of at least 1"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)
