import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import receptive

TOKENS = np.random.default_rng(0).integers(0, 9, (7, 30))
TABLE = jax.random.normal(jax.random.key(0), (9, 4))
KERNEL = jax.random.normal(jax.random.key(1), (5, 4, 6))


def head(tokens):
    """Tokens to 26 positions of 6 units."""
    convolved = jax.lax.conv_general_dilated(
        TABLE[tokens], KERNEL, (1,), "VALID", dimension_numbers=("NHC", "HIO", "NHC")
    )
    return jax.nn.gelu(convolved)


def test_windows_lie_where_a_loop_finds_the_maxima():
    found = receptive.windows(head, TOKENS, batch_size=3)
    outputs = np.asarray(head(TOKENS))
    for row in range(len(TOKENS)):
        for unit in range(6):
            place = int(np.argmax(outputs[row, :, unit]))
            assert found.position[row, unit] == place
            assert (found.start[row, unit], found.stop[row, unit]) == (place, place + 5)
            np.testing.assert_allclose(found.value[row, unit], outputs[row, place, unit], rtol=1e-6)


def test_only_the_window_keeps_a_value():
    found = receptive.windows(head, TOKENS)
    generator = np.random.default_rng(1)
    for row, unit in np.ndindex(found.value.shape):
        start, stop = found.start[row, unit], found.stop[row, unit]
        outside = generator.integers(0, 9, TOKENS.shape[1])
        outside[start:stop] = TOKENS[row, start:stop]
        value = head(outside[None])[0, found.position[row, unit], unit]
        np.testing.assert_allclose(value, found.value[row, unit], rtol=1e-5)


def test_images_have_boxes_and_are_cut():
    images = np.random.default_rng(0).normal(size=(3, 6, 8, 1)).astype(np.float32)
    found = receptive.windows(lambda x: x[:, 1:, 1:] + x[:, :-1, :-1], images)
    assert found.start.shape == (3, 1, 2)
    best = receptive.top(found, 0, count=1)
    box = best.cut(images)[0]
    assert box.shape == (2, 2, 1)
    np.testing.assert_allclose(box[0, 0] + box[1, 1], best.value[0], rtol=1e-6)


def test_ties_are_counted_and_the_first_is_taken():
    found = receptive.windows(lambda x: x[..., None], np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]))
    assert found.position[:, 0].tolist() == [1, 0]
    assert found.ties[:, 0].tolist() == [2, 3]
    assert "100.0% of the maxima lie at several positions" in repr(found)


def test_the_top_windows_are_in_falling_order_with_one_of_a_group():
    found = receptive.windows(head, TOKENS)
    order = np.argsort(-found.value[:, 2], kind="stable")
    assert receptive.top(found, 2, count=4).rows.tolist() == order[:4].tolist()
    groups = np.array(["a", "a", "a", "b", "b", "b", "b"])
    best = receptive.top(found, 2, groups=groups)
    assert sorted(groups[best.rows]) == ["a", "b"]
    for group in "ab":
        assert next(row for row in order if groups[row] == group) in best.rows
    some = receptive.top(found, 2, rows=np.arange(7) > 3)
    assert some.rows.tolist() == [row for row in order if row > 3]
    assert [cut.tolist() for cut in some.cut(TOKENS)] == [
        TOKENS[row, found.start[row, 2] : found.stop[row, 2]].tolist() for row in some.rows
    ]
    assert receptive.top(found, 2, rows=np.zeros(7, bool)).cut(TOKENS) == []


def test_pooled_values_and_fields_that_do_not_fit_are_refused():
    outputs = np.asarray(head(TOKENS)).max(axis=1)
    receptive.windows(head, TOKENS, pooled=outputs)
    with pytest.raises(ValueError, match="pooled: found values up to 1"):
        receptive.windows(head, TOKENS, pooled=outputs + 1)
    with pytest.raises(ValueError, match="field: found"):
        receptive.windows(head, TOKENS, field=receptive.sliding(30, 4))
    given = receptive.windows(head, TOKENS, field=receptive.sliding(30, 5))
    np.testing.assert_array_equal(given.start, receptive.windows(head, TOKENS).start)


def test_wrong_arguments_are_named():
    found = receptive.windows(head, TOKENS)
    with pytest.raises(ValueError, match="unit: found 6"):
        receptive.top(found, 6)
    with pytest.raises(ValueError, match="groups: found"):
        receptive.top(found, 0, groups=np.arange(6))
    with pytest.raises(TypeError, match="windows: found 3"):
        receptive.top(3, 0)
    with pytest.raises(ValueError, match="inputs: found shape"):
        receptive.top(found, 0).cut(TOKENS[:, :5])


def test_small_whole_numbers_do_not_wrap():
    x = np.array([[0, 1], [3, 2], [200, 5]], np.float32)
    places = receptive.windows(lambda x: x[..., None].astype(jnp.uint8), x, field=receptive.sliding(2, 1))
    assert receptive.top(places, 0).rows.tolist() == [2, 1, 0]


def test_maxima_of_a_small_unit_are_compared_beside_a_great_one():
    x = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32)
    scale = np.array([1e6, 1.0, 1.0], np.float32)
    with pytest.raises(ValueError, match="pooled: found values up to 1.23e\\+04"):
        receptive.windows(
            lambda x: x[..., None] * scale[None, None],
            x,
            field=receptive.sliding(8, 1),
            pooled=(x.max(axis=1)[:, None] * scale[None] + np.array([0, 12345.0, 0])),
        )
