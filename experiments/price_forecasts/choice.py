"""The settings of the network, chosen by forecasts of stretches of the training half, and the outcomes of all."""

from functools import partial
from itertools import product
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.price_forecasts.forms import FORMS, error, folds, in_form, naive
from experiments.sigmoid_networks import train

CHOICE_KEY = 1
BEST = 5  # settings shown before all of them


class Choice(NamedTuple):
    """An entry for each setting, in the order that they were tried."""

    forms: list[str]
    hidden: list[int]
    passes: list[int]
    penalties: list[float]
    validation: np.ndarray  # [settings, networks] root mean square error over the folds, points
    held_out: np.ndarray  # [settings, networks] of networks trained on the whole training half
    last_month: tuple[float, float]  # the same for last month's price
    folds: int

    def best(self) -> int:
        """The setting with the least mean error in validation."""
        return int(np.argmin(self.validation.mean(axis=1)))


def measure(study) -> Choice:
    """Validation errors of all settings, and their errors on held-out rows, which do not count for the choice."""
    config, windows, training = study.config, study.windows, study.training
    parts, settings, validation, held = folds(training, config.folds), [], [], []
    keys = study.pairs(CHOICE_KEY, config.networks_of_choice)
    for form, hidden, passes in study.counted("settings", product(FORMS, config.hidden, config.passes)):
        settings += [(form, hidden, passes, penalty) for penalty in config.penalties]
        validation.append(trained(windows, parts, form, hidden, passes, config.penalties, keys))
        whole = [(np.arange(training), np.arange(training, len(windows.inputs)))]
        held.append(trained(windows, whole, form, hidden, passes, config.penalties, keys))
    last = naive(windows)["last month"]
    in_folds, after = np.concatenate([test for _, test in parts]), np.arange(training, len(windows.inputs))
    of_last = tuple(error(last[rows], windows.targets[rows]) for rows in (in_folds, after))
    columns = map(list, zip(*settings, strict=True))
    return Choice(*columns, np.concatenate(validation), np.concatenate(held), of_last, config.folds)


def trained(windows, parts, form, hidden, passes, penalties, keys) -> np.ndarray:
    """[penalties, networks] root mean square error over the rows to forecast of all parts."""
    rows = [in_form(windows, training, form) for training, _ in parts]
    inputs = jnp.stack([each.inputs[training] for each, (training, _) in zip(rows, parts, strict=True)])
    targets = jnp.stack([each.targets[training] for each, (training, _) in zip(rows, parts, strict=True)])
    sizes = inputs.shape[-1], hidden, targets.shape[-1]
    stacked = _train(keys, inputs, targets, jnp.array(penalties), sizes=sizes, steps=passes * inputs.shape[1])
    held = jnp.stack([each.inputs[test] for each, (_, test) in zip(rows, parts, strict=True)])
    outputs = np.asarray(_outputs(stacked, held))  # [penalties, parts, networks, rows, items]
    squares = [
        (each.prices(outputs[:, part], test) - windows.targets[test]) ** 2
        for part, (each, (_, test)) in enumerate(zip(rows, parts, strict=True))
    ]
    return np.sqrt(np.mean(np.stack(squares), axis=(0, 3, 4)))


@partial(jax.jit, static_argnames=("sizes", "steps"))
def _train(keys, inputs, targets, penalties, *, sizes, steps):
    """Networks [penalties, parts, networks]."""
    one = partial(train, sizes=sizes, steps=steps, drawn=True)
    by_part = jax.vmap(one, in_axes=(None, 0, 0, None))
    return jax.vmap(by_part, in_axes=(None, None, None, 0))(keys, inputs, targets, penalties).network


@jax.jit
def _outputs(stacked, rows):
    by_network = jax.vmap(lambda network, x: network(x), in_axes=(0, None))
    return jax.vmap(jax.vmap(by_network), in_axes=(0, None))(stacked, rows)


def show(result: Choice, page) -> None:
    """The table of all settings, the chosen one first."""
    order = np.argsort(result.validation.mean(axis=1), kind="stable")
    networks = result.validation.shape[1]
    page.text(
        f"The settings of the network are chosen in the training half: {result.folds} stretches of it are forecast in "
        "turn by networks trained on the rows before them, always equally many. Levels are the paper's prices as they "
        "are; in differences, each month's price less that of the last month predicts the change to the next, in "
        "points or of the logarithms. The errors on the later, held-out half were computed for all settings and did "
        "not count for the choice."
    )
    page.text(in_words(result))
    rows = [
        (
            result.forms[each],
            result.hidden[each],
            result.passes[each],
            f"{result.penalties[each]:g}",
            f"{result.validation[each].mean():.2f}",
            f"{result.held_out[each].mean():.2f}",
        )
        for each in order
    ]
    last = "last month's price", None, None, None, *(f"{each:.2f}" for each in result.last_month)
    header = "form", "hidden units", "passes", "penalty", "error in validation", "error held out"
    caption = f"root mean square errors in points, means over {networks} networks, best in validation first."
    page.table(header, [*rows[:BEST], last], f"The first settings of {len(rows)}: {caption}")
    with page.folded("All settings"):
        page.table(header, [*rows, last], f"All settings: {caption}")
    table = [
        dict(zip(("form", "hidden", "passes", "penalty"), each, strict=True)) for each in zip(*result[:4], strict=True)
    ]
    page.metrics(
        {
            "settings": table,
            "validation": result.validation,
            "held_out": result.held_out,
            "last_month": result.last_month,
            "chosen": result.best(),
        }
    )


def in_words(result: Choice) -> str:
    """The chosen setting, and the one that would have been best."""
    best, means = result.best(), result.held_out.mean(axis=1)
    validation, (in_folds, after) = result.validation.mean(axis=1), result.last_month
    better = int(np.sum(means < after))
    return (
        f"Chosen are {result.forms[best]}, {result.hidden[best]} hidden units, {result.passes[best]} passes and a "
        f"penalty of {result.penalties[best]:g}, with the least error in validation: {validation[best]:.2f} points, "
        f"last month's price {in_folds:.2f}. On the held-out half these networks have an error of {means[best]:.2f}, "
        f"last month's price {after:.2f}; {better} of {len(means)} settings are better than last month's price there, "
        f"the best with {means.min():.2f}."
    )
