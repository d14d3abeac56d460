import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods.cnn_inte import separability

KEY = jax.random.key(0)


def _clouds(shift, rows=200, features=5, seed=0):
    random = np.random.default_rng(seed)
    points = random.normal(size=(2 * rows, features)).astype(np.float32)
    first = np.arange(2 * rows) < rows
    points[first] += shift
    return points, first, ~first


def test_clouds_that_a_plane_separates_score_one():
    points, first, second = _clouds(0.0)
    direction = np.array([1.0, -2.0, 0.5, 0.0, 1.0])
    height = points @ direction
    first = height > 0.05
    second = height < -0.05
    assert float(separability(points, first, second, key=KEY).score) == 1
    apart = _clouds(20.0)
    assert float(separability(*apart, key=KEY).score) == 1


def test_random_clouds_are_of_the_same_sizes():
    """One row against all others: were all dealt to one cloud, chance would separate perfectly."""
    points, first = np.arange(40.0)[:, None], np.arange(40) < 39
    found = separability(points, first, ~first, key=KEY, shuffles=20)
    # A random row at place p of n has an index of max(p, n − 1 − p) / (n − 1), three quarters on average.
    assert 0.65 < float(found.by_chance) < 0.85
    assert float(found.score) == 1


def test_clouds_that_coincide_score_about_zero():
    scores = [float(separability(*_clouds(0.0, seed=seed), key=jax.random.key(seed)).score) for seed in range(8)]
    assert np.mean(scores) < 0.05
    assert max(scores) < 0.15


def test_more_shift_is_more_separable():
    scores = [float(separability(*_clouds(shift), key=KEY).score) for shift in (0.0, 0.3, 0.6, 1.0, 2.0)]
    assert scores == sorted(scores)
    assert 0.3 < scores[2] < 0.8


def _skewed(sample, noise):
    """A cloud whose one feature has a long tail and a gap before it, against one at 0; and features of noise."""
    random, rows = np.random.default_rng(0), 150
    tail = np.concatenate([sample(random, rows), np.zeros(rows)])
    return np.concatenate([tail[:, None], noise(random, 2 * rows)], axis=1).astype(np.float32)


def _relu_noise(random, rows):
    return np.maximum(random.normal(size=(rows, 10)), 0)


def _gap(width):
    """Two parallel lines, each as long as they lie close."""
    along, side = np.random.default_rng(0).uniform(-1, 1, size=300), np.repeat([1.0, -1.0], 150)
    return np.stack([along, along + width * side], axis=1).astype(np.float32)


@pytest.mark.parametrize(
    "points",
    [
        _skewed(lambda random, rows: random.exponential(size=rows) + 0.02, _relu_noise),
        _skewed(lambda random, rows: random.lognormal(0, 1.5, size=rows) + 0.02, _relu_noise),
        _gap(0.01),
        _gap(0.003),
    ],
    ids=["exponential", "lognormal", "lines", "close lines"],
)
def test_a_plane_between_skewed_or_close_clouds_is_found(points):
    first = np.arange(300) < 150
    result = separability(points, first, ~first, key=KEY)
    assert float(result.score) == 1
    assert float(result.by_chance) < 0.3
    assert float(separability(points * np.float32(1e20), first, ~first, key=KEY).score) == 1


def test_a_tail_without_variance_is_nearly_separated():
    points = _skewed(
        lambda random, rows: random.pareto(0.7, size=rows) + 0.01, lambda random, rows: random.normal(size=(rows, 10))
    )
    first = np.arange(300) < 150
    assert float(separability(points, first, ~first, key=KEY).score) > 0.9


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1e20, 1e30])
def test_scales_whose_squares_are_no_float32_change_nothing(scale):
    points, first, second = _clouds(0.5)
    wanted = separability(points, first, second, key=KEY).score
    np.testing.assert_allclose(
        separability(points * np.float32(scale), first, second, key=KEY).score, wanted, atol=0.02
    )


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_scale_and_shift_change_nothing(scale):
    points, first, second = _clouds(0.5)
    wanted = separability(points, first, second, key=KEY).score
    scales = np.array([scale, 1.0, 3.0, 1 / scale, 0.1], np.float32)
    np.testing.assert_allclose(separability(points * scales, first, second, key=KEY).score, wanted, atol=0.02)
    np.testing.assert_allclose(separability(points + 10, first, second, key=KEY).score, wanted, atol=0.02)


