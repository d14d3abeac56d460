"""The head of the page: the network, the rows, what is run at which cost, and what does not suit."""

from typing import Any

import jax
import numpy as np

from interp_jax.interpreting._subject import Subject
from interp_jax.interpreting._suitability import METHODS
from interp_jax.interpreting._words import counted, listed
from interp_jax.interpreting.planning import Plan, bytes_in_words, seconds_in_words


def lead(subject: Subject, budget: str) -> str:
    """The page's first paragraph."""
    used, given = len(subject.inputs), subject.given_rows
    rows = f"all {given:,} rows" if used == given else f"{used:,} of {given:,} rows, drawn at random"
    return (
        f"The hidden units of {listed(subject.layers)} ({subject.why}) and the decisions of a network, by {rows} "
        "(budget "
        f'"{budget}"). A quarter of these rows is held out from the methods, though not from the network\'s training '
        "unless you gave rows that it was not trained on."
    )


def show(subject: Subject, plan: Plan, page: Any) -> None:
    """Tables of the network and of the plan, and the reasons against methods."""
    leaves = jax.tree.leaves(subject.segments)
    shape = " × ".join(map(str, subject.inputs.shape[1:]))
    rows = [
        ("inputs", f"{len(subject.inputs):,} rows of {shape}, {subject.inputs.dtype}"),
        ("hidden layer", f"{subject.layers[-1]}, {' × '.join(map(str, subject.hidden.shape[1:]))} units"),
        ("outputs", f"{subject.outputs}"),
        ("numbers in the network", f"{sum(np.size(leaf) for leaf in leaves):,}"),
        ("labels", _labels(subject)),
    ]
    page.table(("part", "what it is"), rows, "What is interpreted.")
    run = [each for each in plan.methods if each.reason is None]
    page.table(
        ("method", "expected time", "expected memory"),
        [(METHODS[each.name], seconds_in_words(each.seconds), bytes_in_words(each.peak_bytes)) for each in run],
        f"What is run, and what it was expected to cost before: {seconds_in_words(plan.seconds)} and at most "
        f"{bytes_in_words(plan.peak_bytes)}.",
        note="Memory is that of arrays: the interpreter and compiled programs need some 500 MB more.",
    )
    if left_out := [each for each in plan.methods if each.reason is not None]:
        page.table(
            ("method", "why not"),
            [(METHODS[each.name], each.reason) for each in left_out],
            f"{counted(len(left_out), 'method does', 'methods do')} not suit this network or these rows.",
        )
    page.metrics({"expected_seconds": plan.seconds, "expected_bytes": plan.peak_bytes})


def _labels(subject: Subject) -> str:
    if subject.labels is None:
        return subject.targets
    counts = np.bincount(subject.labels)
    text = f"{counted(int(np.sum(counts > 0)), 'class', 'classes')}"
    if subject.outputs < 2:
        return text
    accuracy = float(np.mean(subject.predictions == subject.labels))
    most = counts.max() / counts.sum()
    return f"{text}; the network is right for {accuracy:.1%} of the rows (the most frequent class: {most:.1%})"
