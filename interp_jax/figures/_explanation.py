"""Why a decision tree over clusters of activations classifies an instance as it does."""

import itertools
import math
from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
from matplotlib.figure import Figure, SubFigure
from numpy.typing import ArrayLike

from interp_jax._checks import as_count, as_counts, describe
from interp_jax.figures import decision_tree, hypotheses, images
from interp_jax.figures._arrays import as_array, as_names
from interp_jax.figures._labels import LONGEST, name_places, shortened
from interp_jax.figures._style import color, headline, new_figure, styled

POINTS = 150  # of each class in a panel
EXAMPLES = 8  # inputs shown for each level
NAMED = 40  # features with a name below the examples
LETTERS = 40  # of a class's name in the title
_ON_TREES = (
    "f… ∈ {…}: the activations of this group of hidden units are in one of these clusters; ∉: in none of them.\n"
    "Where a condition holds, the upper branch is taken. Bold: the path of the instance. At the ends: the most\n"
    "frequent class of the training rows that come there, and its share"
)
_ON_ROWS = (
    "Rows of the training data that satisfy the conditions so far, those of the class and those of another class,\n"
    "the hypothesis, which is ruled out once (almost) none of its rows is left. A dot is a row: its activations in\n"
    "the condition's group of units, f…, along their two main directions. The number above a panel says how well\n"
    "a line separates the two classes (separability). 0: not at all; 1: fully, or no row of the hypothesis is left;\n"
    "–: too few rows are left to say"
)
LEAF = -1  # the factor of a node that does not split


