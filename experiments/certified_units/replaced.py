"""What stands in for units left out: certified sets by zeros, means and other rows, kept alone and removed alone."""

from typing import NamedTuple

import jax
import numpy as np

from experiments.certified_units.certified_study import REFERENCE
from interp_jax.methods import core_units

ABLATIONS = ("zero", "mean", "resample")
WORDS = {"zero": "zeros", "mean": "means", "resample": "values of other images"}


class Replaced(NamedTuple):
    """By layer, of the first network; rates on the test images, with bounds for new rows."""

    units: dict[str, np.ndarray]  # [ablations, classes], of the set selected and certified with that ablation
    certified: dict[str, np.ndarray]  # [ablations, classes]
    rates: dict[str, np.ndarray]  # [ablations, kept or removed, evaluated by ablation, classes]
    lower: dict[str, np.ndarray]  # [ablations, classes] of the set kept alone, by its own ablation
    upper: dict[str, np.ndarray]  # [ablations, classes] of the set removed alone, by its own ablation
    of: dict[str, int]
    holding: float
    confidence: float


def measure(study) -> Replaced:
    """Sets for every class and ablation, and what holds with each of them kept alone or removed alone."""
    config, results = study.config, {}
    for layer in config.layers:
        pairs = [(ablation, label) for ablation in ABLATIONS for label in range(10)]
        rows = [_one(study, layer, *pair) for pair in study.counted(f"what stands in, {layer}", pairs)]
        arrays = (np.stack(each).reshape(len(ABLATIONS), 10, *np.shape(each[0])) for each in zip(*rows, strict=True))
        results[layer] = [*arrays]
    units, certified, rates, lower, upper = (
        {layer: each[place] for layer, each in results.items()} for place in range(5)
    )
    of = {layer: study.shape(layer)[-1] for layer in config.layers}
    rates = {layer: np.moveaxis(each, 1, -1) for layer, each in rates.items()}
    return Replaced(units, certified, rates, lower, upper, of, config.holding, config.confidence)


def _one(study, layer, ablation, label):
    parts = study.parts(0, layer)
    options = {"confidence": study.config.confidence, "calibration": tuple(parts["calibration"])}
    options |= {} if ablation == "zero" else {"ablation": ablation}
    name = "certified" if ablation == "zero" else f"certified {ablation}"
    core = study.select(0, layer, label, name, **options)
    reference = parts["search"].hidden[:REFERENCE]
    necessity = core_units.necessity(
        study.network(0).after(layer),
        *parts["test"],
        label,
        core.mask,
        key=jax.random.fold_in(study.key(5), label),
        reference=reference,
    )
    rates = np.array(
        [[float(getattr(necessity, f"{side}_{each}")) for each in ABLATIONS] for side in ("kept", "removed")]
    )
    bounds, own = necessity.bounds(study.config.confidence), ABLATIONS.index(ablation)
    return core.units, core.certified, rates, bounds[0, own, 0], bounds[1, own, 1]


def show(result: Replaced, page) -> None:
    """Two tables for every layer: each class's sets, and how sets by one ablation fare by another."""
    page.text(
        "What is left out has to be something: zero, as in the paper; the unit's mean over the search's images; or the "
        "unit's activations on other images (resample). A set is selected and certified with each. Kept alone, a set "
        "suffices if the rate stays high; removed alone, it is needed if the rate falls (a constant answer has 50%). "
        f"Bounds are for new images, {result.confidence:.0%} each by itself, from the test images. Means, and "
        f"the other images, are those of the search, of these at most {REFERENCE:,} for rates and bounds."
    )
    page.finding(sentence(result))
    metrics = {}
    for layer, units in result.units.items():
        sure, lower, upper = (each[layer] for each in (result.certified, result.lower, result.upper))
        columns = {
            f"units, {name}": map("{}{}".format, *each)
            for name, *each in zip(ABLATIONS, units, np.where(sure, "", "*"), strict=True)
        }
        columns |= {f"kept ≥, {name}": map("{:.1%}".format, each) for name, each in zip(ABLATIONS, lower, strict=True)}
        columns |= {
            f"removed ≤, {name}": map("{:.1%}".format, each) for name, each in zip(ABLATIONS, upper, strict=True)
        }
        rows = [*zip(map(str, range(units.shape[1])), *columns.values(), strict=True)]
        caption = (
            f"Layer {layer}, {result.of[layer]} feature maps, one network: units of the set selected by each (*: not "
            "certified), and bounds of the rate with the set kept alone and removed alone."
        )
        page.table(("class", *columns), rows, caption)
        mean = result.rates[layer].mean(axis=-1)
        by_other = [
            (f"selected by {name}", *(f"{rate:.1%}" for rate in mean[place].ravel()))
            for place, name in enumerate(ABLATIONS)
        ]
        header = "", *(f"{side}, {name}" for side in ("kept alone", "removed alone") for name in ABLATIONS)
        page.table(header, by_other, f"Layer {layer}: rates on test images by each ablation, means over classes.")
        names = "units", "certified", "rates", "lower", "upper"
        metrics[layer] = {name: getattr(result, name)[layer] for name in names}
    page.metrics({"ablations": ABLATIONS, **metrics})


def sentence(result: Replaced) -> str:
    """The finding: units by each ablation, and whether the sets by zero suffice and are needed by another."""
    words = []
    for layer, units in result.units.items():
        rates, sure = result.rates[layer].mean(axis=-1), result.certified[layer].sum(axis=1)
        sizes = ", ".join(
            f"{size:.1f} with {WORDS[name]} ({count} of {units.shape[1]} certified)"
            for size, name, count in zip(units.mean(axis=1), ABLATIONS, sure, strict=True)
        )
        means = units.mean(axis=1)
        depends = "depends" if means.max() > 1.1 * means.min() else "hardly depends"
        words.append(
            f"In the first network, how many of layer {layer}'s {result.of[layer]} units a class needs {depends} on "
            f"what stands in for the others: {sizes}. Evaluated with values of other images, a set selected with zeros "
            f"holds {rates[0, 0, 2]:.1%} of the decisions, and all other units without it {rates[0, 1, 2]:.1%}; a set "
            f"selected with values of other images holds {rates[2, 0, 2]:.1%}, all other units {rates[2, 1, 2]:.1%}"
        )
    return f"{'. '.join(words)}."
