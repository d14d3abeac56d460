"""The sentences of the study of certified units, on both sides of what each depends on, from made-up results."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.certified_units import as_published, certificates, replaced, training


@pytest.mark.parametrize("values", [[0.9, 0.9], [0.9]])
def test_accuracies_have_a_spread_only_over_several_networks(values):
    tables = []
    page = SimpleNamespace(table=lambda *each: tables.append(each), metrics=lambda _: None)
    accuracy = {name: np.array(values) for name in ("search", "calibration", "test")}
    training.show(training.Accuracy(accuracy, {"search": 1_000, "calibration": 20, "test": 3}), page)
    ((header, rows, _),) = tables
    assert header == ("images for", "number", "accuracy")
    assert [row[:2] for row in rows] == [
        ("training, and search for units", "1,000"),
        ("certificates", "20"),
        ("checks alone", "3"),
    ]
    assert {row[2] for row in rows} == {"90.00\u00a0±\u00a00.00%" if len(values) > 1 else "90.00%"}


def _replaced(sizes, certified=True):
    """Sets of so many units by zeros, means and other rows, in two classes of one layer."""
    units = np.repeat(np.array(sizes)[:, None], 2, axis=1)
    rates = np.full((3, 2, 3, 2), 0.5)
    rates[0, 0, 2], rates[2, 0, 2] = 0.7, 0.99
    by_layer = [{"max2": each} for each in (units, units < (100 if certified else 0), rates, units, units)]
    return replaced.Replaced(*by_layer, {"max2": 64}, 0.99, 0.95)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((5, 9, 20), "needs depends on"),
        ((20, 9, 5), "needs depends on"),
        ((10, 10, 10), "needs hardly depends on"),
        ((10, 11, 10), "needs hardly depends on"),
        ((10, 12, 10), "needs depends on"),
    ],
)
def test_how_many_units_are_needed_depends_on_what_stands_in_if_sizes_differ_by_more_than_a_tenth(sizes, words):
    sentence = replaced.sentence(_replaced(sizes))
    assert (
        f"In the first network, how many of layer max2's 64 units a class {words} what stands in for the others: "
        in sentence
    )
    first, second, third = sizes
    assert f"{first:.1f} with zeros (2 of 2 certified), {second:.1f} with means (2 of 2 certified), {third}" in sentence
    assert "selected with zeros holds 70.0% of the decisions, and all other units without it 50.0%" in sentence
    assert sentence.endswith("other images holds 99.0%, all other units 50.0%.")


def test_sets_without_a_certificate_are_counted_as_such():
    assert "5.0 with zeros (0 of 2 certified)" in replaced.sentence(_replaced((5, 9, 20), certified=False))


def _certificates(*certified):
    """One network and two classes, of which some have certificates that all test images agree with."""
    ones = np.ones((1, 2))
    one = certificates.Certified(
        3 * ones, 0.98 * ones, np.array([certified]), 5 * ones, ones, 9 * ones, ones, 9 * ones, ones
    )
    return certificates.Certificates({"max2": one}, {"max2": 64}, 0.99, 0.95)


def test_units_of_a_layer_are_given_only_where_a_set_is_certified():
    assert "in 1 of 2 cases: 5.0 of 64 feature maps of layer max2" in certificates.sentence(_certificates(True, False))
    assert certificates.sentence(_certificates(False, False)).startswith("For none of 2 classes and networks")
    two = _certificates(True, True)
    two = two._replace(
        layers={"max1": _certificates(False, False).layers["max2"], **two.layers}, of={"max1": 32, "max2": 64}
    )
    sentence = certificates.sentence(two)
    assert "in 2 of 4 cases: 5.0 of 64 feature maps of layer max2 on average" in sentence
    assert "max1" not in sentence


@pytest.mark.parametrize(
    ("units", "words"),
    [
        ((8, 12), "for all classes in 2 of 2 settings, with 8.0 units in the best of them, chosen with these numbers"),
        ((0, 12), "for all classes in 1 of 2 settings, with 12.0 units in the best of them, chosen with these numbers"),
        ((0, 64), "no setting succeeds for all classes)"),
    ],
)
def test_the_best_setting_of_the_objective_is_the_one_with_fewest_units_that_succeeds_for_all(units, words):
    of = np.broadcast_to(np.reshape(units, (1, 1, 1, 2, 1)), (1, 1, 1, 2, 10))
    result = as_published.AsPublished(
        ["Adam"], [10.0], [0.01], [0.1, 0.2], {"max2": of}, {"max2": np.ones(of.shape)}, {"max2": 64}, 0.99
    )
    assert words in as_published.sentence(result)