@styled
def explanation(
    explainer: Any,
    explanation: Any,
    *,
    class_names: Sequence[Any] | np.ndarray | None = None,
    inputs: ArrayLike | None = None,
    hidden: ArrayLike | None = None,
    input_shape: Sequence[SupportsIndex] | None = None,
    feature_names: Sequence[Any] | np.ndarray | None = None,
    most_hypotheses: SupportsIndex = 9,
    whole_tree: bool = False,
) -> Figure:
    """A figure of an `Explanation`: its path in the tree, and where on it each other class is ruled out.

    fK ∈ {…} is the condition that the activations of factor K, a group of hidden units, are in one of these clusters,
    and fK ∉ {…} that they are in another. On the path, conditions are those that the instance satisfies.
    Below the tree are the reference rows that satisfy the conditions to each level, in the plane of the first two
    principal components of the level's factor: those of the instance's class and those of a hypothesis, another class.
    A hypothesis ends with the level that rules it out. The number above a panel is the separability of both classes.

    Host-level; the forests find the clusters of ``inputs`` if ``hidden`` is not given.

    Args:
        explainer: the `Explainer` that `methods.cnn_inte.fit` returned.
        explanation: the `Explanation` that its ``explain`` returned.
        class_names: one for each of the explainer's ``class_labels``; the labels by default.
        inputs: [rows, …] inputs such as the training rows: examples of those that satisfy the conditions to each level
            are drawn. [rows, height, width] and [rows, height, width, channels] are images; those outside 0…1 are
            scaled to it.
        hidden: [rows, …, units] the activations of ``inputs``; an explainer without forests needs them for examples.
        input_shape: of one input, if images are flat: [height, width] or [height, width, channels].
        feature_names: one for each value of ``inputs`` that are no images, e.g. the columns of a table. Of more than 40
            every second, third, … is written.
        most_hypotheses: how many hypotheses are drawn, those ruled out last; 0 for the tree alone.
        whole_tree: whether branches off the path are drawn too, not only the most frequent class of their rows.

    Raises:
        ValueError: not an `Explainer` and its `Explanation`, inputs of a size other than fitted, or a wrong number of
            names; names of features without inputs, or for images.

    Example:
        >>> import jax
        >>> from interp_jax import methods
        >>> inputs = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
        >>> hidden, labels = np.maximum(inputs, 0), (inputs[:, 0] > 0).astype(int)
        >>> options = {"key": jax.random.key(0), "factors": 4, "ids": 4, "depth": 2, "draws": 2}
        >>> explainer = methods.cnn_inte.fit(inputs, hidden, labels, **options)
        >>> figure = explanation(explainer, explainer.explain(inputs[0]))

    Source: Liu, Wang & Matwin, arXiv:1802.00560, Figs 7 to 9.
    """
    _check_results(explainer, explanation)
    class_labels = [int(label) for label in explainer.class_labels]
    names = as_names("class_names", class_labels if class_names is None else class_names, len(class_labels))
    word = "class " if class_names is None else ""
    name_of = dict(zip(class_labels, names, strict=True))
    most = as_count("most_hypotheses", most_hypotheses, least=0)
    levels, tree = explanation.levels, explainer.tree
    compared = sorted(explanation.hypotheses[:most], key=lambda each: each.label) if levels else []
    columns = _columns(explainer, explanation, compared, name_of)
    deepest = max(map(len, columns.values()), default=0)
    examples = None if inputs is None or not levels else _examples(explainer, explanation, inputs, hidden, input_shape)
    if hidden is not None and inputs is None:
        raise ValueError(f"hidden: found {describe(hidden)} without inputs, wanted both or neither")
    if feature_names is not None:
        if inputs is None or (examples is not None and examples[1] is not None):
            raise ValueError(
                f"feature_names: found {describe(feature_names)}, wanted none without inputs or for images"
            )
        feature_names = as_names("feature_names", feature_names, math.prod(np.shape(inputs)[1:]))

    path = [int(level.node) for level in levels]
    path.append(_next(tree, levels[-1]) if levels else 0)
    shown = np.flatnonzero(tree.factor != LEAF) if whole_tree else path[:-1]
    children = {int(node): (int(tree.left[node]), int(tree.right[node])) for node in shown}
    for node, following in itertools.pairwise(path):  # the upper branch, in which the instance's condition holds
        children[node] = (following, int((tree.left if tree.right[node] == following else tree.right)[node]))
    heights = [1.05 + 0.26 * (len(children) + 1)] * bool(children) + [2.3 + deepest] * bool(columns)
    heights += [] if examples is None else [0.7 + (0.75 if examples[1] is not None else 1.6) * len(levels)]
    heights[-1:] = [heights[-1] + LONGEST / 16] if examples is not None and feature_names is not None else heights[-1:]
    figure = new_figure(9.0, 0.6 + sum(heights))
    headline(figure, _title(explanation, name_of, word))
    parts = iter(figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0] if heights else [])
    if children:
        inside = _part(next(parts), _ON_TREES)
        conditions = _conditions(tree) | {level.node: level.condition for level in levels}
        decision_tree.tree(children, conditions, tree.share, names, path, figure=inside)
    if columns:
        inside, width = _part(next(parts), _ON_ROWS), max(4.6, 2.4 + 1.1 * len(columns))
        if width < 9:
            inside = inside.subfigures(1, 2, width_ratios=(width, 9 - width), squeeze=False)[0, 0]
        conditions = [level.condition for level in levels[:deepest]]
        hypotheses.grid(columns, conditions, mine=f"{word}{name_of[explanation.label]}", figure=inside)
    if examples is not None:
        _draw_examples(
            _part(next(parts), "Examples of the given inputs that satisfy the conditions so far"),
            *examples,
            feature_names,
        )
    return figure


def _check_results(explainer: Any, explanation: Any) -> None:
    for name, value, kind, fields in (
        ("explainer", explainer, "an Explainer", ("tree", "factors", "hidden", "labels", "class_labels")),
        ("explanation", explanation, "an Explanation", ("levels", "hypotheses", "label", "prediction")),
    ):
        if not all(hasattr(value, field) for field in fields):
            raise ValueError(f"{name}: found {describe(value)}, wanted {kind} of methods.cnn_inte")
    nodes = len(explainer.tree.factor)
    if any(level.node >= nodes or explainer.tree.factor[level.node] != level.factor for level in explanation.levels):
        raise ValueError("explanation: found a path that is not in the tree, wanted an Explanation by this explainer")


