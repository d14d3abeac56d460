"""The sparse sigmoid networks of Watanabe 2018 and the rows they learn, digits or prices, scaled as in the paper."""

import dataclasses
import hashlib
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.tasks import TITLES, image_sets
from interp_jax import data
from interp_jax.networks.models import lnn

TRAINING_SHARE = 270 / 541  # of the windows of prices
PER_CLASS = 500
# Watanabe 2018, Appendix 3; the paper does not give the sizes of hidden layers.
DIGITS = {"passes": 100, "penalty": 1.1e-5, "resolutions": (4, 8, 16), "nmf_rank": 16}
PRICES = {"passes": 500, "penalty": 2e-5, "resolutions": (3, 6, 12), "nmf_rank": 12}
MODULES = 4  # of a network with a known answer


class Features(NamedTuple):
    """What a role consists of: inputs of this shape, images or prices [items, months], then the named outputs."""

    shape: tuple[int, int]
    images: bool
    outputs: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Task:
    """Training and held-out rows, scaled as in the paper, and the parameters of training and analysis.

    ``labels`` is None for prices, and ``scaled_targets`` for images.
    """

    name: str
    inputs: np.ndarray
    targets: np.ndarray
    held_inputs: np.ndarray
    held_targets: np.ndarray
    features: Features
    hidden: tuple[int, ...]
    passes: int
    penalty: float
    resolutions: tuple[int, ...]
    nmf_rank: int
    labels: np.ndarray | None = None
    scaled_targets: data.Scaling | None = None


def images(name: str, *, flat: bool = True) -> dict[str, Any]:
    """The fields of a task of digits; the rows of a convolutional network are not flat."""
    (train, test), mnist = image_sets(name), name == "mnist"
    chosen = data.first_per_class(train.labels, PER_CLASS if mnist else int(np.bincount(train.labels).min()))
    rows, labels = [train.inputs[chosen], test.inputs], [train.labels[chosen], test.labels]
    if flat:
        rows = [data.crop_and_resize(x) if mnist else x[..., 0] for x in rows]
    shape = rows[0].shape[1:3]
    if flat:
        rows = [x.reshape(len(x), -1) for x in rows]
        rows = list(map(data.fit_scaling(rows[0], -1.0, 1.0).apply, rows))
    return DIGITS | {
        "name": TITLES[name],
        "features": Features(shape, True, train.classes),
        "hidden": (100,) if mnist else (60,),
        "labels": labels[0],
        **_rows(rows, [np.float32([0.01, 0.99])[np.eye(len(train.classes), dtype=int)[x]] for x in labels]),
    }


def prices(csv: Path | None, months: int, key) -> dict[str, Any]:
    """The fields of a task of prices, of a file or simulated; the first half of the windows is trained on."""
    series = data.seasonal_prices(key) if csv is None else data.read_prices(csv)
    windows = data.price_windows(series, months)
    split = max(2, round(len(windows.inputs) * TRAINING_SHARE))
    if split >= len(windows.inputs):
        windows_in_words = f"{months}-month windows of {len(series.months)} months of prices"
        raise ValueError(f"months: found {windows_in_words}, wanted at least three windows, one of them held out")
    inputs = data.fit_scaling(windows.inputs[:split], -1.0, 1.0).apply(windows.inputs)
    scaling = data.fit_scaling(windows.targets[:split], 0.01, 0.99)
    return PRICES | {
        "name": "simulated prices" if csv is None else f"prices in {csv.name}",
        "features": Features((len(windows.items), months), False, windows.items),
        "hidden": (160,),
        "scaled_targets": scaling,
        **_rows(*(np.split(x, [split]) for x in (inputs, scaling.apply(windows.targets)))),
    }


def recorded(csv: Path | None) -> dict[str, str]:
    """What a run's record has in place of the path of a file of prices."""
    if csv is None:
        return {}
    return {"csv": f"{csv.name}, sha256 {hashlib.sha256(csv.read_bytes()).hexdigest()[:16]}"}


def _rows(inputs, targets):
    return dict(zip(("inputs", "held_inputs", "targets", "held_targets"), (*inputs, *targets), strict=True))


@partial(jax.jit, static_argnames=("sizes", "steps", "drawn"))
def train(keys, inputs, targets, penalty, *, sizes, steps, drawn):
    """Stacked networks from pairs of keys: one for the initial weights, one for the order of the rows if drawn."""

    def one(pair):
        network, order = lnn.init(pair[0], sizes), pair[1] if drawn else None
        if not steps:
            return lnn.Trained(network, jnp.zeros(1))
        return lnn.train(network, inputs, targets, steps=steps, penalty=penalty, key=order)

    return jax.vmap(one)(keys)


def small_share(weights) -> float:
    """The share of weights below 0.01 in magnitude, which the L1 penalty makes small."""
    return float(np.mean(np.abs(np.concatenate(weights, axis=None)) < 0.01))


def score(task: Task, outputs: np.ndarray, targets: np.ndarray) -> float:
    """The accuracy of outputs, or of prices their root mean square error in points."""
    if task.scaled_targets is None:
        return float(np.mean(np.argmax(outputs, axis=1) == np.argmax(targets, axis=1)))
    differences = task.scaled_targets.invert(outputs) - task.scaled_targets.invert(targets)
    return float(np.sqrt(np.mean(differences**2)))


def planted_network(key, inputs: int, units: int, outputs: int, noise: float):
    """A sigmoid network with planted modules, the module of every unit, and the sign of every copy."""
    model_key, noise_key, sign_key = jax.random.split(key, 3)
    models = lnn.init(model_key, (inputs, MODULES, outputs), variance=1.0 / inputs)
    planted = np.arange(units) % MODULES
    signs = np.where(np.asarray(jax.random.permutation(sign_key, units)) % 2, 1.0, -1.0)
    weights, biases = models.weights[0], models.biases[0]
    added = noise * inputs**-0.5 * jax.random.normal(noise_key, (inputs, units))
    hidden = (weights[:, planted] + added) * signs[None, :], biases[planted] * signs
    last = signs[:, None] * models.weights[1][planted], models.biases[1]
    return lnn.LNN(*zip(hidden, last, strict=True)), planted, signs