def test_rows_of_neither_cloud_and_constant_features_count_for_nothing():
    points, first, second = _clouds(0.7)
    wanted = separability(points, first, second, key=KEY)
    more = np.concatenate([points, 100 * np.ones((7, 5), np.float32)])
    masks = [np.concatenate([mask, np.zeros(7, bool)]) for mask in (first, second)]
    np.testing.assert_allclose(separability(more, *masks, key=KEY).youden, wanted.youden, atol=0.01)
    wide = np.concatenate([points, np.full((len(points), 1), 3.0, np.float32)], axis=1)
    np.testing.assert_allclose(separability(wide, first, second, key=KEY).score, wanted.score, atol=0.02)


@pytest.mark.parametrize("shift", [0.0, 20.0])
def test_the_score_is_undefined_for_fewer_points_than_features(shift):
    """Any two clouds are separated there, near or far: the score is undefined, neither 0 nor 1."""
    points, first, second = _clouds(shift, rows=4, features=30)
    result = separability(points, first, second, key=KEY)
    assert float(result.youden) == float(result.by_chance) == 1
    assert np.isnan(result.score)
    assert np.isnan(separability(points * 1e3, first, second, key=KEY).score)


def test_clouds_that_chance_separates_better_have_a_score_of_0():
    points, first = np.random.default_rng(4).normal(size=(40, 2)).astype(np.float32), np.arange(40) < 20
    result = separability(points, first, ~first, key=KEY)
    assert float(result.youden) < float(result.by_chance)
    assert float(result.score) == 0


def test_the_score_is_undefined_where_chance_alone_separates_nearly_everything():
    points, first = np.random.default_rng(0).normal(size=(10, 6)).astype(np.float32), np.arange(10) < 5
    result = separability(points, first, ~first, key=KEY)
    assert 0.9 < float(result.by_chance) < 0.99
    assert np.isnan(result.score)


def test_scores_are_defined_where_points_suffice():
    points, first, second = _clouds(0.0, features=16)
    for rows in (50, 200):
        counted = np.arange(400) % 200 < rows
        assert np.isfinite(separability(points, first & counted, second & counted, key=KEY).score)


def test_an_empty_cloud_is_separated():
    points, first, _ = _clouds(0.0)
    nothing = jnp.zeros(len(points), bool)
    assert float(separability(points, first, nothing, key=KEY).score) == 1
    assert float(separability(points, nothing, first, key=KEY).score) == 1
    assert np.isnan(separability(points, nothing, nothing, key=KEY).score)


def test_equal_points_are_not_separated():
    points, first, second = _clouds(0.0)
    assert float(separability(np.ones_like(points), first, second, key=KEY).score) == 0


def test_lanes_are_the_single_calls():
    points, first, second = _clouds(0.5)
    lanes = jax.vmap(lambda a, b: separability(points, a, b, key=KEY).score)(
        jnp.stack([first, second]), jnp.stack([second, first])
    )
    np.testing.assert_allclose(lanes[0], separability(points, first, second, key=KEY).score, atol=1e-5)


def test_float64_clouds_far_from_zero_are_compared_as_they_are():
    points, first, second = _clouds(0.5)
    wanted = separability(points, first, second, key=KEY).score
    far = points.astype(np.float64) + 1e10
    np.testing.assert_allclose(separability(far, first, second, key=KEY).score, wanted, atol=0.02)


def test_points_that_are_not_finite_leave_the_score_undefined():
    points, first, second = _clouds(20.0, rows=20)
    counted = np.arange(40) > 0
    points[0, 0] = np.nan
    assert np.isnan(separability(points, first, second, key=KEY).score)
    assert float(separability(points, first & counted, second, key=KEY).score) == 1
    with pytest.raises(ValueError, match="^first: found numbers other than 0 and 1"):
        separability(points, points[:, 1], second, key=KEY)
    with pytest.raises(ValueError, match="^key: found 0, wanted a JAX random key"):
        separability(points, first, second, key=0)
