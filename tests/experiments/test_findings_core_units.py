"""The sentences of the study of core units, on both sides of what each depends on, from made-up results."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.core_units import joint, necessity, shrunken, training


def _page(texts, tables):
    return SimpleNamespace(text=texts.append, table=lambda *each: tables.append(each), metrics=lambda _: None)


@pytest.mark.parametrize(
    ("published", "end"), [(None, "of 500 held-out images. The"), (0.991, "of 500 held-out images (paper: 99.1%). The")]
)
def test_the_papers_accuracy_is_given_where_there_is_one(published, end):
    texts = []
    rows, accuracy = {"learned": 1_000, "held out": 500}, {"learned": 0.999, "held out": 0.98}
    training.show(training.Training("digits", rows, accuracy, published, 1_234, 5.6e6), _page(texts, []))
    assert "has 1,234 parameters, takes 5.6 million floating-point operations per image" in texts[0]
    assert f"classifies 99.90% of them correctly, and 98.00% {end} other sections" in texts[0]


@pytest.mark.parametrize(
    ("data", "note", "name"), [("digits", "", "digits"), ("mnist", "the first part", "MNIST (the first part)")]
)
def test_a_note_on_the_data_and_the_papers_accuracy_belong_to_the_data(monkeypatch, data, note, name):
    monkeypatch.setattr(training.networks, "cost", lambda *_: SimpleNamespace(parameters=1, flops=2.0))
    labels = np.array([0, 1])
    task = SimpleNamespace(labels=labels, held_labels=labels, held_inputs=labels, name=name.split(" (")[0])
    config = SimpleNamespace(data=data, data_note=note)
    study = SimpleNamespace(task=task, config=config, network=None, predictions=(labels, np.array([0, 0])))
    result = training.measure(study)
    assert result.data == name
    assert result.accuracy == {"learned": 1.0, "held out": 0.5}
    assert (result.published is None) == (data == "digits")


def test_selections_in_both_layers_have_the_papers_runs_beside_them_where_there_are_some():
    units = {name: np.array([[3, 5], [4, 6]]) for name in ("a", "b")}
    rates = {name: np.array([[0.99, 0.98], [0.97, 0.96]]) for name in units}
    paper, tables = {"b": np.array([[995, 9, 12], [985, 11, 14]])}, []
    joint.show(joint.Joint({"max1": 32, "max2": 64}, units, rates, paper), _page([], tables))
    ((header, rows, caption),) = tables
    assert header == ("class", "max1, of 32", "max2, of 64", "holding rate", "held-out rows", "paper")
    assert rows == [
        ("a", "3, 4", "5, 6", "98.00%", "97.00%", None),
        ("b", "3, 4", "5, 6", "98.00%", "97.00%", "10.0 and 13.0 @ 99.0%"),
    ]
    assert "when max1 and max2 are gated together" in caption


@pytest.mark.parametrize(
    ("accuracy", "words"),
    [
        (0.98, "98.0% of held-out images correctly, no less than"),
        (0.9797, "98.0% of held-out images correctly, no less than"),
        (0.979, "97.9% of held-out images correctly, 0.1 points less than"),
        (0.93, "93.0% of held-out images correctly, 5.0 points less than"),
        (0.99, "99.0% of held-out images correctly, no less than"),
    ],
)
def test_a_shrunken_network_classifies_less_only_if_a_tenth_of_a_point_is_lost(accuracy, words):
    whole = shrunken.Network({"max1": (32, 32), "max2": (64, 64)}, 0.98, 1.0, 100, 10.0, 1.0, 0.0)
    small = whole._replace(units={"max1": (8, 32), "max2": (9, 64)}, accuracy=accuracy, flops=2.5, seconds=0.5)
    sentence = shrunken.one_set(shrunken.Shrunken({shrunken.WHOLE: whole, shrunken.ONE: small}, 0.99))
    assert sentence.startswith("A network with 8 of 32 feature maps of max1 and 9 of 64 feature maps of max2, one set")
    assert f"classifies {words} the whole network, with 25% of its operations, in 0.5 times its time." in sentence


@pytest.mark.parametrize(("core", "than"), [(0.5, "fewer than"), (0.75, "as many as"), (0.9, "more than")])
def test_the_core_with_values_of_other_images_preserves_fewer_as_many_or_more_decisions(core, than):
    of = dict.fromkeys(necessity.COLUMNS, 0.5) | {"kept_resample": core, "removed_resample": 0.75}
    rates = {"max1": {"a": [*of.values()]}}
    single = necessity.verdict(necessity.Necessity(rates, {"max1": {"a": [5]}}))
    assert f"{core:.1%} of the decisions in max1, {than} all other units without it do, 75.0% (constant" in single
    assert single.endswith("No other set without any unit of the core was found to suffice.")
    several = necessity.verdict(necessity.Necessity(rates, {"max1": {"a": [5, 7]}}))
    assert several.endswith(
        "A set without any unit of the core suffices too, with the others at zero, for 1 of 1 classes in max1: there "
        "the core is not necessary."
    )
