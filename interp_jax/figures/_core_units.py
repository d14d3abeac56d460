"""The units that selections for classes keep: which ones, how many, and the share of decisions that they hold."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, SupportsFloat

import numpy as np
from matplotlib.figure import Figure

from interp_jax._checks import as_count, describe
from interp_jax.figures import images, selected_units
from interp_jax.figures._arrays import as_array, as_names
from interp_jax.figures._style import headline, new_figure, styled


@styled
def core_units(
    selection: Any, *, class_names: Sequence[Any] | None = None, unit_name: str = "unit", columns: int = 5
) -> Figure:
    """A figure of the units that a `Selection` keeps, or that several keep.

    A column for each unit and a row for each selection, with the share of decisions that it holds; one selection has a
    second row with the units that the gates kept before the search that follows. Masks of images, e.g. of input
    pixels, are drawn as images.

    Host-level.

    Args:
        selection: the `Selection` that `methods.core_units.select` returned, or a mapping name → Selection, all of
            masks of one form: an array, or a mapping of layers to arrays.
        class_names: of all classes, in place of their numbers.
        unit_name: what the units are.
        columns: images per row.

    Raises:
        ValueError: not a Selection or a mapping of them, masks that differ in form, fewer names than classes.

    Example:
        >>> import jax
        >>> from interp_jax import methods
        >>> hidden = jax.random.normal(jax.random.key(0), (200, 6))
        >>> predictions = hidden[:, :2].argmax(axis=1)
        >>> core = methods.core_units.select(lambda h: h[:, :2], hidden, predictions, 1, key=jax.random.key(1))
        >>> figure = core_units(core, unit_name="hidden unit")

    Source: Yan & Feng, ICLR 2018 submission, Figs 4 to 6.
    """
    selections, columns = _as_selections(selection), as_count("columns", columns)
    rows = [_Row(name, _layers(each.mask), float(each.holding_rate)) for name, each in selections.items()]
    for row in rows:
        if _form(row) != _form(rows[0]):
            raise ValueError(f"selection[{row.name!r}]: found masks {_form(row)}, wanted {_form(rows[0])} as before")
    if any(mask.ndim > 1 for mask in rows[0].layers.values()):
        whose = (_decisions(each, class_names).removeprefix("the decisions for ") for each in selections.values())
        return _images([row._replace(name=row.name or text) for row, text in zip(rows, whose, strict=True)], columns)
    title = _title(list(selections.values()), rows[0], class_names, unit_name)
    if len(rows) == 1:
        (only,) = selections.values()
        gates = _Row("gates, before the search", _layers(only.gates_mask), float(only.gates_holding_rate))
        rows = [rows[0]._replace(name="after the search"), gates]
    return _table(rows, title, unit_name)


class _Row(NamedTuple):
    """The masks of one selection, by layer, and the share of decisions that they hold."""

    name: str
    layers: Mapping[str, np.ndarray]
    rate: float


def _as_selections(selection: Any) -> dict[str, Any]:
    entries = {f"{name}": entry for name, entry in selection.items()} if isinstance(selection, Mapping) else None
    entries = {"": selection} if entries is None else entries
    wanted = ("mask", "gates_mask", "units", "holding_rate", "gates_holding_rate", "target", "holding", "reached")
    if not entries or not all(hasattr(entry, name) for entry in entries.values() for name in wanted):
        raise ValueError(f"selection: found {describe(selection)}, wanted a Selection or a mapping of Selections")
    return entries


def _layers(mask: Any) -> dict[str, np.ndarray]:
    """The masks of all layers by name; of a single one without a name."""
    layers = mask if isinstance(mask, Mapping) else {"": mask}
    return {f"{name}": as_array("mask", values) for name, values in layers.items()}


def _form(row: _Row) -> dict[str, tuple[int, ...]]:
    return {layer: mask.shape for layer, mask in row.layers.items()}


def _title(selections: Sequence[Any], row: _Row, class_names: Sequence[Any] | None, unit_name: str) -> str:
    """How many units keep how many decisions, in one sentence."""
    sizes, rates = [each.units for each in selections], [float(each.holding_rate) for each in selections]
    number = f"{sizes[0]}" if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"
    share = _percent(rates[0]) if len(rates) == 1 else f"at least {_percent(np.floor(1000 * min(rates)) / 1000)}"
    texts = {_decisions(each, class_names) for each in selections}
    whose = texts.pop() if len(texts) == 1 else "the decisions for each class"
    units = sum(mask.size for mask in row.layers.values())
    required = " or ".join(sorted({f"{100 * each.holding:g}%" for each in selections}))
    missed = sum(not each.reached for each in selections)
    reached = "" if not missed else ", not reached" if len(selections) == 1 else f", not reached by {missed}"
    subject = f"{number} of {units} {unit_name}{'' if units == 1 else 's'} {'keeps' if number == '1' else 'keep'}"
    return f"{subject} {share} of {whose} (required: {required}{reached}){_on_new_rows(selections)}"


def _on_new_rows(selections: Sequence[Any]) -> str:
    """Whether as many decisions hold on new rows, of selections made with a confidence."""
    confidences = [each.confidence for each in selections if getattr(each, "confidence", None) is not None]
    if not confidences:
        return ""
    least, certified = f"{100 * min(confidences):g}% confidence", sum(bool(each.certified) for each in selections)
    if len(selections) == 1:
        return f"\n{'certified' if certified else 'not certified'} for new rows, with {least}"
    each_by_itself = " each" if certified > 1 else ""
    return f"\ncertified for new rows: {certified} of {len(selections)}, with {least}{each_by_itself}"


def _decisions(selection: Any, class_names: Sequence[Any] | None) -> str:
    """Whose decisions a selection holds, in words."""
    if selection.target is None:
        return "the decisions for all classes"
    names = None if class_names is None else as_names("class_names", class_names)
    if names is not None and selection.target >= len(names):
        raise ValueError(f"class_names: found {len(names)} names, wanted one for each class, {selection.target} too")
    return f"the decisions for class {selection.target if names is None else names[selection.target]}"


def _percent(rate: SupportsFloat) -> str:
    return f"{100 * float(rate):.1f}%"


def _table(rows: Sequence[_Row], title: str, unit_name: str) -> Figure:
    """The units of each row, in a block for each layer."""
    layers = list(rows[0].layers)
    height = 1.3 + len(rows) * 1.75 * float(np.clip(3.5 / len(rows), 0.11, 0.24))
    figure = new_figure(9.0, 0.4 + height * len(layers))
    parts = figure.subfigures(len(layers), 1, squeeze=False)[:, 0]
    for part, layer in zip(parts, layers, strict=True):
        masks = {f"{row.name} ({_percent(row.rate)})": row.layers[layer][None] for row in rows}
        label = f"{unit_name} of {layer}" if layer else unit_name
        selected_units.positions(masks, x_label=label, size_label="units", figure=part)
    headline(figure, title)
    return figure


def _images(rows: Sequence[_Row], columns: int) -> Figure:
    """Masks of images: the pixels that are kept, or the share of their channels."""
    maps = {}
    for row in rows:
        for layer, mask in row.layers.items():
            if mask.ndim not in (2, 3):
                raise ValueError(f"selection: found a mask of shape {mask.shape}, wanted [units] or an image")
            name = " ".join(filter(None, [row.name, layer]))
            size = f"{mask.sum():.0f} of {mask.size} kept, {_percent(row.rate)}"
            maps[f"{name}\n{size}"] = mask if mask.ndim == 2 else mask.mean(axis=2)
    return images.pixel_gates(maps, columns=columns, label="share kept")
