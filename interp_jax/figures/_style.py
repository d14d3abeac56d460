"""The look all figures share: sizes, colors, images with a color bar."""

import base64
import functools
import io
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, SupportsFloat

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import ListedColormap
from matplotlib.container import StemContainer
from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.image import AxesImage
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, PercentFormatter
from numpy.typing import ArrayLike

from interp_jax._checks import describe
from interp_jax.figures._arrays import as_array, even_steps
from interp_jax.figures._labels import drawable

# Okabe and Ito's colors, distinguishable under the common color-vision deficiencies.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
INK, GRAY, LIGHT = "#222222", "#767676", "#E4E4E4"
JUMP = "#222222"  # the line at the true jump
MISSING = "#B5B5B5"  # pixels without a number
SIGNED = matplotlib.colormaps["RdBu_r"]
POSITIVE = ListedColormap(SIGNED(np.linspace(0.5, 1, 256)), name="positive")  # zero is white, as in SIGNED
# Classes and levels that have an order; without the yellow end, which pages with dark colors would hide.
ORDERED = ListedColormap(matplotlib.colormaps["viridis"](np.linspace(0, 0.75, 256)), "ordered")

LOOK: dict[Any, Any] = {
    "text.parse_math": False,  # names are drawn as written, dollar signs included
    "text.usetex": False,
    "axes.formatter.use_mathtext": False,
    "axes.axisbelow": True,
    "axes.edgecolor": "#8A8A8A",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10.5,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "figure.dpi": 110,
    "figure.facecolor": "white",
    "font.size": 10.5,
    "grid.color": LIGHT,
    "grid.linewidth": 0.7,
    "legend.fontsize": 10.5,
    "legend.frameon": False,
    "lines.linewidth": 1.7,
    "text.color": INK,
    "xtick.color": "#8A8A8A",
    "xtick.labelcolor": INK,
    "xtick.labelsize": 10,
    "ytick.color": "#8A8A8A",
    "ytick.labelcolor": INK,
    "ytick.labelsize": 10,
}

Arguments = ParamSpec("Arguments")


