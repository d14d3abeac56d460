"""The rules by which the last hidden layer decides: a shallow tree over clusters of its activations."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from interp_jax import figures, methods
from interp_jax.interpreting._budgets import Budget
from interp_jax.interpreting._subject import Subject, as_units

DEPTH = 5
POOLED = 1024  # a layer of more elements than this is averaged over positions
_AVERAGED = {None: "", "mean": ", averaged over positions,", "max": ", their greatest values over positions,"}
GAIN = 0.01  # a difference in fidelity below this counts as none


class Rules(NamedTuple):
    """The tree, and how often it predicts what the network does.

    Attributes:
        explainer: the tree over clusters of activations, with forests that predict these from the input.
        explanation: of one held-out row.
        row: its number among the rows used.
        fidelity: on held-out rows.
        constant: share of the network's most frequent class among them.
        direct: fidelity of a decision tree of the same depth on the inputs themselves.
        pooled: how positions became units, "mean" or "max"; None where each is a unit of its own.
    """

    explainer: methods.cnn_inte.Explainer
    explanation: methods.cnn_inte.Explanation
    row: int
    fidelity: float
    constant: float
    direct: float
    pooled: str | None


def layer(subject: Subject) -> tuple[np.ndarray, str | None]:
    """The activations that are clustered [rows, units], and how positions became units."""
    hidden, pool = subject.hidden, subject.pool
    if pool == "auto":
        pool = "mean" if np.prod(hidden.shape[1:]) > POOLED else None
    return as_units(hidden, pool), pool if hidden.ndim > 2 else None


def fitted(subject: Subject, budget: Budget, predictions: np.ndarray, hidden: np.ndarray) -> methods.cnn_inte.Explainer:
    """The explainer of the network's predictions for the rows that methods use."""
    used, _ = subject.parts
    finalists, ids = min(2, budget.draws), max(2, min(10, len(used) // 20))
    options: dict[str, Any] = {
        "depth": DEPTH,
        "trees": budget.trees,
        "draws": budget.draws,
        "finalists": finalists,
        "ids": ids,
    }
    inputs = subject.inputs[used]
    return methods.cnn_inte.fit(inputs, hidden[used], predictions[used], key=subject.key(1), **options)


def measure(subject: Subject, budget: Budget) -> Rules:
    """The tree, fitted to the network's predictions."""
    used, held = subject.parts
    predictions, (hidden, pool) = subject.predictions, layer(subject)
    explainer = fitted(subject, budget, predictions, hidden)
    of_tree = explainer.predict(subject.inputs[held])
    flat = subject.inputs.reshape(len(subject.inputs), -1)
    direct = DecisionTreeClassifier(max_depth=DEPTH, random_state=0).fit(flat[used], predictions[used])
    same = np.flatnonzero(of_tree == predictions[held])
    row = int(held[same[0] if len(same) else 0])
    label = int(predictions[row]) if predictions[row] in explainer.class_labels else None
    return Rules(
        explainer,
        explainer.explain(subject.inputs[row], label),
        row,
        float(np.mean(of_tree == predictions[held])),
        float(np.bincount(predictions[held]).max() / len(held)),
        float(np.mean(direct.predict(flat[held]) == predictions[held])),
        pool,
    )


def show(result: Rules, page: Any, subject: Subject) -> None:
    """The path of one row, and fidelities."""
    averaged = _AVERAGED[result.pooled]
    page.text(
        f"The units of {subject.layers[-1]}{averaged} are grouped, the activations of each group are clustered, and a "
        f"tree of depth {DEPTH} over the clusters imitates the network. Fidelity is the share of held-out rows for "
        "which it predicts the network's class."
    )
    page.table(
        ("predictor of the network's class", "fidelity"),
        [
            ("tree over clusters of activations", f"{result.fidelity:.1%}"),
            (f"decision tree of depth {DEPTH} on the inputs", f"{result.direct:.1%}"),
            ("the most frequent class", f"{result.constant:.1%}"),
        ],
        f"Fidelity on {len(subject.parts[1])} held-out rows.",
    )
    names = [subject.class_names[int(each)] for each in result.explainer.class_labels]
    examples: dict[str, Any] = {"input_shape": subject.image_shape, "feature_names": subject.feature_names}
    examples = {option: value for option, value in examples.items() if value is not None}
    if examples:
        examples["inputs"] = subject.inputs
    page.figure(
        "rules",
        figures.explanation(result.explainer, result.explanation, class_names=names, **examples),
        f"Why one held-out row is of class {subject.class_names[result.explanation.label]}: its path in the tree, and "
        "where each other class is ruled out.",
    )
    page.metrics({"fidelity": result.fidelity, "direct": result.direct, "constant": result.constant})


def sentence(result: Rules, subject: Subject) -> str:
    """How faithful the tree is, beside a tree on the inputs."""
    gain = result.fidelity - result.direct
    beside = "as often as" if abs(gain) < GAIN else "more often than" if gain > 0 else "less often than"
    return (
        f"A tree of depth {DEPTH} over clusters of {subject.layers[-1]} predicts the network's class for "
        f"{result.fidelity:.0%} of held-out rows, {beside} a tree of that depth on the inputs ({result.direct:.0%})."
    )
