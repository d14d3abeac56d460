"""The Indian buffet prior against its process, step by step, and its limit against equation 1."""

import math
from functools import partial
from itertools import combinations_with_replacement, product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import core_units

HISTORIES = [column for column in product([0, 1], repeat=3) if any(column)]


def _by_the_process(masks, gamma):
    """The log probability of what the rows do one after the other, times the number of orders of such columns."""
    masks = np.asarray(masks)[:, np.any(masks, axis=0)]
    first = masks.argmax(axis=0)
    log = 0.0
    for row, choices in enumerate(masks, 1):
        new = int(np.sum(first == row - 1))
        # Poisson(γ / row) new units, and each earlier one with the share of the rows that have it open.
        log += new * math.log(gamma / row) - gamma / row - math.lgamma(new + 1)
        for unit in np.flatnonzero(first < row - 1):
            share = masks[: row - 1, unit].sum() / row
            log += math.log(share if choices[unit] else 1 - share)
    columns = [tuple(column) for column in masks.T]
    orders = sum(math.lgamma(np.sum(first == row) + 1) for row in range(len(masks)))
    return log + orders - sum(math.lgamma(columns.count(column) + 1) for column in set(columns))


@pytest.mark.parametrize(("rows", "units", "gamma"), [(1, 3, 0.4), (3, 5, 1.0), (7, 6, 2.5), (300, 4, 0.7)])
def test_the_prior_is_that_of_the_process(rows, units, gamma):
    draw = np.random.default_rng(rows)
    for share in (0.0, 0.2, 0.6, 1.0):
        masks = draw.random((rows, units)) < share
        found = core_units.buffet_log_prior(masks, gamma)
        assert found.dtype == jnp.float32
        np.testing.assert_allclose(found, _by_the_process(masks, gamma), rtol=1e-5)


def test_probabilities_of_all_classes_sum_to_one():
    """Three rows, classes of up to five units, of which each column is one of seven: more have probability 0.0004."""
    classes = [columns for units in range(6) for columns in combinations_with_replacement(HISTORIES, units)]
    masks = np.zeros((len(classes), 3, 5), bool)
    for place, columns in enumerate(classes):
        masks[place, :, : len(columns)] = np.array(columns, bool).reshape(-1, 3).T
    logs = np.asarray(jax.jit(jax.vmap(core_units.buffet_log_prior, (0, None)))(masks, 0.5), np.float64)
    total = np.exp(logs).sum()
    poisson = 0.5 * (1 + 1 / 2 + 1 / 3)  # the number of units is Poisson with this mean
    wanted = sum(math.exp(-poisson) * poisson**units / math.factorial(units) for units in range(6))
    np.testing.assert_allclose(total, wanted, rtol=1e-5)
    np.testing.assert_allclose(logs[9], core_units.buffet_log_prior(masks[9], 0.5), rtol=1e-6)


def test_the_order_of_units_and_closed_units_change_nothing():
    draw = np.random.default_rng(0)
    masks = draw.random((6, 5)) < 0.5
    wanted = core_units.buffet_log_prior(masks, 1.5)
    for other in (masks[:, ::-1], np.pad(masks, ((0, 0), (2, 1))), masks.astype(np.int8), jnp.asarray(masks, float)):
        np.testing.assert_allclose(core_units.buffet_log_prior(other, 1.5), wanted, rtol=1e-6)
    assert abs(core_units.buffet_log_prior(masks[::-1], 1.5) - wanted) < 1e-4  # rows are exchangeable


def test_a_unit_of_all_rows_is_as_likely_as_one_of_a_single_row():
    rows = 9
    by_count = [core_units.buffet_log_prior(np.arange(rows)[:, None] < count, 1.0) for count in range(1, rows + 1)]
    np.testing.assert_allclose(by_count[0], by_count[-1], rtol=1e-6)
    assert int(np.argmin(by_count)) == rows // 2


@jax.jit
@partial(jax.vmap, in_axes=(0, None, 0, None, None))
def _of_all(scores, decisions, masks, alpha, variance):
    return core_units.map_objective(scores, decisions, masks, alpha=alpha, variance=variance)


def _objectives(variance, alpha=0.3):
    """The objective of every mask matrix of three rows and two units, each row with scores of its own by mask."""
    scores = np.random.default_rng(1).random((3, 2, 2))
    matrices = np.array(list(product([0, 1], repeat=6))).reshape(-1, 3, 2)
    decisions = jnp.array([1.0, 1.0, 0.0])
    of_row = scores[np.arange(3)[None], matrices[..., 0], matrices[..., 1]]
    values = _of_all(jnp.asarray(of_row, jnp.float32), decisions, matrices, alpha, variance)
    equation_1 = ((np.array([1, 1, 0]) - of_row) ** 2).sum(axis=1) + alpha * matrices.any(axis=1).sum(axis=1)
    return np.asarray(values), equation_1


