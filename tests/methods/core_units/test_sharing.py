"""What sets of units have in common, by hand and against a transcription in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import subspace_angles

from interp_jax.methods import core_units

ROWS, UNITS, OUTPUTS = 60, 8, 3
DRAW = np.random.default_rng(0)
HIDDEN = np.maximum(DRAW.normal(size=(ROWS, UNITS)), 0).astype(np.float32)
KERNEL = DRAW.normal(size=(UNITS, OUTPUTS)).astype(np.float32)
LAYER = jax.tree_util.Partial(lambda kernel, h: jnp.matmul(h, kernel, precision="highest") + 1.0, KERNEL)
MASKS = np.arange(UNITS) < np.array([[3], [5], [8]])
MASKS[0] = np.roll(MASKS[0], 2)
KEY = jax.random.key(0)


def _shared(masks=MASKS, **options):
    return core_units.shared_contributions(LAYER, HIDDEN, masks, key=KEY, draws=3, explained=1.0, **options)


def test_pairs_are_compared_by_their_centered_contributions():
    shared = _shared()
    np.testing.assert_array_equal(shared.pairs, [[0, 1], [0, 2], [1, 2]])
    np.testing.assert_array_equal(shared.sizes, [3, 5, 8])
    # In float64: small angles lose half of their digits in float32 cosines.
    contributions = [(HIDDEN.astype(float) * mask) @ KERNEL for mask in MASKS]
    contributions = [each - each.mean(axis=0) for each in contributions]
    for place, (one, other) in enumerate(shared.pairs):
        a, b = contributions[one], contributions[other]
        angles = np.sort(subspace_angles(a, b))
        np.testing.assert_allclose(shared.angles[place], angles, atol=1e-4)
        np.testing.assert_allclose(shared.likeness.overlap[place], np.mean(np.cos(angles) ** 2), atol=1e-4)
        np.testing.assert_allclose(shared.likeness.cka[place], core_units.linear_cka(a, b), atol=1e-5)
        both, either = (MASKS[one] & MASKS[other]).sum(), (MASKS[one] | MASKS[other]).sum()
        assert shared.likeness.jaccard[place] == both / either


def test_random_sets_have_the_second_sets_size_and_matched_ones_its_shared_units_too():
    first, second = np.arange(40) < 10, (np.arange(40) >= 6) & (np.arange(40) < 20)
    draw = np.random.default_rng(1)
    hidden, kernel = draw.normal(size=(ROWS, 40)), draw.normal(size=(40, OUTPUTS))
    seen = []

    def layer(h):
        jax.debug.callback(lambda row: seen.append(np.flatnonzero(row)), h[0])
        return h @ kernel

    options = {"key": KEY, "draws": 50}
    shared = core_units.shared_contributions(layer, hidden, np.stack([first, second]), **options)
    jax.effects_barrier()
    assert {len(units) for units in seen} == {10, 14}
    random, matched = (
        np.array([units for units in seen if len(units) == 14])[1:][part] for part in (slice(50), slice(50, 100))
    )
    np.testing.assert_allclose(
        shared.random.jaccard[0], [len(set(u) & set(range(10))) / len(set(u) | set(range(10))) for u in random]
    )
    assert len({tuple(units) for units in random}) == 50
    counts = np.bincount(random.ravel(), minlength=40)
    assert counts.min() > 5
    assert counts.max() < 33
    for units in matched:
        assert set(units) & set(range(10)) == {6, 7, 8, 9}
    np.testing.assert_allclose(shared.matched.jaccard, 4 / 20)
    assert len({tuple(units) for units in matched}) > 40


def test_copies_share_everything_though_no_unit():
    hidden = jnp.asarray(HIDDEN[:, [0, 0, 1, 1, 2, 2, 3, 3]])
    kernel = jnp.asarray(np.repeat(KERNEL[::2], 2, axis=0))
    masks = np.array([[1, 0, 1, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 1, 0]])
    shared = core_units.shared_contributions(lambda h: h @ kernel, hidden, masks, key=KEY, draws=40)
    np.testing.assert_allclose(shared.likeness.jaccard, 0)
    np.testing.assert_allclose([shared.likeness.cka[0], shared.likeness.overlap[0]], 1, atol=1e-5)
    assert shared.likeness.cka[1:].max() < 0.6
    assert np.quantile(shared.matched.cka[0], 0.8) < 0.9
    says = str(shared)
    assert "3 sets of 2 units, means over all pairs" in says
    assert "Jaccard index 0.00;" in says


def test_a_convolutions_outputs_count_position_by_position():
    images = np.random.default_rng(2).normal(size=(30, 2, 2, UNITS)).astype(np.float32)

    def layer(h):
        return jnp.einsum("npqu,uo->npqo", h, KERNEL, precision="highest")

    found = core_units.shared_contributions(layer, images, MASKS[:2], key=KEY, draws=2)
    flat = np.stack([(images * mask) @ KERNEL for mask in MASKS[:2]]).reshape(2, 30, -1)
    np.testing.assert_allclose(found.likeness.cka[0], core_units.linear_cka(*flat), rtol=1e-4)


def test_a_set_that_sends_nothing_has_no_likeness_and_leaves_the_others_alone():
    hidden = HIDDEN.copy()
    hidden[:, 7] = 0.0
    masks = np.stack([*MASKS[:2], np.arange(UNITS) == 7])
    shared = core_units.shared_contributions(LAYER, hidden, masks, key=KEY, draws=3)
    assert np.isnan(shared.likeness.cka).tolist() == [False, True, True]
    assert np.isnan(shared.likeness.overlap).tolist() == [False, True, True]
    assert "nan" not in str(shared)


def test_the_same_shapes_share_a_compilation(assert_compiles):
    _shared()
    other = jax.tree_util.Partial(LAYER.func, KERNEL[::-1])
    with assert_compiles(0):
        core_units.shared_contributions(other, HIDDEN, MASKS[:, ::-1], key=KEY, draws=3, explained=0.9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"masks": MASKS[0]}, r"masks: found bool \[8\], wanted \[sets, 8\]"),
        ({"masks": MASKS[:1]}, r"masks: found bool \[1, 8\]"),
        ({"masks": MASKS[:, 1:]}, r"masks: found bool \[3, 7\]"),
        ({"masks": MASKS & np.array([[True], [False], [True]])}, r"masks: found masks\[1\] without a unit"),
        ({"hidden": HIDDEN * np.nan}, "hidden: found NaN"),
        (
            {"hidden": HIDDEN[:, 1:], "masks": MASKS[:, 1:]},
            r"layer: found one that fails on hidden units of shape \[7\]",
        ),
        ({"layer": lambda h: h.sum()}, r"layer: found float32 outputs of shape \[\]"),
        ({"explained": 0.0}, "explained: found 0.0"),
        ({"draws": 0}, "draws: found 0"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    given = {"layer": LAYER, "hidden": HIDDEN, "masks": MASKS, "key": KEY} | changes
    with pytest.raises(ValueError, match=f"^{message}"):
        core_units.shared_contributions(**given)
