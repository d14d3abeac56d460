"""The inputs that gradient ascent found for units, with their activations."""

import textwrap
from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from interp_jax._checks import as_count, as_counts, describe
from interp_jax.figures._arrays import as_array, as_names
from interp_jax.figures._labels import LONGEST, name_places, shortened
from interp_jax.figures._style import GRAY, PALETTE, SIGNED, color_bar, headline, largest, new_figure, styled

SIZE = 9.0  # of the small letters, in points
NAMED = 12  # features with a name below a panel
MANY = 30  # from more lines than this, panels are smaller


@styled
def ascent(
    lanes: Any,
    *,
    names: Sequence[Any] | None = None,
    input_shape: Sequence[SupportsIndex] | None = None,
    positions: ArrayLike | None = None,
    feature_names: Sequence[Any] | np.ndarray | None = None,
    columns: int = 6,
    most: int = 30,
) -> Figure:
    """A figure of the inputs of an `Ascent`: a panel for each lane, with its activation and why it stopped.

    Inputs of two dimensions, or three with channels last, are drawn as images, each on its own scale, symmetric about
    zero; channels are averaged. Inputs of one dimension are drawn as lines.

    Host-level.

    Args:
        lanes: the `Ascent` that `methods.ascent.maximize` returned, lanes in one axis.
        names: one for each lane, e.g. its unit or class; their numbers by default. Long ones are shortened.
        input_shape: of one input, where lanes are flat, e.g. [28, 28].
        positions: of the values of one-dimensional inputs; 1, 2, … by default.
        feature_names: one for each value of one-dimensional inputs, e.g. the columns of a table. Of more than 12 every
            second, third, … is written.
        columns: images side by side; lines have half as many, one more if more than 30 are drawn.
        most: lanes drawn, the first ones.

    Raises:
        ValueError: not an Ascent, inputs that are neither images nor lines, a wrong number of names, positions or
            names of features of a wrong number or for images.

    Example:
        >>> import jax.numpy as jnp
        >>> from interp_jax import methods
        >>> lanes = methods.ascent.maximize(lambda x: x @ jnp.eye(4, 3), jnp.zeros((3, 4)), jnp.arange(3))
        >>> figure = ascent(lanes, names=["cat", "dog", "horse"])

    Source: Chen, Utrecht University 2017, section 5.3.
    """
    if not all(hasattr(lanes, name) for name in ("inputs", "activation", "steps", "converged", "stalled")):
        raise ValueError(f"lanes: found {describe(lanes)}, wanted an Ascent, e.g. of methods.ascent.maximize")
    inputs = as_array("lanes.inputs", lanes.inputs)
    count = np.size(lanes.activation)
    if inputs.ndim < 2 or len(inputs) != count or not count:
        raise ValueError(
            f"lanes: found inputs of shape {inputs.shape} of {count} lanes, wanted [lanes, …] of at least one lane"
        )
    names = as_names("names", [f"input {lane}" for lane in range(count)] if names is None else names, count)
    most, columns = as_count("most", most), as_count("columns", columns)
    inputs = _shaped(inputs[:most], input_shape)
    drawn, lines = len(inputs), inputs.ndim == 2
    if positions is not None and not lines:
        raise ValueError(f"positions: found {describe(positions)}, wanted none for images")
    if feature_names is not None:
        if not lines:
            raise ValueError(f"feature_names: found {describe(feature_names)}, wanted none for images")
        feature_names = as_names("feature_names", feature_names, inputs.shape[1])
    many = drawn > MANY
    columns = min(max(1, columns // 2) + many if lines else columns, drawn)
    rows = -(-drawn // columns)
    side = 7.8 / max(columns, 3)
    letters = max(8, int((72 * side - 40 * lines) / (0.55 * SIZE)))  # numbers of the axis are beside lines
    titles = [_title(lanes, lane, names[lane], letters) for lane in range(drawn)]
    tall = (0.3 if many else 0.6) * side if lines else min(side, 2.0) * min(3.0, inputs.shape[1] / inputs.shape[-1])
    height = tall + 0.25 + 0.15 * max(title.count("\n") + 1 for title in titles)
    below = 0.0 if feature_names is None else LONGEST / 2 * SIZE / 72  # of one row: the axes are shared
    figure = new_figure(max(4.0, side * columns + (0.6 if lines else 1.2)), rows * height + 0.6 + below)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=lines)
    places = (
        np.arange(1, inputs.shape[1] + 1) if positions is None else as_array("positions", positions, len(inputs[0]))
    )
    for axes in panels.flat[drawn:]:
        axes.set_axis_off()
    for axes, values, title in zip(panels.flat, inputs, titles, strict=False):
        if lines:
            axes.axhline(0, color=GRAY, linewidth=0.9, zorder=1)
            axes.plot(places, values, color=PALETTE[0], linewidth=1.4)
            axes.tick_params(labelsize=SIZE)
            if feature_names is not None:
                name_places(axes, places, feature_names, NAMED, SIZE)
        else:
            shown = _image(axes, values)
        axes.set_title(title, fontsize=SIZE)
    if lines:
        across = "position in the input" if feature_names is None else "feature"
        figure.supxlabel(across, fontsize=SIZE + 1)
        figure.supylabel("value", fontsize=SIZE + 1)
    else:
        color_bar(shown, panels, "value relative to the largest", fraction=0.04, pad=0.02, aspect=30)
    headline(figure, _summary(lanes, drawn))
    return figure


def _shaped(inputs: np.ndarray, shape: Sequence[SupportsIndex] | None) -> np.ndarray:
    """Inputs [lanes, k] or [lanes, height, width]."""
    if shape is not None:
        wanted = as_counts("input_shape", shape)
        if np.prod(wanted) != inputs[0].size:
            raise ValueError(f"input_shape: found {wanted}, wanted {inputs[0].size} values in all")
        inputs = inputs.reshape(len(inputs), *wanted)
    if inputs.ndim == 4:
        inputs = inputs.mean(axis=3)
    if inputs.ndim not in (2, 3):
        raise ValueError(f"input_shape: found {inputs.shape[1:]}, wanted that of lines or images")
    return inputs[..., 0] if inputs.ndim == 3 and inputs.shape[2] == 1 else inputs


def _image(axes: Axes, values: np.ndarray) -> Any:
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(True)
    relative = np.ma.masked_invalid(values / largest(values))
    return axes.imshow(relative, cmap=SIGNED, vmin=-1, vmax=1, interpolation="nearest")


def _title(lanes: Any, lane: int, name: str, letters: int) -> str:
    """Name and activation in lines of at most so many letters, then why the lane stopped, and when."""
    number, steps = f"{float(lanes.activation[lane]):.3g}", int(lanes.steps[lane])
    rows = [f"{name}: {number}"]
    if len(rows[0]) > letters:
        rows = textwrap.wrap(f"{shortened(name, 2 * letters)}:", letters)
        rows = [*rows[:-1], f"{rows[-1]} {number}"] if len(rows[-1]) + len(number) < letters else [*rows, number]
    why = "passed" if lanes.converged[lane] else "stalled" if lanes.stalled[lane] else "not done"
    return "\n".join([*rows, *textwrap.wrap(f"{why}, {steps} step{'' if steps == 1 else 's'}", letters)])


def _summary(lanes: Any, drawn: int) -> str:
    count, passed = np.size(lanes.activation), int(np.sum(lanes.converged))
    first = "first is" if drawn == 1 else f"first {drawn} are"
    shown = "" if drawn == count else f"; the {first} shown"
    return f"{passed} of {count} input{'' if count == 1 else 's'} passed the threshold{shown}"
