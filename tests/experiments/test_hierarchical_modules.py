"""The study with small settings: sections, an interrupted run, and identical bytes for identical settings."""

import dataclasses
import doctest
import json
import re

import jax
import numpy as np
import pytest

from experiments.hierarchical_modules import (
    causal,
    choice,
    clusters,
    parts,
    planted,
    stability,
    training,
    vectors,
)
from experiments.hierarchical_modules import study as study_main
from experiments.hierarchical_modules.module_study import KINDS, exceeds
from experiments.hierarchical_modules.settings import PRESETS
from experiments.hierarchical_modules.tasks import task
from experiments.sigmoid_networks import MODULES, planted_network
from interp_jax.kernels.nmf import Factorization
from interp_jax.methods.hierarchy import Agreement
from tests.real_data import REAL_DATA

SMALL = dataclasses.replace(
    PRESETS["quick"],
    name="small",
    hidden=(12,),
    passes=2,
    resolutions=(2, 4),
    networks=2,
    networks_at_once=2,
    resamples=4,
    planted=1,
    nmf_starts=4,
    nmf_iterations=20,
)
FIGURES = {
    "network",
    "feature_vectors",
    "dendrograms",
    "tree",
    "roles_4",
    "lifetimes",
    "agreement_roles",
    "causal_check",
    "roles_factorization",
    "planted",
}
PRICES = REAL_DATA / "food_cpi" / "taro_radish_carrot_1970-01_2018-01.csv"


@pytest.fixture
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs" / "hierarchical_modules" / "small"


@pytest.mark.slow
def test_an_interrupted_run_continues_and_every_section_is_written(in_empty_folder, monkeypatch):
    def stop(study):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(choice, "measure", stop)
        with pytest.raises(KeyboardInterrupt):
            study_main.main(SMALL)
    checkpoint = in_empty_folder / "checkpoints" / "trained-1" / "_METADATA"
    written = checkpoint.stat().st_mtime_ns
    assert {path.stem for path in in_empty_folder.glob("sections/*")} == {"training", "vectors", "clusters"}

    report = study_main.main(SMALL)
    assert checkpoint.stat().st_mtime_ns == written, "a trained network is not trained again"
    assert {path.stem for path in in_empty_folder.glob("figures/*.png")} == FIGURES
    metrics = json.loads((in_empty_folder / "metrics.json").read_text())
    assert set(metrics) == set(study_main.SECTIONS)
    _assert_clusters_are_a_tree(metrics["clusters"]["clusters"], units=12)
    heights = metrics["vectors"]["height_of_all_networks"]
    assert heights["after"][0] < heights["before"][0]
    assert metrics["planted"]["adjusted_rand"][0] == [1.0]
    page = report.read_text()
    assert page.count("data:image/png;base64") == len(FIGURES)
    words = re.sub(r"data:image/png;base64,[^\"]*", "", page)
    assert not re.search(r"\bnan\b", words, re.IGNORECASE)
    for module in (training, vectors, clusters, choice, stability, causal, parts, planted):
        monkeypatch.setattr(module, "measure", stop)
    shown = study_main.main(dataclasses.replace(SMALL, show=True))
    assert shown.read_text() == page, "the page is drawn again from stored results alone"


def _assert_clusters_are_a_tree(found, units):
    by_number = {entry["number"]: entry for entry in found}
    assert list(by_number) == [1, 2, 3, 4, 5, 6]
    assert sorted(by_number[1]["units"] + by_number[2]["units"]) == list(range(units))
    for coarse in (1, 2):
        parts = [unit for entry in found if entry["part_of"] == coarse for unit in entry["units"]]
        assert sorted(parts) == by_number[coarse]["units"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"data": "prices", "resolutions": (2, 4)},
        {"network": "mlp"},
        {"network": "mlp", "hidden": (10, 8)},
        {"network": "cnn", "hidden": (4, 6), "passes": 1},
        {"hidden": (9, 7)},
        pytest.param(
            {"data": "prices", "csv": PRICES},
            marks=pytest.mark.skipif(not PRICES.is_file(), reason=f"the price series is not at {PRICES}"),
        ),
    ],
    ids=str,
)
def test_every_kind_of_data_and_network_gives_a_report(in_empty_folder, options):
    study_main.main(dataclasses.replace(SMALL, **options))
    figures = {path.stem for path in in_empty_folder.glob("figures/*.png")}
    missing = {"cnn": {"roles_factorization", "network"}, "mlp": {"network"}}
    assert figures == FIGURES - missing.get(options.get("network"), set())


