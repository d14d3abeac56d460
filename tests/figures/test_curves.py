import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.figures import curves


@pytest.fixture
def success():
    widths, noises = np.arange(1, 41, 2), np.array([0.5, 1.0, 2.0])
    best = 3 + 6 * noises[:, None]
    return widths, np.exp(-noises[:, None]) * np.exp(-(np.log(widths / best) ** 2)), noises


def test_success_marks_the_best_width_of_each_noise_level(success, frozen, panels, legend_texts, check_readable):
    widths, rates, noises = (frozen(array) for array in success)
    figure = check_readable(curves.success_against_width(widths, rates, noises))
    (axes,) = panels(figure)
    lines = axes.get_lines()
    for line, star, rate in zip(lines[::2], lines[1::2], rates, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), rate)
        assert star.get_xdata() == widths[rate.argmax()]
        assert star.get_color() is not None
    assert legend_texts(figure) == ["noise σ = 0.5", "noise σ = 1", "noise σ = 2", "best width"]
    assert axes.get_xlabel() == "filter width (samples)"
    assert any("%" in label.get_text() for label in axes.get_yticklabels())


def test_success_skips_what_is_unknown(success, panels, legend_texts):
    widths, rates, noises = success
    rates[0] = np.nan
    rates[1, :3] = np.nan
    figure = curves.success_against_width(widths, rates, noises)
    line = panels(figure)[0].get_lines()[0]
    np.testing.assert_array_equal(line.get_xdata(), widths[3:])
    assert legend_texts(figure) == ["noise σ = 1", "noise σ = 2", "best width"]


def test_success_names_what_is_wrong(success):
    widths, rates, noises = success
    with pytest.raises(ValueError, match=r"success: found shape \[20, 3\], wanted \[3, 20\]"):
        curves.success_against_width(widths, rates.T, noises)
    with pytest.raises(ValueError, match=r"success: found values from .* to .*, wanted 0 to 1"):
        curves.success_against_width(widths, 100 * rates, noises)
    with pytest.raises(ValueError, match="success: found no finite number"):
        curves.success_against_width(widths, np.full_like(rates, np.nan), noises)


@pytest.fixture
def history(generator, frozen):
    decay = np.exp(-np.arange(60) / 12)[:, None]
    noise = 0.02 * generator.standard_normal((4, 60, 5))
    starts, ends = (3, 3, 0.5, 0.5), (1, 1.2, 0.3, 0.4)
    return [frozen(start * decay + end + row) for start, end, row in zip(starts, ends, noise, strict=True)]


def test_training_draws_seeds_means_and_the_best_epoch(history, panels, legend_texts, check_readable):
    figure = check_readable(curves.training(*history, best_epoch=np.int64(34)))
    left, right = panels(figure)
    assert (left.get_ylabel(), right.get_ylabel()) == ("loss (cross-entropy)", "classification error")
    for axes, pair in ((left, history[:2]), (right, history[2:])):
        means = [line for line in axes.get_lines() if line.get_linewidth() == 2]
        for line, values in zip(means, pair, strict=True):
            np.testing.assert_allclose(line.get_ydata(), values.mean(axis=1))
        seeds = [line.get_ydata() for line in axes.get_lines() if line.get_linewidth() == 0.8]
        np.testing.assert_array_equal(seeds, np.concatenate([values.T for values in pair]))
        assert means[0].get_color() != means[1].get_color()
        mark = next(line for line in axes.get_lines() if line.get_marker() == "o")
        np.testing.assert_allclose([*mark.get_xdata(), *mark.get_ydata()], [34, pair[1][33].mean()])
        assert [text.get_text() for text in axes.texts] == ["best epoch: 34"]
    handles = figure.legends[0].legend_handles
    assert legend_texts(figure) == ["training", "validation"]
    assert [handle.get_color() for handle in handles] == [line.get_color() for line in means]


