"""CNN-INTE on planted factors, and its parts against scikit-learn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier

from interp_jax.kernels.kmeans import Clustering
from interp_jax.methods import cnn_inte
from interp_jax.methods.cnn_inte import factors, forests
from interp_jax.methods.cnn_inte.factors import Factors, assign, find_factors
from interp_jax.methods.cnn_inte.leaves import leaf_weights

KEY = jax.random.key(0)
# The text's toy example: six instances, five units in three factors, and the IDs of the instances in each.
TOY_IDS = np.array([[0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 1, 2], [0, 1, 1, 1, 2, 2]])
TOY_FACTORS = np.array([0, 1, 0, 2, 1])


def _same_partition(found, wanted):
    """Equal up to relabeling."""
    return len(set(zip(found, wanted, strict=True))) == len(set(found)) == len(set(wanted))


@pytest.mark.parametrize("reading", [pytest.param("coordinates", marks=pytest.mark.slow), "means"])
def test_the_toy_example_gives_the_ids_that_were_planted(reading):
    levels = np.array([[0.0, 1.0, 2.0], [10.0, 13.0, 16.0], [0.5, 30.0, 60.0]])
    hidden = np.stack([levels[factor, TOY_IDS[factor]] for factor in TOY_FACTORS], axis=1).astype(np.float32)
    hidden += 0.01 * np.random.default_rng(0).normal(size=hidden.shape).astype(np.float32)
    found = find_factors(jnp.asarray(hidden), factors=3, ids=3, key=KEY, restarts=20, reading=reading)
    assert _same_partition(found.of_unit.tolist(), TOY_FACTORS.tolist())
    ids = assign(found, jnp.asarray(hidden), reading)
    for factor in range(3):
        mine = found.of_unit[list(TOY_FACTORS).index(factor)]
        assert _same_partition(ids[:, mine].tolist(), TOY_IDS[factor].tolist())
        if reading == "means":
            np.testing.assert_array_equal(ids[:, mine], TOY_IDS[factor])


def test_the_clusters_of_each_factor_start_from_a_key_of_their_own(monkeypatch):
    keys = []

    def kmeans(rows, k, *, key, restarts, tolerance=None):
        keys.append(jax.random.key_data(key).tolist())
        return Clustering(np.zeros((k, rows.shape[1])), np.arange(len(rows)) % k, *[np.zeros(0)] * 4)

    monkeypatch.setattr(factors, "kmeans", kmeans)
    find_factors(jnp.zeros((6, 4)), factors=3, ids=2, key=KEY)
    assert len({tuple(key) for key in keys}) == 4


@pytest.mark.parametrize(("most", "drawn"), [(7, 7), (50, 20)])
def test_clusters_are_found_on_as_many_rows_as_are_asked_for(monkeypatch, most, drawn):
    hidden, clustered = np.arange(80.0).reshape(20, 4), []

    def kmeans(rows, k, *, tolerance=None, **_):
        if tolerance is not None:
            clustered.append(np.asarray(rows))
        return Clustering(np.zeros((k, rows.shape[1])), np.arange(len(rows)) % k, *[np.zeros(0)] * 4)

    monkeypatch.setattr(factors, "kmeans", kmeans)
    cnn_inte.fit(
        None, hidden, np.arange(20) % 2, key=KEY, forests=False, factors=2, ids=3, draws=1, cluster_rows=most,
        validation_fraction=0.04,
    )  # fmt: skip
    assert [len(rows) for rows in clustered] == [min(drawn, 19)] * 2
    assert len(np.unique(clustered[0], axis=0)) == min(drawn, 19)


@pytest.mark.parametrize("sizes", [(2, 6), (4, 4), (1, 1, 6)])
def test_rows_cluster_in_a_factors_own_columns_as_among_zeros(monkeypatch, sizes):
    """In a quarter, a half or all of the columns, compared with all units, those of other factors at 0."""
    random = np.random.default_rng(0)
    of_unit = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    # Five clusters far apart in every factor, each found: rounding moves no row from one to another.
    levels = 100 * np.stack([random.permutation(5) - 2 for _ in sizes], axis=1)
    hidden = levels[:, of_unit][random.integers(0, 5, 400)]
    hidden = jnp.asarray(hidden + random.normal(size=hidden.shape), jnp.float32)
    options = {"factors": len(sizes), "ids": 5, "key": KEY, "restarts": 8}
    moves = []

    def kmeans(rows, k, *, tolerance=None, **options):
        if tolerance is None:
            return plain(rows, k, **options)
        moves.append(tolerance * float(jnp.var(rows, axis=0).mean()))
        return plain(rows, k, tolerance=tolerance, **options)

    plain = factors.kmeans
    monkeypatch.setattr(factors, "kmeans", kmeans)
    wanted = find_factors(hidden, **options)
    monkeypatch.setattr(factors, "_MUCH", 0)
    found = find_factors(hidden, **options)
    np.testing.assert_array_equal(found.of_unit, wanted.of_unit)
    for number, centers in enumerate(found.centers):
        nearest = np.sort(centers[:, found.of_unit == number].mean(axis=1))
        np.testing.assert_allclose(nearest, [-200, -100, 0, 100, 200], atol=1)
    np.testing.assert_allclose(found.centers, wanted.centers, atol=1e-3)
    # Centers rest after the same moves.
    np.testing.assert_allclose(moves[len(sizes) :], moves[: len(sizes)], rtol=1e-4)


@pytest.mark.slow
def test_standardized_units_are_grouped_by_correlation():
    random = np.random.default_rng(0)
    sources = random.normal(size=(500, 2))
    scales = np.array([1.0, 100.0, 0.01, 5.0])
    hidden = np.stack([sources[:, 0], sources[:, 1], sources[:, 0], sources[:, 1]], axis=1) * scales
    hidden = jnp.asarray(hidden, jnp.float32)
    found = find_factors(hidden, factors=2, ids=3, key=KEY, restarts=10, standardized=True)
    assert _same_partition(found.of_unit.tolist(), [0, 1, 0, 1])


def test_forests_predict_as_scikit_learns():
    digits = load_digits()
    x, ids = digits.data.astype(np.float32), np.stack([digits.target, digits.target % 3], axis=1)
    grown, held_out_ids = forests.train(x[:900], ids[:900], count=10, trees=5, max_leaf_nodes=50, key=KEY)
    predicted, votes = grown.predict(x[900:], batch_size=100), grown.votes(x[900:])
    seeds = np.asarray(jax.random.randint(KEY, (2,), 0, np.iinfo(np.int32).max))
    for factor in range(2):
        theirs = RandomForestClassifier(5, max_leaf_nodes=50, random_state=int(seeds[factor]))
        theirs.fit(x[:900], ids[:900, factor])
        np.testing.assert_array_equal(predicted[:, factor], theirs.predict(x[900:]))
        np.testing.assert_allclose(votes[:, factor, theirs.classes_], theirs.predict_proba(x[900:]), atol=1e-5)
        # The error on rows held out from trees, and on rows held out from all of them.
        of_trees = np.mean(held_out_ids[:, factor] == ids[:900, factor])
        assert abs(of_trees - theirs.score(x[900:], ids[900:, factor])) < 0.15
        assert of_trees < theirs.score(x[:900], ids[:900, factor])


def test_numbers_at_a_threshold_and_next_to_it_go_as_in_scikit_learn():
    """A threshold is the middle of two numbers: of 0 and 2, and of two between which float32 has none."""
    below, above = 4 + 2**-21 * np.arange(1, 3)
    for numbers, asked, wanted in (([0, 2], [0, 1, 2], [0, 0, 1]), ([below, above], [below, above], [0, 1])):
        rows, ids = np.tile(numbers, 50).astype(np.float32)[:, None], np.tile([0, 1], 50)[:, None]
        grown, _ = forests.train(rows, ids, count=2, trees=3, max_leaf_nodes=2, key=KEY)
        asked = np.array(asked, np.float32)[:, None]
        assert len(np.unique(asked)) == len(asked)
        assert grown.predict(asked)[:, 0].tolist() == wanted


def test_rows_that_every_tree_was_grown_with_keep_their_id():
    random = np.random.default_rng(0)
    x, ids = random.normal(size=(200, 3)).astype(np.float32), random.integers(0, 10, (200, 1))
    _, held_out_ids = forests.train(x, ids, count=10, trees=1, max_leaf_nodes=4, key=KEY)
    # A tree is grown with 63% of the rows; of the others it guesses 1 in 10.
    assert 0.6 < np.mean(held_out_ids == ids) < 0.75


@pytest.fixture(scope="module")
def digits():
    """A layer of random features, a linear read-out of it and what that predicts."""
    data = load_digits()
    x = (data.data / 16).astype(np.float32)
    random = np.random.default_rng(0)
    hidden = np.maximum(x @ random.normal(size=(64, 40)).astype(np.float32) / 4, 0)
    readout = np.linalg.lstsq(hidden[:1200], np.eye(10)[data.target[:1200]], rcond=None)[0]
    return x, hidden, data.target, (hidden @ readout).argmax(axis=1)


@pytest.fixture(scope="module", params=["soft", "hard"])
def explainer(digits, request):
    x, hidden, labels, _ = digits
    options = {"draws": 2, "trees": 10, "factors": 6, "votes": request.param}
    return cnn_inte.fit(x[:1200], hidden[:1200], labels[:1200], key=KEY, **options)


def test_held_out_digits_are_predicted_as_the_network_predicts_them(digits, explainer):
    x, hidden, labels, predictions = digits
    predicted = explainer.predict(x[1200:])
    assert np.mean(predicted == labels[1200:]) > 0.5
    assert explainer.fidelity(x[1200:], predictions[1200:]) == np.mean(predicted == predictions[1200:])
    by_activations = explainer.tree.predict(explainer.hidden_ids(hidden[1200:]))
    assert np.mean(by_activations == labels[1200:]) > 0.5
    assert len(explainer.scores) == 2


def test_an_explanation_is_its_path(digits, explainer):
    x, _, labels, _ = digits
    for row in range(1200, 1203):
        found = explainer.explain(x[row])
        assert found.prediction == found.label == explainer.predict(x[row : row + 1])[0]
        assert found.share.argmax() == found.prediction
        np.testing.assert_allclose(found.share, explainer.shares(x[row : row + 1])[0], atol=1e-6)
        np.testing.assert_allclose(found.share.sum(), 1, atol=1e-5)
        assert 0 < found.weight <= 1
        assert {hypothesis.label for hypothesis in found.hypotheses} == set(range(10)) - {found.label}
        kept, votes = np.arange(len(explainer.labels)), explainer._votes(x[row : row + 1])[0]
        possible = {}
        for level in found.levels:
            assert set(level.allowed) <= possible.get(level.factor, set(level.allowed))
            assert level.own_id == found.ids[level.factor]
            np.testing.assert_allclose(level.vote, votes[level.factor, list(level.allowed)].sum(), atol=1e-6)
            assert 0 < level.vote <= 1 + 1e-6
            if explainer.votes == "hard":
                assert level.own_id in level.allowed
                assert found.weight == 1
            possible[level.factor] = set(level.allowed)
            kept = kept[np.isin(explainer.ids[kept, level.factor], level.allowed)]
            np.testing.assert_array_equal(kept, level.rows)
        for hypothesis in found.hypotheses:
            assert np.all(np.diff(hypothesis.left) <= 0)
            known = hypothesis.separability[np.isfinite(hypothesis.separability)]
            assert np.all((known >= 0) & (known <= 1))
            gone = np.flatnonzero((hypothesis.left <= 0.01) & (found.left > 0.01))
            assert hypothesis.ruled_out == (gone[0] if gone.size else None)
            mine = np.array([np.any(explainer.labels[level.rows] == found.label) for level in found.levels])
            assert np.all(hypothesis.separability[(hypothesis.left == 0) & mine] == 1)
            assert np.all(np.isnan(hypothesis.separability[~mine]))
        late = [h.ruled_out if h.ruled_out is not None else 99 for h in found.hypotheses]
        assert late == sorted(late, reverse=True)
    assert explainer.explain(x[1200], int(labels[1200])).label == labels[1200]


def test_the_leaf_explained_gives_most_of_the_predicted_class(digits, explainer):
    """It need not be the most probable leaf: several others may have other classes."""
    x, tree = digits[0][1200:], explainer.tree
    votes, predicted = explainer._votes(x), explainer.shares(x).argmax(axis=1)
    weights = leaf_weights(tree, votes if explainer.votes == "soft" else np.eye(votes.shape[2])[votes.argmax(axis=2)])
    of_class = (weights * tree.share[:, predicted].T).argmax(axis=1)
    rows = np.flatnonzero(of_class != weights.argmax(axis=1))
    assert (len(rows) > 0) == (explainer.votes == "soft")
    for row in (0, *rows[:1]):
        assert explainer.explain(x[row]).weight == pytest.approx(float(weights[row, of_class[row]]))


def test_no_class_is_ruled_out_where_the_label_is_gone_as_well():
    """Two levels over a factor each: one class leaves the way at the root, another at the second level."""
    labels = np.repeat([0, 1, 2], 50)
    ids = np.stack([labels == 2, labels == 1], axis=1).astype(int)
    tree = cnn_inte.grow(ids, labels, count=2, classes=3, depth=2)
    hidden = ids + 0.01 * np.random.default_rng(0).normal(size=ids.shape)
    grown, _ = forests.train(ids.astype(np.float32), ids, count=2, trees=5, max_leaf_nodes=4, key=KEY)
    found = Factors(np.arange(2), np.float32([[[0, 0], [1, 0]], [[0, 0], [0, 1]]]))
    arrays = hidden, ids, labels, np.ones(1), np.arange(3)
    planted = cnn_inte.Explainer(found, "coordinates", "hard", tree, grown, *arrays, features=2)
    instance = np.zeros(2)  # of class 0
    told = planted.explain(instance, 0)
    assert told.prediction == 0
    np.testing.assert_array_equal(told.left, 1)
    for ruled_out in (told.hypotheses, planted.explain(instance, 0, tolerance=0.0).hypotheses):
        assert all(hypothesis.ruled_out is not None for hypothesis in ruled_out)
    # Held against the class that leaves the way at the first level, or the last, what stays cannot be ruled out.
    for label in (1, 2):
        told = planted.explain(instance, label)
        by_label = {hypothesis.label: hypothesis for hypothesis in told.hypotheses}
        own_gone, other = int(np.flatnonzero(told.left == 0)[0]), by_label[3 - label]
        other_gone = int(np.flatnonzero(other.left == 0)[0])
        assert by_label[0].ruled_out is None
        assert other.left[-1] == told.left[-1] == 0
        assert other.ruled_out == (other_gone if other_gone < own_gone else None)


def test_what_cannot_be_explained_is_named(tmp_path, digits, explainer):
    x, hidden, _, _ = digits
    explainer.save(tmp_path / "whole.npz")
    for each in (explainer, cnn_inte.load(tmp_path / "whole.npz")):
        with pytest.raises(
            ValueError, match=r"instance: found float32 \[1, 63\], wanted \[rows, …\] with 64 numbers a row"
        ):
            each.explain(x[0, :63])
        with pytest.raises(
            ValueError, match=r"inputs: found float64 \[2, 65\], wanted \[rows, …\] with 64 numbers a row"
        ):
            each.predict(np.ones((2, 65)))
    with pytest.raises(ValueError, match="instance: found NaN or infinity"):
        explainer.explain(np.full(64, np.nan))
    with pytest.raises(ValueError, match="inputs: found NaN or infinity"):
        explainer.input_ids(np.full((1, 64), 1e300))
    with pytest.raises(ValueError, match=r"instance: found <U1 \[64\], wanted real numbers"):
        explainer.explain(np.full(64, "a"))
    with pytest.raises(
        ValueError, match=r"inputs: found float32 \[0, 64\], wanted .* 64 numbers a row, at least one row"
    ):
        explainer.predict(x[:0])
    for label in (1.7, -1, "3"):
        with pytest.raises(ValueError, match=f"label: found {label!r}, wanted a whole number from 0 to 9"):
            explainer.explain(x[0], label)
    assert explainer.explain(x[0], np.int64(3)).label == 3
    with pytest.raises(ValueError, match=r"tolerance: found 1.0, wanted a finite number, at least 0 and below 1"):
        explainer.explain(x[0], tolerance=1.0)
    with pytest.raises(ValueError, match=r"hidden: found float32 \[3, 39\], wanted \[rows, …\] with 40 numbers a row"):
        explainer.hidden_ids(hidden[:3, :39])
    with pytest.raises(ValueError, match="hidden: found NaN"):
        explainer.hidden_ids(np.full((1, 40), np.nan))


def test_what_is_no_explainer_is_refused(tmp_path, digits, explainer):
    x = digits[0]
    whole = tmp_path / "whole.npz"
    explainer.save(whole)
    np.save(tmp_path / "array.npy", np.ones(3))
    np.save(tmp_path / "pickled.npy", np.array([{}], object))
    (tmp_path / "text.npz").write_text("not arrays")
    (tmp_path / "empty.npz").touch()
    (tmp_path / "cut.npz").write_bytes(whole.read_bytes()[:-2_000])
    with np.load(whole) as stored:
        arrays = dict(stored)
    np.savez(tmp_path / "later.npz", **arrays | {"format": np.array(6)})
    for name in ("array.npy", "pickled.npy", "text.npz", "empty.npz", "cut.npz", "later.npz"):
        with pytest.raises(ValueError, match=f"path: found .*{name}, wanted (an|a whole) "):
            cnn_inte.load(tmp_path / name)
    del arrays["tree.share"]
    np.savez(tmp_path / "partial.npz", **arrays)
    with pytest.raises(ValueError, match=r"path: found .*partial.npz without tree.share, wanted a whole explainer"):
        cnn_inte.load(tmp_path / "partial.npz")
    with pytest.raises(FileNotFoundError):
        cnn_inte.load(tmp_path / "none.npz")
    # Format 2 lacks the number of features: fewer than the forests ask for are still refused.
    with np.load(whole) as stored:
        older = {name: stored[name] for name in stored.files if name != "features"} | {"format": np.array(2)}
    np.savez(tmp_path / "older.npz", **older)
    again = cnn_inte.load(tmp_path / "older.npz")
    np.testing.assert_array_equal(again.predict(x[1200:]), explainer.predict(x[1200:]))
    with pytest.raises(ValueError, match=r"wanted .* at least \d+ numbers a row"):
        again.predict(x[:2, :10])


def test_a_second_explanation_compiles_nothing(digits, explainer, assert_compiles):
    x, _, _, _ = digits
    explainer.explain(x[1200])
    with assert_compiles(0):
        explainer.explain(x[1201])


def test_a_saved_explainer_is_the_same(tmp_path, digits, explainer):
    x, _, _, _ = digits
    explainer.save(tmp_path / "digits.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["digits.npz"]
    again = cnn_inte.load(tmp_path / "digits.npz")
    np.testing.assert_array_equal(again.predict(x[1200:]), explainer.predict(x[1200:]))
    first, second = explainer.explain(x[1300]), again.explain(x[1300])
    np.testing.assert_array_equal(first.hypotheses[0].separability, second.hypotheses[0].separability)
    with np.load(tmp_path / "digits.npz", allow_pickle=False) as stored:
        assert all(stored[name].dtype != object for name in stored.files)
    np.savez(tmp_path / "other.npz", a=np.ones(2))
    with pytest.raises(ValueError, match=r"path: found .*other.npz, wanted an explainer of format 2, 3, 4 or 5"):
        cnn_inte.load(tmp_path / "other.npz")


@pytest.mark.slow
def test_maps_are_taken_apart_and_a_seed_gives_one_result(digits):
    x, hidden, labels, _ = digits
    maps = hidden[:300].reshape(300, 2, 2, 10)
    options = {"key": KEY, "draws": 2, "finalists": 1, "trees": 2, "factors": 3, "ids": 4, "depth": 2}
    first, second = (cnn_inte.fit(x[:300], maps, labels[:300], **options) for _ in range(2))
    np.testing.assert_array_equal(first.predict(x), second.predict(x))
    np.testing.assert_array_equal(first.hidden_ids(hidden), first.hidden_ids(hidden.reshape(-1, 2, 2, 10)))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"labels": np.zeros(20, int)}, "labels: found class 0 alone, wanted at least two classes"),
        ({"labels": np.ones(20)}, "labels: found float64"),
        ({"labels": np.arange(20) - 1}, "labels: found -1, wanted whole numbers from 0 on"),
        ({"inputs": np.zeros((19, 3))}, r"inputs: found 19 rows, wanted 20 as in labels"),
        ({"hidden": np.zeros(20)}, r"hidden: found float64 \[20\]"),
        ({"hidden": np.full((20, 4), np.nan)}, "hidden: found NaN or infinity"),
        ({"factors": 5}, "factors: found 5, wanted at most the 4 units"),
        ({"ids": 19}, "ids: found 19, wanted at most the 18 rows that are not for validation"),
        ({"depth": 0}, "depth: found 0, wanted a whole number of at least 1"),
        ({"draws": 0}, "draws: found 0"),
        ({"max_leaf_nodes": 1}, "max_leaf_nodes: found 1, wanted a whole number of at least 2"),
        ({"validation_fraction": 1.0}, "validation_fraction: found 1.0, wanted a finite number, above 0 and below 1"),
        ({"splits": "any"}, "splits: found 'any', wanted one of 'subsets', 'thresholds'"),
        ({"criterion": "mse"}, "criterion: found 'mse'"),
        ({"reading": "rows"}, "reading: found 'rows'"),
        ({"votes": "most"}, "votes: found 'most', wanted one of 'soft', 'hard'"),
        ({"clustering": "ward"}, "clustering: found 'ward', wanted one of 'kmeans', 'hdbscan'"),
    ],
)
def test_bad_input_is_named(changed, message):
    arguments = {"inputs": np.zeros((20, 3)), "hidden": np.zeros((20, 4)), "labels": np.arange(20) % 2} | changed
    inputs, hidden, labels = (arguments.pop(name) for name in ("inputs", "hidden", "labels"))
    with pytest.raises(ValueError, match=message):
        cnn_inte.fit(inputs, hidden, labels, **({"key": KEY, "factors": 2, "ids": 2} | arguments))


def test_wrong_labels_and_predictions_are_named(digits, explainer):
    x, _, _, predictions = digits
    with pytest.raises(ValueError, match="label: found 10, wanted a whole number from 0 to 9"):
        explainer.explain(x[0], 10)
    with pytest.raises(ValueError, match=r"predictions: found shape \[3\], wanted whole numbers \[2\]"):
        explainer.fidelity(x[:2], predictions[:3])
