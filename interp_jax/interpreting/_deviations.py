"""Distances within and between classes, layer by layer, beside permuted labels."""

from typing import Any, NamedTuple

import numpy as np

from interp_jax import figures, methods, networks
from interp_jax.interpreting._budgets import Budget
from interp_jax.interpreting._subject import Subject, as_units, pooling

MOST = 100  # classes for which all pairs are compared


class Deviations(NamedTuple):
    """Profiles with the given labels and with the same ones permuted, and the layers' names."""

    profile: methods.deviation.Profile
    permuted: methods.deviation.Profile
    layers: tuple[str, ...]
    accuracy: float | None


def measure(subject: Subject, budget: Budget) -> Deviations:
    """The deviations of inputs, hidden layers and scores."""
    del budget
    assert subject.labels is not None
    classes = max(int(subject.labels.max()) + 1, 2)
    options: dict[str, Any] = {"classes": classes, "pairs": "all" if classes <= MOST else "adjacent"}
    layers, x = {"inputs": subject.inputs.astype(np.float32)}, subject.inputs
    for name, segment in zip((*subject.layers, "scores"), subject.segments, strict=True):
        x = networks.apply(segment, x)
        layers[name] = as_units(x, _pool(subject))
    layers["inputs"] = layers["inputs"].reshape(len(x), -1)
    permuted = np.random.default_rng(subject.seed).permutation(subject.labels)
    values = list(layers.values())
    accuracy = float(np.mean(subject.predictions == subject.labels)) if subject.outputs > 1 else None
    return Deviations(
        methods.deviation.profile(values, subject.labels, **options),
        methods.deviation.profile(values, permuted, **options),
        tuple(layers),
        accuracy,
    )


def show(result: Deviations, page: Any, subject: Subject) -> None:
    """A figure of both profiles and a table of the ratios."""
    page.text(
        "Distances between rows of one class, and between the averages of two classes, in each layer. Where layers "
        "bring rows of a class together, the ratio rises; with permuted labels it shows what the sizes of the classes "
        f"alone give.{pooling(subject, _pool(subject))}"
    )
    page.figure(
        "deviations",
        figures.deviation({"labels": result.profile, "permuted labels": result.permuted}, layer_names=result.layers),
        f"Euclidean distances for {len(subject.inputs)} rows; class averages by "
        f"{'all pairs of classes' if result.profile.inter_by_pair.shape[1] > 1 else 'the pair of classes'}.",
    )
    page.table(
        ("layer", "within a class", "between classes", "ratio", "ratio, permuted labels"),
        [
            (name, *(f"{value:.3g}" for value in row))
            for name, *row in zip(
                result.layers,
                result.profile.inner,
                result.profile.inter,
                ratios(result.profile),
                ratios(result.permuted),
                strict=True,
            )
        ],
        "Deviations, layer by layer.",
    )
    page.metrics({"ratio": ratios(result.profile), "permuted": ratios(result.permuted)})


def sentence(result: Deviations, subject: Subject) -> str:
    """Whether layers separate the classes."""
    del subject
    first, last = ratios(result.profile)[[0, -1]]
    verb = "separates" if last > 1.1 * first else "does not separate"
    return (
        f"The network {verb} the classes further: their averages lie {first:.2g} times as far apart as rows of one "
        f"class in the inputs, and {last:.2g} times in the scores (permuted labels: "
        f"{ratios(result.permuted)[-1]:.2g})."
    )


def _pool(subject: Subject) -> str | None:
    return None if subject.pool == "auto" else subject.pool


def ratios(profile: methods.deviation.Profile) -> np.ndarray:
    """[layers] inter-class by inner-class deviation."""
    inner, inter = np.asarray(profile.inner, float), np.asarray(profile.inter, float)
    return np.divide(inter, inner, out=np.full(inner.shape, np.nan), where=inner > 0)
