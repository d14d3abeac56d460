import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.figures.alignment import aligned_vectors


@pytest.fixture
def vectors(generator, frozen):
    before = generator.uniform(-1, 1, (20, 106))
    before[:, 3] = np.nan
    after = before * generator.choice([-1, 1], 20)[:, None]
    after[0, 0] = 1.5
    return frozen(before), frozen(after), frozen(np.linspace(-4.6, 2209.2, 501))


def test_both_matrices_have_one_scale_and_one_order(vectors, panels, check_readable):
    before, after, similarity = vectors
    order = np.arange(20)[::-1]
    figure = check_readable(aligned_vectors(before, after, similarity, split=96, order=order))
    left, middle, right = panels(figure)
    for axes, matrix in ((left, before), (middle, after)):
        (drawn,) = axes.get_images()
        np.testing.assert_array_equal(drawn.get_array().filled(np.nan), matrix[order])
        assert drawn.get_clim() == (-1.5, 1.5)
        (line,) = axes.get_lines()
        np.testing.assert_array_equal(line.get_xdata(), [96.5, 96.5])
        assert [text.get_text() for text in axes.texts] == ["inputs", "outputs"]
        bottom, top = axes.get_ylim()
        assert bottom > top  # the first unit lies at the top
    titles = [axes.get_title(loc="left") for axes in (left, middle, right)]
    assert titles == ["before alignment", "after alignment", "sum of pairwise cosines"]
    assert len(figure.axes) == 4  # and a single color bar
    np.testing.assert_array_equal(right.get_lines()[0].get_ydata(), similarity)
    assert [text.get_text() for text in right.texts] == ["−5 → 2,209"]
    np.testing.assert_allclose(left.get_position().width, middle.get_position().width, rtol=0.02)


def test_units_keep_their_order_by_default(vectors, panels):
    before, after, similarity = vectors
    figure = aligned_vectors(jnp.asarray(before), after, similarity[:1], split=np.int64(1), label="effect")
    drawn = panels(figure)[0].get_images()[0]
    np.testing.assert_allclose(drawn.get_array().filled(np.nan), before, rtol=1e-6)
    assert [axes.get_ylabel() for axes in figure.axes if axes not in panels(figure)] == ["effect"]


def test_what_is_wrong_is_named(vectors):
    before, after, similarity = vectors
    with pytest.raises(ValueError, match=r"after: found shape \[19, 106\], wanted \[20, 106\]"):
        aligned_vectors(before, after[1:], similarity, split=96)
    with pytest.raises(ValueError, match=r"similarity: found shape \[0\], wanted \[steps \+ 1\]"):
        aligned_vectors(before, after, [], split=96)
    for split in (0, 106):
        with pytest.raises(ValueError, match=rf"split: found {split}, wanted a whole number from 1 to 105"):
            aligned_vectors(before, after, similarity, split=split)
    with pytest.raises(ValueError, match=r"order: found shape \[19\], wanted \[20\]"):
        aligned_vectors(before, after, similarity, split=96, order=np.arange(19))
    with pytest.raises(ValueError, match=r"order: found .*, wanted each unit 0…19 once"):
        aligned_vectors(before, after, similarity, split=96, order=np.arange(1, 21))
