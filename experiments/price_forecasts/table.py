"""The study's table of results, and its lines in the README."""

from pathlib import Path

from experiments.price_forecasts.forecasts import CHOSEN, PAPER
from experiments.price_forecasts.settings import PRESETS
from experiments.provenance import of_each_run, provenance, table
from experiments.study import mean_and_spread


def lines(files: dict[Path, dict]) -> list[tuple]:
    """The study's row in the README: quantity, ours, published, number of networks."""
    return [
        (
            "error of price forecasts (points): the paper's network; chosen; last month's price",
            "; ".join(
                [*(mean_and_spread(_networks(record, kind), 1) for kind in (PAPER, CHOSEN)), f"{_last(record):.1f}"]
            ),
            "not given",
            record["config"]["networks"],
        )
        for record in files.values()
    ]


def _networks(record, kind):
    return record["metrics"]["forecasts"]["networks"][kind]["held out"]


def _last(record):
    return record["metrics"]["forecasts"]["naive"]["last month"]["held out"]


def results_table(files: dict[Path, dict]) -> str:
    """A row for each forecast."""
    return of_each_run(files, _table)


def _table(files):
    (record,) = files.values()
    measured = record["metrics"]["forecasts"]
    rows = [
        (f"network: {kind}", *(mean_and_spread(of[part], 2) for part in PARTS))
        for kind, of in measured["networks"].items()
    ]
    rows += [(name, *(f"{of[part]:.2f}" for part in PARTS)) for name, of in measured["naive"].items()]
    note = "Root mean square error in points, mean ± standard deviation over networks. "
    header = "forecast of next month's prices", *PARTS
    return "\n".join([table(header, rows), "", note + provenance("price_forecasts", files, PRESETS)])


PARTS = "training", "held out"