@pytest.mark.slow
def test_the_same_settings_give_the_same_bytes(in_empty_folder):
    study_main.main(SMALL)
    metrics = (in_empty_folder / "metrics.json").read_bytes()
    study_main.main(dataclasses.replace(SMALL, overwrite=True))
    assert (in_empty_folder / "metrics.json").read_bytes() == metrics


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"penalty": -1.0}, "penalty: found -1.0, wanted a finite number, at least 0"),
        ({"csv": PRICES}, "csv: found a file though data is digits"),
        ({"data": "prices", "network": "mlp"}, "network: found mlp, wanted lnn for prices"),
        ({"resolutions": (4, 2)}, "resolutions: found .*, wanted increasing numbers"),
        ({"resolutions": (1, 2)}, "resolutions: found 1, wanted a whole number of at least 2"),
        ({"networks": 1}, "networks: found 1, wanted a whole number of at least 2"),
        ({"network": "mlp", "penalty": 1e-5}, "penalty: found 1e-05 for network mlp"),
        ({"months": 24}, "months: found 24 though data is digits"),
        ({"nmf_starts": 0}, "nmf_starts: found 0, wanted a whole number of at least 1"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SMALL, **options)


@pytest.mark.parametrize(
    ("text", "months", "message"),
    [
        ("month,a\n1970-01,1\n1970-03,2\n1970-04,3\n", 1, "line 3"),
        ("month,a\n1970-01,1\n1970-02,x\n1970-03,3\n", 1, "line 3"),
        ("month,a\n1970-02,1\n1970-01,2\n1970-03,3\n", 1, "line 3"),
        ("month,a\n1970-01,1\n1970-02,2\n1970-03,3\n", 3, "months: found 3"),
        (
            "month,a\n1970-01,1\n1970-02,2\n1970-03,3\n",
            2,
            "months: found 2-month windows of 3 months of prices, wanted at least three",
        ),
    ],
)
def test_prices_that_cannot_be_used_are_refused_before_a_folder_is_made(
    in_empty_folder, tmp_path, text, months, message
):
    (tmp_path / "prices.csv").write_text(text)
    settings = dataclasses.replace(SMALL, data="prices", csv=tmp_path / "prices.csv", months=months)
    with pytest.raises(ValueError, match=message):
        study_main.main(settings)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolutions": (2, 13)}, r"resolutions: found \(2, 13\), wanted at most 12"),
        ({"hidden": (3, 4)}, "hidden: found 7 units, wanted at least 8"),
        ({"network": "cnn", "hidden": (4, 4, 4, 4)}, "wanted sides that can be halved 4 times"),
    ],
)
def test_networks_that_cannot_be_made_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        task(dataclasses.replace(SMALL, **options), jax.random.key(0))


def test_held_out_months_are_scaled_by_the_training_months():
    found = task(dataclasses.replace(SMALL, data="prices"), jax.random.key(0))
    assert (len(found.inputs), len(found.held_inputs)) == (270, 271)
    np.testing.assert_allclose([found.inputs.min(), found.inputs.max()], [-1, 1])
    np.testing.assert_allclose([found.targets.min(), found.targets.max()], [0.01, 0.99], rtol=1e-6)
    assert found.held_inputs.max() > 1, "prices went on rising"


