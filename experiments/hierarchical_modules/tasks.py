"""The tasks of the networks: to classify digits, or to forecast next month's prices."""

import dataclasses

import jax
import numpy as np

from experiments.tasks import TITLES, image_sets
from interp_jax import data, networks


@dataclasses.dataclass(frozen=True)
class Task:
    """Training and held-out rows, scaled as in the paper, and the parameters of training and analysis.

    ``shape`` is the original shape of an input: height and width of an image, or items and months of prices.
    ``labels`` and ``held_labels`` are None for prices, and ``scaled_targets`` is None for images.
    """

    name: str
    inputs: np.ndarray
    targets: np.ndarray
    held_inputs: np.ndarray
    held_targets: np.ndarray
    labels: np.ndarray | None
    held_labels: np.ndarray | None
    shape: tuple[int, int]
    output_names: tuple[str, ...]
    hidden: tuple[int, ...]
    passes: int
    penalty: float
    paper_resolutions: tuple[int, ...]
    nmf_rank: int
    threshold: float  # the smallest magnitude of weights in figures
    scaled_targets: data.Scaling | None = None
    resolutions: tuple[int, ...] = ()

    @property
    def steps(self) -> int:
        """The number of training steps of a sigmoid network, one row each."""
        return self.passes * len(self.inputs)

    @property
    def is_images(self) -> bool:
        """Whether inputs are images and outputs classes."""
        return self.labels is not None


# Watanabe 2018, Appendix 3; the paper does not give the sizes of hidden layers.
_DIGITS = {"passes": 100, "penalty": 1.1e-5, "paper_resolutions": (4, 8, 16), "nmf_rank": 16, "threshold": 0.6}
_PRICES = {"passes": 500, "penalty": 2e-5, "paper_resolutions": (3, 6, 12), "nmf_rank": 12, "threshold": 0.001}
_PASSES = {"mlp": 30, "cnn": 10}  # epochs of the networks that are not in the paper
_TRAINING_SHARE = 270 / 541
_PER_CLASS = 500
LEAST_UNITS = 8


def task(settings, key) -> Task:
    """The task of the settings; simulated prices depend on the key."""
    made = _prices(settings, key) if settings.data == "prices" else _images(settings)
    changed = {"resolutions": settings.resolutions or made.paper_resolutions}
    changed |= {"hidden": settings.hidden} if settings.hidden else {}
    changed |= {"passes": settings.passes} if settings.passes is not None else {}
    changed |= {"penalty": settings.penalty} if settings.penalty is not None else {}
    made = dataclasses.replace(made, **changed)
    units = sum(made.hidden)
    if units < LEAST_UNITS:
        raise ValueError(f"hidden: found {units} units, wanted at least {LEAST_UNITS} for a tree")
    if settings.network != "lnn":
        jax.eval_shape(lambda: chain(settings.network, made, key))
    if max(made.resolutions) > units:
        raise ValueError(f"resolutions: found {made.resolutions}, wanted at most {units}, the number of hidden units")
    return made


def chain(network: str, task: Task, key) -> networks.Chain:
    """An untrained perceptron or convolutional network."""
    classes = task.targets.shape[1]
    if network == "cnn":
        return networks.image_cnn(key, (*task.shape, 1), channels=task.hidden, classes=classes)
    return networks.perceptron(key, (task.inputs.shape[1], *task.hidden, classes))


def _images(settings):
    train, test = image_sets(settings.data)
    per_class = _PER_CLASS if settings.data == "mnist" else np.bincount(train.labels).min()
    chosen = data.first_per_class(train.labels, int(per_class))
    rows, labels = train.inputs[chosen], train.labels[chosen]
    options = {"name": TITLES[settings.data], "hidden": (100,) if settings.data == "mnist" else (60,), **_DIGITS}
    if settings.network != "lnn":
        options["passes"] = _PASSES[settings.network]
    if settings.network == "cnn":
        options |= {"inputs": rows, "held_inputs": test.inputs, "shape": rows.shape[1:3], "hidden": (32, 64)}
    else:
        pictures = [data.crop_and_resize(x) if settings.data == "mnist" else x[..., 0] for x in (rows, test.inputs)]
        flat = [x.reshape(len(x), -1) for x in pictures]
        scaling = data.fit_scaling(flat[0], -1.0, 1.0)
        options |= {"inputs": scaling.apply(flat[0]), "held_inputs": scaling.apply(flat[1])}
        options |= {"shape": pictures[0].shape[1:]}
    classes = len(train.classes)
    targets, held_targets = (np.where(np.eye(classes)[x] > 0, 0.99, 0.01) for x in (labels, test.labels))
    return Task(
        targets=targets.astype(np.float32),
        held_targets=held_targets.astype(np.float32),
        labels=labels,
        held_labels=test.labels,
        output_names=train.classes,
        **options,
    )


def _prices(settings, key):
    series = data.seasonal_prices(key) if settings.csv is None else data.read_prices(settings.csv)
    windows = data.price_windows(series, settings.months)
    split = max(2, round(len(windows.inputs) * _TRAINING_SHARE))
    if split >= len(windows.inputs):
        windows_in_words = f"{settings.months}-month windows of {len(series.months)} months of prices"
        raise ValueError(f"months: found {windows_in_words}, wanted at least three windows, one of them held out")
    inputs = data.fit_scaling(windows.inputs[:split], -1.0, 1.0)
    targets = data.fit_scaling(windows.targets[:split], 0.01, 0.99)
    scaled = inputs.apply(windows.inputs), targets.apply(windows.targets)
    return Task(
        name="simulated prices" if settings.csv is None else f"prices in {settings.csv.name}",
        inputs=scaled[0][:split],
        targets=scaled[1][:split],
        held_inputs=scaled[0][split:],
        held_targets=scaled[1][split:],
        labels=None,
        held_labels=None,
        shape=(len(windows.items), settings.months),
        output_names=windows.items,
        hidden=(160,),
        scaled_targets=targets,
        **_PRICES,
    )


def shuffled(targets: np.ndarray, key) -> np.ndarray:
    """The targets in a random order of rows, so that they are independent of the inputs."""
    return targets[np.asarray(jax.random.permutation(key, len(targets)))]
