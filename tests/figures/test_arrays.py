import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.figures._arrays import (
    as_array,
    as_entries,
    as_mapping,
    as_names,
    as_order,
    by_seed,
    even_steps,
    mean_and_deviation,
    same_names,
)


@pytest.mark.parametrize("shape", [("rows", "columns"), (2, 3), (2, "columns")])
def test_as_array_takes_lists_and_jax_arrays(shape):
    for values in ([[1, 2, 3], [4, 5, 6]], jnp.arange(1, 7, dtype=jnp.bfloat16).reshape(2, 3)):
        np.testing.assert_array_equal(as_array("matrix", values, *shape), [[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize(
    ("values", "shape", "message"),
    [
        (np.zeros(3), ("rows", "columns"), r"matrix: found shape \[3\], wanted \[rows, columns\]"),
        (np.zeros((2, 3)), (2, 4), r"matrix: found shape \[2, 3\], wanted \[2, 4\]"),
        (np.zeros((0, 3)), ("rows", 3), r"matrix: found shape \[0, 3\], wanted \[rows, 3\]"),
        (["a", "b"], ("n",), r"matrix: found <U1 \[2\], wanted real numbers"),
        ([[1], [1, 2]], ("n", "m"), "matrix: found .*, wanted an array of real numbers"),
    ],
)
def test_as_array_names_what_is_wrong(values, shape, message):
    with pytest.raises(ValueError, match=message):
        as_array("matrix", values, *shape)


def test_by_seed_gives_one_run_a_column():
    assert by_seed("loss", [1.0, 2.0], "epochs").shape == (2, 1)
    assert by_seed("loss", np.zeros((2, 5)), 2).shape == (2, 5)
    with pytest.raises(ValueError, match=r"loss: found shape \[2, 5\], wanted \[3, seeds\]"):
        by_seed("loss", np.zeros((2, 5)), 3)


def test_mean_and_deviation_skip_what_is_missing():
    mean, deviation = mean_and_deviation(np.array([[1, 2, 6], [1, np.nan, 5], [np.nan, 7, np.inf], [np.nan] * 3]))
    np.testing.assert_allclose(mean, [3, 3, 7, np.nan])
    np.testing.assert_allclose(deviation, [np.std([1, 2, 6], ddof=1), np.std([1, 5], ddof=1), np.nan, np.nan])


@pytest.mark.parametrize("places", [[1, 2, 4], [3, 2, 1], [1, 1, 1], [1, np.nan, 3], [1e-30, 2e-30, 4e-30]])
def test_even_steps_refuses_other_places(places):
    with pytest.raises(ValueError, match=r"x: found .*, wanted numbers that rise in equal steps"):
        even_steps("x", np.asarray(places, dtype=float))


def test_even_steps_takes_one_place_and_many():
    for places in ([5.0], np.arange(21.0, 81.0), np.linspace(0, 1, 11)):
        assert even_steps("x", np.asarray(places)) is not None


def test_mappings_have_entries_with_different_names():
    assert as_mapping("layers", {1: "a", "b": "c"}) == {"1": "a", "b": "c"}
    for entries in ({},):
        with pytest.raises(ValueError, match="layers: found .*, wanted a mapping with at least one entry"):
            as_mapping("layers", entries)
    with pytest.raises(ValueError, match="layers: found 2 names, of which some are the same text"):
        as_mapping("layers", {1: "a", "1": "b"})
    with pytest.raises(ValueError, match=r"b: found the names \['z'\], wanted those of a, \['y'\]"):
        same_names("a", {"y": 1}, "b", {"z": 1})


def test_names_are_as_many_as_wanted_and_become_text():
    assert as_names("names", np.arange(3), 3) == ["0", "1", "2"]
    for names in ([], ["a"], "ab", None, 2, np.array(2)):
        with pytest.raises(ValueError, match="names: found .*, wanted a sequence of 2"):
            as_names("names", names, 2)
    with pytest.raises(ValueError, match="rows: found 0 entries, wanted a sequence of at least one entry"):
        as_entries("rows", [])


def test_orders_are_permutations():
    np.testing.assert_array_equal(as_order("order", [2.0, 0.0, 1.0], 3), [2, 0, 1])
    for order in ([0, 1, 1], [0, 1, 3], [0, np.nan, 1], [0.5, 1, 2]):
        with pytest.raises(ValueError, match="order: found .*, wanted each unit 0…2 once"):
            as_order("order", order, 3)


def test_numbers_too_large_to_draw_are_named():
    assert as_array("x", [1e100, np.inf, np.nan]).size == 3
    with pytest.raises(ValueError, match=r"x: found -1e\+101, wanted magnitudes of at most 1e\+100"):
        as_array("x", [0, -1e101])


def test_entries_of_another_kind_are_named():
    with pytest.raises(ValueError, match=r"rows\[1\]: found 'b', wanted a int"):
        as_entries("rows", [1, "b"], kind=int)
    assert as_entries("path", [], least=0) == []
