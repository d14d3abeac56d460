"""Sanity controls: the same measures for the network with its weights shuffled."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import rankdata

from interp_jax import methods, networks
from interp_jax.interpreting import _attributions, _deviations, _rules
from interp_jax.interpreting._budgets import TRIED, Budget
from interp_jax.interpreting._core_units import HOLDING, alphas
from interp_jax.interpreting._subject import Subject, as_units, shuffleable
from interp_jax.interpreting._words import counted, listed

ALIKE = 0.2  # values whose difference is at most this share of the larger one count as alike
ROWS = 64  # with attributions, at most


class Control(NamedTuple):
    """A measure of the network, [shuffles] of those with shuffled weights, and whether it is a share."""

    network: float
    shuffled: np.ndarray
    percent: bool


class Controls(NamedTuple):
    """The controls by what is measured."""

    measures: dict[str, Control]


def shuffled(segments: Any, key: jax.Array) -> Any:
    """The same network with the entries of every array of weights in random order."""
    leaves, structure = jax.tree.flatten(segments)
    changed = [
        jax.random.permutation(jax.random.fold_in(key, place), jnp.ravel(leaf)).reshape(np.shape(leaf))
        if shuffleable(leaf)
        else leaf
        for place, leaf in enumerate(leaves)
    ]
    return jax.tree.unflatten(structure, changed)


def measure(subject: Subject, budget: Budget, against: dict[str, str]) -> Controls:
    """The measures of all methods that suit, for the network and for shuffled ones."""

    def other(number):
        return _with_segments(subject, shuffled(subject.segments, subject.key(100 + number)))

    # One at a time, since each holds the activations of all rows.
    classes = {
        number: len(other(number).predicted_classes(subject.outputs)) for number in range(TRIED * budget.shuffles)
    }
    others = [other(number) for number in sorted(classes, key=lambda number: -classes[number])[: budget.shuffles]]
    measures = {}

    def compare(name, function, percent):
        values = [function(each) for each in (subject, *others)]
        measures[name] = Control(values[0], np.array(values[1:], float), percent)

    if "modules" not in against:
        own = _vectors(subject, slice(None, None, 2))
        half = methods.hierarchy.match_units(own, _vectors(subject, slice(1, None, 2))).similarity
        values = [methods.hierarchy.match_units(own, _vectors(each, slice(1, None, 2))).similarity for each in others]
        measures["units' correlations: cosine with those of the network for other rows"] = Control(
            half, np.array(values), False
        )
    if "core_units" not in against:
        compare(f"units that hold {HOLDING:.0%} of a class's decisions", lambda each: _core_units(each, budget), False)
    if "rules" not in against:
        compare("fidelity of the tree", lambda each: _fidelity(each, budget), True)
    if "deviations" not in against:
        compare("distance between classes by that within, last hidden layer", _ratio, False)
    if "attributions" not in against:
        chosen = subject.parts[1][: min(ROWS, budget.map_rows)]
        target = subject.predictions[chosen]
        first, *rest = (_magnitudes(each, chosen, target, budget.nodes) for each in (subject, *others))
        values = [rank_correlation(first, each, subject.inputs[chosen]) for each in rest]
        measures["attributions: rank correlation with those of the network"] = Control(1.0, np.array(values), False)
    return Controls(measures)


def show(result: Controls, page: Any, subject: Subject) -> None:
    """A table of the network and its controls."""
    del subject
    count = len(next(iter(result.measures.values())).shuffled)
    page.text(
        f"The same measures for {counted(count, 'network')} of the same structure in which the entries of every array "
        "of weights are in random order (of four times as many, those that predict most classes). The sizes of the "
        "weights are kept, their arrangement is not. (This is not the untrained network, which cannot be made from a "
        "trained one.) What is alike in both comes from the data and the structure, and says nothing about the "
        "training."
    )
    page.table(
        ("measure", "network", "shuffled weights", "alike"),
        [
            (
                name,
                _shown(each.network, each.percent),
                ", ".join(_shown(value, each.percent) for value in each.shuffled),
                "yes" if alike(each) else "no" if np.isfinite(each.shuffled).any() else "–",
            )
            for name, each in result.measures.items()
        ],
        "The network and controls.",
        note=f"Alike: the median of the controls differs by at most {ALIKE:.0%} of the larger value. A dash: the "
        "control predicts too few classes.",
    )
    page.metrics({name: [each.network, *each.shuffled] for name, each in result.measures.items()})


def sentence(result: Controls, subject: Subject) -> str:
    """Which measures shuffled weights do not change."""
    del subject
    measured = [name for name, each in result.measures.items() if np.isfinite(each.shuffled).any()]
    names = [name for name in measured if alike(result.measures[name])]
    count = counted(len(measured), "measure")
    if not measured:
        return "Networks with shuffled weights predict too few classes to be compared."
    if not names:
        change = "the one measure changes" if len(measured) == 1 else f"all of {count} change"
        reason = "data and structure alone do not account for that"
        return f"With shuffled weights {change} by more than {ALIKE:.0%}: {reason}."
    verb = "is" if len(names) == 1 else "are"
    return (
        f"With shuffled weights {len(names)} of {count} {verb} much the same ({listed(names)}), so that the data and "
        "the structure alone account for that."
    )


def alike(control: Control) -> bool:
    """Whether the network's value is about that of the controls."""
    values = control.shuffled[np.isfinite(control.shuffled)]
    if not len(values) or not np.isfinite(control.network):
        return False
    middle = float(np.median(values))
    return abs(middle - control.network) <= ALIKE * max(abs(middle), abs(control.network))


