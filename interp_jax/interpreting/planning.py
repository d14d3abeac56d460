"""What a run of `interpret` will cost in time and memory, before it runs."""

import dataclasses
import html
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from interp_jax import networks
from interp_jax._checks import Count, Given, as_count, check_choice, check_shape, describe
from interp_jax._readable import readable
from interp_jax.interpreting._budgets import BUDGETS, TRIED, Budget
from interp_jax.interpreting._subject import Subject, make_subject
from interp_jax.interpreting._suitability import METHODS, reasons_against

_BATCH, _PROGRAMS = 512, 3


@readable()
class PlannedMethod(NamedTuple):
    """A method, why it does not suit if so, and the peak memory and the seconds that it is expected to take.

    Attributes:
        name: the method.
        reason: why it is left out, or None.
        peak_bytes: of arrays, and of compiling, by what the process takes above what it has before.
        seconds: with compilation.
    """

    name: str
    reason: str | None
    peak_bytes: float
    seconds: float

    def _finding(self) -> str:
        if self.reason is not None:
            return f"{self.name} is left out: {self.reason}"
        return f"{self.name}, {seconds_in_words(self.seconds)}, {bytes_in_words(self.peak_bytes)}"


class Plan:
    """What `interpret` will do and cost, shown as a table.

    Attributes:
        methods: a `PlannedMethod` for each, in the order in which they run.
        rows: number of rows used.
        given_rows: number of rows given.
        layers: the hidden layers.
    """

    def __init__(self, methods: Sequence[PlannedMethod], *, rows: int, given_rows: int, layers: Sequence[str]):
        self.methods, self.layers = tuple(methods), tuple(layers)
        self.rows, self.given_rows = rows, given_rows

    @property
    def seconds(self) -> float:
        """The expected time of all methods."""
        return float(sum(each.seconds for each in self.methods))

    @property
    def peak_bytes(self) -> float:
        """The expected memory of the method that needs most."""
        return float(max((each.peak_bytes for each in self.methods), default=0.0))

    def __repr__(self) -> str:
        rows = self._rows()
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [f"Plan: {self._summary()}"]
        for name, seconds, memory, reason in rows:
            words = [name.ljust(widths[0]), seconds.rjust(widths[1]), memory.rjust(widths[2]), reason]
            lines.append("  ".join(words).rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in self._rows())
        return f"<p>{html.escape(self._summary())}</p><table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"

    def _summary(self) -> str:
        rows = f"{self.rows:,} of {self.given_rows:,} rows" if self.rows < self.given_rows else f"{self.rows:,} rows"
        return (
            f"{seconds_in_words(self.seconds)} and at most {bytes_in_words(self.peak_bytes)} for {rows}, units of "
            f"{', '.join(self.layers)}"
        )

    def _rows(self) -> list[tuple[str, str, str, str]]:
        rows = [("method", "time", "memory", "")]
        for each in self.methods:
            if each.reason is None:
                rows.append((each.name, seconds_in_words(each.seconds), bytes_in_words(each.peak_bytes), ""))
            else:
                rows.append((each.name, "–", "–", f"left out: {each.reason}"))
        return rows


