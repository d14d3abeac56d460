import dataclasses
import functools
import itertools

import jax
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.text import Text

from interp_jax import figures
from interp_jax.methods import cnn_inte


@functools.cache
def _explained():
    """Four classes, by the signs of two features; each is a group of units of its own."""
    inputs = np.random.default_rng(0).normal(size=(240, 4)).astype(np.float32)
    labels = (inputs[:, 0] > 0) + 2 * (inputs[:, 1] > 0)
    hidden = np.sign(inputs) + 0.1 * inputs
    options = {"key": jax.random.key(0), "factors": 4, "ids": 2, "depth": 2, "trees": 4, "draws": 1, "finalists": 1}
    explainer = cnn_inte.fit(inputs, hidden, labels, **options)
    return inputs, labels, explainer, explainer.explain(inputs[0])


def _panels(part):
    """The axes of a part of the figure, which lie in subfigures of it."""
    return part.findobj(Axes)


def _drawn(part):
    return [text for axes in _panels(part) for text in axes.texts]


def _texts(part):
    return [text.get_text() for text in _drawn(part)]


def test_the_path_and_the_hypotheses_are_drawn(check_readable):
    inputs, labels, explainer, explanation = _explained()
    assert explanation.prediction == labels[0]
    figure = check_readable(figures.explanation(explainer, explanation))
    path, grid = figure.subfigs
    bold = [text.get_text() for axes in _panels(path) for text in axes.texts if text.get_weight() == "bold"]
    assert bold == [f"{labels[0]}  {explainer.tree.share[_leaf(explainer, inputs[0])].max():.0%}"]
    texts = _texts(path)
    assert sum("∈" in text or "∉" in text for text in texts) == len(explanation.levels) == 2
    assert len(texts) == 5  # two conditions, the leaf, and the two branches that the path leaves
    drawn = [axes for axes in _panels(grid) if axes.axison]
    ends = [2 if each.ruled_out is None else each.ruled_out + 1 for each in explanation.hypotheses]
    assert len(drawn) == sum(ends)
    conditions = [level.condition for level in explanation.levels]
    assert sorted(text for text in texts if "f" in text) == sorted(conditions)
    assert [text.get_text() for text in grid.findobj(Text) if text.get_text() in conditions] == conditions
    first, leaf = (next(t for t in _drawn(path) if t.get_text().startswith(each)) for each in (conditions[0], bold[0]))
    assert leaf.get_position()[1] < first.get_position()[1]  # the path goes up
    title = figure.get_suptitle().replace("\n", " ")
    assert title.startswith(
        f"The tree predicts class {labels[0]}. Its path of 2 conditions rules out all 3 other classes"
    )


def _leaf(explainer, instance):
    return int(explainer.tree.apply(explainer.input_ids(instance[None]))[0])


def test_panels_show_rows_of_both_classes_in_a_plane_of_their_activations():
    _, _, explainer, explanation = _explained()
    figure = figures.explanation(explainer, explanation)
    hypothesis = min(explanation.hypotheses, key=lambda each: each.label)
    rows = explanation.levels[0].rows
    counts = [int(np.sum(explainer.labels[rows] == label)) for label in (explanation.label, hypothesis.label)]
    first = _panels(figure.subfigs[1])[0]
    assert [len(points.get_offsets()) for points in first.collections] == [count for count in counts if count]


def test_the_whole_tree_has_all_its_leaves(check_readable):
    _, _, explainer, explanation = _explained()
    figure = check_readable(figures.explanation(explainer, explanation, whole_tree=True, most_hypotheses=0))
    (tree,) = figure.subfigs
    assert len(_texts(tree)) == len(explainer.tree.factor) == 7


def test_names_of_classes_are_those_of_the_labels(check_readable):
    _, labels, explainer, _ = _explained()
    names = ["ant", "bee", "cat", "dog"]
    figure = check_readable(figures.explanation(explainer, explainer.explain(_explained()[0][0], 3), class_names=names))
    assert {text.split("  ")[0] for text in _texts(figure) if "%" in text} <= set(names)
    title = figure.get_suptitle().replace("\n", " ")
    assert f"predicts {names[labels[0]]}, not dog, the class given with the instance." in title
    assert ", compared with dog; " in title