def _part(figure: SubFigure, text: str) -> SubFigure:
    """The room below a subfigure's title."""
    figure.suptitle(text, x=0.01, ha="left", fontsize=10)
    return figure.subfigures(squeeze=False)[0, 0]


def _conditions(tree: Any) -> dict[int, str]:
    """The condition of each split in words, without the IDs that the splits above exclude."""
    conditions = {}
    count = tree.goes_left.shape[1]
    possible = {0: np.ones((int(tree.factor.max()) + 1, count), bool)}
    for node in np.flatnonzero(tree.factor != LEAF):  # children come after their parents
        factor, goes_left, allowed = int(tree.factor[node]), tree.goes_left[node], possible[int(node)]
        inside, outside = (np.flatnonzero(goes & allowed[factor]) for goes in (goes_left, ~goes_left))
        sign, ids = ("∈", inside) if len(inside) <= len(outside) else ("∉", outside)
        conditions[int(node)] = f"f{factor} {sign} {{{', '.join(map(str, ids))}}}"
        for child, goes in ((tree.left[node], goes_left), (tree.right[node], ~goes_left)):
            possible[int(child)] = allowed.copy()
            possible[int(child)][factor] &= goes
    return conditions


def _next(tree: Any, level: Any) -> int:
    """The node that a level's IDs lead to."""
    goes_left = tree.goes_left[level.node, level.allowed[0]]
    return int((tree.left if goes_left else tree.right)[level.node])


def _columns(
    explainer: Any, explanation: Any, compared: Sequence[Any], name_of: dict[int, str]
) -> dict[str, list[hypotheses.Panel]]:
    """By hypothesis, a panel for every level down to the one that rules it out."""
    depth = max((_depth(each, explanation) for each in compared), default=0)
    planes = [_plane(explainer.hidden[:, explainer.factors.of_unit == each.factor]) for each in explanation.levels]
    columns = {}
    for hypothesis in compared:
        panels = []
        for number in range(min(depth, _depth(hypothesis, explanation))):
            rows, plane = explanation.levels[number].rows, planes[number]
            mine, other = (
                plane[rows[explainer.labels[rows] == label][:POINTS]] for label in (explanation.label, hypothesis.label)
            )
            ruled_out = number == hypothesis.ruled_out
            panels.append(hypotheses.Panel(mine, other, hypothesis.separability[number], ruled_out))
        columns[name_of[hypothesis.label]] = panels
    return columns


def _depth(hypothesis: Any, explanation: Any) -> int:
    return len(explanation.levels) if hypothesis.ruled_out is None else hypothesis.ruled_out + 1


def _plane(hidden: np.ndarray) -> np.ndarray:
    """The rows' coordinates along the first two principal components, 0 where there is no second one."""
    centered = hidden.astype(np.float64) - hidden.mean(axis=0, dtype=np.float64)
    components = np.linalg.eigh(centered.T @ centered)[1][:, ::-1][:, :2]
    components *= np.sign(components[np.abs(components).argmax(axis=0), range(components.shape[1])])
    plane = centered @ components
    return np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))


