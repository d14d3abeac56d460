import math

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from interp_jax.methods import embedding
from tests import reference
from tests.matrix_products import matrix_products

KEY = jax.random.key(0)
CLOSE = 1e-5  # leads of less are ties up to rounding

_decodes = jax.jit(embedding.decodes, static_argnames="affine")
_each_decodes = jax.jit(
    lambda sets, affine: jax.vmap(lambda one: embedding.decodes(one, affine=affine))(sets), static_argnums=1
)
_many_decoded = jax.jit(embedding._decoded, static_argnums=1)
_pseudo_inverse = jax.jit(embedding.pseudo_inverse, static_argnames="affine")


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize(("dimension", "points"), [(1, 2), (2, 2), (2, 4), (2, 5), (4, 3), (4, 8), (10, 24)])
def test_both_forms_decide_as_the_transcription(dimension, points, affine):
    sets = np.random.default_rng(points).random((1500, points, dimension), np.float32)
    leads = np.array([reference.decoding_lead(one, affine) for one in sets])
    clear = np.abs(leads) > CLOSE
    assert clear.mean() > 0.99
    np.testing.assert_array_equal(_each_decodes(sets, affine)[clear], leads[clear] > 0)
    np.testing.assert_array_equal(_many_decoded(sets.transpose(2, 1, 0), affine)[clear], leads[clear] > 0)
    if affine and points > dimension + 1:
        assert 0.05 < (leads > 0).mean() < 0.95, "sets of both kinds"


@pytest.mark.parametrize("affine", [True, False])
def test_the_map_is_the_pseudo_inverse(affine):
    random = np.random.default_rng(0)
    points, others = random.random((12, 3)), random.random((5, 3))
    if affine:
        scores = np.column_stack([others, np.ones(5)]) @ np.linalg.pinv(np.column_stack([points, np.ones(12)]))
    else:
        scores = others @ np.linalg.pinv(points)
    weights, bias = map(np.asarray, _pseudo_inverse(points, affine=affine))
    np.testing.assert_allclose(others @ weights + bias, scores, atol=1e-5)
    assert np.abs(bias).max() > 0.05 or not affine


def test_the_map_of_points_in_fewer_dimensions_has_least_norm():
    flat = np.random.default_rng(1).random((7, 2)) @ np.array([[1, 1, 0, 2], [0, 0, 0, 1]]) + [0, 0, 0.3, 0]
    weights, bias = map(np.asarray, _pseudo_inverse(flat))
    np.testing.assert_allclose(weights, np.linalg.pinv(flat - flat.mean(axis=0), rcond=1e-6), atol=1e-4)
    np.testing.assert_allclose((flat @ weights + bias).sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(weights[2], 0)  # of the unit that is the same everywhere
    alike, bias = _pseudo_inverse(np.full((5, 3), 0.1))
    np.testing.assert_array_equal(alike, 0)
    np.testing.assert_allclose(bias, 0.2)


@pytest.mark.parametrize("affine", [True, False])
def test_nan_shows_and_fails(affine):
    points = np.random.default_rng(0).random((3, 3))
    assert _decodes(points, affine=affine)
    points[1, 2] = np.nan
    assert np.isnan(_pseudo_inverse(points, affine=affine).weights).all()
    assert not _decodes(points, affine=affine)


grids = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).integers(-9, 10, size=(6, 2)))


@given(grids, st.booleans(), st.permutations(range(6)))
@settings(deadline=None)
def test_equal_points_fail_and_the_order_is_of_no_importance(points, affine, order):
    found = _decodes(points, affine=affine)
    if abs(reference.decoding_lead(points, affine)) > CLOSE:
        assert _decodes(points[np.array(order)], affine=affine) == found
    points[order[0]] = points[order[1]]
    assert not _decodes(points, affine=affine)
    assert not _many_decoded(points.T[:, :, None].astype(np.float32), affine)[0]


