"""Sets of units certified on calibration rows, and what becomes of the certificates on the test images."""

from collections.abc import Iterable
from typing import NamedTuple

import jax
import numpy as np
from scipy import stats

from experiments import published_cores
from experiments.held_out import equal_rows, upper_limit
from interp_jax import figures
from interp_jax.methods import core_units

PUBLISHED = (
    " The paper's units, means of three selections in another network, hold some 99.5% on the rows that were searched."
)


class Certified(NamedTuple):
    """Of one layer; all [networks, classes], rates as fractions."""

    units: np.ndarray  # of the set selected without a certificate
    test_rate: np.ndarray  # its rate on the test images
    certified: np.ndarray  # whether a set is certified
    certified_units: np.ndarray  # of the certified set; of the best that is not certified where none is
    lower_bound: np.ndarray  # pointwise, from the calibration rows
    calibration_rows: np.ndarray
    certified_test_rate: np.ndarray
    test_rows: np.ndarray
    upper_bound: np.ndarray  # of the certified set's rate, from equally many test images of either group


class Certificates(NamedTuple):
    """By layer, with the layer's units, and the guarantee that was asked for."""

    layers: dict[str, Certified]
    of: dict[str, int]
    holding: float
    confidence: float
    data: str = ""  # by which the paper's numbers are found


def measure(study) -> Certificates:
    """For every network, layer and class: a set selected without a certificate, and a certified one."""
    config, layers, of = study.config, {}, {}
    for layer in config.layers:
        runs = [(seed, label) for seed in range(config.seeds) for label in range(10)]
        rows = [_one(study, layer, *run) for run in study.counted(f"certificates, {layer}", runs)]
        layers[layer] = Certified(*(np.array(each).reshape(config.seeds, -1) for each in zip(*rows, strict=True)))
        of[layer] = study.shape(layer)[-1]
    return Certificates(layers, of, config.holding, config.confidence, config.data)


def _one(study, layer, seed, label):
    plain = study.select(seed, layer, label)
    parts = study.parts(seed, layer)
    options = {"confidence": study.config.confidence, "calibration": tuple(parts["calibration"])}
    certified = study.select(seed, layer, label, "certified", **options)
    data = equal_rows(parts["test"].predictions, label, jax.random.fold_in(study.key(3), label))
    masks = np.stack([plain.mask, certified.mask])
    rates = core_units.holding_rates(study.tail(seed, layer), *parts["test"], label, masks, data=data)
    rows = len(data.rows)
    upper = upper_limit(round(rates[1] * rows), rows, 1 - study.config.confidence)
    calibrated = len(certified.calibration_rows.rows)
    certificate = certified.certified, certified.units, certified.lower_bound, calibrated
    return plain.units, rates[0], *certificate, rates[1], rows, upper