def _examples(
    explainer: Any,
    explanation: Any,
    inputs: ArrayLike,
    hidden: ArrayLike | None,
    shape: Sequence[SupportsIndex] | None,
) -> tuple[list[np.ndarray], tuple[int, ...] | None, list[str]]:
    """For each level, inputs that satisfy the conditions so far; the shape of an image; a name for each level."""
    ids = explainer.input_ids(inputs) if hidden is None else explainer.hidden_ids(hidden)
    values = as_array("inputs", inputs)
    if len(ids) != len(values):
        raise ValueError(f"hidden: found {len(ids)} rows, wanted {len(values)}, those of the inputs")
    flat = values.reshape(len(values), -1)
    image = values.shape[1:] if shape is None and values.ndim in (3, 4) else None
    if shape is not None:
        image = as_counts("input_shape", shape)
        if len(image) not in (2, 3) or math.prod(image) != flat.shape[1]:
            wanted = f"(height, width) or (height, width, channels) of {flat.shape[1]} features"
            raise ValueError(f"input_shape: found {image}, wanted {wanted}")
    if image is not None and (flat.min() < 0 or flat.max() > 1):
        flat = (flat - flat.min()) / (np.ptp(flat) or 1.0)
    remaining, chosen, names = np.ones(len(flat), bool), [], []
    for number, level in enumerate(explanation.levels, 1):
        remaining = remaining & np.isin(ids[:, level.factor], level.allowed)
        rows = np.flatnonzero(remaining)
        even = np.unique(np.linspace(0, len(rows) - 1, EXAMPLES).round().astype(int)) if len(rows) else []
        chosen.append(flat[rows[even]])
        names.append(f"level {number}: {len(rows):,} row{'' if len(rows) == 1 else 's'}")
    return chosen, image, names


def _draw_examples(
    figure: SubFigure,
    chosen: Sequence[np.ndarray],
    shape: tuple[int, ...] | None,
    names: Sequence[str],
    features: Sequence[str] | None,
) -> None:
    """A row of images for each level, or a panel of lines."""
    if shape is not None:
        pictures = np.full((len(chosen), EXAMPLES, *shape), np.nan)
        for row, inputs in zip(pictures, chosen, strict=True):
            row[: len(inputs)] = inputs.reshape(-1, *shape)
        pictures = pictures.mean(axis=-1) if len(shape) == 3 and shape[2] not in (1, 3) else pictures
        images.strongest_inputs(pictures, names, figure=figure)
        return
    panels = figure.subplots(len(chosen), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, inputs, name in zip(panels, chosen, names, strict=True):
        places = np.arange(1, inputs.shape[1] + 1)
        axes.plot(places, inputs.T, color=color(0), linewidth=0.9, alpha=0.6, marker="." if len(places) < 30 else "")
        axes.set_title(name, fontsize=9.5)
    panels[-1].set_xlabel("feature")
    if features is not None:
        name_places(panels[-1], np.arange(1, len(features) + 1), features, NAMED, 9)
    figure.supylabel("input", fontsize=10.5)


def _title(explanation: Any, name_of: dict[int, str], word: str) -> str:
    short = {label: word + shortened(name, LETTERS) for label, name in name_of.items()}
    prediction, label = short[explanation.prediction], short[explanation.label]
    given = "" if label == prediction else f", not {label}, the class given with the instance"
    if not explanation.levels:
        return f"The tree predicts {prediction} for every input{given}: it has no split"
    conditions, count = len(explanation.levels), len(explanation.hypotheses)
    text = f"The tree predicts {prediction}{given}. "
    text += f"Its path of {_number(conditions, 'condition')} rules out "
    out = [each for each in explanation.hypotheses if each.ruled_out is not None]
    if len(out) < count:
        text += f"{len(out)} of {_number(count, 'other class', 'other classes')}"
    else:
        text += "the other class" if count == 1 else f"all {count} other classes"
    open_ = [short[each.label].removeprefix(word) for each in explanation.hypotheses if each.ruled_out is None]
    text += f" (not {', '.join(open_)})" if 0 < len(open_) <= 5 else ""
    text += f", compared with {label}" if given else ""
    text += f"; {explanation.left[-1]:.0%} of the rows of {label} satisfy {'it' if conditions == 1 else 'them all'}"
    if explanation.weight < 0.995:
        text += f". Its leaf has {explanation.weight:.0%} of the weight"
    return text


def _number(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
