"""Changes from layer to layer: curves of networks of several depths, signed maps, the likelihood of classes."""

from collections.abc import Mapping, Sequence
from typing import Any, SupportsFloat

import numpy as np
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from interp_jax._checks import as_count
from interp_jax.figures._arrays import (
    as_array,
    as_heights,
    as_mapping,
    as_names,
    by_seed,
    check_range,
    finite_entries,
    mean_and_deviation,
)
from interp_jax.figures._style import (
    GRAY,
    SIGNED,
    canvas,
    color,
    color_bar,
    largest,
    legend_above,
    line_style,
    new_figure,
    small_multiples,
    styled,
    whole,
)
from interp_jax.figures._style import percent as in_percent

LEAST, MOST = 0.45, 0.9  # sides of a small image, in inches
WIDTH = 8.9  # of a page, in inches


@styled
def shares(
    layers: Mapping[str, ArrayLike],
    y_label: str,
    *,
    references: Mapping[str, SupportsFloat] | None = None,
    percent: bool = True,
) -> Figure:
    """A figure of a quantity of every layer against its relative depth, one curve per network.

    Lines are means, bands reach from the least to the greatest seed.

    Host-level. NaN and infinity leave gaps.

    Args:
        layers: name → [layers] or [layers, seeds]; a layer's relative depth is its number over the number of layers;
            values that are not finite are left out.
        y_label: what the quantity is.
        references: name → height of a dashed line, named in the legend.
        percent: whether it is a share, drawn from 0 (or the least value below 0) to 100%.

    Raises:
        ValueError: no network, arrays of the wrong shape, or no finite number.

    Example:
        >>> figure = shares({"4 layers": [0.9, 0.5, 0.3, 0.1], "2 layers": [0.8, 0.2]}, "share")
    """
    layers = as_mapping("layers", layers)
    networks = {name: by_seed(f"layers[{name!r}]", values, "layers") for name, values in layers.items()}
    references = as_heights("references", references)
    least = finite_entries("layers", *networks.values()).min()
    figure = new_figure(7.5, 4.4)
    axes = figure.subplots()
    handles = []
    for index, values in enumerate(networks.values()):
        values = np.where(np.isfinite(values), values, np.nan)
        places = np.arange(1, len(values) + 1) / len(values)
        look: dict[str, Any] = {"color": color(index), "linestyle": line_style(index)}
        if len(values) <= 12:
            look |= {"marker": "o", "markersize": 4}
        handles += axes.plot(places, mean_and_deviation(values)[0], **look)
        if values.shape[1] > 1:
            low, high = np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1)
            axes.fill_between(places, low, high, color=color(index), alpha=0.18, linewidth=0)
    for height in references.values():
        handles.append(axes.axhline(height, color=GRAY, linestyle=(0, (5, 3)), linewidth=1.2, zorder=1.7))
    axes.set(xlabel="layer / number of layers", ylabel=y_label, xlim=(0, 1))
    if percent:
        in_percent(axes.yaxis)
    # From 0, unless something lies below: a layer's share of a score may be negative.
    if not least < 0:
        axes.set_ylim(0, 1.02 if percent else None)
    elif percent:
        axes.set_ylim(top=1.02)
    legend_above(figure, handles, [*networks, *references])
    return figure


