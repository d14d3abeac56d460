from inspect import unwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from interp_jax.kernels.distances import METRICS, between, mean_pairwise, mean_within
from tests import reference


def _assert_as_promised(found, wanted, metric):
    found, wanted = np.asarray(found, np.float64), np.asarray(wanted)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
    bound = 1e-5 * wanted if metric == "euclidean" else 1e-6 * wanted + 5e-7 * np.sqrt(wanted) + 1e-12
    assert np.all((np.abs(found - wanted) <= bound) | np.isnan(wanted)), (found, wanted)


def _rows(rows=300, features=40, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, features)).astype(np.float32)


@st.composite
def _labeled_rows(draw):
    """Eleven rows in up to three groups, with all that is awkward about them."""
    random = np.random.default_rng(draw(st.integers(0, 999)))
    x = random.integers(-2, 3, (11, 4)) if draw(st.booleans()) else random.normal(size=(11, 4))
    x = x * draw(st.sampled_from([1e-8, 1.0, 1e5]))
    x[random.random(11) < draw(st.sampled_from([0, 0.4]))] = draw(st.sampled_from([0.0, 0.1]))  # equal, zero, constant
    x[:, random.random(4) < draw(st.sampled_from([0, 0.4]))] = 0.3
    x = x + draw(st.sampled_from([0.0, 0.0, 1000.1]))
    return x.astype(np.float32), np.array(draw(st.lists(st.integers(-1, 3), min_size=11, max_size=11)), np.int32)


@pytest.mark.parametrize("metric", METRICS)
@given(_labeled_rows())
@settings(max_examples=60, deadline=None)
def test_means_within_groups_are_the_thesis_formula(metric, drawn):
    x, labels = drawn
    found = mean_within(x, labels, groups=3, metric=metric, batch_size=4)
    groups = [x[labels == group] for group in range(3)]
    _assert_as_promised(found.means, [reference.mean_pairwise(rows, metric) for rows in groups], metric)
    np.testing.assert_array_equal(found.counts, [len(rows) for rows in groups])
    spans = np.abs(x).max(1) if metric == "cosine" else np.ptp(x, 1) if metric == "correlation" else np.ones(11)
    np.testing.assert_array_equal(found.degenerate, [np.sum(spans[labels == group] == 0) for group in range(3)])


@pytest.mark.parametrize("metric", METRICS)
def test_many_groups_of_very_different_sizes(metric):
    """One group has a third of the rows, some have none, and one has a row that is not finite."""
    draw, groups = np.random.default_rng(0), 150
    labels = np.where(draw.random(900) < 1 / 3, 7, draw.integers(0, groups - 5, 900))
    x = draw.normal(size=(groups, 6))[labels] + draw.normal(size=(900, 6))
    found = mean_within(x.astype(np.float32), labels, groups=groups, metric=metric)
    wanted = np.array([reference.mean_pairwise(x.astype(np.float32)[labels == g], metric) for g in range(groups)])
    _assert_as_promised(found.means, wanted, metric)
    np.testing.assert_array_equal(found.counts, np.bincount(labels, minlength=groups))
    x[0] = np.nan
    spoilt = mean_within(x.astype(np.float32), labels, groups=groups, metric=metric).means
    np.testing.assert_array_equal(np.isnan(spoilt), np.isnan(wanted) | (np.arange(groups) == labels[0]))


@pytest.mark.parametrize(("metric", "batch_size"), [*((metric, 64) for metric in METRICS), ("euclidean", 1000)])
def test_all_pairs_are_scipys(metric, batch_size):
    for x in (_rows(), 1e5 * _rows(seed=1) + 3e6):
        found = mean_pairwise(x, metric=metric, batch_size=batch_size)
        _assert_as_promised(found, pdist(x.astype(np.float64), metric).mean(), metric)