def test_planted_units_are_copies_and_half_are_reversed():
    network, planted, signs = planted_network(jax.random.key(0), 20, 24, 3, noise=0.0)
    inputs = np.random.default_rng(0).normal(size=(50, 20)).astype(np.float32)
    hidden = np.asarray(network.segments()[0](inputs))
    upright = np.where(signs > 0, hidden, 1 - hidden)
    for module in range(MODULES):
        same = upright[:, planted == module]
        np.testing.assert_allclose(same, np.repeat(same[:, :1], same.shape[1], axis=1), atol=1e-5)
    assert np.sum(signs < 0) == 12


def test_a_unit_belongs_to_the_part_that_gives_it_most_whatever_the_scale():
    weights, components = np.array([[1.0, 10.0], [1.0, 30.0], [0.1, 1.0]]), np.array([[20.0, 0.0], [0.0, 1.0]])
    found = Factorization(weights, components, np.float32(0), np.zeros(1), np.int32(0))
    np.testing.assert_array_equal(parts.clusters(found), [0, 1, 0])


def test_roles_in_words_read_as_documented():
    assert doctest.testmod(clusters).attempted > 0
    assert doctest.testmod(clusters).failed == 0
    assert clusters.outputs_in_words(np.array([0.05, -0.02]), ("a", "b")) == "no correlation of 0.1 or more"


def _training(score, trained, controls):
    scores = dict(zip(KINDS, ({"held out": each} for each in (trained, controls, controls)), strict=True))
    return training.Training("digits", "lnn", [4, 2], (9, 9), score, scores, {})


def test_trained_networks_are_better_than_controls_by_accuracy_or_by_error():
    assert training.better(_training("accuracy", [0.9, 0.8], [0.1])).startswith("Every trained network does better")
    assert training.better(_training("accuracy", [0.9, 0.1], [0.2])).startswith("1 of 2 trained networks do better")
    errors = _training("root mean square error", [0.9, 0.1], [0.2])
    assert training.better(errors) == "1 of 2 trained networks do better on held-out rows than all controls."
    forecasts = {"a": [0.0, 0.5], "b": [0.0, 0.7]}
    assert training.better(errors._replace(baselines=forecasts)).endswith(
        "; 1 of 2 do better than a (0.5 against 0.5)."
    )
    forecasts["b"][1] = 0.05
    assert training.better(errors._replace(baselines=forecasts)).endswith(
        "; 0 of 2 do better than b (0.1 against 0.5)."
    )


def test_the_alignment_is_compared_in_every_network():
    result = vectors.Vectors({}, np.zeros((0, 4)), {}, {"before": [2.0, 2.0], "after": [1.0, 1.0]})
    assert vectors.lower(result) == "The tree's last merge is at a lower height after the alignment in every network."
    higher = result._replace(heights={"before": [2.0, 2.0], "after": [1.0, 3.0]})
    assert vectors.lower(higher).endswith("after the alignment in 1 of 2 networks.")


@pytest.mark.parametrize(
    ("jaccard", "words"),
    [
        ([0.9, 0.8], ("All of the 2 are stable", "80% to 90%")),
        ([0.9, 0.5], ("1 of the 2 is stable", "50% to 90%")),
        ([0.1, 0.5], ("None of the 2 is stable", "10% to 50%")),
    ],
)
def test_the_largest_cluster_is_described_with_the_number_that_are_stable(jaccard, words):
    every = [
        {"units": units, "support": share, "outputs": np.array([0.5, -0.3])}
        for units, share in zip(([0, 2], [1]), jaccard, strict=True)
    ]
    features, tree = clusters.Features((1, 2), False, ("taro", "carrot")), {"vectors": np.zeros((3, 4))}
    assert clusters.in_words(clusters.Clusters("prices", tree, features, (2,), every, 5, [], ())) == (
        "The 3 hidden units of a network trained on prices are cut into 2 clusters of units with similar correlations. "
        "The largest, 2 units, has this role for the outputs: raises taro\u00a0(+0.50); lowers carrot\u00a0(−0.30) "
        f"(mean correlations). {words[0]} when the training rows are resampled: their support is {words[1]}, and 75% "
        "usually counts as stable."
    )


