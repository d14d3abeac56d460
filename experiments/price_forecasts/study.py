"""The study's networks, and its sections in the order of its page."""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from experiments.price_forecasts import choice, forecasts, trees
from experiments.price_forecasts.forecasts import PAPER, PERMUTED
from experiments.price_forecasts.forms import LEVELS, Rows, folds, in_form
from experiments.price_forecasts.settings import Settings
from experiments.sigmoid_networks import PRICES, TRAINING_SHARE, recorded, train
from experiments.study import Study, lane, write_report
from interp_jax import data
from interp_jax.networks.models.lnn import LNN

SECTIONS = {
    "choice": ("The settings, chosen in the training half", choice),
    "forecasts": ("Errors of all forecasts", forecasts),
    "trees": ("The trees of both networks", trees),
}


@dataclasses.dataclass(kw_only=True)
class ForecastStudy(Study):
    """The study with its prices."""

    windows: data.PriceWindows | None
    source: str

    @property
    def training(self) -> int:
        """How many windows are trained on, the earlier ones."""
        return max(2, round(len(self.windows.inputs) * TRAINING_SHARE))

    def pairs(self, number: int, count: int):
        """Pairs of keys, for the initial weights and for the order of the rows."""
        return jnp.stack([jax.random.split(jax.random.fold_in(self.key(number), each)) for each in range(count)])

    def setting(self, kind: str) -> tuple[str, int, int, float]:
        """The form, hidden units, passes and penalty of a kind of network."""
        if kind == PAPER:
            return LEVELS, self.config.paper_hidden, self.config.paper_passes, PRICES["penalty"]
        result = self._result("choice", choice)
        best = result.best()
        return result.forms[best], result.hidden[best], result.passes[best], result.penalties[best]

    def rows(self, kind: str) -> Rows:
        """All windows in the form of a kind of network, scaled by the training rows."""
        return in_form(self.windows, np.arange(self.training), self.setting(kind)[0])

    def networks(self, kind: str) -> list[LNN]:
        """The networks of a kind."""
        weights, biases = self.cached(f"networks, {kind}".replace("'", ""), lambda: self._train(kind))
        return [lane(LNN(tuple(weights), tuple(biases)), number) for number in range(self.config.networks)]

    def _train(self, kind):
        _, hidden, passes, penalty = self.setting(kind)
        rows = self.rows(kind)
        inputs, targets = rows.inputs[: self.training], rows.targets[: self.training]
        if kind == PERMUTED:
            targets = targets[np.asarray(jax.random.permutation(self.key(3), len(targets)))]
        options = {"sizes": (inputs.shape[1], hidden, targets.shape[1]), "steps": passes * len(inputs), "drawn": True}
        keys = self.pairs(2, self.config.networks)
        network = train(keys, jnp.asarray(inputs), jnp.asarray(targets), penalty, **options).network
        return [list(network.weights), list(network.biases)]


def main(settings: Settings) -> Path:
    """Writes the sections that are not finished yet and returns the path of the report."""
    windows = None
    if not settings.show:
        key = jax.random.key(settings.seed)
        series = data.seasonal_prices(key) if settings.csv is None else data.read_prices(settings.csv)
        windows = data.price_windows(series, settings.months)
        folds(round(len(windows.inputs) * TRAINING_SHARE), settings.folds)
    return write_report(
        ForecastStudy,
        settings,
        SECTIONS,
        title="Forecasts of prices by networks whose units are interpreted",
        lead="The roles of hidden units tell how prices are forecast only if the network forecasts them. Beside the "
        "network of C. Watanabe, Interpreting layered neural networks via hierarchical modular representation, "
        "arXiv:1810.01588, one whose settings are chosen within the training half, and forecasts without a network.",
        name=f"{settings.preset}{'-simulated' if settings.csv is None else ''}",
        recorded=recorded(settings.csv),
        windows=windows,
        source="simulated" if settings.csv is None else settings.csv.name,
    )
