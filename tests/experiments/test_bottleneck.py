"""The study with small settings, and its measures of codes."""

import numpy as np
import pytest

from experiments.bottleneck import codes, embedding, starts, widths
from experiments.bottleneck import study as study_main
from experiments.bottleneck.codes import self_intersections
from experiments.bottleneck.settings import Settings
from interp_jax.kernels.location_errors import LocationErrors
from interp_jax.methods.embedding import SuccessRate
from tests.experiments.small import BOTTLENECK


@pytest.mark.slow
def test_every_section_is_written(run):
    _, metrics = run(study_main, BOTTLENECK)
    assert set(metrics) == set(study_main.SECTIONS)
    assert set(metrics["widths"]["networks"]) == {"100-2-60", "100-3-60", "100-25-2-25-60", "100-25-3-25-60"}


def test_crossings_of_a_curve_are_counted():
    around = np.linspace(0, 2 * np.pi, 40)
    assert self_intersections(np.stack([np.cos(around[:-1]), np.sin(around[:-1])], axis=1)) == 0
    eight = np.stack([np.sin(around + 0.1), np.sin(2 * (around + 0.1))], axis=1)
    assert self_intersections(eight) == 1
    assert self_intersections([[0, 0], [2, 2], [2, 0], [0, 2]]) == 1
    assert self_intersections([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) == 0, "meeting at the ends is no crossing"


def _width(*l1):
    return widths.Width(LocationErrors(*[np.array(l1)] * 4), np.zeros(len(l1)), np.full(len(l1), 3))


def _widths(shallow, deep):
    return {"shallow": shallow, "deep": deep}


def test_the_narrowest_bottleneck_says_whether_depth_helps_and_what_failed():
    helps = _widths({2: _width(1.5, 1.7), 9: _width(0.7)}, {2: _width(0.9, 1.0), 9: _width(0.5)})
    assert widths.narrowest(helps) == (
        "With 2 units in the bottleneck, networks locate the jump to within 0.95 samples (deep) and 1.60 (shallow; "
        "medians of the mean error): deep ones err less. With 9 units it is 0.50 and 0.70."
    )
    fails = _widths({2: _width(1.5, 1.7)}, {2: _width(15.0, 16.0)})
    assert "deep ones err no less" in widths.narrowest(fails)
    assert widths.narrowest(fails).endswith("2 of 4 of the narrowest networks failed to learn.")


def test_codes_that_coincide_are_told_from_those_that_do_not():
    line = np.stack([np.arange(4.0), np.arange(4.0)], axis=1)
    apart = codes.Kind(0, line, line, line, np.arange(4), line)
    equal = apart._replace(clean=line[[0, 0, 0, 3]])
    assert "different codes at all jump positions" in codes.curves_in_words({"shallow": apart})
    both = codes.curves_in_words({"shallow": equal, "deep": apart})
    positions = ", ".join(map(str, codes.POSITIONS[:3]))
    assert f"the best shallow network gives jumps at {positions} one code;" in both
    assert "deep" not in both


def _rates(values):
    return {key: SuccessRate(rate, 0.0, 1.0, 100, int(100 * rate), 1.0) for key, rate in values.items()}


def test_separable_points_are_compared_by_dimension():
    for high, word in ((0.9, "easier"), (0.1, "no easier")):
        result = embedding.Rates(_rates({(2, 4): 0.2, (10, 20): high}), {}, 100)
        assert embedding.dimensions_in_words(result).endswith(
            f"with as many points per dimension it is {word} in more dimensions."
        )


def test_the_verdict_on_initializations_counts_networks_that_end_lower():
    loss = np.array([[3.0, 3.0], [2.0, 2.0], [1.0, 1.0]])
    losses = dict.fromkeys(starts.STARTS, loss) | {starts.PSEUDO_INVERSE: np.array([[3.0, 3], [1.0, 2], [0.5, 1.5]])}
    assert starts.verdict(losses) == (
        "With an output layer from the pseudo-inverse the mean validation loss after 3 epochs is 1.00 instead of 1.00 "
        "with the default, and after 3 epochs 1.00 and 1.00, lower in 1 of 2 networks; it ends lower than with the "
        "same weights for other classes in 1."
    )
    assert "lower in 0 of 2 networks" in starts.verdict(dict.fromkeys(starts.STARTS, loss))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": (4, 2)}, r"widths: found \(4, 2\), wanted increasing numbers"),
        ({"widths": (1, 2)}, "widths: found 1, wanted a whole number of at least 2"),
        ({"jump": float("nan")}, "jump: found nan"),
        ({"draws": 0}, "draws: found 0"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)
