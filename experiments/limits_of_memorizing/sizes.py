"""Steps until the rows are fitted by the size of the network and of the data (section 7.3, after Arpit et al.)."""

from typing import NamedTuple

import numpy as np

from experiments.limits_of_memorizing.limits_study import BATCH, KINDS, SHUFFLED, TRUE
from experiments.study import mean_and_spread


class Sizes(NamedTuple):
    """Epochs until the rows are fitted, by kind of labels and by width of the hidden layers or number of rows."""

    epochs: dict[str, dict[str, np.ndarray]]  # "width" or "rows": [sizes, networks]
    fitted: dict[str, dict[str, np.ndarray]]
    widths: list[int]
    rows: list[int]
    limit: int


def measure(study) -> Sizes:
    """Networks of other widths of all hidden layers, and networks trained on a part of the rows."""
    task, (inputs, *hidden, classes) = study.task, study.task.sizes
    widths, rows = (
        [round(w * hidden[0]) for w in study.config.widths],
        [round(part * len(task.train.labels)) for part in study.config.parts],
    )
    cells = {"width": [{"sizes": (inputs, *[width] * len(hidden), classes)} for width in widths]}
    cells["rows"] = [{"rows": count} for count in rows]
    epochs, fitted = {kind: {} for kind in KINDS}, {kind: {} for kind in KINDS}
    for kind, what in study.counted("sizes", [(kind, what) for kind in KINDS for what in cells]):
        of = [_fitted(study, kind, what, number, options) for number, options in enumerate(cells[what])]
        epochs[kind][what] = np.stack([each.epochs for each in of])
        fitted[kind][what] = np.stack([each.fitted for each in of])
    return Sizes(epochs, fitted, widths, rows, study.config.epochs)


def _fitted(study, kind, what, number, options):
    if {"width": study.config.widths, "rows": study.config.parts}[what][number] == 1:
        return study.noisy(KINDS[kind])
    return study.until_fitted(f"{kind}, {what} {number}", study.labels(KINDS[kind]), **options)


def show(result: Sizes, page) -> None:
    """Two tables, in steps where the number of rows differs."""
    page.finding(sentence(result))
    for what, sizes in (("width", result.widths), ("rows", result.rows)):
        rows = []
        for kind in KINDS:
            values, fitted = result.epochs[kind][what], result.fitted[kind][what]
            values = values * (np.array(result.rows)[:, None] // BATCH) if what == "rows" else values
            marks = ("" if each.all() else f" ({each.sum()} of {len(each)} fitted)" for each in fitted)
            rows.append((kind, *(mean_and_spread(each, 0) + mark for each, mark in zip(values, marks, strict=True))))
        unit = "Steps" if what == "rows" else "Epochs"
        header = ("trained on", *(f"{size:,} {'rows' if what == 'rows' else 'units a layer'}" for size in sizes))
        page.table(header, rows, f"{unit} until the rows are fitted, at most {result.limit:,} epochs.")
    page.metrics(result._asdict())


def sentence(result: Sizes) -> str:
    """The finding: how a narrower network and more rows slow both kinds of training."""
    more = (result.rows[-1] // BATCH) / (result.rows[0] // BATCH)
    narrow = {kind: _factor(result, kind, "width", 0, -1) for kind in (SHUFFLED, TRUE)}
    many = {kind: _factor(result, kind, "rows", -1, 0, more) for kind in (SHUFFLED, TRUE)}
    return (
        f"From {result.widths[-1]} to {result.widths[0]} units a layer the number of epochs is multiplied by "
        f"{narrow[SHUFFLED]} with shuffled labels and {narrow[TRUE]} with true ones; from {result.rows[0]:,} to "
        f"{result.rows[-1]:,} rows the number of steps by {many[SHUFFLED]} and {many[TRUE]}."
    )


def _factor(result: Sizes, kind: str, what: str, slow: int, fast: int, times: float = 1.0) -> str:
    """A ratio of epochs, and which side of it is open where networks do not fit their rows in the epochs allowed."""
    epochs, fitted = result.epochs[kind][what], result.fitted[kind][what]
    bounds = {(True, True): "", (False, True): "at least ", (True, False): "at most ", (False, False): "roughly "}
    return f"{bounds[fitted[slow].all(), fitted[fast].all()]}{times * (epochs[slow] / epochs[fast]).mean():.1f}"
