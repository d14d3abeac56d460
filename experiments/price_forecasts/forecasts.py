"""Errors of the paper's network, of the chosen one, and of forecasts without a network."""

from typing import NamedTuple

import numpy as np

from experiments.price_forecasts.forms import chosen_ridge, error, naive
from experiments.study import mean_and_spread

PAPER, CHOSEN, PERMUTED = "the paper's", "chosen", "chosen, permuted targets"


class Forecasts(NamedTuple):
    """Root mean square errors in points."""

    data: str
    rows: tuple[int, int]
    naive: dict[str, dict[str, float]]
    ridge: str  # what was chosen for it
    networks: dict[str, dict[str, list[float]]]  # of each network
    settings: dict[str, str]  # of each kind, in words


def measure(study) -> Forecasts:
    """Errors on the training rows and on the held-out rows."""
    windows, training = study.windows, study.training
    parts = {"training": np.arange(training), "held out": np.arange(training, len(windows.inputs))}
    by_ridge, chosen = chosen_ridge(windows, training, study.config.folds)
    without = naive(windows) | {"ridge regression": by_ridge}
    errors = {
        name: {part: error(forecasts[rows], windows.targets[rows]) for part, rows in parts.items()}
        for name, forecasts in without.items()
    }
    networks = {}
    for kind in (PAPER, CHOSEN, PERMUTED):
        made = study.rows(kind)
        outputs = [np.asarray(network(made.inputs)) for network in study.networks(kind)]
        networks[kind] = {
            part: [error(made.prices(each[rows], rows), windows.targets[rows]) for each in outputs]
            for part, rows in parts.items()
        }
    counts = training, len(windows.inputs) - training
    settings = {kind: in_full(*study.setting(kind)) for kind in networks}
    return Forecasts(study.source, counts, errors, chosen, networks, settings)


def in_full(form: str, hidden: int, passes: int, penalty: float) -> str:
    """The settings of a kind of network."""
    return f"{form}, {hidden} hidden units, {passes} passes, penalty {penalty:g}"


def show(result: Forecasts, page) -> None:
    """A table of errors."""
    training, held = (f"{rows:,}" for rows in result.rows)
    page.text(
        f"Prices: {result.data}. Forecasts of next month's price of each item, in points of the price index. The "
        f"network that the paper interprets, as in the study of hierarchical modules ({result.settings[PAPER]}; the "
        "paper has 500 passes and does not give the hidden units); the network of the settings chosen above "
        f"({result.settings[CHOSEN]}); the same trained on targets permuted among the rows, as a control; and "
        f"forecasts without a network. Ridge regression sees the same inputs ({result.ridge}, chosen in the same way)."
    )
    page.finding(in_words(result))
    rows = [
        (f"network: {kind}", *(mean_and_spread(of[part], 2) for part in of)) for kind, of in result.networks.items()
    ]
    rows += [(name, *(f"{of[part]:.2f}" for part in of)) for name, of in result.naive.items()]
    header = "forecast", f"{training} training rows", f"{held} held-out rows"
    caption = "Root mean square error in points, mean ± standard deviation over networks."
    page.table(header, rows, caption)
    page.metrics({"naive": result.naive, "networks": result.networks})


def in_words(result: Forecasts) -> str:
    """The finding: how many networks beat last month's price, and the best forecast without a network."""
    last = result.naive["last month"]["held out"]
    parts = []
    own = "a network whose settings were chosen within the training half"
    for kind, name in ((PAPER, "the paper's network"), (CHOSEN, own)):
        errors = np.array(result.networks[kind]["held out"])
        parts.append(f"{name} {mean_and_spread(errors, 2)} (better in {np.sum(errors < last)} of {len(errors)})")
    control = mean_and_spread(np.array(result.networks[PERMUTED]["held out"]), 2)
    best = min(result.naive, key=lambda name: result.naive[name]["held out"])
    least, chosen = result.naive[best]["held out"], np.mean(result.networks[CHOSEN]["held out"])
    than = "less than" if round(least, 2) < round(chosen, 2) else "no less than"
    return (
        f"Errors of forecasts of held-out months, in points: last month's price {last:.2f}, {', '.join(parts)}, the "
        f"same trained on permuted targets {control}. The best forecast without a network, {best}, "
        f"errs by {least:.2f}, {than} the chosen network."
    )