@pytest.mark.parametrize("best", [1, 60])
def test_training_of_one_run(history, panels, check_readable, best):
    loss, validation_loss, error, validation_error = (values[:, 0] for values in history)
    gaps = validation_loss.copy()
    gaps[1::2] = np.nan
    figure = check_readable(curves.training(loss, gaps, error, validation_error, best, log_loss=True))
    left, _ = panels(figure)
    np.testing.assert_array_equal(left.get_lines()[1].get_xdata(), np.arange(1, 61, 2))
    np.testing.assert_array_equal(left.get_lines()[1].get_ydata(), gaps[::2])
    assert left.get_yscale() == "log"


def test_training_names_what_is_wrong(history):
    loss, validation_loss, error, validation_error = history
    with pytest.raises(ValueError, match=r"error: found shape \[59, 5\], wanted \[60, seeds\]"):
        curves.training(loss, validation_loss, error[1:], validation_error)
    with pytest.raises(ValueError, match="best_epoch: found 61, wanted a whole number from 1 to 60"):
        curves.training(*history, best_epoch=61)


@pytest.fixture
def series(generator, frozen):
    x = np.array([1, 4, 2, 8])
    return frozen(x), {"dense": frozen(3 + 5 / x[:, None] + 0.1 * generator.random((4, 3))), "one run": 4 + 1 / x}


@pytest.mark.parametrize("logarithmic", [False, True])
def test_against_draws_means_seeds_bands_and_references(series, panels, legend_texts, check_readable, logarithmic):
    x, values = series
    references = {"optimum": 2.74, "median": np.float32(2.7), "chance": 15}
    figure = curves.against(x, values, "units", "error (samples)", references, logarithmic, logarithmic)
    (axes,) = panels(check_readable(figure))
    mean, dots, single, *lines = axes.get_lines()
    order = np.argsort(x)
    np.testing.assert_array_equal(mean.get_xdata(), x[order])
    np.testing.assert_allclose(mean.get_ydata(), values["dense"].mean(axis=1)[order])
    np.testing.assert_array_equal(dots.get_ydata(), values["dense"].ravel())
    np.testing.assert_array_equal(single.get_ydata(), values["one run"][order])
    assert [line.get_ydata()[0] for line in lines] == [2.74, np.float32(2.7), 15]
    (band,) = axes.collections
    spread = values["dense"].std(axis=1, ddof=1)
    np.testing.assert_allclose(band.get_datalim(axes.transData).y1, (values["dense"].mean(axis=1) + spread).max())
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("units", "error (samples)")
    assert legend_texts(figure) == ["dense", "one run"]
    assert axes.get_xscale() == axes.get_yscale() == ("log" if logarithmic else "linear")


def test_reference_names_stand_by_their_lines_without_touching(series, panels):
    x, values = series
    figure = curves.against(x, values, "units", "error", {"optimum": 2.74, "median": 2.7, "chance": 15})
    figure.draw_without_rendering()
    (axes,) = panels(figure)
    boxes = [text.get_tightbbox() for text in axes.texts]
    labels = [text.get_window_extent() for text in axes.texts]
    assert [text.get_text() for text in axes.texts] == ["optimum", "median", "chance"]
    assert len(boxes) == 3
    assert not labels[0].overlaps(labels[1])
    height = axes.transData.transform((0, 15))[1]
    assert abs((labels[2].y0 + labels[2].y1) / 2 - height) < 3


def test_against_names_its_places(panels):
    (axes,) = panels(
        curves.against([0, 1, 2], {"a": [1.0, 2.0, 3.0]}, "layer", "y", x_names=["input", "relu1", "relu2"])
    )
    assert [label.get_text() for label in axes.get_xticklabels()] == ["input", "relu1", "relu2"]
    (axes,) = panels(curves.against([0, 1, 2], {"a": [1.0, 2.0, 3.0]}, "layer", "y"))
    assert all(tick == round(tick) for tick in axes.get_xticks())
    with pytest.raises(ValueError, match="x_names: found 1 entries, wanted a sequence of 3"):
        curves.against([0, 1, 2], {"a": [1.0, 2.0, 3.0]}, "layer", "y", x_names=["input"])