@pytest.mark.parametrize("metric", METRICS)
def test_what_a_metric_does_not_see_changes_nothing(metric):
    x, random = _rows(50, 6), np.random.default_rng(1)
    same = {
        "euclidean": x @ np.linalg.qr(random.normal(size=(6, 6)))[0] + random.normal(size=6),
        "cosine": x * random.uniform(1e-20, 1e15, (50, 1)),
        "correlation": 3 * x + random.normal(size=(50, 1)),
    }[metric]
    found = mean_pairwise(x, metric=metric)
    for other in (same, random.permutation(x)):
        np.testing.assert_allclose(mean_pairwise(other.astype(np.float32), metric=metric), found, rtol=2e-6)
    opposite = np.stack([x[0], -x[0]])
    if metric != "euclidean":
        np.testing.assert_allclose(mean_pairwise(opposite, metric=metric), 2, rtol=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_equal_rows_are_at_distance_zero(metric):
    equal = np.repeat(_rows(1, 40) + 1000.1, 300, axis=0)
    assert float(mean_pairwise(equal, metric=metric, batch_size=64)) == 0
    assert float(between(equal, equal, metric=metric).max()) < 1e-12


@pytest.mark.parametrize("spread", [0, 1e-4])
def test_tight_clusters_inside_a_group(spread):
    x = np.repeat([[1.0], [300.0]], 150, axis=0) + np.repeat([0.0, 7.0, 7.0], 100)[:, None] + spread * _rows()
    x = x.astype(np.float32)
    found = mean_within(x, np.repeat([0, 1], 150), groups=2, batch_size=64).means
    _assert_as_promised(found, [pdist(rows.astype(np.float64)).mean() for rows in (x[:150], x[150:])], "euclidean")
    _assert_as_promised(mean_pairwise(x, batch_size=64), pdist(x.astype(np.float64)).mean(), "euclidean")


@pytest.mark.parametrize("metric", METRICS)
def test_absent_rows_are_absent_whatever_they_hold(metric):
    x, here = _rows(40, 5), np.arange(40) % 3 > 0
    x[~here] = np.resize([np.nan, np.inf, 1e30], np.sum(~here))[:, None]
    wanted = pdist(x[here].astype(np.float64), metric).mean()
    _assert_as_promised(mean_pairwise(x, metric=metric, where=here), wanted, metric)
    for outside in (-1, 1):
        labels = np.where(here, 0, outside)
        _assert_as_promised(mean_within(x, labels, groups=1, metric=metric).means[0], wanted, metric)


@pytest.mark.parametrize("metric", METRICS)
def test_nan_and_infinity_stay_in_their_group(metric):
    x, labels = _rows(40, 5), np.arange(40) % 4
    clean = np.asarray(mean_within(x, labels, groups=4, metric=metric).means)
    x[1, 2], x[3, 0] = np.nan, -np.inf
    found = mean_within(x, labels, groups=4, metric=metric).means
    np.testing.assert_allclose(found, np.where(np.isin(np.arange(4), [1, 3]), np.nan, clean), rtol=1e-6)


def test_rows_without_direction_are_at_distance_one():
    x = np.array([[0.0, 0.0], [0.0, 0.0], [0.1, 0.1], [1.0, 3.0]], np.float32)
    for metric, without in (("cosine", 2), ("correlation", 3)):
        found = mean_within(x, np.array([0, 0, 1, 1]), groups=2, metric=metric)
        assert found.degenerate.tolist() == [2, without - 2]
        assert float(found.means[0]) == 1  # of each other too
        np.testing.assert_allclose(between(x, x, metric=metric), np.arange(4) < without, atol=1e-12)
        for one, other in ((x[:1], x[3:]), (x[3:], x[:1])):
            assert float(between(one, other, metric=metric)[0]) == 1


def test_too_few_rows_that_count_have_no_mean():
    x = _rows(40, 5)
    for here in (np.zeros(40, bool), np.arange(40) == 1):
        assert np.isnan(mean_pairwise(x, where=here))
    found = mean_within(x[:1], np.array([1]), groups=2)
    assert np.isnan(found.means).all()
    assert found.counts.tolist() == [0, 1]


def test_row_to_row_distances_keep_their_digits():
    a, b = _rows(30, 8), _rows(30, 8, seed=1)
    for metric in METRICS:
        for other in (b, (1e-4 * b + 2 * a).astype(np.float32), -a):
            wanted = np.array([reference.distance(x, y, metric) for x, y in zip(a, other, strict=True)])
            _assert_as_promised(between(a, other, metric=metric), wanted, metric)
    a[3, 0] = np.nan
    assert np.isnan(between(a, b, metric="cosine")).tolist() == (np.arange(30) == 3).tolist()


def test_lanes_with_rows_in_doubt_and_labels_of_their_own():
    x = np.stack([_rows(60, 5), np.repeat(_rows(4, 5), 15, axis=0)])
    labels = np.stack([np.arange(60) % 3, np.arange(60) // 40])
    call = lambda x, labels: mean_within(x, labels, groups=3, batch_size=16)  # noqa: E731
    lanes = jax.jit(jax.vmap(call))(x, labels)
    for lane in range(2):
        np.testing.assert_allclose(lanes.means[lane], call(x[lane], labels[lane]).means, rtol=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_half_precision_integers_and_double_precision(metric):
    x = jnp.asarray(_rows(60, 5), jnp.bfloat16)
    found = mean_pairwise(x, metric=metric)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, mean_pairwise(x.astype(jnp.float32), metric=metric), rtol=1e-6)
    whole = np.random.default_rng(0).integers(0, 9, (60, 5)) + np.arange(5)
    _assert_as_promised(mean_pairwise(whole, metric=metric), pdist(whole, metric).mean(), metric)
    with jax.enable_x64(True):
        double = 1e6 + _rows(60, 5).astype(np.float64)
        wanted = reference.mean_pairwise(double, metric)
        np.testing.assert_allclose(mean_pairwise(double, metric=metric), wanted, rtol=1e-8)


def test_scratch_memory_has_no_matrix_of_all_pairs(assert_temp_bytes):
    x, labels = jnp.zeros((4000, 32)), jnp.zeros(4000, jnp.int32)
    vectors, tile = 4 * 4000 * (32 + 10), 4 * 256**2
    assert 4 * vectors + 4 * tile < 4000**2  # not even one byte a pair
    for metric in ("euclidean", "correlation"):
        limit = 4 * vectors + (4 * tile if metric == "euclidean" else 0)
        call = lambda x, labels, metric=metric: mean_within(x, labels, groups=10, metric=metric, batch_size=256)  # noqa: E731
        assert_temp_bytes(limit, call, x, labels)


@pytest.mark.skipif(jax.__version_info__ < (0, 10, 2), reason="jax before 0.10.2 takes three copies")
def test_euclidean_distances_of_all_rows_take_one_copy_of_them_and_three_tiles(assert_temp_bytes):
    x, side = jnp.zeros((20_000, 64)), 128
    assert_temp_bytes(int(1.1 * x.nbytes) + 3 * 4 * side * (side + 64), lambda x: mean_pairwise(x, batch_size=side), x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: mean_pairwise(x[:1]), r"x: found shape \[1, 5\], wanted at least two rows"),
        (lambda x: mean_pairwise(x[0]), r"x: found shape \[5\], wanted \[rows, features\]"),
        (lambda x: mean_pairwise(x[:, :0]), r"x: found shape \[40, 0\]"),
        (lambda x: mean_pairwise(x.astype(np.complex64)), r"x: found complex64 \[40, 5\], wanted real numbers"),
        (lambda x: mean_pairwise(x, metric="l2"), "metric: found 'l2', wanted one of 'euclidean', 'cosine'"),
        (lambda x: mean_pairwise(x, batch_size=0), "batch_size: found 0"),
        (lambda x: mean_pairwise(x, where=np.ones(3, bool)), r"where: found shape \[3\], wanted \[40\]"),
        (lambda x: mean_pairwise(x, where=np.full(40, 0.5)), "where: found numbers other than 0 and 1"),
        (
            lambda x: mean_within(x, np.zeros(39, int), groups=2),
            r"labels: found shape \[39\], wanted .* \[40\]",
        ),
        (lambda x: mean_within(x, np.zeros(40), groups=2), "labels: found float"),
        (lambda x: mean_within(x, np.zeros(40, int), groups=0), "groups: found 0"),
        (lambda x: between(x, x[1:]), r"b: found shape \[39, 5\], wanted \[40, 5\] as of a"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call(_rows(40, 5))


@pytest.mark.parametrize("metric", METRICS)
def test_an_offset_of_float64_costs_no_digits(metric):
    x, labels = _rows(60, 5).astype(np.float64), np.arange(60) % 3
    offset = {
        "euclidean": 1e9 * (labels[:, None] - 1.3),
        "cosine": 0,
        "correlation": np.linspace(-1e9, 1e9, 60)[:, None],
    }
    moved = x + offset[metric]
    found = mean_within(moved, labels, groups=3, metric=metric).means
    _assert_as_promised(found, [pdist(x[labels == group], metric).mean() for group in range(3)], metric)
    inside = jax.jit(lambda: mean_within(moved, labels, groups=3, metric=metric).means)()
    np.testing.assert_allclose(inside, found, rtol=1e-6)
    first = labels == 0
    _assert_as_promised(mean_pairwise(moved[first], metric=metric), pdist(x[first], metric).mean(), metric)
    _assert_as_promised(mean_pairwise(moved, metric=metric, where=first), pdist(x[first], metric).mean(), metric)


def test_differences_are_taken_before_float64_and_whole_numbers_are_cut():
    a = np.array([[1e9, 7.0], [1e9 + 3, 7.0]])
    np.testing.assert_array_equal(between(a, a + np.array([3.0, 4.0])), [5, 5])
    ticks = np.array([[2**62], [2**62 + 3]])
    np.testing.assert_array_equal(between(ticks, ticks + 5), [5, 5])
    assert float(mean_pairwise(ticks)) == 3
    assert float(mean_pairwise(np.array([[0], [2**32]]))) == 2**32
    assert float(mean_pairwise(np.array([[3], [250]], np.uint8))) == 247
    assert float(mean_pairwise(np.array([[True], [False]]))) == 1


@pytest.mark.parametrize("scale", [2.0**-100, 2.0**100])
def test_the_unit_of_euclidean_distances_does_not_matter(scale):
    x, scale = _rows(40, 5), np.float32(scale)
    np.testing.assert_array_equal(mean_pairwise(scale * x), scale * np.asarray(mean_pairwise(x)))
    np.testing.assert_array_equal(between(scale * x, -scale * x), scale * np.asarray(between(x, -x)))


def test_labels_of_any_whole_type_outside_the_groups_are_absent():
    x = _rows(6, 3)
    wanted = mean_within(x[:3], np.zeros(3, int), groups=1).means
    for outside in (np.array([0, 0, 0, -1, 5, -(2**31)]), np.array([0, 0, 0, 1, 255, 2], np.uint8)):
        found = mean_within(x, outside, groups=1)
        np.testing.assert_allclose(found.means, wanted, rtol=1e-6)
        assert found.counts.tolist() == [3]
    with pytest.raises(ValueError, match="^labels: found 0 to 4294967296, wanted whole numbers that 32 bits hold"):
        mean_within(x, np.array([0, 0, 0, 2**32, 0, 0]), groups=1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: unwrap(mean_within)(x, np.arange(40) % 2, groups=2.0), "groups: found 2.0, wanted a whole number"),
        (lambda x: unwrap(mean_within)(x, ["a"] * 40, groups=2), "labels: found <U1"),
        (lambda x: unwrap(mean_pairwise)(x, batch_size=float("nan")), "batch_size: found nan"),
        (lambda x: unwrap(mean_pairwise)(x, metric=None), "metric: found None, wanted one of"),
        (lambda x: unwrap(mean_pairwise)([[1.0], [2.0, 3.0]]), "x: found .*, wanted an array of real numbers"),
        (lambda x: between(x, 1e300 * x.astype(np.float64)), "b: found numbers beyond float32"),
    ],
)
def test_what_users_without_type_checks_give_is_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call(_rows(40, 5))
