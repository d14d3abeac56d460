"""One call from a network to a report of what it has learned."""

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import jax
from numpy.typing import ArrayLike

from interp_jax._checks import Count, Given, as_count, check_choice
from interp_jax._readable import readable
from interp_jax.interpreting import (
    _ascent,
    _attributions,
    _controls,
    _core_units,
    _deviations,
    _modules,
    _overview,
    _rules,
    _stored,
)
from interp_jax.interpreting._budgets import BUDGETS, Budget
from interp_jax.interpreting._fingerprint import fingerprint
from interp_jax.interpreting._subject import Subject, make_subject
from interp_jax.interpreting._suitability import METHODS, reasons_against
from interp_jax.interpreting._words import counted
from interp_jax.interpreting.planning import Plan, planned
from interp_jax.reports import Run, describe, progress

PARTS: dict[str, Any] = {
    "modules": _modules,
    "core_units": _core_units,
    "rules": _rules,
    "deviations": _deviations,
    "ascent": _ascent,
    "attributions": _attributions,
    "controls": _controls,
}
# The first three of these that suit have their sentences at the head of the page.
HEADLINES = ("core_units", "rules", "controls", "attributions", "modules", "deviations", "ascent")
COUNT = 3


class Refusal(NamedTuple):
    """What a method refused, in place of its result."""

    reason: str


@readable()
class Interpretation(NamedTuple):
    """What `interpret` found.

    Attributes:
        report: the path of the page.
        findings: the sentences at its head.
        results: by method, what it measured; `methods` documents what is in them.
        left_out: by method, why it was not run or what it refused.
        plan: what was to be run, and its expected cost.
    """

    report: Path
    findings: tuple[str, ...]
    results: dict[str, Any]
    left_out: dict[str, str]
    plan: Plan

    def _finding(self) -> str:
        out = f"\nleft out: {', '.join(self.left_out)}" if self.left_out else ""
        return "\n".join([f"{self.report}", *self.findings]) + out


def interpret(
    network: Given[Callable[..., Any] | Sequence[Callable[..., Any]], "inputs -> scores, or its parts"],
    inputs: Given[ArrayLike, "rows *features"],
    labels: Given[ArrayLike, "rows"] | None = None,
    *,
    budget: str = "minutes",
    layer: Given[str | Sequence[str], "a layer's name, or several"] | None = None,
    scores: str = "logits",
    class_names: Given[ArrayLike, "outputs"] | None = None,
    input_shape: Given[Sequence[int], "axes"] | None = None,
    feature_names: Given[ArrayLike, "values of an input"] | None = None,
    pool: str | None = "auto",
    seed: Count = 0,
    name: Given[str, "a plain name"] | None = None,
    root: Given[str | PathLike[str], "a folder"] = "runs",
    overwrite: bool = False,
) -> Interpretation:
    """What a network has learned, by all methods that suit it, as a report.

    Host-level. Prints what it will cost, then runs the methods one after the other and writes
    ``<root>/interpret/<name>/report.html``. What is finished survives an interruption: the same call continues. The
    page says which rows were used, which methods do not suit, and how much a network with shuffled weights shows too.

    Args:
        network: ``[rows, …] -> scores [rows, outputs]``: a `networks.Chain`, a model of any library that
            `networks.split` takes, with ``layer``; or the parts of one, (head, tail) or more.
        inputs: [rows, …] finite numbers. Held-out rows are held out from the methods; give rows that the network was
            not trained on to hold them out from it too.
        labels: [rows] class numbers. With quantities (floats, or whole numbers for a network of one output other than 0
            and 1) or several labels a row, methods that need classes are left out; the reasons say what can be called
            instead.
        budget: "seconds", "minutes" or "hours": how many rows, classes and restarts are used (`plan` says).
        layer: the hidden layer that is interpreted, or several in order; by default a chain's last hidden nonlinearity.
        scores: what the network returns, "logits" or "probabilities".
        class_names: one for each output, in a list or an array; their numbers by default.
        input_shape: of one input, where images are flat, e.g. [28, 28].
        feature_names: one for each value of an input that is no image, such as the columns of a table.
        pool: how positions of a layer [rows, …, units], such as time or height and width, become units in the tree of
            units, the rules and the deviations: "mean" (how active a unit is on average), "max" (whether it is active
            anywhere), None (a unit per position), or "auto": the tree averages, rules average layers of more than 1024
            values, deviations take every position. Core units need no pooling: a closed unit is closed at all
            positions.
        seed: of all random numbers.
        name: of the run's folder; by default one that belongs to this network, these rows and settings.
        root: the folder of all runs.
        overwrite: whether an earlier run of this name is replaced.

    Returns:
        `Interpretation`: the path of the report, its findings, and the results by method.

    Raises:
        ValueError: rows, labels, names, a layer or settings that cannot be used; or a run with others in the folder.
        OSError: another process has the run, or the folder cannot be written.
        TypeError: a network that is not callable, or a layer that is no name.

    Example:
        >>> import jax, numpy as np, tempfile
        >>> from interp_jax import networks
        >>> network = networks.perceptron(jax.random.key(0), (4, 6, 3))
        >>> rows = np.random.default_rng(0).normal(size=(100, 4))
        >>> found = interpret(network, rows, budget="seconds", root=tempfile.mkdtemp())  # doctest: +SKIP
        >>> found.results["modules"].tree  # doctest: +SKIP
    """
    check_choice("budget", budget, BUDGETS)
    sizes, seed = BUDGETS[budget], as_count("seed", seed, least=0, most=2**31 - 1)
    options = {"layer": layer, "scores": scores, "class_names": class_names, "input_shape": input_shape}
    options |= {"pool": pool, "feature_names": feature_names}
    subject = make_subject(network, inputs, labels, sizes, seed=seed, **options)
    against = reasons_against(subject)
    config = _config(subject, budget)
    suiting = [each for each in METHODS if each not in against]
    name = f"{budget}-{config['network'][:6]}-{config['rows'][:6]}-{seed}" if name is None else name
    run = Run.open(
        "interpret",
        name,
        config,
        title="What the network has learned",
        lead=_overview.lead(subject, budget),
        sections=["overview", *suiting],
        root=root,
        overwrite=overwrite,
    )
    results: dict[str, Any] = {}
    with (
        contextlib.closing(run),
        progress(f"interpret, {counted(subject.outputs, 'output')}, {counted(len(subject.inputs), 'row')}") as bars,
    ):
        expected = _plan_of(run, subject, sizes, against)
        print(expected, flush=True)
        run.environment({**describe(), "device": jax.devices()[0].device_kind})
        if not run.finished("overview"):
            with run.section("overview", "The network, the rows, and what is run") as page:
                _overview.show(subject, expected, page)
        task = bars.task("methods", len(suiting))
        for each in suiting:
            results[each] = _finish(run, each, subject, sizes, against)
            task.advance(note=METHODS[each])
        task.finish()
    refused = {each: result.reason for each, result in results.items() if isinstance(result, Refusal)}
    results = {each: result for each, result in results.items() if each not in refused}
    findings = tuple(PARTS[each].sentence(results[each], subject) for each in _headlines(against) if each in results)
    print(f"report: {run.report}")
    return Interpretation(run.report, findings, results, against | refused, expected)