@styled
def signed_maps(
    images: ArrayLike | None,
    maps: ArrayLike,
    layers: Sequence[Any],
    names: Sequence[str],
    *,
    label: str = "change",
    figure: FigureBase | None = None,
) -> Figure:
    """A grid of images and of their changes by layers: a row per image, first the image, then a column per layer.

    Each map has its own color scale, symmetric about zero, with its end written below.

    Host-level.

    Args:
        images: [n, height, width], values in 0…1, drawn gray, row 0 at the top; None leaves them out.
        maps: [n, layers, height, width], signed changes; values that are not finite are left out.
        layers: the names of the columns.
        names: the names of the rows.
        label: of the color bar.
        figure: a figure or subfigure to draw on; a new one by default.

    Raises:
        ValueError: arrays of the wrong shape, images outside 0…1, a wrong number of names.

    Example:
        >>> figure = signed_maps([[[0.0, 1.0]]], [[[[0.5, -0.2]], [[0.1, 0.0]]]], ["layer 1", "layer 2"], ["digit 3"])
    """
    layers = as_names("layers", layers)
    if images is None:
        maps = as_array("maps", maps, "n", len(layers), "height", "width")
    else:
        images = as_array("images", images, "n", "height", "width")
        check_range("images", images)
        maps = as_array("maps", maps, len(images), len(layers), *images.shape[1:])
    names = as_names("names", names, len(maps))
    margin = 0.2 + 0.085 * max(map(len, names))
    titles = layers if images is None else ["image", *layers]
    columns = len(titles)
    side = max(LEAST, min(MOST, (WIDTH - margin - 0.9) / columns))
    size = margin + side * columns + 0.9, (side + 0.2) * len(maps) + 0.5
    figure = new_figure(*size, w_pad=0.02, h_pad=0.02) if figure is None else canvas(figure, *size)
    panels = figure.subplots(len(maps), columns, squeeze=False)
    for axes in panels.flat:
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
        axes.spines[:].set_visible(True)
    for index, (row, changes, name) in enumerate(zip(panels, maps, names, strict=True)):
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        if images is not None:
            row[0].imshow(images[index], cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
        for axes, change in zip(row[-len(layers) :], changes, strict=True):
            limit = largest(change) if np.any(change) else 0.0
            scaled = np.ma.masked_invalid(change / (limit or 1.0))
            drawn = axes.imshow(scaled, cmap=SIGNED, vmin=-1, vmax=1, interpolation="nearest")
            axes.set_xlabel(f"±{limit:.2g}", fontsize=9, labelpad=1)
    for axes, title in zip(panels[0], titles, strict=True):
        axes.set_title(title, loc="center", fontsize=9)
    options = {"fraction": 0.04, "pad": 0.02, "aspect": 30, "shrink": 0.8, "ticks": [-1, 0, 1]}
    color_bar(drawn, panels, f"{label} /\ngreatest magnitude", **options)
    return whole(figure)


@styled
def likelihood_paths(
    likelihood: ArrayLike,
    class_names: Sequence[str],
    titles: Sequence[str],
    *,
    images: ArrayLike | None = None,
    columns: int = 3,
    named: int = 3,
    figure: FigureBase | None = None,
) -> Figure:
    """A figure of the likelihood of each class from layer to layer, a panel per image, the likeliest classes in color.

    A class has the same color in all panels.

    Host-level.

    Args:
        likelihood: [n, layers, classes], values in 0…1, NaN where unknown.
        class_names: of the classes.
        titles: above the panels.
        images: [n, height, width], drawn small in the panel, values in 0…1.
        columns: panels per row.
        named: the most classes of a panel to have a color: those that are likeliest in any layer.
        figure: a figure or subfigure to draw on; a new one by default.

    Raises:
        ValueError: arrays of the wrong shape, values outside 0…1, a wrong number of names or titles.

    Example:
        >>> figure = likelihood_paths([[[0.5, 0.5], [0.9, 0.1]]], ["cat", "dog"], ["an image"])
    """
    class_names = as_names("class_names", class_names)
    paths = as_array("likelihood", likelihood, "n", "layers", len(class_names))
    check_range("likelihood", paths)
    finite_entries("likelihood", paths)
    titles = as_names("titles", titles, len(paths))
    if images is not None:
        images = as_array("images", images, len(paths), "height", "width")
        check_range("images", images)
    named = as_count("named", named)
    columns = min(as_count("columns", columns), len(paths))
    lines = -(-len(paths) // columns)
    figure = canvas(figure, 8.8, 0.7 + 2.1 * lines)
    panels = small_multiples(figure, len(paths), columns, "layer", "likelihood of the class")
    depth = paths.shape[1]
    handles: dict[int, Any] = {}
    for number, (axes, path, title) in enumerate(zip(panels, paths, titles, strict=True)):
        greatest = np.nan_to_num(np.fmax.reduce(path, axis=0))
        chosen = [each for each in np.argsort(-greatest, kind="stable")[:named] if greatest[each] > 0.15]
        for each in range(path.shape[1]):
            if each in chosen:
                look = {"color": color(each), "linestyle": line_style(each), "zorder": 3}
                (handles[each],) = axes.plot(np.arange(1, depth + 1), path[:, each], **look)
            else:
                axes.plot(np.arange(1, depth + 1), path[:, each], color=GRAY, linewidth=0.7, alpha=0.6)
        axes.set_title(title, fontsize=9.5)
        axes.set(xlim=(1, max(depth, 2)), ylim=(0, 1.02))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        if images is not None:
            inset = axes.inset_axes((0.02, 0.62, 0.3, 0.36))
            inset.imshow(images[number], cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
            inset.set(xticks=[], yticks=[])
            inset.grid(False)
    order = sorted(handles)
    if order:
        legend_above(figure, [handles[each] for each in order], [class_names[each] for each in order])
    return whole(figure)