def styled(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """A drawing function in the shared look, which ends with the call: no global setting remains."""

    @functools.wraps(draw)
    def wrapper(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Figure:
        with matplotlib.rc_context(LOOK):
            args, kwargs = drawable((args, kwargs))
            figure = draw(*args, **kwargs)
            for axes in figure.axes:  # ticks are made when first accessed, in the current look
                for axis in (axes.xaxis, axes.yaxis):
                    axis.get_major_ticks()
                    axis.get_minor_ticks()
        return figure

    return wrapper


class Drawing(Figure):
    """A figure that notebooks show without pyplot."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()

    def _repr_html_(self) -> str:
        width = round(72 * self.get_figwidth())
        return f'<img width="{width}" src="data:image/png;base64,{base64.b64encode(self._repr_png_()).decode()}">'


def new_figure(width: SupportsFloat, height: SupportsFloat, **spaces: float) -> Figure:
    """An empty figure of the given size in inches, unknown to pyplot, with spaces around and between its panels."""
    padding: dict[str, Any] = {"w_pad": 0.06, "h_pad": 0.05, **spaces}
    return Drawing(figsize=(float(width), float(height)), layout=ConstrainedLayoutEngine(**padding))


def canvas(figure: FigureBase | None, width: SupportsFloat, height: SupportsFloat) -> FigureBase:
    """The figure or subfigure to draw on: the given one, which keeps its size, or else a new one of that size."""
    if figure is not None and not isinstance(figure, FigureBase):
        raise ValueError(f"figure: found {describe(figure)}, wanted a matplotlib figure or subfigure")
    return new_figure(width, height) if figure is None else figure


def inches(figure: FigureBase) -> float:
    """The width of a figure or subfigure."""
    assert isinstance(figure, Figure | SubFigure)
    return figure.bbox.width / figure.dpi


def headline(figure: FigureBase, text: str) -> None:
    """Writes what a figure shows above all else in it; panels and their legend go into a subfigure below."""
    letters = max(20, int(inches(figure) * 72 / 6.6))
    text = "\n".join(textwrap.fill(line, letters) for line in text.splitlines())
    figure.suptitle(text, x=0.01, ha="left", fontsize=LOOK["axes.titlesize"], weight="bold")


def whole(figure: FigureBase) -> Figure:
    """The figure that a subfigure is part of, or that it is."""
    return figure.get_figure(root=True)


def small_multiples(
    figure: FigureBase, count: int, columns: int, x_label: str, y_label: str, *, scale_by_row: bool = False
) -> list[Axes]:
    """Panels in rows, on common axes labeled once; each row can have its own vertical scale."""
    share = "row" if scale_by_row else True
    panels = figure.subplots(-(-count // columns), columns, sharex=True, sharey=share, squeeze=False).ravel()
    for axes in panels[count:]:
        axes.set_axis_off()
    for axes in panels[max(0, count - columns) : count]:
        axes.tick_params(labelbottom=True)
    figure.supxlabel(x_label, fontsize=LOOK["axes.labelsize"])
    figure.supylabel(y_label, fontsize=LOOK["axes.labelsize"])
    return list(panels[:count])


def whole_ticks(axis: Axis, places: np.ndarray) -> None:
    """Keeps the ticks of an axis at integers if all positions are integers."""
    if np.all(places == np.round(places)):
        axis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))


def color(index: int) -> str:
    """The palette's color of a series."""
    return PALETTE[index % len(PALETTE)]


def marker(index: int) -> str:
    """The marker of a series; color and marker together distinguish 49 series."""
    return MARKERS[(index + index // len(PALETTE)) % len(MARKERS)]


def line_style(index: int) -> str:
    """The line style of a series: solid for the palette's first round, then dashed, dotted, mixed."""
    return ("-", "--", ":", "-.")[index // len(PALETTE) % 4]


def legend_above(figure: FigureBase, handles: Sequence[Any], names: Sequence[str], **options: Any) -> Legend:
    """One legend for the whole figure, above it, with as many columns as fit its width."""
    each = 0.085 * max(len(name) for name in names) + 0.6
    columns = max(1, min(len(names), int(inches(figure) / each)))
    return figure.legend(handles, names, loc="outside upper center", ncols=columns, columnspacing=1.6, **options)


def jump_line(axes: Axes, position: SupportsFloat, **options: Any) -> Any:
    """A thin dashed vertical line at the jump."""
    look = {"color": JUMP, "linestyle": (0, (4, 3)), "linewidth": 1.0, "zorder": 1.5, **options}
    return axes.axvline(float(position), **look)


def percent(axis: Axis) -> None:
    """Labels an axis of fractions in percent."""
    axis.set_major_formatter(PercentFormatter(1.0, decimals=None))


def log_axis(axes: Axes, which: str, low: SupportsFloat, high: SupportsFloat) -> None:
    """A logarithmic axis ("x" or "y") from low to high, with plain numbers in steps that fit its range."""
    axis, low, high = axes.xaxis if which == "x" else axes.yaxis, float(low), float(high)
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    (axes.set_xlim if which == "x" else axes.set_ylim)(low, high)
    decades = np.log10(high / low)
    if decades < 4:
        steps = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0) if decades < 1 else (1.0, 2.0, 5.0) if decades < 2.5 else (1.0,)
        axis.set_major_locator(LogLocator(subs=steps, numticks=20))
    # Not matplotlib's powers of ten: it writes them in its mathematical notation.
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if decades < 4 else _power_of_ten(value)))
    axis.set_minor_formatter(NullFormatter())


def _power_of_ten(value: float) -> str:
    return "10" + f"{np.log10(value):.0f}".translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def image(
    axes: Axes,
    matrix: ArrayLike,
    *,
    signed: bool | None = None,
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
    limit: SupportsFloat | None = None,
    label: str = "",
) -> AxesImage:
    """An image of a matrix: signed with white at zero, blue below and red above, or of values from zero up.

    Args:
        axes: where to draw.
        matrix: [rows, columns], row 0 at the bottom; values that are not finite are gray.
        signed: whether the color scale has both signs; by default if any value is negative.
        x, y: positions of the pixels, [columns] and [rows], increasing in equal steps; 1, 2, … by default.
        limit: the largest magnitude on the color scale; that of the matrix by default.
        label: of the color bar.

    Raises:
        ValueError: not a matrix, a negative value on a scale from zero, or positions not increasing in equal steps.
    """
    matrix = as_array("matrix", matrix, "rows", "columns")
    signed = has_negative(matrix) if signed is None else signed
    if not signed and has_negative(matrix):
        raise ValueError(f"matrix: found {matrix[matrix < 0][0]:g}, wanted values ≥ 0")
    limit = largest(matrix) if limit is None else float(limit)
    left, right = _edges("x", x, matrix.shape[1])
    bottom, top = _edges("y", y, matrix.shape[0])
    drawn = axes.imshow(
        np.ma.masked_invalid(matrix),
        cmap=(SIGNED if signed else POSITIVE).with_extremes(bad=MISSING),
        vmin=-limit if signed else 0.0,
        vmax=limit,
        aspect="auto",
        origin="lower",
        extent=(left, right, bottom, top),
    )
    axes.grid(False)
    axes.spines[:].set_visible(True)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    extend = ("both" if signed else "max") if largest(matrix) > limit else "neither"
    color_bar(drawn, axes, label, extend=extend, fraction=0.07, pad=0.02, aspect=25).locator = MaxNLocator(5)
    return drawn


def color_bar(drawn: ScalarMappable, axes: Any, label: str, **options: Any) -> Colorbar:
    """The color bar of an image, beside its axes and without a frame."""
    figure = np.ravel(axes)[0].figure
    bar = figure.colorbar(drawn, ax=axes, **options)
    bar.outline.set_visible(False)
    bar.set_label(label)
    return bar


def series_look(index: int, **options: Any) -> dict[str, Any]:
    """The color, line style and marker of a series, as arguments of a plot."""
    look = {"color": color(index), "linestyle": line_style(index), "marker": marker(index)}
    return look | {"markersize": 6, "markeredgecolor": "white"} | options


def largest(values: np.ndarray) -> float:
    """The largest finite magnitude, or 1 if there is none above zero: a scale needs some range."""
    return float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values))) or 1.0


def has_negative(values: np.ndarray) -> bool:
    """Whether any finite value is below zero."""
    return bool(np.any(values[np.isfinite(values)] < 0))


def _edges(name: str, places: ArrayLike | None, number: int) -> tuple[float, float]:
    """The outer edges of a row of pixels centered at the given positions."""
    centers = np.arange(1.0, number + 1) if places is None else even_steps(name, as_array(name, places, number))
    half = (centers[1] - centers[0]) / 2 if number > 1 else 0.5
    return float(centers[0] - half), float(centers[-1] + half)


def stems(axes: Axes, positions: np.ndarray, taps: np.ndarray, index: int = 0, size: float = 6.0) -> StemContainer:
    """Draws taps as stems from zero; returns the container for a legend."""
    drawn = axes.stem(positions, taps, basefmt=" ")
    drawn.markerline.set(color=color(index), markersize=size)
    drawn.stemlines.set(color=color(index), linewidth=size / 3.5)
    return drawn