def _finish(run: Run, method: str, subject: Subject, sizes: Budget, against: dict[str, str]) -> Any:
    """The method's result, from the run's folder if it is there; its section is written if it is not."""
    part, path = PARTS[method], run.result(method)
    if run.finished(method) and path.exists():
        return _stored.load(path)
    with run.section(method, METHODS[method], again=run.finished(method)) as page:
        if not path.exists():
            extra = (against,) if method == "controls" else ()
            try:
                result = part.measure(subject, sizes, *extra)
            except ValueError as error:  # one method that refuses a network does not take the others away
                result = Refusal(str(error))
            _stored.save(path, result)
        result = _stored.load(path)
        if isinstance(result, Refusal):
            page.text(f"This method refused the network or its rows: {result.reason}")
            return result
        sentence = part.sentence(result, subject)
        (page.finding if method in _headlines(against) else page.text)(sentence)
        part.show(result, page, subject)
    return result


def _headlines(against: dict[str, str]) -> list[str]:
    return [each for each in HEADLINES if each not in against][:COUNT]


def _plan_of(run: Run, subject: Subject, sizes: Budget, against: dict[str, str]) -> Plan:
    """The plan as first made, so that a continued run shows what was expected of the whole."""
    path = run.result("overview")
    if not path.exists():
        _stored.save(path, vars(planned(subject, sizes, against)))
    return Plan(**_stored.load(path))


def _config(subject: Subject, budget: str) -> dict[str, Any]:
    """Everything that changes a result or the page."""
    return {
        **fingerprint(subject),
        "budget": budget,
        "sizes": dataclasses.asdict(BUDGETS[budget]),
        "layers": list(subject.layers),
        "rows_given": subject.given_rows,
        "rows_used": len(subject.inputs),
        "labels": subject.targets,
        "class_names": list(subject.class_names),
        "image_shape": list(subject.image_shape) if subject.image_shape else None,
        "seed": subject.seed,
        "pool": subject.pool,
        "feature_names": list(subject.feature_names) if subject.feature_names else None,
    }
