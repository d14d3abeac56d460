"""What the study's networks learn: digits to name, or next month's prices."""

import dataclasses

import jax
import numpy as np

from interp_jax import data


@dataclasses.dataclass(frozen=True)
class Task:
    """Rows to learn and rows held out, scaled as the paper does, and the paper's settings for them.

    ``shape`` is the inputs' own: height and width of a picture, or items and months of prices. ``labels`` are the
    classes of both sets of rows, or None. ``prices`` is the training rows' scaling of the prices, or None.
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
    resolutions: tuple[int, ...]
    nmf_rank: int
    threshold: float  # of the weights that are drawn
    scaled_targets: data.Scaling | None = None

    @property
    def is_images(self) -> bool:
        """Whether inputs are pictures, and outputs classes."""
        return self.labels is not None


# Watanabe 2018, Appendix 3; the paper does not give the sizes of hidden layers.
_DIGITS = {"passes": 100, "penalty": 1.1e-5, "resolutions": (4, 8, 16), "nmf_rank": 16, "threshold": 0.6}
_PRICES = {"passes": 500, "penalty": 2e-5, "resolutions": (3, 6, 12), "nmf_rank": 12, "threshold": 0.001}
_TRAINING_SHARE = 270 / 541
_PER_CLASS = 500


def task(settings, key) -> Task:
    """The task that the settings name; simulated prices follow from the key."""
    if settings.data == "prices":
        series = data.seasonal_prices(key) if settings.csv is None else data.read_prices(settings.csv)
        return _prices(series, settings.months, "simulated prices" if settings.csv is None else "prices")
    train, test = (data.load(settings.data, split=split) for split in ("train", "test"))
    per_class = _PER_CLASS if settings.data == "mnist" else np.bincount(train.labels).min()
    chosen = data.first_per_class(train.labels, int(per_class))
    rows, labels = train.inputs[chosen], train.labels[chosen]
    options = {"name": settings.data, "hidden": (100,) if settings.data == "mnist" else (60,)}
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
        **_DIGITS,
        **options,
    )


def _prices(series, months, name):
    windows = data.price_windows(series, months)
    split = max(2, round(len(windows.inputs) * _TRAINING_SHARE))
    if split >= len(windows.inputs):
        rows = len(series.months)
        raise ValueError(f"csv: found {rows} months, wanted more than {months + 2}, some of them to hold out")
    inputs = data.fit_scaling(windows.inputs[:split], -1.0, 1.0)
    targets = data.fit_scaling(windows.targets[:split], 0.01, 0.99)
    scaled = inputs.apply(windows.inputs), targets.apply(windows.targets)
    return Task(
        name=name,
        inputs=scaled[0][:split],
        targets=scaled[1][:split],
        held_inputs=scaled[0][split:],
        held_targets=scaled[1][split:],
        labels=None,
        held_labels=None,
        shape=(len(windows.items), months),
        output_names=windows.items,
        hidden=(160,),
        scaled_targets=targets,
        **_PRICES,
    )


def shuffled(targets: np.ndarray, key) -> np.ndarray:
    """The same targets in a random order of rows, so that inputs say nothing about them."""
    return targets[np.asarray(jax.random.permutation(key, len(targets)))]
