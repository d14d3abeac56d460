"""The tasks of the networks: to classify digits, or to forecast next month's prices."""

import jax

from experiments.sigmoid_networks import Task, images, prices
from interp_jax import networks

_PASSES = {"mlp": 30, "cnn": 10}  # epochs of the networks that are not in the paper
LEAST_UNITS = 8


def task(settings, key) -> Task:
    """The task of the settings; simulated prices depend on the key."""
    options = prices(settings.csv, settings.months, key) if settings.data == "prices" else _images(settings)
    given = {name: getattr(settings, name) for name in ("resolutions", "hidden", "passes", "penalty")}
    made = Task(**options | {name: value for name, value in given.items() if value not in (None, ())})
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
    classes = len(task.features.outputs)
    if network == "cnn":
        return networks.image_cnn(key, task.inputs.shape[1:], channels=task.hidden, classes=classes)
    return networks.perceptron(key, (task.inputs.shape[1], *task.hidden, classes))


def _images(settings):
    options = images(settings.data, flat=settings.network != "cnn")
    if settings.network == "cnn":
        options["hidden"] = (32, 64)
    return options | {"passes": _PASSES.get(settings.network, options["passes"])}