@given(grids, st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_affine_maps_of_the_points_change_nothing(points, seed):
    random = np.random.default_rng(seed)
    turned = np.linalg.qr(random.normal(size=(2, 2)))[0] * random.uniform(0.1, 10, 2) @ [[1, random.normal()], [0, 1]]
    if abs(reference.decoding_lead(points, True)) > 1e-3:
        assert _decodes(points) == _decodes(points @ turned + random.normal(size=2))


@given(st.lists(st.integers(-20, 20), min_size=6, max_size=6, unique=True), st.integers(-9, 9), st.integers(1, 9))
@settings(deadline=None)
def test_points_of_a_line_fail(places, across, up):
    assert not _decodes(np.outer(places, [across, up]) + np.array([3, 1]))


@pytest.mark.parametrize(("points", "dimension"), [(1, 1), (1, 4), (2, 1), (2, 4), (4, 4), (5, 4)])
def test_few_points_succeed_unless_some_depend_on_others(points, dimension):
    found = np.random.default_rng(points).random((points, dimension))
    assert _decodes(found)
    if points > 2:
        found[0] = (found[1] + found[2]) / 2
        assert not _decodes(found)
        assert reference.decoding_lead(found, True) < CLOSE
    rate = embedding.success_rate(KEY, dimension=dimension, points=points, trials=1000)
    assert (rate.rate, rate.high, rate.successes) == (1, 1, 1000)


def _by_hand(dimension, points, trials, separation):
    """The first draws of the documented stream that keep their distance, each by `decodes`; a block has 2,048 lanes."""
    sets = []
    for block in range(100):
        cube = jax.random.uniform(jax.random.fold_in(KEY, block), (dimension, points, 2048))
        sets += list(np.asarray(cube).transpose(2, 1, 0))
        gaps = np.linalg.norm(np.array(sets)[:, :, None] - np.array(sets)[:, None], axis=-1)
        kept = np.flatnonzero((gaps + 2 * np.eye(points)).min(axis=(1, 2)) >= separation)[:trials]
        if len(kept) == trials:
            return int(_each_decodes(np.array(sets)[kept], True).sum()), kept[-1] + 1
    raise AssertionError("too few draws kept")


@pytest.mark.parametrize(("trials", "separation"), [(1, 0.0), (2048, 0.0), (3001, 0.0), (500, 0.3), (1001, 0.2)])
def test_draws_are_counted_in_their_order_whatever_the_batch(trials, separation, monkeypatch):
    successes, drawn = _by_hand(2, 5, trials, separation)

    def check(**options):
        found = embedding.success_rate(KEY, dimension=2, points=5, trials=trials, separation=separation, **options)
        assert (found.successes, found.trials, found.acceptance) == (successes, trials, trials / drawn)
        assert found.rate == successes / trials

    check()
    check(batch_size=1)
    monkeypatch.setattr(embedding, "_ATTEMPTS", 2048)  # several calls of the compiled program
    check()


def test_keys_differ_and_compile_nothing(assert_compiles):
    first = embedding.success_rate(KEY, dimension=2, points=5, trials=5000)
    with assert_compiles(0):
        second = embedding.success_rate(jax.random.key(1), dimension=2, points=5, trials=7000, confidence=0.9)
    assert first.successes / 5000 != second.successes / 7000


@pytest.mark.parametrize(
    ("dimension", "points", "separation", "kept"),
    [
        (1, 4, 0.1, 0.7**4),
        (1, 2, 0.5, 0.25),
        (2, 2, 0.5, 1 - math.pi / 4 + 8 / 3 / 8 - 1 / 32),  # the distance of two points of a square
    ],
)
def test_the_share_kept_is_the_probability_of_the_separation(dimension, points, separation, kept):
    found = embedding.success_rate(
        KEY, dimension=dimension, points=points, trials=int(4e4 * kept), separation=separation
    )
    assert abs(found.acceptance - kept) < 4 * math.sqrt(kept * (1 - kept) / 4e4)


@pytest.mark.parametrize("separation", [0.0, 0.2])
def test_the_rate_is_that_of_plain_rejection(separation):
    random, leads = np.random.default_rng(0), []
    while len(leads) < 1500:
        points = random.random((5, 2))
        gaps = np.linalg.norm(points[:, None] - points[None], axis=-1)[np.triu_indices(5, 1)]
        if gaps.min() >= separation:
            leads.append(reference.decoding_lead(points, True))
    rate = np.mean(np.array(leads) > 0)
    found = embedding.success_rate(KEY, dimension=2, points=5, trials=100_000, separation=separation)
    # Four standard errors are half of what the separation changes.
    assert abs(found.rate - rate) < 4 * math.sqrt(rate * (1 - rate) / len(leads)) < 0.045


def test_three_points_of_a_line_never_succeed():
    found = embedding.success_rate(KEY, dimension=1, points=3, trials=20_000)
    assert (found.rate, found.low, found.successes) == (0, 0, 0)
    np.testing.assert_allclose(found.high, 1 - 0.025 ** (1 / 20_000), rtol=1e-9)


def test_the_interval_is_clopper_and_pearsons():
    found = embedding.success_rate(KEY, dimension=2, points=5, trials=3000, confidence=0.8)
    k = found.successes
    np.testing.assert_allclose(found.low, beta.ppf(0.1, k, 3000 - k + 1), rtol=1e-9)
    np.testing.assert_allclose(found.high, beta.ppf(0.9, k + 1, 3000 - k), rtol=1e-9)


@pytest.mark.slow
def test_rates_of_the_thesis_with_a_bias_only():
    wide = embedding.success_rate(KEY, dimension=10, points=50, trials=5000)
    assert 0.1 < wide.low < wide.high < 0.2
    assert embedding.success_rate(KEY, dimension=10, points=50, trials=5000, affine=False).high < 0.03
    tight = embedding.success_rate(KEY, dimension=2, points=10, trials=2_000_000)
    assert tight.high < 1e-5
    eight = embedding.success_rate(KEY, dimension=2, points=8, trials=2_000_000)
    assert 2.3e-4 < eight.low < 2.7e-4 < eight.high < 3.2e-4


@pytest.mark.parametrize(
    ("points", "trials"),
    [
        (5, 20_000),
        (6, 50_000),
        pytest.param(7, 10**6, marks=pytest.mark.slow),
        pytest.param(8, 10**6, marks=pytest.mark.slow),
    ],
)
def test_success_grows_with_the_separation(points, trials):
    found = [
        embedding.success_rate(KEY, dimension=2, points=points, trials=trials, separation=separation)
        for separation in (0.0, 0.1, 0.2)
    ]
    assert found[0].high < found[1].low
    assert found[1].high < found[2].low
    assert 1 == found[0].acceptance > found[1].acceptance > found[2].acceptance


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dimension": 0}, "dimension: found 0, wanted a whole number of at least 1"),
        ({"points": 0}, "points: found 0, wanted a whole number of at least 1"),
        ({"trials": 0}, "trials: found 0, wanted a whole number of at least 1"),
        ({"batch_size": 0}, "batch_size: found 0, wanted a whole number of at least 1"),
        ({"confidence": 1.0}, "confidence: found 1.0, wanted a finite number, above 0 and below 1"),
        ({"trials": 2e6}, "trials: found 2000000.0, wanted a whole number of at least 1"),
        ({"separation": -0.1}, "separation: found -0.1, wanted a finite number, at least 0"),
        ({"separation": math.nan}, "separation: found nan"),
        ({"separation": math.inf}, "separation: found inf"),
        ({"separation": 0.71}, r"separation: found 0.71, wanted what 5 points of \[0, 1\]\^2 can have"),
        ({"points": 2, "separation": 1.42}, r"separation: found 1.42, wanted what 2 points"),
        # Possible, with probability 0.04⁵.
        (
            {"dimension": 1, "separation": 0.24},
            r"separation: found 0.24, wanted one that random points have: \d of 10,",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        embedding.success_rate(KEY, **({"dimension": 2, "points": 5, "trials": 1000} | wrong))


def test_separations_just_possible_are_tried():
    one = embedding.success_rate(KEY, dimension=2, points=1, trials=10, separation=5.0)
    assert one.acceptance == 1
    two = embedding.success_rate(KEY, dimension=2, points=2, trials=10, separation=1.2)
    assert 0 < two.acceptance < 0.02
    assert embedding.success_rate(KEY, dimension=2, points=5, trials=10, separation=1e-320).acceptance == 1


@pytest.mark.parametrize("points", [np.zeros(3), np.zeros((0, 2)), np.zeros((2, 0)), np.zeros((2, 2, 2))])
def test_points_of_another_shape_are_refused(points):
    for function in (embedding.pseudo_inverse, embedding.decodes):
        with pytest.raises(ValueError, match=r"^points: found shape \[.*\], wanted \[points, dimension\]"):
            function(points)


def test_memory_is_what_is_promised(assert_temp_bytes):
    arguments = (KEY, 0, 1000, np.float32(0.1), 10)
    limit = 4 * 12 * (12 + 4 * 10) * 4096
    assert_temp_bytes(limit, lambda *traced: embedding._count(*traced, (10, 12, 256), 16, True), *arguments)


def test_matrix_products_have_full_precision():
    products = list(matrix_products(embedding.pseudo_inverse, np.ones((5, 2))))
    assert len(products) >= 2
    for product in products:
        assert set(product.params["precision"]) == {jax.lax.Precision.HIGHEST}, product


def test_what_is_no_key_is_refused():
    with pytest.raises(ValueError, match="^key: found 0, wanted a JAX random key"):
        embedding.success_rate(0, dimension=2, points=3, trials=10)


def test_points_far_from_zero_are_decoded_as_those_at_zero():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    for near in (points, np.where(np.arange(4)[:, None] == 3, 0.4, points)):
        assert bool(embedding.decodes(1e9 + near)) == bool(embedding.decodes(near))
        np.testing.assert_allclose(
            embedding.pseudo_inverse(1e9 + near).weights, embedding.pseudo_inverse(near).weights, atol=1e-5
        )