def _with_segments(subject: Subject, segments: Any) -> Subject:
    x, hidden = subject.inputs, subject.hidden
    for segment in segments:
        hidden, x = x, networks.apply(segment, x)
    return dataclasses.replace(
        subject, segments=segments, hidden=np.asarray(hidden, np.float32), scores=np.asarray(x, np.float32)
    )


def _vectors(subject: Subject, rows: slice) -> np.ndarray:
    vectors = methods.hierarchy.network_vectors(subject.segments, subject.inputs[rows], pool=subject.tree_pool)
    return np.asarray(vectors.vectors)


def _core_units(subject: Subject, budget: Budget) -> float:
    """The number of units for the class predicted most often."""
    classes = subject.predicted_classes(1)
    if not classes:
        return float("nan")
    used, _ = subject.parts
    selection = methods.core_units.select(
        subject.tail,
        subject.hidden[used],
        subject.predictions[used],
        classes[0],
        key=subject.key(10),
        holding=HOLDING,
        alphas=alphas(budget.core_lanes),
        steps=budget.core_steps,
        starts=budget.core_starts,
        search_rows=budget.search_rows,
    )
    return float(selection.units)


def _fidelity(subject: Subject, budget: Budget) -> float:
    used, held = subject.parts
    if len(np.unique(subject.predictions[used])) < 2:
        return float("nan")
    explainer = _rules.fitted(subject, budget, subject.predictions, _rules.layer(subject)[0])
    return explainer.fidelity(subject.inputs[held], subject.predictions[held])


def _ratio(subject: Subject) -> float:
    assert subject.labels is not None
    hidden = as_units(subject.hidden, None if subject.pool == "auto" else subject.pool)
    profile = methods.deviation.profile([hidden], subject.labels, pairs="adjacent")
    return float(_deviations.ratios(profile)[0])


def _magnitudes(subject: Subject, chosen: np.ndarray, target: np.ndarray, nodes: int) -> np.ndarray:
    rows = subject.inputs[chosen].astype(np.float32)
    return np.abs(_attributions.maps(subject.network, rows, target, nodes)["integrated gradients"])


def rank_correlation(first: np.ndarray, second: np.ndarray, inputs: np.ndarray) -> float:
    """The mean over rows of Spearman's correlation of two maps at the values that are not 0; NaN if there is none.

    Values of 0 have attribution 0 in any network, so that their ranks would be alike.
    """
    correlations = []
    for row in range(len(inputs)):
        ranks = [rankdata(each[row][inputs[row] != 0]) for each in (first, second)]
        if len(ranks[0]) > 1 and all(np.ptp(each) > 0 for each in ranks):
            correlations.append(np.corrcoef(*ranks)[0, 1])
    return float(np.mean(correlations)) if correlations else float("nan")


def _shown(value: float, percent: bool) -> str:
    if not np.isfinite(value):
        return "–"
    return f"{value:.1%}" if percent else f"{value:.3g}"