def show(result: Certificates, page) -> None:
    """A table and a figure for every layer."""
    goal = f"{result.holding:.1%}".replace(".0%", "%")
    page.text(
        "Calibration images trained no network and served no search. With equally many of a class and of the others, "
        "the number of decisions that hold has an exact lower bound; nested sets are tested from large to small, and "
        f"the smallest whose bound reaches {goal} is certified. The probability that the set certified for a class "
        f"holds less is at most {1 - result.confidence:.0%}. The tables have means over networks: "
        "units of the set selected without a certificate and of the certified one, of the latter the lower bound, and "
        "the rates of both on the test images, which serve here only to check the certificates. Means of certified "
        "sets leave out networks without a certificate for the class; a certified set may be all units."
        f"{PUBLISHED if published_cores.tables(result.data, next(iter(result.layers))) else ''}"
    )
    page.finding(sentence(result))
    names, metrics = [str(label) for label in range(10)], {}
    for layer, each in result.layers.items():
        paper = published_cores.tables(result.data, layer)
        published = None if paper is None else {"the paper's": paper[0].mean(axis=1)}
        columns = {
            "class": names,
            **({"units, the paper's": map("{:.1f}".format, paper[0].mean(axis=1))} if paper else {}),
            "units, no certificate": map("{:.1f}".format, each.units.mean(axis=0)),
            "test rate, no certificate": map("{:.2%}".format, each.test_rate.mean(axis=0)),
            "certified": map("{} of {}".format, each.certified.sum(axis=0), [len(each.certified)] * 10),
            "units, certified": _means(each, each.certified_units, "{:.1f}"),
            "lower bound": _means(each, each.lower_bound, "{:.2%}"),
            "calibration images": map("{:.0f}".format, each.calibration_rows.mean(axis=0)),
            "test rate, certified": _means(each, each.certified_test_rate, "{:.2%}"),
        }
        caption = f"Layer {layer}, {result.of[layer]} feature maps; networks: {len(each.certified)}."
        page.table([*columns], [*zip(*columns.values(), strict=True)], caption)
        certified = np.where(each.certified, each.certified_units, np.nan)
        series = {"without a certificate": each.units.T, "certified": certified.T}
        bars = figures.selected_units.by_class(
            names, series, published, y_label=f"units of {layer}", repeat_name="network"
        )
        page.figure(f"certified_{layer}", bars, f"{layer}: units for every class, a point for every network.")
        metrics[layer] = {**each._asdict(), "of": result.of[layer]}
    n, false, most = count_false(result.layers.values(), result.holding, result.confidence)
    page.metrics({**metrics, "certificates": n, "false": false, "most_false_by_chance": most})


def _means(each: Certified, values: np.ndarray, form: str) -> list[str]:
    """The mean of each class over the networks that have a certificate for it."""
    pairs = zip(values.T, each.certified.T, strict=True)
    return [form.format(value[certified].mean()) if certified.any() else "–" for value, certified in pairs]


def count_false(layers: Iterable[Certified], holding: float, confidence: float) -> tuple[int, int, int]:
    """Certificates; those that the test images contradict; and how many these may be by chance.

    A certificate is contradicted if the upper bound of its rate on the test images lies below the rate certified. The
    last number is the 99% quantile if each is contradicted, independently, with the probability that the confidence
    leaves.
    """
    pairs = [(np.asarray(each.upper_bound), np.asarray(each.certified, bool)) for each in layers]
    upper = np.concatenate([bounds[certified] for bounds, certified in pairs])
    most = stats.binom.ppf(0.99, len(upper), 1 - confidence) if len(upper) else 0
    return len(upper), int(np.sum(upper < holding)), int(most)


def sentence(result: Certificates) -> str:
    """The finding: what certificates cost in units, and whether they hold on test images."""
    n, false, most = count_false(result.layers.values(), result.holding, result.confidence)
    all_of = sum(each.certified.size for each in result.layers.values())
    below = sum(np.sum(each.certified_test_rate[each.certified] < result.holding) for each in result.layers.values())
    goal = f"{result.holding:.1%}".replace(".0%", "%")
    words = []
    for layer, each in result.layers.items():
        of, certain = result.of[layer], each.certified
        if certain.any():
            units = each.certified_units[certain]
            words.append(
                f"{units.mean():.1f} of {of} feature maps of layer {layer} on average (all {of} in "
                f"{np.sum(units == of)}; without a certificate {each.units[certain].mean():.1f}, and of these sets "
                f"{np.mean(each.test_rate < result.holding):.0%} fall below {goal} on test images)"
            )
    verdict = "no more than" if false <= most else "more than"
    if not n:
        return (
            f"For none of {all_of} classes and networks a set of units is certified to hold at least {goal} of the "
            f"decisions on new images, at {result.confidence:.0%} confidence."
        )
    return (
        f"Sets of units are certified to hold at least {goal} of a class's decisions on new images, at "
        f"{result.confidence:.0%} confidence, in {n} of {all_of} cases"
        + (f": {'; '.join(words)}" if words else "")
        + f". On the test images {below} of the {n} certified sets are below {goal}; {false} certificates are "
        f"contradicted there, by the upper bound of a rate: {verdict} the {most} that 99 of 100 such studies would not "
        f"exceed if each were false with a probability of {1 - result.confidence:.0%}."
    )