def test_long_names_of_classes_stay_apart(check_readable):
    _, _, explainer, explanation = _explained()
    names = [f"a class with a really very long name that goes on and on, number {each}" for each in range(4)]
    figure = check_readable(figures.explanation(explainer, explanation, class_names=names, whole_tree=True))
    tree, grid = figure.subfigs
    heads = [text for text in _drawn(grid) if "number" in text.get_text()]
    boxes = sorted([text.get_window_extent() for text in heads], key=lambda box: box.x0)
    assert len(boxes) == 3
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
    legend = grid.findobj(Legend)[0].get_window_extent()
    assert all(box.y1 <= legend.y0 for box in boxes)
    assert len({text.get_text() for text in heads}) == 3
    assert all("…" in text and "number" in text for text in _texts(tree) if "%" in text)


def test_one_condition_and_one_other_class_are_singular_and_the_weight_of_the_leaf_is_stated():
    _, _, explainer, explanation = _explained()
    one = dataclasses.replace(
        explanation, levels=explanation.levels[:1], hypotheses=explanation.hypotheses[-1:], weight=0.95
    )
    title = figures.explanation(explainer, one).get_suptitle().replace("\n", " ")
    assert "Its path of 1 condition rules out the other class; " in title
    assert title.endswith(" satisfy it. Its leaf has 95% of the weight")


def test_given_inputs_are_shown_at_each_level_that_they_reach(check_readable):
    inputs, _, explainer, explanation = _explained()
    figure = check_readable(figures.explanation(explainer, explanation, inputs=inputs))
    lines = _panels(figure.subfigs[2])
    ids, remaining = explainer.input_ids(inputs), np.ones(len(inputs), bool)
    for number, (axes, level) in enumerate(zip(lines, explanation.levels, strict=True), 1):
        remaining &= np.isin(ids[:, level.factor], level.allowed)
        assert axes.get_title(loc="left") == f"level {number}: {remaining.sum()} rows"
        assert len(axes.lines) == 8
        assert all((line.get_ydata() == inputs[remaining]).all(axis=1).any() for line in axes.lines)


@pytest.mark.parametrize("options", [{"inputs": (-1, 2, 2)}, {"inputs": (-1, 4), "input_shape": (2, 2)}])
def test_images_are_shown_as_images(options, check_readable):
    inputs, _, explainer, explanation = _explained()
    options = options | {"inputs": inputs.reshape(options["inputs"])}
    figure = check_readable(figures.explanation(explainer, explanation, **options))
    (axes,) = _panels(figure.subfigs[2])
    assert len(axes.images) == 2 * 8
    assert all(image.get_array().shape == (2, 2) for image in axes.images)


def test_examples_are_found_by_the_activations_where_they_are_given(check_readable):
    inputs, _, explainer, _ = _explained()
    hidden, seeing = np.sign(inputs) + 0.1 * inputs, dataclasses.replace(explainer, forests=None)
    explanation = seeing.explain(hidden=hidden[0])
    figure = check_readable(figures.explanation(seeing, explanation, inputs=inputs, hidden=hidden))
    assert len(figure.subfigs) == 3
    with pytest.raises(ValueError, match=r"^hidden: found None, wanted activations"):
        figures.explanation(seeing, explanation, inputs=inputs)


def test_a_tree_without_a_split_is_a_sentence():
    _, _, explainer, _ = _explained()
    tree = cnn_inte.grow(np.zeros((4, 4), int), np.array([0, 1, 1, 1]), count=2, classes=4, depth=1)
    explainer = dataclasses.replace(explainer, tree=tree)
    figure = figures.explanation(explainer, explainer.explain(np.zeros(4, np.float32)))
    assert figure.get_suptitle() == "The tree predicts class 1 for every input: it has no split"


def test_what_cannot_be_drawn_is_named():
    inputs, _, explainer, explanation = _explained()
    other = dataclasses.replace(explanation, levels=(explanation.levels[0]._replace(node=99),))
    for wrong, message in (
        ({"explainer": 3}, "explainer: found .*, wanted an Explainer"),
        ({"explanation": explainer}, "explanation: found .*, wanted an Explanation"),
        ({"explanation": other}, "explanation: found a path that is not in the tree"),
        ({"class_names": ["a"]}, "class_names: found 1 entries, wanted a sequence of 4"),
        ({"inputs": inputs[:, :3]}, "inputs: "),
        ({"inputs": inputs, "input_shape": (3, 2)}, r"input_shape: found \(3, 2\), wanted"),
        ({"most_hypotheses": -1}, "most_hypotheses: found -1"),
        ({"hidden": inputs}, "hidden: found .* without inputs, wanted both or neither"),
        ({"inputs": inputs, "hidden": inputs[:2]}, "hidden: found 2 rows, wanted"),
    ):
        with pytest.raises(ValueError, match=f"^{message}"):
            figures.explanation(**{"explainer": explainer, "explanation": explanation} | wrong)