def test_against_skips_nan(panels):
    values = jnp.array([[1.0, 2.0], [jnp.nan, 3.0], [jnp.nan, jnp.nan]])
    figure = curves.against([1, 2, 3], {"some": values, "none": [np.nan] * 3}, "x", "y")
    figure.draw_without_rendering()
    mean, dots, nothing = panels(figure)[0].get_lines()
    np.testing.assert_allclose(mean.get_xydata(), [[1, 1.5], [2, 3]])
    np.testing.assert_allclose(dots.get_xydata(), [[1, 1], [1, 2], [2, 3]])
    assert nothing.get_xydata().size == 0


def test_against_names_what_is_wrong():
    with pytest.raises(ValueError, match=r"values\['a'\]: found shape \[2, 5\], wanted \[3, seeds\]"):
        curves.against([1, 2, 3], {"a": np.zeros((2, 5))}, "x", "y")
    with pytest.raises(ValueError, match="values: found .*, wanted a .* at least one entry"):
        curves.against([1, 2, 3], {}, "x", "y")
    with pytest.raises(ValueError, match=r"x: found 0, wanted numbers > 0"):
        curves.against([0, 2], {"a": [1, 2]}, "x", "y", log_x=True)
    with pytest.raises(ValueError, match=r"values: found -1, wanted numbers > 0"):
        curves.against([1, 2], {"a": [1, -1]}, "x", "y", log_y=True)
    with pytest.raises(ValueError, match="values: found no finite number"):
        curves.against([1, 2], {"a": [np.nan, np.inf]}, "x", "y")


def test_the_band_may_reach_to_the_extremes(generator, panels, check_readable):
    values = generator.random((4, 10))
    values[2, 3:] = np.nan
    values[3] = np.nan
    figure = check_readable(curves.against([1, 2, 3, 4], {"random": values}, "units", "rate", extremes=True))
    (band,) = panels(figure)[0].collections
    edges = band.get_paths()[0].vertices
    for place, numbers in zip([1, 2, 3], values[:3], strict=True):
        found = edges[edges[:, 0] == place, 1]
        np.testing.assert_allclose([found.min(), found.max()], [np.nanmin(numbers), np.nanmax(numbers)])
    assert edges[:, 0].max() == 3


@pytest.mark.parametrize(("wanted", "found"), [((0.9, 1.01), (0.9, 1.01)), ((None, 1.01), (0, 1.01))])
def test_a_range_looks_closer(panels, check_readable, wanted, found):
    rates = {"ours": [0.0, 0.97, 1.0]}
    references = {"wanted": 0.995, "chance": 0.5}
    figure = check_readable(curves.against([0, 8, 64], rates, "units", "rate", references, y_range=wanted))
    (axes,) = panels(figure)
    np.testing.assert_allclose(axes.get_ylim(), found, atol=0.06)
    assert axes.get_ylim()[1] == 1.01
    seen = [text.get_text() for text in axes.texts]
    assert seen == (["wanted"] if wanted[0] else ["wanted", "chance"])


def test_long_lines_have_few_markers_and_no_dots(generator, panels):
    values = generator.random((65, 10))
    sparse = np.where(np.arange(65)[:, None] % 10 == 0, values, np.nan)
    (axes,) = panels(curves.against(np.arange(65), {"random": values, "ours": sparse}, "units", "rate"))
    long, short, dots = axes.get_lines()
    assert long.get_xdata().size == 65
    assert 8 <= 65 / long.get_markevery() <= 20
    assert (short.get_xdata().size, short.get_markevery(), dots.get_xdata().size) == (7, 1, 70)
    assert len(axes.collections) == 2
