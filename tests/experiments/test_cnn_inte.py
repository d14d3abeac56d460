"""The study with small settings, its sentences, and its settings."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from experiments.cnn_inte import fidelity, instances, sanity_controls, sweep, table
from experiments.cnn_inte import study as study_main
from experiments.cnn_inte.fidelity import AGREEMENTS, ERRS, OTHER, OTHER_ERRS, OWN, SAME_ERRS, agreements
from experiments.cnn_inte.inte_study import FULL, HALF, SHUFFLED, UNTRAINED
from experiments.cnn_inte.settings import Settings
from interp_jax.methods.cnn_inte import Factors
from tests.experiments.small import CNN_INTE


@pytest.mark.slow
def test_every_section_is_written_and_shown_again(run, monkeypatch):
    report, metrics = run(study_main, CNN_INTE)
    assert set(metrics) == set(study_main.SECTIONS)
    assert set(metrics["fidelity"]) == {HALF, FULL, "specificity"}
    assert metrics["fidelity"][FULL]["the network itself"][1] == [1.0]
    confusion = np.array(metrics["instances"]["confusion"])
    np.testing.assert_allclose(confusion.sum(axis=1)[confusion.any(axis=1)], 1, atol=1e-5)
    assert len(list(report.parent.glob("figures/*.png"))) == 10
    controls = metrics["sanity_controls"]
    assert controls["planted"]["agreement"] == 1
    assert np.mean(controls["networks"][FULL]["tree"]) > np.mean(controls["networks"]["untrained"]["tree"])
    page = report.read_text(encoding="utf-8")
    assert page.count('<details class="fold') == 5
    shown = dataclasses.replace(CNN_INTE, show=True)
    for _, part in study_main.SECTIONS.values():  # nothing is computed where a page is shown again
        monkeypatch.setattr(part, "measure", None)
    assert run(study_main, shown)[1] == metrics
    assert report.read_text(encoding="utf-8") == page


def _scores(ours, pixels):
    scores = {fidelity.OURS: (0.91, ours), fidelity.PIXELS: (0.5, pixels), fidelity.NETWORK: (0.95, 1.0)}
    return {name: np.array([each, each]).T for name, each in (scores | {fidelity.AS_PUBLISHED: (0.8, 0.7)}).items()}


@pytest.mark.parametrize(
    ("trained", "word"), [(0.6, "more often than"), (0.4, "not always more often than")], ids=["more", "not always"]
)
def test_a_tree_is_compared_with_one_on_pixels(trained, word):
    sentence = fidelity.followed({HALF: _scores(0.93, 0.62), FULL: _scores(trained, 0.5)}, 5)
    assert f"agrees with the network on 93.0% (half-trained) and {trained:.1%} (trained)" in sentence
    assert f"images, {word} a tree of that depth on the pixels: 62.0% (half-trained) and 50.0% (trained)" in sentence
    assert sentence.endswith("splits and single path 80.0% (half-trained).")
    assert ", no more often than a tree" in fidelity.followed({HALF: _scores(0.5, 0.6)}, 5)


def _controls(own, other):
    return dict.fromkeys(AGREEMENTS) | {OWN: own, OTHER: other, ERRS: 0.5, OTHER_ERRS: other and 0.45}


def test_fidelity_is_reported_as_accuracy_only_where_another_network_has_it():
    alike, apart = (fidelity.specific({HALF: [_controls(0.93, other)] * 2}) for other in (0.929, 0.8))
    assert alike.startswith("Nearly all of this agreement is accuracy, little is specific to the network")
    assert "with another seed, on 93.0% and 92.9% (half-trained) of held-out images" in alike
    assert alike.endswith("; of those that it misclassifies, on 50.0% and 45.0% (half-trained).")
    assert apart.startswith("Part of this agreement is specific")
    assert fidelity.specific({HALF: [_controls(0.93, None)]}) is None


def test_agreements_are_shares_of_their_rows():
    truth, predictions = np.array([0, 0, 1, 1, 0, 1]), np.array([0, 0, 1, 1, 1, 0])
    own, other = np.array([0, 0, 1, 0, 1, 1]), np.array([0, 0, 0, 0, 0, 0])
    shares = agreements(own, truth, other, truth, predictions)
    assert shares == {OWN: 4 / 6, OTHER: 3 / 6, ERRS: 1 / 2, OTHER_ERRS: 1 / 2, SAME_ERRS: 0}
    alone = agreements(own, truth, None, truth, truth)
    assert alone == {OWN: 4 / 6, OTHER: None, ERRS: None, OTHER_ERRS: None, SAME_ERRS: None}


def test_training_adds_points_or_nothing():
    trees = {FULL: [0.9, 0.8], SHUFFLED: [0.2], UNTRAINED: [0.6, 0.5]}
    rounded = sanity_controls.trained(trees | {FULL: [0.9577], UNTRAINED: [0.6964]})  # they differ by 26.13 points
    assert rounded.endswith("of a trained one 95.8%; training adds 26.2 points.")
    assert sanity_controls.trained(trees).endswith("of a trained one 85.0%; training adds 30.0 points.")
    assert sanity_controls.trained(trees | {FULL: [0.5]}).endswith("of a trained one 50.0%; training adds nothing.")


def test_later_layers_are_better_approximated_only_if_each_is():
    curves = {"first": [0.0] * 4 + [0.5], "second": [0.0] * 4 + [0.7]}
    assert sweep.by_layer(curves).endswith("agrees more with the network: 50.0% (first), 70.0% (second).")
    assert "agrees not always more with" in sweep.by_layer(curves | {"third": [0.9] * 4 + [0.6]})
    assert sweep.one_factor(10, 10) == "With one factor the tree only lists the class of each cluster."
    assert sweep.one_factor(9, 10) == ""


def test_the_best_number_of_factors_is_compared_with_that_of_the_other_sections():
    def words(*values):
        one, two, own = ([0.0] * 4 + [value] for value in values)
        return sweep.best(
            {"factors": {"1 factor": one, "2 factors": two}, "layer": {sweep.LAYERS[sweep.LAYER]: own}}, "2 factors"
        )

    assert words(0.98, 0.9, 0.9) == "At depth 5 the agreement is greatest with 1 factor, 98.0%; with 2 factors 90.0%."
    assert words(0.9, 0.9, 0.9) == "At depth 5 the agreement is greatest with 2 factors, 90.0%."


def test_explanations_rule_out_a_mean_number_of_classes():
    sure = {"ruled_out": [(0, None), (1, 0), (2, 1)], "weight": 1.0}
    unsure = {"ruled_out": [(0, None), (1, None), (2, None)], "weight": 0.5}
    assert instances.ruled_out([sure, unsure]) == (
        "Over 2 held-out images, the conditions shown for an image rule out 1.0 of 3 other classes on average, but "
        "hold with a mean probability of 75%."
    )
    assert "and hold with a mean probability of 100%" in instances.ruled_out([sure])


def test_a_prototype_is_the_row_nearest_to_the_center_in_the_units_of_its_factor():
    hidden = np.array([[0.0, 9.0], [5.0, 1.0], [9.0, 4.0]])
    centers = np.array([[[1.0, 0.0], [8.0, 0.0]], [[0.0, 8.0], [0.0, 0.0]]])
    assert instances.nearest(Factors(np.array([0, 1]), centers), hidden).tolist() == [[0, 2], [0, 1]]


def test_the_table_has_a_column_for_every_kind_of_network():
    scores = {name: [[0.9, 0.92], [0.8, 0.8]] for name in (*table.ROWS, "a tree on pixels")}
    config = {"data": "mnist", "depth": 5, "factors": 8, "ids": 10, "seeds": 2, "full_seeds": 2, "preset": "quick"}
    environment = {"platform": "Linux", "versions": {"jax": "1"}, "date": "2026-01-01"}
    full = {name: each for name, each in scores.items() if name != fidelity.AS_PUBLISHED}
    specificity = {HALF: [_controls(0.93, 0.92), _controls(0.91, 0.9)], FULL: [_controls(0.9, None)]}
    metrics = {"fidelity": {HALF: scores, FULL: full, "specificity": specificity}}
    record = {"config": config, "metrics": metrics, "environment": environment}
    text = table.results_table({Path("experiments/results/cnn_inte_mnist.json"): record})
    lines = text.splitlines()
    assert lines[0] == f"| accuracy / fidelity (%) | MNIST, {HALF} | MNIST, {FULL} |"
    cell = "91.0\u00a0±\u00a01.4 / 80.0\u00a0±\u00a00.0"
    assert f"| the network itself | {cell} | {cell} |" in lines
    assert f"| as published | {cell} | – |" in lines
    assert f"| a tree on pixels | {cell} | {cell} |" in lines
    assert f"with another seed, on 92.0% and 91.0% (MNIST, {HALF}) of held-out images" in text
    assert "Nearly all" not in text
    specificity[HALF] = [_controls(0.93, 0.925)]
    assert "Nearly all" in table.results_table({Path("experiments/results/cnn_inte_mnist.json"): record})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 0}, "depth: found 0, wanted a whole number of at least 1"),
        ({"ids": 1}, "ids: found 1, wanted a whole number of at least 2"),
        ({"max_leaf_nodes": 1}, "max_leaf_nodes: found 1, wanted a whole number of at least 2"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)
