"""The study with small settings, its sentences, and its settings."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from experiments import held_out
from experiments.certified_units import as_published, certificates, replaced, table
from experiments.certified_units import study as study_main
from experiments.certified_units.as_published import AsPublished
from experiments.certified_units.certificates import Certificates, Certified
from experiments.certified_units.settings import PRESETS, Settings

SMALL = dataclasses.replace(
    PRESETS["quick"],
    name="small",
    epochs=3,
    steps=20,
    starts=1,
    swaps=1,
    published_alphas=(0.001, 0.1),
    published_penalties=(0.01,),
    published_sharpness=(10.0,),
    published_steps=20,
)


@pytest.mark.slow
def test_every_section_is_written_and_shown_again(run, monkeypatch):
    report, metrics = run(study_main, SMALL)
    assert set(metrics) == set(study_main.SECTIONS)
    assert metrics["training"]["images"] == {"search": 842, "calibration": 600, "test": 355}
    assert np.shape(metrics["as_published"]["layers"]["max2"]["selected"]) == (2, 1, 1, 2)
    page = report.read_text(encoding="utf-8")
    for _, part in study_main.SECTIONS.values():
        monkeypatch.setattr(part, "measure", None)
    assert run(study_main, dataclasses.replace(SMALL, show=True))[1] == metrics
    assert report.read_text(encoding="utf-8") == page


def _certificates(upper, certified=True):
    ones = np.ones((2, 10))
    one = Certified(
        3 * ones, 0.98 * ones, ones > 0 if certified else ones < 0, 5 * ones, 0.99 * ones, 200 * ones, 0.995 * ones,
        400 * ones, np.full((2, 10), upper),
    )  # fmt: skip
    return Certificates({"max2": one}, {"max2": 64}, 0.99, 0.95)


def test_certificates_are_contradicted_by_upper_bounds_below_the_rate():
    for upper, certified, counts in ((0.995, True, (20, 0, 4)), (0.98, True, (20, 20, 4)), (0.98, False, (0, 0, 0))):
        result = _certificates(upper, certified)
        assert certificates.count_false(result.layers.values(), 0.99, 0.95) == counts
    sentence = certificates.sentence(_certificates(0.995))
    assert "in 20 of 20 cases: 5.0 of 64 feature maps of layer max2 on average (all 64 in 0; without" in sentence
    assert (
        "On the test images 0 of the 20 certified sets are below 99%; 0 certificates are contradicted there" in sentence
    )
    assert ": no more than the 4 that 99 of 100 such studies would not exceed" in sentence
    assert sentence.endswith("if each were false with a probability of 5%.")
    low = _certificates(0.98)
    low.layers["max2"].certified_test_rate[0] = 0.9
    sentence = certificates.sentence(low)
    assert "10 of the 20 certified sets are below 99%; 20 certificates are contradicted there" in sentence
    assert "by the upper bound of a rate: more than the 4" in sentence
    none = certificates.sentence(_certificates(0.98, certified=False))
    assert none.startswith("For none of 20 classes and networks a set of units is certified to hold at least 99% of")


def test_equal_rows_are_as_many_of_a_class_as_of_the_others():
    import jax

    predictions = np.array([0, 1, 1, 2, 0, 1, 1, 1])
    few = held_out.equal_rows(predictions, 0, jax.random.key(0))
    assert few.positives.tolist() == [0, 4]
    assert len(set(few.negatives)) == 2
    assert not set(few.negatives) & {0, 4}
    many = held_out.equal_rows(predictions, 1, jax.random.key(0))
    assert sorted(many.negatives) == [0, 3, 4]
    assert len(many.positives) == 3


def test_an_upper_limit_is_that_of_clopper_and_pearson():
    assert held_out.upper_limit(10, 10, 0.05) == 1
    np.testing.assert_allclose(held_out.upper_limit(0, 10, 0.05), 1 - 0.05**0.1)


def test_sets_by_zero_are_compared_with_sets_by_other_rows():
    rates = np.zeros((3, 2, 3, 10))
    rates[0, :, 2], rates[2, :, 2] = [[0.52], [0.98]], [[0.99], [0.5]]
    units = np.repeat([[5], [9], [20]], 10, axis=1)
    by_layer = [{"max2": each} for each in (units, units < 10, rates, rates[0, 0], rates[0, 0])]
    sentence = replaced.sentence(replaced.Replaced(*by_layer, {"max2": 64}, 0.99, 0.95))
    assert "5.0 with zeros (10 of 10 certified), 9.0 with means (10 of 10 certified), 20.0 with values of " in sentence
    assert "holds 52.0% of the decisions, and all other units without it 98.0%; a set" in sentence
    assert sentence.endswith("holds 99.0%, all other units 50.0%.")


def _published(units, holding):
    shape = (1, 1, 1, 2, 10)
    arrays = [np.broadcast_to(np.reshape(each, (1, 1, 1, 2, 1)), shape) for each in (units, holding)]
    return AsPublished(["Adam"], [10.0], [0.01], [0.001, 0.1], *({"max2": each} for each in arrays), {"max2": 64}, 0.99)


def test_the_objective_collapses_keeps_nearly_everything_or_selects():
    units, rates = np.array([0, 64, 58, 57, 5, 5]), np.array([0.5, 1.0, 1.0, 1.0, 0.99, 0.98])
    outcomes = as_published.outcomes(units, rates, 64, 0.99)
    assert {name: np.flatnonzero(each).tolist() for name, each in outcomes.items()} == {
        "none": [0], "nearly all": [1, 2], "selected": [3, 4], "too few": [5]
    }  # fmt: skip
    sentence = as_published.sentence(_published([0, 12], [0.5, 0.995]))
    assert (
        "for 50% of settings and classes in layer max2 (in 50% it closes all gates, in 0% it keeps at least 90% of the "
        "units, in 0% it selects units that hold less; for all classes in 1 of 2 settings, with 12.0 units" in sentence
    )
    assert "no setting succeeds for all classes" in as_published.sentence(_published([0, 64], [0.5, 1.0]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": ("max2", "max1")}, "layers: found"),
        ({"holding": 0.4}, "holding: found 0.4, wanted a rate above 0.5 and below 1"),
        ({"confidence": 0.5}, "confidence: found 0.5, wanted at least 0.75, below 1"),
        ({"published_alphas": (-1.0,)}, "published_alphas"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Settings(**changes)


def test_what_is_not_certified_counts_in_no_mean_of_certified_sets():
    one = _certificates(0.995).layers["max2"]
    one.certified[:] = False
    one.certified[0, :4] = True
    one.certified_units[0, 0] = 9
    one.certified_units[1] = 64
    of = {"of": 64, **one._asdict()}
    assert table._units(of) == "6.0 (5 to 9; without a certificate 3.0; 4 of 20 certified)"
    assert table._units({**of, "certified": np.zeros((2, 10)) > 0}).startswith("– (–; without")
    assert certificates._means(one, one.certified_units, "{:.1f}") == ["9.0", "5.0", "5.0", "5.0", *"–" * 6]
    one.certified[1, 0] = True
    assert table._range({**of, **one._asdict()}) == "5 to 64, all in 1 of 5"


def test_the_tables_have_each_layers_certificates_and_every_ablation():
    config = {"data": "mnist", "layers": ["max2"], "holding": 0.99, "confidence": 0.95, "seeds": 2, "preset": "quick"}
    one, rates = _certificates(0.98).layers["max2"], np.full((3, 2, 3, 10), 0.5)
    rates[0, 0, 2] = 0.59
    counts = {name: [[0.25]] for name in ("none", "nearly all", "selected", "too few")}
    metrics = {
        "certificates": {"max2": {"of": 64, **{name: each.tolist() for name, each in one._asdict().items()}}},
        "replaced": {
            "max2": {"units": [[5] * 10, [9] * 10, [40] * 10], "certified": [[True] * 10] * 3, "rates": rates}
        },
        "as_published": {"layers": {"max2": counts}},
    }
    record = {"config": config, "metrics": metrics}
    record["environment"] = {"platform": "Linux", "versions": {"jax": "1"}, "date": "2026-01-01"}
    files = {Path("certified_units_mnist.json"): record}
    text = table.results_table(files)
    assert "| MNIST, max2 (64) | 2 | 3.0 | 5.0 | 5 to 5 | 13.9 | 20 of 20 | 99% |" in text
    assert "| 20 of 20 (4) |" in text
    assert "| MNIST, max2 (64), zero | 10 of 10 | 5.0 | 50.0% | 50.0% | 59.0% | 50.0% |" in text
    ((what, ours, published, networks),) = table.lines(files)
    assert what == "units certified to hold 99% on new rows, of 64: MNIST, max2"
    assert ours.startswith(
        "5.0 (5 to 5; without a certificate 3.0); with values of other images in place of zero 40.0; "
    )
    assert "searched in 25% of cases, and keeps at least 90% of the units in 25%" in ours
    assert (published, networks) == ("13.9 (on the rows searched)", 2)
    metrics["replaced"]["max2"]["certified"] = [[False] * 10] * 3
    assert "; without a certificate 3.0); the published objective" in table.lines(files)[0][1]
