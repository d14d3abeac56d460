"""The study's table of results, and its lines in the README."""

import numpy as np

from experiments.layers_of_detectors.settings import PRESETS
from experiments.provenance import Files, of_each_run, provenance, table
from experiments.study import mean_and_spread

FOUR = "4-layer perceptron"


def lines(files: Files) -> list[tuple]:
    """The study's row in the README: quantity, ours, published, number of networks; none before a run is kept."""
    return [
        (
            "two hidden units trained until they no longer improve, mean |error| in samples: 100-2-60",
            mean_and_spread(record["metrics"]["two_units"]["l1"]),
            "1.549",
            record["config"]["seeds"],
        )
        for record in files.values()
    ]


def results_table(files: Files) -> str:
    """A row for every reader of the last hidden layer."""
    return of_each_run(files, _table)


def _table(files):
    (record,) = files.values()
    errors = record["metrics"]["output_layer"]["errors"][FOUR]
    header = f"{FOUR}: reader of the last hidden layer, mean |error| in samples", *errors
    readers = next(iter(errors.values()))
    rows = [(reader, *(mean_and_spread(np.array(of[reader]), 2) for of in errors.values())) for reader in readers]
    note = f"Mean ± standard deviation over {record['config']['seeds']} networks. "
    return f"{table(header, rows)}\n\n{note}{provenance('layers_of_detectors', files, PRESETS)}"
