"""The figure of core units: which units selections keep, and the decisions that they hold, in words."""

import numpy as np
import pytest

from interp_jax import figures
from interp_jax.methods.core_units import Selection
from interp_jax.methods.core_units.decisions import ClassData


def _selection(kept, *, target=3, rate=0.9583, shape=(6,), reached=True, layers=None, certified=None):
    def mask(units):
        array = np.zeros(np.prod(shape), bool)
        array[units] = True
        return array.reshape(shape) if layers is None else dict.fromkeys(layers, array)

    rows = ClassData(np.arange(4), np.arange(4, 8))
    gates = [0, *kept]
    count = len(layers or [""])
    return Selection(
        mask=mask(kept),
        gates=mask(gates),
        units=count * len(kept),
        holding_rate=rate,
        reached=reached,
        gates_mask=mask(gates),
        gates_units=count * len(gates),
        gates_holding_rate=0.981,
        weight=0.0,
        objective=np.zeros(1),
        trace=np.zeros((2, 1)),
        rows=rows,
        target=target,
        holding=0.95,
        certified=certified,
        confidence=None if certified is None else 0.9,
    )


def _texts(figure):
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")) if text.get_text()]


def _cells(figure):
    """Whether each unit is drawn as chosen, a row for each row of the figure."""
    return [mesh.get_array().ravel() > 0 for axes in figure.axes for mesh in axes.collections]


def test_one_selection_has_a_row_for_the_search_and_one_for_the_gates(check_readable):
    figure = check_readable(figures.core_units(_selection([1, 4]), unit_name="hidden unit"))
    texts = _texts(figure)
    assert "2 of 6 hidden units keep 95.8% of the decisions for class 3 (required: 95%)" in texts
    assert {"after the search (95.8%)", "gates, before the search (98.1%)", "units"} <= set(texts)
    kept, gates = _cells(figure)
    assert kept.tolist() == [False, True, False, False, True, False]
    assert gates.tolist() == [True, True, False, False, True, False]


@pytest.mark.parametrize(
    ("kept", "size", "words"),
    [([1], 3, "1 of 3 units keeps"), ([0], 1, "1 of 1 unit keeps"), ([], 3, "0 of 3 units keep")],
)
def test_one_unit_keeps_and_several_keep(kept, size, words):
    selection = _selection(kept, shape=(size,))
    assert any(text.startswith(f"{words} 95.8%") for text in _texts(figures.core_units(selection)))


def test_several_selections_have_a_row_each_and_their_least_rate(check_readable):
    selections = {"cat": _selection([1], target=0, rate=0.9999), "dog": _selection([2, 3], target=1, reached=False)}
    figure = check_readable(figures.core_units(selections))
    title = "1 to 2 of 6 units keep at least 95.8% of the decisions for each class (required: 95%, not reached by 1)"
    assert title in [text.replace("\n", " ") for text in _texts(figure)]
    assert [cells.sum() for cells in _cells(figure)] == [1, 2]


def test_what_is_certified_for_new_rows_is_told():
    for certified, text in (
        (True, "certified for new rows, with 90%"),
        (False, "not certified for new rows, with 90"),
    ):
        figure = figures.core_units(_selection([1], certified=certified))
        assert any(f"\n{text}" in words for words in _texts(figure))
    both = {"a": _selection([1], certified=True), "b": _selection([2], certified=False)}
    assert any(
        "\ncertified for new rows: 1 of 2, with 90% confidence" in text for text in _texts(figures.core_units(both))
    )
    assert not any("certified" in text for text in _texts(figures.core_units(_selection([1]))))


def test_classes_have_names_and_all_classes_none(check_readable):
    assert any("class cat" in text for text in _texts(figures.core_units(_selection([1]), class_names=[*"abc", "cat"])))
    assert any("for all classes" in text for text in _texts(figures.core_units(_selection([1], target=None))))


def test_each_layer_of_a_mapping_has_its_block(check_readable):
    figure = check_readable(figures.core_units(_selection([1, 2], layers=["one", "two"])))
    assert {"unit of one", "unit of two"} <= set(_texts(figure))
    assert any("4 of 12 units" in text for text in _texts(figure))


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 2)])
def test_masks_of_images_are_images(shape, check_readable):
    figure = check_readable(figures.core_units(_selection([1], shape=shape)))
    (drawn,) = [axes.images[0] for axes in figure.axes if axes.images]
    assert drawn.get_array().shape == (2, 3)
    assert drawn.get_array().sum() == (1 if len(shape) == 2 else 0.5)
    assert f"class 3\n1 of {np.prod(shape)} kept, 95.8%" in _texts(figure)


@pytest.mark.parametrize(
    ("selection", "arguments", "message"),
    [
        (np.ones(3), {}, r"selection: found .*, wanted a Selection or a mapping"),
        ({}, {}, r"selection: found .*, wanted a Selection or a mapping"),
        (_selection([1]), {"class_names": ["a"]}, r"class_names: found 1 names, wanted one for each class, 3 too"),
        (
            {"a": _selection([1]), "b": _selection([1], shape=(5,))},
            {},
            r"selection\['b'\]: found masks .*\(5,\).*, wanted .*\(6,\)",
        ),
        (_selection([1], shape=(1, 1, 2, 3)), {}, r"selection: found a mask of shape \(1, 1, 2, 3\)"),
    ],
)
def test_what_cannot_be_drawn_is_refused(selection, arguments, message):
    with pytest.raises(ValueError, match=message):
        figures.core_units(selection, **arguments)


def test_a_notebook_shows_the_units_with_the_finding():
    page = _selection([1, 4])._repr_html_()
    assert "2 of 6 units (1, 4) hold 95.8% of class 3" in page
    assert "data:image/png;base64," in page