def plan(
    network: Given[Callable[..., Any] | Sequence[Callable[..., Any]], "inputs -> scores, or its parts"],
    inputs: Given[ArrayLike | jax.ShapeDtypeStruct, "rows *features"],
    labels: Given[ArrayLike | jax.ShapeDtypeStruct, "rows"] | None = None,
    *,
    budget: str = "minutes",
    layer: Given[str | Sequence[str], "a layer's name, or several"] | None = None,
    scores: str = "logits",
    class_names: Given[ArrayLike, "outputs"] | None = None,
    input_shape: Given[Sequence[int], "axes"] | None = None,
    feature_names: Given[ArrayLike, "values of an input"] | None = None,
    pool: str | None = "auto",
    seed: Count = 0,
) -> Plan:
    """What `interpret` would run with these arguments, and what it would cost in time and memory.

    Host-level. The network is run once on the rows, and compiled and timed on a batch; other times are scaled from
    that. They are orders of magnitude, within a factor of about three where this was tried.

    Args:
        network: as for `interpret`.
        inputs: [rows, …]; or their shape alone, ``jax.ShapeDtypeStruct((rows, …), dtype)``, for which random numbers
            stand in and all classes count as predicted equally often.
        labels: [rows]; a shape if ``inputs`` is one.
        budget: "seconds", "minutes" or "hours".
        layer: as for `interpret`.
        scores: "logits" or "probabilities".
        class_names: as for `interpret`; costs do not depend on names.
        input_shape: as for `interpret`.
        feature_names: as for `interpret`.
        pool: as for `interpret`.
        seed: of the choice of rows.

    Raises:
        ValueError, TypeError: what `interpret` refuses.

    Example:
        >>> import jax
        >>> from interp_jax import networks
        >>> network = networks.perceptron(jax.random.key(0), (4, 6, 3))
        >>> planned = plan(network, np.random.default_rng(0).normal(size=(100, 4)), budget="seconds")
        >>> [each.name for each in planned.methods if each.reason]
        ['deviations']
        >>> plan(network, jax.ShapeDtypeStruct((10**6, 4), np.float32), budget="seconds").given_rows
        1000000
    """
    check_choice("budget", budget, BUDGETS)
    seed = as_count("seed", seed, least=0, most=2**31 - 1)
    options = {"layer": layer, "scores": scores, "class_names": class_names, "input_shape": input_shape}
    options |= {"feature_names": feature_names, "pool": pool, "seed": seed}
    if isinstance(inputs, jax.ShapeDtypeStruct):
        subject = _stand_in(network, inputs, labels, BUDGETS[budget], options)
    else:
        subject = make_subject(network, inputs, labels, BUDGETS[budget], **options)
    return planned(subject, BUDGETS[budget], reasons_against(subject))


def _stand_in(network: Any, inputs: Any, labels: Any, budget: Budget, options: dict[str, Any]) -> Subject:
    """A subject of these shapes, in which random numbers stand for the rows."""
    check_shape("inputs", inputs, ["rows", "features", "…"])
    if not (labels is None or isinstance(labels, jax.ShapeDtypeStruct)):
        wanted = "wanted None or a jax.ShapeDtypeStruct of [rows], as inputs is one"
        raise ValueError(f"labels: found {describe(labels)}, {wanted}")
    if labels is not None and labels.shape[:1] != inputs.shape[:1]:
        raise ValueError(f"labels: found shape {list(labels.shape)}, wanted {inputs.shape[0]} rows as in inputs")
    random, shape = np.random.default_rng(options["seed"]), (min(inputs.shape[0], budget.rows), *inputs.shape[1:])
    floating = jnp.issubdtype(inputs.dtype, jnp.floating)
    rows = random.standard_normal(shape, np.float32) if floating else random.integers(0, 2, shape).astype(inputs.dtype)
    subject = make_subject(network, rows, None, budget, **options)
    # Every fourth row is held out, so that each class is in both parts.
    classes = np.arange(len(rows)) // 4 % min(budget.classes, subject.outputs)
    targets = "none"
    if labels is not None:
        several = labels.ndim > 1 and labels.size > labels.shape[0]
        quantities = jnp.issubdtype(labels.dtype, jnp.floating)
        targets = "quantities" if quantities else "several labels a row" if several else "classes"
    return dataclasses.replace(
        subject,
        scores=np.eye(subject.outputs, dtype=np.float32)[classes],
        labels=classes.astype(np.int32) if targets == "classes" else None,
        targets=targets,
        given_rows=inputs.shape[0],
    )


def planned(subject: Subject, budget: Budget, against: Mapping[str, str]) -> Plan:
    """The plan of a run."""
    machine = _measured(subject)
    costs = {name: cost(subject, budget, machine) for name, cost in _COSTS.items() if name not in against}
    if "controls" not in against:
        costs["controls"] = _controls(subject, budget, machine, against)
    methods = []
    for name in METHODS:
        seconds, arrays = costs.get(name, (0.0, 0.0))
        peak = arrays + _COMPILED[name] if name in costs else 0.0
        methods.append(PlannedMethod(name, against.get(name), float(peak), float(seconds)))
    return Plan(methods, rows=len(subject.inputs), given_rows=subject.given_rows, layers=subject.layers)


class _Machine(NamedTuple):
    """How fast this machine is, and what the network needs of it.

    Attributes:
        forward: seconds of the network for a row.
        tail: seconds of its tail for a row.
        compiling: seconds to compile a small program, the unit of the work that is done once.
        longer: how many times longer the network's gradient compiles.
        sorting: seconds to sort 200,000 numbers, the unit of the work on the host.
        temporary: bytes of the network's gradient for a batch.
    """

    forward: float
    tail: float
    compiling: float
    longer: float
    sorting: float
    temporary: float


