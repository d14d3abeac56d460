import numpy as np

from interp_jax.figures._labels import apart, lanes, too_long


def test_apart_leaves_places_that_are_far_enough():
    np.testing.assert_allclose(apart([0.9, 0.1, 0.5], 0.2), [0.9, 0.1, 0.5])
    assert apart([], 0.1).shape == (0,)


def test_apart_spreads_a_crowd_about_its_middle():
    np.testing.assert_allclose(apart([0.5, 0.5, 0.5], 0.1), [0.4, 0.5, 0.6])
    np.testing.assert_allclose(apart([0.52, 0.48, 5], 0.1), [0.55, 0.45, 5])


def test_apart_keeps_order_and_gap(generator):
    for _ in range(50):
        places = generator.random(8)
        moved = apart(places, 0.05)
        np.testing.assert_array_equal(np.argsort(moved), np.argsort(places))
        assert np.diff(np.sort(moved)).min() > 0.05 - 1e-12


def test_lanes_separate_what_overlaps():
    assert lanes([(0, 1), (2, 3), (0.5, 2.5), (0.6, 0.7), (3, 4)]) == [0, 0, 1, 2, 0]


def test_names_are_too_long_together():
    assert not too_long(["0", "1"], 30, 9)
    assert too_long(["zero", "1"], 30, 9)
    assert not too_long(["zero", "1"], 60, 9)
