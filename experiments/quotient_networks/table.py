"""The study's table of results, and its lines in the README."""

from pathlib import Path

import numpy as np

from experiments.provenance import data_name, provenance, table
from experiments.quotient_networks.merging import ACTIVATION, PARTITIONS, TREE
from experiments.quotient_networks.settings import PRESETS
from experiments.study import mean_and_spread


def lines(files: dict[Path, dict]) -> list[tuple]:
    """The study's row in the README for each run on digits: quantity, ours, published, number of networks."""
    rows = []
    for record in files.values():
        measured = record["metrics"]["quotient"]
        if measured["accuracy"]:
            count = measured["resolutions"][-1]
            ours = mean_and_spread(_scores(measured, ACTIVATION, TREE, count))
            what = f"accuracy with {count} clusters of hidden units as units: {data_name(record['config'])}"
            rows.append((what, ours, "–", record["config"]["networks"]))
    return rows


def results_table(files: dict[Path, dict]) -> str:
    """A row for each partition and form of a cluster's unit, a column for each data set."""
    columns = {data_name(record["config"]): record["metrics"]["quotient"] for record in files.values()}
    forms = list(next(iter(columns.values()))["scores"])
    rows = [
        (f"{form}, {name}, {fineness}", *(_cell(measured, form, name, place) for measured in columns.values()))
        for form in forms
        for name in PARTITIONS
        for place, fineness in ((0, "coarsest"), (-1, "finest"))
    ]
    whole = ("all units", *(mean_and_spread(measured["whole"]) for measured in columns.values()))
    header = (
        "every cluster one unit",
        *(f"{name}, {measured['resolutions']} clusters" for name, measured in columns.items()),
    )
    note = (
        "Accuracy on held-out rows, of prices the root mean square error in points, at the coarsest and finest of the "
        "paper's resolutions: mean ± standard deviation over networks. "
    )
    return "\n".join([table(header, [whole, *rows]), "", note + provenance("quotient_networks", files, PRESETS)])


def _scores(measured, form, name, count):
    return np.array(measured["scores"][form][name])[:, measured["counts"].index(count)]


def _cell(measured, form, name, place):
    return mean_and_spread(_scores(measured, form, name, measured["resolutions"][place]))