def _measured(subject: Subject) -> _Machine:
    rows = jnp.asarray(subject.inputs[:_BATCH])
    hidden = jnp.asarray(subject.hidden[:_BATCH])
    forward, tail = networks.cost(subject.network, rows), networks.cost(subject.tail, hidden)
    total = jax.grad(_total, argnums=1) if subject.inputs.dtype.kind == "f" else _total
    start = time.perf_counter()
    analysis = jax.jit(total).lower(subject.network, rows).compile().memory_analysis()
    longer = time.perf_counter() - start
    compiling = _compiling()
    numbers, times = np.random.default_rng(0).random(200_000), []
    for _ in range(3):
        start = time.perf_counter()
        np.sort(numbers)
        times.append(time.perf_counter() - start)
    temporary = float(getattr(analysis, "temp_size_in_bytes", 0) or 0)
    ratio = max(1.0, longer / compiling)
    return _Machine(forward.seconds, tail.seconds, compiling, ratio, float(np.median(times)), temporary)


def _compiling() -> float:
    """Mean seconds to compile programs of one size: several, since other work on the machine comes and goes."""
    start = time.perf_counter()
    for number in range(_PROGRAMS):

        def program(weights, x, width=number + 8):
            def step(x, _):
                return jnp.tanh(x @ weights) * width, x.sum()

            return jax.lax.scan(step, x, None, length=width)[1].sum()

        arrays = jax.ShapeDtypeStruct((number + 8, number + 8), jnp.float32)
        jax.jit(jax.grad(program)).lower(arrays, arrays).compile()
    return (time.perf_counter() - start) / _PROGRAMS


def _total(network, rows):
    return jnp.sum(network(rows))


# Each returns seconds and bytes. Constants come from digits on two CPU cores, where most of the time is compiling; what
# is measured on this machine scales them.
_DRAWING = 3  # programs that compile in the time that a figure takes


def _modules(subject: Subject, budget: Budget, machine: _Machine) -> tuple[float, float]:
    del budget
    elements, units = sum(_units(subject)), sum(_units(subject, channels=subject.tree_pool is not None))
    features = subject.inputs[0].size + subject.outputs
    rows = min(len(subject.inputs), 10_000)
    products = 2e-9 * len(subject.inputs) * units * features + 4e-7 * units**2 * features
    seconds = (6 + machine.longer + _DRAWING) * machine.compiling + 2 * machine.forward * len(subject.inputs)
    arrays = 4.0 * (rows * (features + 2 * elements) + 3 * units**2 + 4 * units * features)
    return seconds + machine.sorting * products, arrays + machine.temporary


def _core_units(subject: Subject, budget: Budget, machine: _Machine) -> tuple[float, float]:
    classes = len(subject.predicted_classes(budget.classes))
    seconds, peak = _core_units_of(subject, budget, machine, classes)
    return seconds + (16 + 4 * machine.longer) * machine.compiling, peak


def _core_units_of(subject: Subject, budget: Budget, machine: _Machine, classes: int) -> tuple[float, float]:
    """For so many classes, without compilation."""
    units, rows = subject.hidden.shape[-1], len(subject.parts[0])
    training = budget.core_steps * budget.core_lanes * 128 * 4 * machine.tail
    searching = budget.core_starts * units**2 / 2 * min(rows, budget.search_rows) * machine.tail
    arrays = 4.0 * subject.hidden[0].size * (4 * len(subject.inputs) + budget.core_lanes * 128 * 3)
    return classes * (training + searching + 100 * rows * machine.tail), arrays


def _rules(subject: Subject, budget: Budget, machine: _Machine) -> tuple[float, float]:
    seconds, peak = _rules_of(subject, budget, machine)
    return seconds + (12 + 10 * min(budget.draws, 6) + 3 * _DRAWING) * machine.compiling, peak


def _rules_of(subject: Subject, budget: Budget, machine: _Machine) -> tuple[float, float]:
    """A fit, without compilation."""
    rows, width = len(subject.parts[0]), subject.inputs[0].size
    factors = min(8, subject.hidden.shape[-1])
    forests = min(2, budget.draws) * 2 * budget.trees * factors * rows * np.log2(rows) * np.sqrt(width)
    trees = 3 * budget.draws * np.log2(rows)
    arrays = 8.0 * len(subject.inputs) * (subject.hidden[0].size + width)
    return machine.sorting * (3e-6 * forests + trees), arrays + 64.0 * rows * budget.trees * factors


