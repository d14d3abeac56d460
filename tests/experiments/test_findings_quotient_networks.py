"""The sentences of the study of quotient networks, on both sides of what each depends on, from made-up results."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.quotient_networks import deep, inputs, linkages, memorized, quotient, readings, support, training
from experiments.quotient_networks.kinds import OWN, PERMUTED, TRAINED, UNTRAINED, WITHOUT
from experiments.quotient_networks.merging import CHANCE, KMEANS, TREE


def _page(sentences, tables=None):
    def table(header, rows, caption):
        if tables is not None:
            tables.append((header, rows, caption))

    return SimpleNamespace(
        text=sentences.append,
        finding=sentences.append,
        table=table,
        figure=lambda *_: None,
        metrics=lambda _: None,
    )


@pytest.mark.parametrize(
    ("accuracy", "scores", "words"),
    [
        (True, ([0.9, 0.9], [0.8, 0.8], [0.9, 0.7], [0.9, 0.8]), "2 of 2 networks do better"),
        (True, ([0.8, 0.8], [0.9, 0.8], [0.9, 0.7], [0.9, 0.8]), "0 of 2 networks do better"),
        (False, ([8.0, 8.0], [9.0, 9.0], [9.0, 9.0], [8.0, 9.0]), "2 of 2 networks do better"),
        (False, ([9.0, 9.0], [8.0, 9.0], [9.0, 8.0], [8.0, 9.0]), "0 of 2 networks do better"),
    ],
)
def test_networks_that_do_better_with_the_l1_term_are_counted_by_accuracy_or_by_error(accuracy, scores, words):
    own, without, held, held_without = scores
    by_kind = {
        TRAINED: {"training": own, "held out": held},
        WITHOUT: {"training": without, "held out": held_without},
    }
    result = training.Training("x", accuracy, (2,), (1, 1), 1, by_kind, {TRAINED: [0.9], WITHOUT: [0.2]}, {}, {})
    sentence = training.in_words(result)
    assert words in sentence
    better = np.sum(np.array(held) > held_without if accuracy else np.array(held) < held_without)
    assert f"and {better} on held-out rows; 90% of the weights are below 0.01, without it 20%." in sentence


def _quotients(accuracy, tree, chance, other):
    def of(values):
        return np.array([[[0.0, value] for value in values]] * 2)

    scores = {TREE: of(tree), CHANCE: of(chance), KMEANS: of(other)}
    return quotient.Quotients(accuracy, (1, 2), np.array([1, 2]), np.array([0.95, 0.95]), scores)


def test_the_tree_is_better_than_random_clusters_where_its_accuracy_is_higher_or_its_error_lower():
    words = quotient.in_words(_quotients(True, [0.9, 0.9], [0.8, 0.9], [0.7, 0.7])).replace("\u00a0", " ")
    assert "has an accuracy of 0.900 ± 0.000 on held-out rows, with clusters drawn at random 0.850" in words
    assert f"with the best of the other partitions ({CHANCE}) 0.850" in words
    assert "better than the random clusters in 1 of 2 networks." in words
    assert words.endswith(
        "within 0.01 of the accuracy of all units, 3 clusters are needed on average, of those drawn at random 3."
    )
    words = quotient.in_words(_quotients(False, [9.0, 9.0], [9.5, 9.5], [5.0, 5.0])).replace("\u00a0", " ")
    assert "has an error of 9.0 ± 0.0 points on held-out rows" in words
    assert f"partitions ({KMEANS}) 5.0 ± 0.0" in words
    assert "in 2 of 2 networks." in words
    assert words.endswith(
        "within 5% of the error of all units, 3 clusters are needed on average, of those drawn at random 3."
    )
    assert "in 0 of 2 networks." in quotient.in_words(_quotients(False, [9.0, 9.0], [8.0, 9.0], [5.0] * 2))
    assert "in 0 of 2 networks." in quotient.in_words(_quotients(True, [0.5] * 2, [0.8] * 2, [0.9] * 2))
    near = quotient.in_words(_quotients(True, [0.945] * 2, [0.93] * 2, [0.9] * 2))
    assert near.endswith("2 clusters are needed on average, of those drawn at random 3.")


@pytest.mark.parametrize(
    ("accuracy", "what", "near"),
    [
        (True, "accuracy", "within 0.01 of accuracy of all units'."),
        (False, "root mean square error (points)", "within 5% of the error of all units'."),
    ],
)
def test_the_columns_of_scores_are_accuracies_or_errors(monkeypatch, accuracy, what, near):
    axes, scores = [], {key: {"training": [0.9], "held out": [0.8]} for key in (TRAINED, WITHOUT)}
    monkeypatch.setattr(quotient.figures.curves, "against", lambda *each, **_: axes.append(each))
    tables = []
    quotient.show(_quotients(accuracy, [0.9, 0.9], [0.8, 0.8], [0.7, 0.7]), _page([], tables))
    assert {each[3] for each in axes} == {what}
    assert tables[0][2].startswith(f"{what.capitalize()} on held-out rows")
    assert tables[0][2].endswith(near)

    result = training.Training(
        "x", accuracy, (2,), (1, 1), 1, scores, {key: [0.5] for key in scores}, {TRAINED: [0.1]}, {}
    )
    training.show(result, _page([], tables))
    header, rows, _ = tables[1]
    assert header[1] == f"{what}: training rows"
    assert [row[-1] for row in rows] == ["0.100", None], "a network that was not trained has no roughness"

    sentences, values = [], {kind: [0.5] for kind in memorized.KINDS}
    roles = {kind: np.full((1, 1), 0.5) for kind in memorized.KINDS}
    memorized.show(
        memorized.Memorized(accuracy, 9, 9, (4,), values, values, 0.25, roles, roles, values), _page(sentences, tables)
    )
    assert sentences[0].endswith(f"the permuted targets has the {what} 0.250 on the trained rows.")
    assert tables[2][0][1] == f"{what}: own rows"


@pytest.mark.parametrize(
    ("ward", "listed"),
    [(0.9, "ward 0.90, average 0.50, complete 0.30, single 0.00"), (0.4, "average 0.50, ward 0.40, complete 0.30, s")],
)
def test_linkages_are_listed_from_the_one_that_recovers_known_modules_best(ward, listed):
    at_one = dict(zip(linkages.METHODS, (ward, 0.0, 0.3, 0.5), strict=True))
    level = linkages.NOISE.index(1.0)
    planted = {method: np.eye(len(linkages.NOISE))[level][:, None] * value for method, value in at_one.items()}
    words = linkages.in_words(linkages.Linkages(True, (2,), planted, {}, {}, {}, {}))
    assert f"with these adjusted Rand indices: {listed}" in words


@pytest.mark.parametrize(("similar", "count"), [(0.74, 2), (0.75, 4), (0.1, 2)])
def test_clusters_that_recur_are_counted_from_the_limit_on(similar, count):
    sentences, similarity = [], np.array([[0.9, similar], [0.8, similar]])
    support.show(support.Support(2, 50, similarity, similarity / 2), _page(sentences))
    assert f"Of 4 clusters, 2 in each of 2 networks, {count} recur with a mean Jaccard" in sentences[-1]
    assert "in trees of 50 resamples of the training rows" in sentences[-1]


@pytest.mark.parametrize(
    ("share", "deleted", "often"), [(0.97, 0.02, "more"), (0.5, 0.6, "no more"), (0.704, 0.6, "no more")]
)
def test_signs_as_predicted_are_given_beside_chance_and_untrained_networks(share, deleted, often):
    agreeing = {TRAINED: [share, np.nan], UNTRAINED: [0.7]}
    words = inputs.in_words(inputs.Inputs(agreeing, {}, {}, {TRAINED: [deleted, np.nan]}))
    assert f"predicts in {share:.0%}, {often} often than in untrained networks (70%; chance 50%); in" in words
    assert f"; in {deleted:.0%} of these pairs" in words


def _readings(own, permuted):
    return readings.Readings((4,), {OWN: own, PERMUTED: permuted}, {})


def test_only_readings_that_are_stronger_in_every_network_are_listed():
    own = {"raises 6": [0.5, 0.4], "lowers 4": [0.5, 0.1], "shape of 0": [0.3, 0.3]}
    permuted = {"raises 6": [0.1, 0.3], "lowers 4": [0.2, 0.1], "shape of 0": [0.2, 0.1]}
    words = readings.in_words(_readings(own, permuted))
    assert "Of 3 of the paper's readings, such as which outputs a cluster raises, 2 are stronger in every" in words
    assert words.endswith("with permuted targets: raises 6; shape of 0.")
    none = readings.in_words(_readings(permuted, own))
    assert "raises, 0 are stronger in every" in none
    assert none.endswith("as many with permuted targets.")


@pytest.mark.parametrize(("accuracy", "words"), [(True, "the accuracy 0.96 after"), (False, "the error 1.0 after")])
def test_memorizing_is_measured_by_accuracy_or_by_error(accuracy, words):
    own = {OWN: [0.99], PERMUTED: [0.96], UNTRAINED: [0.1]}
    roles = {kind: np.array([[value, 0.0]]) for kind, value in ((OWN, 0.8), (PERMUTED, 0.4), (UNTRAINED, 0.6))}
    result = memorized.Memorized(accuracy, 9, 9, (4, 8), own, own, 0.1, roles, {}, {})
    sentence = memorized.in_words(result)
    assert f"networks have {words} training on permuted targets" in sentence
    assert sentence.endswith(
        "roles of 4 clusters in two networks have a mean cosine of 0.40 and 0.80; before training 0.60."
    )


@pytest.mark.parametrize(
    ("accuracy", "what"), [(True, "Their accuracy on"), (False, "Their root mean square error (points) on")]
)
@pytest.mark.parametrize(
    ("share", "chance", "many"),
    [(0.1, 0.6, "fewer than"), (0.9, 0.2, "more than"), (0.701, 0.699, "as many as")],
)
def test_clusters_of_distant_layers_are_given_at_the_finest_resolution(accuracy, what, share, chance, many):
    sentences, every = [], np.array([[1.0, 0.0]] * 2)
    at = [np.array([[1.0, value]] * 2) for value in (share, chance)]
    deep.show(deep.Deep(accuracy, (8, 8), (4, 16), [0.9, 0.9], every, *at), _page(sentences))
    text, finding = sentences
    assert what in text
    assert f"Of 16 clusters {share:.0%} have units" in finding
    assert finding.endswith(f"layer, {many} if the layers of the units are shuffled ({chance:.0%}).")


@pytest.mark.parametrize(
    ("name", "told", "untold"), [("shape of 0", "of a digit", "months"), ("season, x", "months", "digit")]
)
def test_readings_are_explained_for_the_data_at_hand(name, told, untold):
    sentences, values = [], {kind: {name: [0.5]} for kind in readings.KINDS}
    readings.show(readings.Readings((4,), values, {}), _page(sentences))
    assert told in sentences[0]
    assert untold not in sentences[0]


@pytest.mark.parametrize(
    ("accuracy", "told", "passes"), [(True, "Digits are shown", 100), (False, "The rows are", 500)]
)
def test_the_order_of_rows_is_told_for_the_data_at_hand(accuracy, told, passes):
    sentences, scores = [], {key: {"training": [0.9], "held out": [0.8]} for key in (TRAINED, WITHOUT)}
    small = {key: [0.5] for key in scores}
    training.show(training.Training("x", accuracy, (2,), (1, 1), 1, scores, small, {}, {}), _page(sentences))
    assert f"(the paper has {passes})" in sentences[0]
    assert told in sentences[0]