def test_the_limit_is_equation_1_and_small_variances_order_masks_as_it_does():
    limit, equation_1 = _objectives(0.0)
    np.testing.assert_allclose(limit, equation_1, atol=1e-6)
    apart = np.abs(equation_1[:, None] - equation_1[None])
    before = None
    for variance in (1e-2, 1e-3, 1e-4, 1e-5):
        values, _ = _objectives(variance)
        # A constant is the same for all masks.
        difference = np.ptp(values - equation_1)
        assert difference < 20 * variance
        assert before is None or difference < before
        before = difference
        clear = apart > 2 * difference
        order = values[:, None] < values[None]
        np.testing.assert_array_equal(order[clear], (equation_1[:, None] < equation_1[None])[clear])
    assert clear[~np.eye(64, dtype=bool)].mean() > 0.99
    # Far from the limit the order is another one.
    values, _ = _objectives(0.5)
    assert np.argmin(values) != np.argmin(equation_1)


def test_with_a_variance_it_is_minus_the_log_posterior():
    draw = np.random.default_rng(2)
    scores, decisions, masks = draw.random(5), np.array([1, 0, 1, 1, 0]), draw.random((5, 4)) < 0.5
    alpha, variance = 0.2, 0.05
    normal = -np.sum((decisions - scores) ** 2) / (2 * variance) - 2.5 * math.log(2 * math.pi * variance)
    prior = _by_the_process(masks, math.exp(-alpha / (2 * variance)))
    found = core_units.map_objective(scores, decisions, masks, alpha=alpha, variance=variance)
    np.testing.assert_allclose(found, -2 * variance * (normal + prior), rtol=1e-5)


def test_one_mask_for_all_rows_gives_the_objective_of_the_gates():
    scores, decisions, mask = jnp.array([0.9, 0.2, 0.6, 0.4]), jnp.array([1.0, 0.0, 1.0, 0.0]), jnp.array([1, 0, 1])
    found = core_units.map_objective(scores, decisions, jnp.tile(mask, (4, 1)), alpha=0.3)
    wanted = core_units.objective(scores, decisions, mask, alpha=0.3 / 4, penalty=0.0)
    np.testing.assert_allclose(found, 4 * wanted, rtol=1e-6)
    fewer = jnp.zeros((4, 3)).at[0, 0].set(1).at[3, 2].set(1)
    np.testing.assert_allclose(core_units.map_objective(scores, decisions, fewer, alpha=0.3), found, rtol=1e-6)


def test_it_can_be_traced_and_differentiated_at_the_limit_too(assert_compiles):
    masks = jnp.ones((2, 3))

    def value(scores, alpha, variance):
        return core_units.map_objective(scores, jnp.array([1.0, 0.0]), masks, alpha=alpha, variance=variance)

    compiled = jax.jit(jax.value_and_grad(value))
    scores = np.array([0.7, 0.4], np.float32)
    for variance in (0.0, 0.1):
        found, slope = compiled(scores, 0.1, variance)
        np.testing.assert_allclose(found, value(scores, 0.1, variance), rtol=1e-6)
        np.testing.assert_allclose(slope, [-0.6, 0.8], rtol=1e-5)
    with assert_compiles(0):
        compiled(scores + np.float32(0.1), 0.2, 0.3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"masks": np.ones(3)}, r"masks: found bool \[3\], wanted \[2, units\]"),
        ({"masks": np.ones((3, 2))}, r"masks: found bool \[3, 2\], wanted \[2, units\]"),
        ({"masks": np.full((2, 3), 0.5)}, "masks: found numbers other than 0 and 1"),
        ({"decisions": np.ones(3)}, "decisions: found shape"),
        ({"alpha": -0.1}, "alpha: found -0.1"),
        ({"variance": -0.1}, "variance: found -0.1"),
        ({"variance": float("nan")}, "variance: found nan"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    given = {"center_scores": np.ones(2), "decisions": np.ones(2), "masks": np.ones((2, 3)), "alpha": 0.1} | changes
    with pytest.raises(ValueError, match=f"^{message}"):
        core_units.map_objective(**given)
    with pytest.raises(ValueError, match="^gamma: found 0"):
        core_units.buffet_log_prior(np.ones((2, 3)), 0.0)