def test_resolutions_that_vary_between_networks_are_given_as_a_range():
    result = choice.Choice(np.ones(2), np.ones(2), dict(zip(KINDS, ([[2, 4], [2]], [[2], [4, 8]], [[]]), strict=True)))
    assert choice.varies(result) == (
        "Over all networks, the coarsest representative resolution has this number of clusters: 2 (trained), 2 to 4 "
        "(shuffled targets)."
    )


def _agreement(*of_kinds):
    every = (np.full((2, 1), value) for value in of_kinds)
    return stability.Stability({k: Agreement(x, x, x, x) for k, x in zip(KINDS, every, strict=True)}, [4], 4, 3)


def test_agreement_is_learned_only_if_it_exceeds_that_of_both_controls():
    assert "0.90 (1: the same roles); it is 0.80" in stability.learned(_agreement(0.9, 0.8, 0.5))
    assert stability.learned(_agreement(0.9, 0.8, 0.5)).endswith("which suggests that a part is learned.")
    assert stability.learned(_agreement(0.9, 0.95, 0.5)).endswith("which all networks share.")


def test_means_are_compared_by_their_standard_errors():
    assert exceeds([0.9, 0.8], [0.5, 0.6], 2)
    assert not exceeds([0.9, 0.1], [0.4, 0.5], 2)
    assert exceeds([0.9, 0.1, 0.9], [0.0, 0.1, 0.0], 9)
    assert not exceeds([0.9, 0.1, 0.9], [0.0, 0.1, 0.0], 1)
    assert not exceeds([0.9], [0.1], 2), "one pair of networks decides nothing"
    assert exceeds([0.9, 0.8], 0.5, 2)


def _causal(*shares):
    return causal.Causal({kind: {"resample": each} for kind, each in zip(KINDS, shares, strict=True)}, *2 * [None])


def test_predicted_signs_are_compared_with_chance_and_with_the_controls():
    assert "91% of the cases (by chance in 50%; untrained 95%)" in causal.as_predicted(
        _causal([0.91, 0.91], [np.nan], [0.95])
    )
    assert causal.as_predicted(_causal([0.9, 0.92], [0.6, 0.62], [0.5, 0.5])).endswith(
        "which suggests that a part is learned."
    )
    assert causal.as_predicted(_causal([0.9, 0.92], [np.nan], [0.5])).endswith(
        "but not clearly more than in both controls, so that it need not be learned."
    )
    assert causal.as_predicted(_causal([0.5, 0.6], [0.6, 0.62], [0.5, 0.5])).endswith(
        "not clearly more often than by chance."
    )
    assert "changes no output" in causal.as_predicted(_causal([np.nan], [0.6], [0.5]))


@pytest.mark.parametrize(
    ("tree", "other", "words"), [(0.6, 0.3, "more than"), (0.3, 0.6, "less than"), (0.6, 0.6, "as much as")]
)
def test_the_tree_is_compared_with_the_factorization(tree, other, words):
    numbers = {"tree": [tree], "factorization": [other]}
    result = parts.Parts(12, None, None, None, numbers, numbers)
    assert f"agree {words} those of the paper's comparison method" in parts.more_stable(result)
    assert f"{tree:.2f} and {other:.2f} at 12 clusters" in parts.more_stable(result)
    assert f"the tree's clusters recur {words} those of the factorization" in parts.recur(result)


def test_planted_modules_are_recovered_exactly_or_not():
    rand = np.ones((len(planted.NOISE), 2))
    assert "recovers the 4 groups exactly without noise" in planted.known_answer(rand)
    rand[0, 1], rand[3] = 0.5, 0.2
    assert "groups with an adjusted Rand index of 0.75 without noise" in planted.known_answer(rand)
    assert planted.known_answer(rand).endswith("is 0.20 (1: exact, 0: chance).")
