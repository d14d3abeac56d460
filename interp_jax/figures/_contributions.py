"""What each layer changes in single inputs, and the class that it reads from them."""

import math
import textwrap
from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
from matplotlib.figure import Figure, SubFigure
from numpy.typing import ArrayLike

from interp_jax._checks import as_count, as_counts, describe
from interp_jax.figures import through_layers
from interp_jax.figures._arrays import as_array, as_entries, as_names
from interp_jax.figures._labels import shortened
from interp_jax.figures._style import color, headline, image, new_figure, styled

ROWS, LAYERS = 4, 7  # drawn by default, at most
AGREED = 0.95  # share of the rows that the title counts layers to
NAMED = 24  # up to this many features have their names below the heat maps
LONGEST = 18  # of their letters
SIZE = 9.0  # of the small letters, in points


@styled
def contributions(
    contributions: Any,
    *,
    inputs: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    input_shape: Sequence[SupportsIndex] | None = None,
    rows: Sequence[SupportsIndex] | None = None,
    layers: Sequence[SupportsIndex] | None = None,
    class_names: Sequence[Any] | np.ndarray | None = None,
    feature_names: Sequence[Any] | np.ndarray | None = None,
) -> Figure:
    """A figure of `Contributions`: what the layers have changed in a few rows, and the likelihood of their classes.

    Above, images have a map for each layer, red where the layers up to it have increased the input and blue where they
    have decreased it, each on its own scale; other inputs have one heat map, with the layers from the bottom up. Below
    are the paths of the likelihood from layer to layer. The title says how early the layers agree with the last one.

    By default rows differ in the layer from which on they keep their class: the earliest, the latest, and two between.

    Host-level. NaN and infinity are left out.

    Args:
        contributions: the `Contributions` that `methods.identity.contributions` returned.
        inputs: [rows, …] the network's inputs, drawn beside the maps. Inputs [rows, height, width] or
            [rows, height, width, channels] are images; inputs outside 0…1 are scaled to it.
        labels: [rows] the true classes, stated in the titles.
        input_shape: of one input, if images are flat: [height, width] or [height, width, channels]. The mean over the
            channels is drawn.
        rows: the numbers of the rows to draw, from 0.
        layers: the numbers of the layers to draw maps of, from 1; by default up to seven, evenly spaced.
        class_names: one for each class; their numbers by default.
        feature_names: one for each feature of the heat maps.

    Raises:
        ValueError: not `Contributions` of one network, inputs of another shape, rows or layers that are not there, a
            wrong number of labels or names.

    Example:
        >>> from interp_jax import methods
        >>> layers = np.array([[[1.0, 2.0, 0.0, 0.0]], [[0.5, 2.5, 0.0, 3.0]]])
        >>> figure = contributions(methods.identity.contributions(np.array([[1.0, 2.0]]), layers))

    Source: Kubota, Hayashi, Hayase & Uchida, arXiv:2102.13333 (abstract).
    """
    maps, scores, likelihood = _parts(contributions)
    depth, count, features = maps.shape
    classes = scores.shape[2]
    shape = _shape(inputs, input_shape, count, features)
    names = as_names("class_names", range(classes) if class_names is None else class_names, classes)
    truth = None if labels is None else _labels(labels, count, classes)
    predicted = scores.argmax(axis=2)
    agreeing = predicted == predicted[-1]
    first = depth - np.argmin(np.concatenate([agreeing[::-1], np.zeros((1, count), bool)]), axis=0) + 1
    chosen = _spread(first) if rows is None else [as_count("rows", row, least=0, most=count - 1) for row in rows]
    chosen = as_entries("rows", chosen)
    shown = np.unique(np.linspace(1, depth, LAYERS).round().astype(int)) if layers is None else layers
    shown = [as_count("layers", layer, most=depth) for layer in as_entries("layers", shown)]

    held = maps[:, chosen]
    given = None if inputs is None else _scaled(as_array("inputs", inputs).reshape(count, features)[chosen], shape)
    titles = [f"row {row}" + ("" if truth is None else f", label {names[truth[row]]}") for row in chosen]
    columns = 4 if max(map(len, names)) <= 9 else 2
    lower = 0.9 + 2.1 * -(-len(chosen) // columns)
    named = shape is None and feature_names is not None and maps.shape[2] <= NAMED
    upper = 2.9 * -(-len(chosen) // 2) + 0.8 * named if shape is None else 0.5 + len(chosen)
    figure = new_figure(9.0, upper + lower + 0.5)
    above, below = figure.subfigures(2, 1, height_ratios=(upper, lower), squeeze=False)[:, 0]
    if shape is None:
        _heat_maps(above, held, given, titles, feature_names)
    else:
        pictures = _pictures(held[[layer - 1 for layer in shown]].swapaxes(0, 1), shape)
        given = None if given is None else _pictures(given, shape)
        heads = [f"layer {layer}" if not index else layer for index, layer in enumerate(shown)]
        through_layers.signed_maps(given, pictures, heads, titles, label="contribution", figure=above)
    finals = [
        f"{title}\n{names[predicted[-1, row]]} from layer {first[row]} on"
        for row, title in zip(chosen, titles, strict=True)
    ]
    paths = likelihood[:, chosen].swapaxes(0, 1)
    through_layers.likelihood_paths(paths, names, finals, columns=columns, figure=below)
    accuracy = None if truth is None else np.asarray(contributions.accuracy(truth))
    headline(figure, _title(agreeing.mean(axis=1), predicted, accuracy))
    return figure


def _parts(contributions: Any) -> list[np.ndarray]:
    """The maps, scores and likelihood, [layers, rows, …]."""
    fields = ("maps", "scores", "likelihood", "accuracy")
    if not all(hasattr(contributions, field) for field in fields):
        wanted = "Contributions, e.g. of methods.identity.contributions"
        raise ValueError(f"contributions: found {describe(contributions)}, wanted {wanted}")
    maps, scores, likelihood = (getattr(contributions, field) for field in fields[:3])
    maps = as_array("contributions.maps", maps, "layers", "rows", "features")
    scores = as_array("contributions.scores", scores, *maps.shape[:2], "classes")
    likelihood = as_array("contributions.likelihood", likelihood, *scores.shape)
    if 0 in (*maps.shape, *scores.shape):
        raise ValueError(f"contributions: found maps of shape {list(maps.shape)}, wanted at least one layer and row")
    return [maps, scores, likelihood]


def _labels(labels: ArrayLike, count: int, classes: int) -> np.ndarray:
    array = as_array("labels", labels, count)
    if not np.all((array == np.round(array)) & (array >= 0) & (array < classes)):
        raise ValueError(f"labels: found {describe(labels)}, wanted class numbers 0…{classes - 1}")
    return array.astype(int)


def _shape(inputs: Any, given: Any, count: int, features: int) -> tuple[int, ...] | None:
    """The shape of an image; None where inputs are none."""
    shape = None if given is None else as_counts("input_shape", given)
    if shape is not None and (len(shape) not in (2, 3) or math.prod(shape) != features):
        wanted = f"(height, width) or (height, width, channels) of {features} features"
        raise ValueError(f"input_shape: found {shape}, wanted {wanted}")
    if inputs is None:
        return shape
    found = as_array("inputs", inputs).shape
    if len(found) < 2 or found[0] != count or math.prod(found[1:]) != features:
        wanted = f"{count} rows of {features} features"
        raise ValueError(f"inputs: found shape [{', '.join(map(str, found))}], wanted {wanted}")
    return found[1:] if shape is None and len(found) in (3, 4) else shape


def _spread(first: np.ndarray) -> list[int]:
    """Rows from the one that is decided earliest to the one that is decided last."""
    depths, firsts = np.unique(first, return_index=True)
    chosen = firsts[np.unique(np.linspace(0, len(depths) - 1, ROWS).round().astype(int))].tolist()
    others = [row for row in range(len(first)) if row not in chosen]
    return sorted(chosen + others[: ROWS - len(chosen)], key=lambda row: (first[row], row))


def _scaled(inputs: np.ndarray, shape: tuple[int, ...] | None) -> np.ndarray:
    """Images in 0…1."""
    finite = inputs[np.isfinite(inputs)]
    if shape is None or not finite.size or (finite.min() >= 0 and finite.max() <= 1):
        return inputs
    return (inputs - finite.min()) / (np.ptp(finite) or 1.0)


def _pictures(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Flat features [..., features] as [..., height, width]."""
    images = values.reshape(*values.shape[:-1], *shape)
    return images if len(shape) == 2 else images.mean(axis=-1)


def _heat_maps(
    figure: SubFigure, maps: np.ndarray, inputs: np.ndarray | None, titles: Sequence[str], names: Any
) -> None:
    """A heat map [layers, features] for each row, and above it the input as a line."""
    _, count, features = maps.shape
    names = None if names is None else as_names("feature_names", names, features)
    columns = min(2, count)
    lines, each = -(-count // columns), 1 if inputs is None else 2
    ratios = ((1.0,) if inputs is None else (0.45, 1.0)) * lines
    grid = figure.add_gridspec(each * lines, columns, height_ratios=ratios)
    places = np.arange(1, features + 1)
    for index, title in enumerate(titles):
        line, column = divmod(index, columns)
        axes = figure.add_subplot(grid[each * line + each - 1, column])
        image(axes, maps[:, index], signed=True, label="contribution")
        axes.set(ylabel="layer", xlabel="feature" if index >= count - columns else "")
        if names is not None and features <= NAMED:
            last = index >= count - columns
            shown = [shortened(name, LONGEST) if last else "" for name in names]
            axes.set_xticks(places, shown, rotation=90, fontsize=SIZE)
        if inputs is not None:
            top = figure.add_subplot(grid[each * line, column], sharex=axes)
            if features <= NAMED:
                top.bar(places, np.nan_to_num(inputs[index]), color=color(6))
            else:
                top.plot(places, inputs[index], color=color(6), linewidth=1.2)
            top.tick_params(labelbottom=False)
            top.set_ylabel("input")
            axes = top
        axes.set_title(title, fontsize=SIZE + 0.5)


def _most(rows: int) -> str:
    return "the row has its" if rows == 1 else f"at least {AGREED:.0%} of the {rows:,} rows have their"


def _title(agreeing: np.ndarray, predicted: np.ndarray, accuracy: np.ndarray | None) -> str:
    depth, rows = predicted.shape
    below = np.flatnonzero(agreeing < AGREED)
    since = int(below[-1]) + 2 if below.size else 1
    text = f"From layer {since} of {depth} on, {_most(rows)} final class; "
    text += f"in layer 1, {agreeing[0]:.0%}"
    if depth == 1:
        text = f"{rows:,} row{'' if rows == 1 else 's'} in one layer"
    if accuracy is not None:
        text += f". Accuracy: {accuracy[0]:.1%}"
        text += f" in layer 1, {accuracy[-1]:.1%} in the last" if depth > 1 else ""
    return "\n".join(textwrap.wrap(text, 95))
