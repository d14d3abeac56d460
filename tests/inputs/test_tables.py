"""Tables: names of their columns in figures and in the report."""

import jax
import numpy as np
import pytest

from interp_jax import figures, interpret, networks
from interp_jax.interpreting._budgets import BUDGETS
from interp_jax.interpreting._subject import make_subject
from interp_jax.methods import ascent, cnn_inte

COLUMNS = ("age", "income", "debt", "years of education and of training")
RANDOM = np.random.default_rng(0)
TABLE = RANDOM.normal(size=(80, 4)).astype(np.float32)
WEIGHTS = RANDOM.normal(size=(4, 2)).astype(np.float32)
LABELS = (TABLE @ WEIGHTS).argmax(1)


def _written(figure):
    return {text.get_text() for axes in figure.axes for text in axes.get_xticklabels()}


@pytest.mark.slow
def test_ascent_names_the_columns():
    lanes = ascent.maximize(lambda x: x @ WEIGHTS, TABLE[:2], np.arange(2), steps=2)
    written = _written(figures.ascent(lanes, feature_names=COLUMNS))
    assert {"age", "income", "debt"} < written
    assert any(text.startswith("years of") and "…" in text for text in written)
    with pytest.raises(ValueError, match="^feature_names: found 3 "):
        figures.ascent(lanes, feature_names=COLUMNS[:3])
    with pytest.raises(ValueError, match="^feature_names: found .*, wanted none for images"):
        figures.ascent(lanes, input_shape=(2, 2), feature_names=COLUMNS)


def test_of_many_columns_some_are_named():
    lanes = ascent.maximize(lambda x: x, np.zeros((1, 30)), 0, steps=1)
    written = _written(figures.ascent(lanes, feature_names=[f"column {place}" for place in range(30)]))
    assert written == {f"column {place}" for place in range(0, 30, 3)}


@pytest.mark.slow
def test_an_explanation_names_the_columns_of_its_examples():
    options = {"factors": 2, "ids": 3, "depth": 2, "draws": 1, "trees": 2}
    explainer = cnn_inte.fit(TABLE, np.tanh(TABLE), LABELS, key=jax.random.key(0), **options)
    explanation = explainer.explain(TABLE[0])
    assert explanation.levels
    figure = figures.explanation(explainer, explanation, inputs=TABLE, feature_names=COLUMNS)
    assert {"age", "income", "debt"} < _written(figure)
    for wrong in ({}, {"inputs": TABLE, "input_shape": (2, 2)}):
        with pytest.raises(ValueError, match="^feature_names: found .*, wanted none without inputs or for images"):
            figures.explanation(explainer, explanation, feature_names=COLUMNS, **wrong)
    with pytest.raises(ValueError, match="^feature_names: found 3 "):
        figures.explanation(explainer, explanation, inputs=TABLE, feature_names=COLUMNS[:3])


NETWORK = networks.perceptron(jax.random.key(0), (4, 6, 2))
OPTIONS = {"layer": None, "scores": "logits", "class_names": None, "input_shape": None, "seed": 0}


def test_the_subject_of_a_report_holds_the_names():
    subject = make_subject(NETWORK, TABLE, LABELS, BUDGETS["seconds"], feature_names=list(COLUMNS), **OPTIONS)
    assert subject.feature_names == COLUMNS
    for names, wanted in (
        (COLUMNS[1:], "found 3 names, wanted 4, one for each value of an input"),
        ("abcd", "found 'abcd', wanted 4"),
    ):
        with pytest.raises(ValueError, match=f"^feature_names: {wanted}"):
            make_subject(NETWORK, TABLE, LABELS, BUDGETS["seconds"], feature_names=names, **OPTIONS)
    images = OPTIONS | {"input_shape": (2, 2)}
    with pytest.raises(ValueError, match="^feature_names: found names for images"):
        make_subject(NETWORK, TABLE, LABELS, BUDGETS["seconds"], feature_names=COLUMNS, **images)


@pytest.mark.slow
def test_a_report_names_the_columns(tmp_path):
    found = interpret(NETWORK, TABLE, LABELS, budget="seconds", feature_names=COLUMNS, root=tmp_path, name="table")
    page = found.report.read_text()
    assert all(name in page for name in COLUMNS)