def _deviations(subject: Subject, budget: Budget, machine: _Machine) -> tuple[float, float]:
    del budget
    sizes = [subject.inputs[0].size, *_units(subject), subject.outputs]
    distances = 1e-7 * len(subject.inputs) ** 2 * sum(sizes)
    seconds = (13 + _DRAWING) * machine.compiling + machine.sorting * distances
    return seconds, 20.0 * len(subject.inputs) * sum(sizes) + 12.0 * 512**2


def _ascent(subject: Subject, budget: Budget, machine: _Machine) -> tuple[float, float]:
    lanes = len(subject.predicted_classes(budget.classes))
    climbing = budget.ascent_steps * (3 * lanes * machine.forward + 2e-4)
    seconds = (2 + 2 * machine.longer + _DRAWING / 2) * machine.compiling + climbing
    return seconds, 24.0 * lanes * subject.inputs[0].size + machine.temporary * lanes / _rows(subject)


def _attributions(subject: Subject, budget: Budget, machine: _Machine) -> tuple[float, float]:
    seconds, peak = _attributions_of(subject, budget, machine, min(budget.map_rows, len(subject.parts[1])))
    return seconds + (2 + 4 * machine.longer + _DRAWING / 2) * machine.compiling, peak


def _attributions_of(subject: Subject, budget: Budget, machine: _Machine, rows: int) -> tuple[float, float]:
    passes = 3 * (budget.nodes + 1) + 2 * 21 * (3 + min(budget.random_sets, 5))
    return rows * passes * machine.forward, 48.0 * rows * subject.inputs[0].size + machine.temporary / 8


def _controls(subject: Subject, budget: Budget, machine: _Machine, against: Mapping[str, str]) -> tuple[float, float]:
    """Of the methods that suit, once more for the network and each control."""
    parts = {
        "modules": lambda: (0.0, 0.0),
        "core_units": lambda: _core_units_of(subject, budget, machine, 1),
        "rules": lambda: _rules_of(subject, budget, machine),
        "deviations": lambda: (0.0, 0.0),
        "attributions": lambda: _attributions_of(subject, budget, machine, 64),
    }
    costs = [cost() for name, cost in parts.items() if name not in against]
    # Clusterings of the shuffled networks' units have other sizes, for which they are compiled.
    compiled = 10 + 5 * min(budget.draws, 6) * budget.shuffles * ("rules" not in against)
    passes = TRIED * budget.shuffles * len(subject.inputs) * machine.forward
    stored = (1 + budget.shuffles) * (subject.hidden.nbytes + subject.scores.nbytes)
    seconds = (budget.shuffles + 1) * sum(cost[0] for cost in costs) + compiled * machine.compiling + passes
    return seconds, max(cost[1] for cost in costs) + float(stored)


# Bytes that compiling and the libraries' own work take, whatever the shapes; measured with small networks on a CPU.
_COMPILED = {
    "modules": 90e6,
    "core_units": 180e6,
    "rules": 230e6,
    "deviations": 125e6,
    "ascent": 45e6,
    "attributions": 50e6,
    "controls": 110e6,
}

_COSTS = {
    "modules": _modules,
    "core_units": _core_units,
    "rules": _rules,
    "deviations": _deviations,
    "ascent": _ascent,
    "attributions": _attributions,
}


def _units(subject: Subject, *, channels: bool = False) -> list[int]:
    """Elements of each hidden layer, or only those of its last axis."""
    row, sizes = subject.inputs[:1], []
    for segment in subject.segments[:-1]:
        row = jax.eval_shape(segment, row)
        sizes.append(int(row.shape[-1] if channels else row.size))
    return sizes


def _rows(subject: Subject) -> int:
    return min(_BATCH, len(subject.inputs))


def seconds_in_words(seconds: float) -> str:
    """A time rounded to one digit or two.

    >>> seconds_in_words(0.3), seconds_in_words(42.4), seconds_in_words(150.0), seconds_in_words(9000.0)
    ('1 s', '42 s', '2.5 min', '2.5 h')
    """
    if seconds < 99.5:
        return f"{max(1, round(seconds))} s"
    if seconds < 5_970:
        return f"{seconds / 60:.2g} min"
    return f"{seconds / 3600:.2g} h"


def bytes_in_words(count: float) -> str:
    """Memory in the unit that suits.

    >>> bytes_in_words(2e5), bytes_in_words(3.2e7), bytes_in_words(4.56e9)
    ('1 MB', '32 MB', '4.6 GB')
    """
    if count < 0.9995e9:
        return f"{max(1, round(count / 1e6))} MB"
    return f"{count / 1e9:.1f} GB"
