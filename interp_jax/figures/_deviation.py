"""Distances within and between classes, layer by layer."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from interp_jax._checks import describe
from interp_jax.figures._arrays import as_array, as_mapping, as_names, finite_entries, mean_and_deviation
from interp_jax.figures._labels import shortened, too_long
from interp_jax.figures._lines import draw_series
from interp_jax.figures._style import GRAY, headline, legend_above, log_axis, new_figure, styled, whole_ticks

FIELDS = ("inner", "inter", "level")
TITLES = (
    "distance of rows of one class",
    "distance of class averages",
    "ratio of the distances",
    "size of activations",
)
LABELS = ("inner-class deviation", "inter-class deviation", "inter-class / inner-class", "mean L1 norm of a row")
LETTERS = 20  # of a layer's name
WIDE = 30.0  # levels whose ratio is above it have a logarithmic axis


@styled
def deviation(profiles: Any, *, layer_names: Sequence[Any] | None = None, metric: str | None = None) -> Figure:
    """A figure of the deviations of a `Profile`, or of several by name, from layer to layer.

    Four panels: the mean distance of rows of one class; that of the averages of two classes; the second divided by the
    first; the size of the activations. A profile given alone also has bands from the least to the greatest class, or
    pair of classes. Profiles of several networks, stacked by ``jax.vmap``, have a dot for each network, and lines of
    means with bands of ± one standard deviation.

    Host-level. NaN and infinity are left out.

    Args:
        profiles: the `Profile` that `methods.deviation.profile` returned, or name → `Profile`.
        layer_names: one for each layer; by default their numbers, from 1.
        metric: what the distances are, e.g. "cosine distance".

    Raises:
        ValueError: not a `Profile`, no profile, a wrong number of layers or names, or no finite number.

    Example:
        >>> from interp_jax import methods
        >>> hidden = np.array([[0.0, 0.0], [0.0, 2.0], [3.0, 0.0], [3.0, 2.0]])
        >>> figure = deviation(methods.deviation.profile({"relu1": hidden, "relu2": 2 * hidden}, [0, 0, 1, 1]))

    Source: Chen 2017, Figs 6.7 to 6.9 and 6.12 to 6.14.
    """
    named = as_mapping("profiles", profiles) if isinstance(profiles, Mapping) else {"": profiles}
    series: dict[str, dict[str, np.ndarray]] = {}
    for name, profile in named.items():
        place = f"profiles[{name!r}]" if name else "profiles"
        depth = next((len(each["inner"]) for each in series.values()), "layers")
        series[name] = _values(place, profile, depth)
    finite_entries("profiles", *(values[field] for values in series.values() for field in ("inner", "inter")))
    depth = len(next(iter(series.values()))["inner"])
    names = (
        None
        if layer_names is None
        else [
            shortened(name, LETTERS if depth > 1 else 2 * LETTERS)
            for name in as_names("layer_names", layer_names, depth)
        ]
    )
    figure = new_figure(9.0, 6.4)
    headline(figure, _title(series))
    body = figure.subfigures(squeeze=False)[0, 0]
    panels = list(body.subplots(2, 2, sharex=True).ravel())
    panels[1].sharey(panels[0])
    x = np.arange(1.0, depth + 1)
    handles = []
    for axes, field, title, label in zip(panels, ("inner", "inter", "ratio", "level"), TITLES, LABELS, strict=True):
        handles = draw_series(axes, x, {name: values[field] for name, values in series.items()})
        axes.set(title=title, ylabel=f"{label}\n({metric})" if metric and field in FIELDS[:2] else label)
    single = not isinstance(profiles, Mapping)
    band = _range(panels, x, profiles) if single else None
    for axes in panels:  # after all lines: panels share their range
        axes.set_ylim(bottom=0)
    _log_level(panels[3], [values["level"] for values in series.values()])
    panels[2].axhline(1, color=GRAY, linestyle=(0, (5, 3)), linewidth=1.2, zorder=1.7)
    for axes in panels[2:]:
        axes.set_xlabel("layer")
        if names is None:
            whole_ticks(axes.xaxis, x)
        else:
            axes.set_xticks(x, names, rotation=90 if depth > 1 and too_long(names, 72 * 3.4, 10) else 0)
    if band is not None:
        legend_above(body, [handles[0], band], ["mean", "least to greatest class, or pair of classes"])
    elif not single:
        legend_above(body, handles, list(series))
    return figure


def _values(name: str, profile: Any, depth: int | str) -> dict[str, np.ndarray]:
    """The deviations of a profile, each [layers, networks], and their ratio."""
    if not all(hasattr(profile, field) for field in FIELDS):
        wanted = "a Profile, e.g. of methods.deviation.profile, or a mapping of them by name"
        raise ValueError(f"{name}: found {describe(profile)}, wanted {wanted}")
    values = {}
    for field in FIELDS:
        array = as_array(f"{name}.{field}", getattr(profile, field))
        array = array[None] if array.ndim == 1 else array
        array = as_array(f"{name}.{field}", array, "networks", depth)
        values[field], depth = array.T, array.shape[1]
    inner, inter = values["inner"], values["inter"]
    with np.errstate(invalid="ignore"):
        values["ratio"] = np.divide(inter, inner, out=np.full(inter.shape, np.nan), where=inner > 0)
    return values


def _title(series: Mapping[str, Mapping[str, np.ndarray]]) -> str:
    """How the ratio of the two deviations changes from the first layer to the last."""
    depth = len(next(iter(series.values()))["ratio"])
    ends = {name: mean_and_deviation(values["ratio"][[0, -1]])[0] for name, values in series.items()}
    if "" in ends:
        first, last = (_number(end) for end in ends[""])
        text = f"Averages of two classes lie {first} times as far apart as rows of one class in the first layer, "
        text += f"{last} times in the last"
        if depth == 1:
            text = f"Averages of two classes lie {first} times as far apart as rows of one class"
    elif depth == 1:
        text = "Distance between class averages, relative to that within a class: "
        text += "; ".join(f"{name} {_number(first)}" for name, (first, _) in ends.items())
    else:
        text = (
            "Distance between class averages, relative to that within a class, in the first and the last layer shown: "
        )
        text += "; ".join(f"{name} {_number(first)} → {_number(last)}" for name, (first, last) in ends.items())
    return "\n".join(textwrap.wrap(text, 95, max_lines=3, placeholder=" …"))


def _number(value: float) -> str:
    return f"{value:.2g}" if np.isfinite(value) else "–"


def _range(panels: Sequence[Axes], x: np.ndarray, profile: Any) -> Any:
    """Bands from the least to the greatest class, or pair of classes, of one network; one of them for a legend."""
    band = None
    for axes, field in zip(panels, ("inner_by_class", "inter_by_pair"), strict=False):
        values = as_array(field, getattr(profile, field, np.zeros(0)))
        if values.ndim == 2 and len(values) == len(x) and values.size:
            low, high = np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1)
            band = axes.fill_between(x, low, high, color=GRAY, alpha=0.2, linewidth=0)
    return band


def _log_level(axes: Axes, levels: Sequence[ArrayLike]) -> None:
    """A logarithmic axis for levels that are all above zero and of very different sizes."""
    shown = finite_entries("level", *levels)
    if shown.min() > 0 and shown.max() > WIDE * shown.min():
        log_axis(axes, "y", 0.7 * shown.min(), 1.4 * shown.max())
