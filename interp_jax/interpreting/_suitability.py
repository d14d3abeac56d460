"""Which methods do not suit a network or its rows, and why."""

from collections.abc import Mapping

import jax
import numpy as np

from interp_jax.interpreting._subject import Subject, shuffleable

METHODS: Mapping[str, str] = {
    "modules": "Units that act alike",
    "core_units": "Units that a class needs",
    "rules": "Rules by which the layer decides",
    "deviations": "Distances within and between classes",
    "ascent": "Inputs that drive each class",
    "attributions": "Inputs on which decisions depend",
    "controls": "Sanity controls",
}


def reasons_against(subject: Subject) -> dict[str, str]:
    """By method, why it does not suit, and what does instead; methods that suit are absent."""
    numbers = _whole_numbers(subject)
    classes = _no_classes(subject)
    decisions = classes or _few_decisions(subject)
    against = {
        "modules": None if subject.inputs.dtype.kind in "fb" or subject.inputs.dtype == np.uint8 else numbers,
        "core_units": _with(classes, "methods.ablation says what units change in an output") or decisions,
        "rules": _with(classes, "methods.cnn_inte takes ranges of an output, as np.digitize gives")
        or decisions
        or numbers,
        "deviations": _no_labels(subject),
        "ascent": _with(classes, 'methods.ascent.maximize(…, objective="value") climbs an output itself')
        or decisions
        or numbers,
        "attributions": _with(
            classes, 'methods.attribution explains an output itself, and its removal_curves take measure="score"'
        )
        or decisions
        or numbers,
    }
    if not any(shuffleable(leaf) for leaf in jax.tree.leaves(subject.segments)):
        against["controls"] = (
            "the network shows no arrays of weights that could be shuffled; networks.freeze(function, weights=array) "
            "or a module of a library does"
        )
    elif all(against.values()):
        against["controls"] = "there is no result to compare"
    return {name: reason for name, reason in against.items() if reason}


def _whole_numbers(subject: Subject) -> str | None:
    if subject.inputs.dtype.kind == "f":
        return None
    return (
        f"the rows are whole numbers ({subject.inputs.dtype}), which may be token ids, without order or gradient; "
        "pass floats if they are quantities, or cut the network after its embedding"
    )


def _with(reason: str | None, instead: str) -> str | None:
    """A reason with what can be called by itself."""
    return None if reason is None else f"{reason}; {instead}"


def _no_classes(subject: Subject) -> str | None:
    """Why the outputs are no classes, if so."""
    if subject.targets == "quantities":
        return "the labels are quantities, so that the outputs are no classes"
    if subject.targets == "several labels a row":
        return f"a row has several labels, so that the outputs do not exclude each other ({_ONE_LOGIT})"
    if subject.outputs < 2 and subject.targets == "classes":
        return f"the network has one output and no scores of two classes ({_ONE_LOGIT})"
    if subject.outputs < 2:
        return "the network has one output, so that there are no classes to decide between"
    return None


_ONE_LOGIT = "a logit z of yes against no makes two: jnp.concatenate([0 * z, z], axis=1)"


def _few_decisions(subject: Subject) -> str | None:
    if len(subject.predicted_classes(2)) < 2:
        return (
            "the network predicts fewer than two classes at least five times in both parts of the rows, so that "
            "decisions cannot be compared"
        )
    return None


def _no_labels(subject: Subject) -> str | None:
    if subject.targets == "quantities":
        return (
            "it compares classes, and the labels are quantities; methods.deviation.profile takes ranges of them, as "
            "np.digitize gives"
        )
    if subject.targets == "several labels a row":
        return "it compares classes, and a row has several labels; methods.deviation.profile takes one of them"
    if subject.labels is None:
        return "it needs labels, and none were given"
    if len(np.unique(subject.labels)) < 2:
        return f"all rows have the label {subject.labels[0]}"
    return None
