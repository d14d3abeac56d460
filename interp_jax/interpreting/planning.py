"""What a run of `interpret` will cost in time and memory, before it runs."""

import html
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from interp_jax import networks
from interp_jax._checks import Given, as_count, check_choice
from interp_jax._readable import readable
from interp_jax.interpreting._budgets import BUDGETS, Budget
from interp_jax.interpreting._subject import Subject, make_subject
from interp_jax.interpreting._suitability import METHODS, reasons_against

_BATCH = 512


@readable()
class PlannedMethod(NamedTuple):
    """A method, why it does not suit if so, and the peak memory and the seconds that it is expected to take.

    Attributes:
        name: the method.
        reason: why it is left out, or None.
        peak_bytes: of arrays.
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


class Plan(NamedTuple):
    """What `interpret` will do and cost, shown as a table.

    Attributes:
        methods: in the order in which they run.
        rows: number of rows used.
        given_rows: number of rows given.
        layers: the hidden layers.
    """

    methods: tuple[PlannedMethod, ...]
    rows: int
    given_rows: int
    layers: tuple[str, ...]

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
    inputs: Given[ArrayLike, "rows *features"],
    labels: Given[ArrayLike, "rows"] | None = None,
    *,
    budget: str = "minutes",
    layer: str | Sequence[str] | None = None,
    scores: str = "logits",
    seed: int = 0,
) -> Plan:
    """What `interpret` would run with these arguments, and what it would cost in time and memory.

    Host-level. The network is run once on the rows, and compiled and timed on a batch; other times are scaled from
    that. They are orders of magnitude, within a factor of about three where this was tried.

    Args:
        network: as for `interpret`.
        inputs: [rows, …].
        labels: [rows].
        budget: "seconds", "minutes" or "hours".
        layer: as for `interpret`.
        scores: "logits" or "probabilities".
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
    """
    check_choice("budget", budget, BUDGETS)
    seed = as_count("seed", seed, least=0, most=2**31 - 1)
    options = {"layer": layer, "scores": scores, "class_names": None, "input_shape": None}
    subject = make_subject(network, inputs, labels, BUDGETS[budget], seed=seed, **options)
    return planned(subject, BUDGETS[budget], reasons_against(subject))


def planned(subject: Subject, budget: Budget, against: Mapping[str, str]) -> Plan:
    """The plan of a run."""
    machine = _measured(subject)
    costs = {name: cost(subject, budget, machine) for name, cost in _COSTS.items() if name not in against}
    if "controls" not in against:
        costs["controls"] = _controls(subject, budget, machine, against, costs)
    methods = [
        PlannedMethod(name, against.get(name), *(float(each) for each in reversed(costs.get(name, (0.0, 0.0)))))
        for name in METHODS
    ]
    return Plan(tuple(methods), len(subject.inputs), subject.given_rows, subject.layers)


class _Machine(NamedTuple):
    """What was measured: seconds of the network for a row, of the tail for a row, of compiling the network's gradient,
    and of sorting 200,000 numbers; and temporary bytes of the gradient of a batch.
    """

    forward: float
    tail: float
    compiling: float
    sorting: float
    temporary: float


def _measured(subject: Subject) -> _Machine:
    rows = jnp.asarray(subject.inputs[:_BATCH])
    hidden = jnp.asarray(subject.hidden[:_BATCH])
    start = time.perf_counter()
    forward = networks.cost(subject.network, rows)
    if subject.inputs.dtype.kind == "f":
        compiled = jax.jit(jax.grad(_total, argnums=1)).lower(subject.network, rows).compile()
    else:
        compiled = jax.jit(_total).lower(subject.network, rows).compile()
    compiling = time.perf_counter() - start - 10 * forward.seconds * len(rows)
    analysis = compiled.memory_analysis()
    numbers = np.random.default_rng(0).random(200_000)
    start = time.perf_counter()
    np.sort(numbers)
    sorting = time.perf_counter() - start
    tail = networks.cost(subject.tail, hidden)
    temporary = float(getattr(analysis, "temp_size_in_bytes", 0) or 0)
    return _Machine(forward.seconds, tail.seconds, max(compiling, 0.05), sorting, temporary)


def _total(network, rows):
    return jnp.sum(network(rows))


# Each returns seconds and bytes. The constants were fitted to digits on two CPU cores; what is measured is the machine.


def _modules(subject: Subject, budget: Budget, machine: _Machine) -> tuple[float, float]:
    del budget
    units = sum(_units(subject))
    features = subject.inputs[0].size + subject.outputs
    rows = min(len(subject.inputs), 10_000)
    seconds = 12 * machine.compiling + 2 * machine.forward * len(subject.inputs)
    seconds += machine.sorting * (4e-7 * units**2 * features + 2e-9 * len(subject.inputs) * units * features)
    return seconds, 4.0 * (rows * (features + 2 * units) + 3 * units**2 + 4 * units * features) + machine.temporary


def _core_units(subject: Subject, budget: Budget, machine: _Machine) -> tuple[float, float]:
    classes = len(subject.predicted_classes(budget.classes))
    return _core_units_of(subject, budget, machine, classes)


def _core_units_of(subject, budget, machine, classes) -> tuple[float, float]:
    units, rows = subject.hidden.shape[-1], len(subject.parts[0])
    training = budget.core_steps * budget.core_lanes * 128 * 4 * machine.tail
    searching = budget.core_starts * units**2 / 2 * min(rows, budget.search_rows) * machine.tail
    seconds = 20 * machine.compiling + classes * (training + searching + 100 * rows * machine.tail)
    elements = subject.hidden[0].size
    return seconds, 4.0 * elements * (2 * len(subject.inputs) + budget.core_lanes * 128 * 3)


def _rules(subject: Subject, budget: Budget, machine: _Machine) -> tuple[float, float]:
    rows, factors = len(subject.parts[0]), min(8, subject.hidden.shape[-1])
    width = subject.inputs[0].size
    forests = min(2, budget.draws) * 3 * budget.trees * factors * rows * np.log2(rows) * np.sqrt(width)
    seconds = 15 * machine.compiling + machine.sorting * (1e-6 * forests + 20 * budget.draws)
    return seconds, 4.0 * len(subject.inputs) * (
        2 * subject.hidden[0].size + 2 * width
    ) + 64.0 * rows * budget.trees * factors


def _deviations(subject: Subject, budget: Budget, machine: _Machine) -> tuple[float, float]:
    del budget
    sizes = [subject.inputs[0].size, *_units(subject), subject.outputs]
    pairs = len(subject.inputs) ** 2
    seconds = 10 * machine.compiling + 2 * machine.sorting * 1e-9 * 50 * pairs * sum(sizes)
    return seconds, 4.0 * len(subject.inputs) * sum(sizes) * 2 + 3 * 4.0 * 512**2


def _ascent(subject: Subject, budget: Budget, machine: _Machine) -> tuple[float, float]:
    lanes = len(subject.predicted_classes(budget.classes))
    seconds = 8 * machine.compiling + budget.ascent_steps * (3 * lanes * machine.forward + 2e-4)
    return seconds, 4.0 * lanes * subject.inputs[0].size * 6 + machine.temporary * lanes / _rows(subject)


def _attributions(subject: Subject, budget: Budget, machine: _Machine) -> tuple[float, float]:
    rows = min(budget.map_rows, len(subject.parts[1]))
    passes = 3 * (budget.nodes + 1) + 2 * 21 * (3 + min(budget.random_sets, 5))
    seconds = 8 * machine.compiling + rows * passes * machine.forward
    return seconds, 4.0 * rows * subject.inputs[0].size * 12 + machine.temporary * 64 / _rows(subject)


def _controls(subject, budget, machine, against, costs) -> tuple[float, float]:
    """Of each method once more for each control; nothing compiles again but what has other shapes."""
    times = budget.shuffles
    seconds = 6 * machine.compiling
    if "core_units" in costs:
        seconds += (times + 1) * (_core_units_of(subject, budget, machine, 1)[0] - 20 * machine.compiling)
    for name, compiled in (("rules", 15), ("modules", 12), ("attributions", 8)):
        if name in costs:
            share = (
                min(1.0, 64 / max(1, min(budget.map_rows, len(subject.parts[1])))) if name == "attributions" else 1.0
            )
            seconds += (times + 1) * share * (costs[name][0] - compiled * machine.compiling)
    del against
    return seconds, max(cost[1] for cost in costs.values()) + 4.0 * 2 * subject.hidden.size


_COSTS = {
    "modules": _modules,
    "core_units": _core_units,
    "rules": _rules,
    "deviations": _deviations,
    "ascent": _ascent,
    "attributions": _attributions,
}


def _units(subject: Subject) -> list[int]:
    """Elements of each hidden layer."""
    row, sizes = subject.inputs[:1], []
    for segment in subject.segments[:-1]:
        row = jax.eval_shape(segment, row)
        sizes.append(int(row.size))
    return sizes


def _rows(subject: Subject) -> int:
    return min(_BATCH, len(subject.inputs))


def seconds_in_words(seconds: float) -> str:
    """A time rounded to one digit or two.

    >>> seconds_in_words(0.3), seconds_in_words(42.4), seconds_in_words(150), seconds_in_words(9000)
    ('1 s', '42 s', '3 min', '3 h')
    """
    if seconds < 99.5:
        return f"{max(1, round(seconds))} s"
    if seconds < 5_970:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"


def bytes_in_words(count: float) -> str:
    """Memory in the unit that suits.

    >>> bytes_in_words(2e5), bytes_in_words(3.2e7), bytes_in_words(4.56e9)
    ('1 MB', '32 MB', '4.6 GB')
    """
    if count < 0.9995e9:
        return f"{max(1, round(count / 1e6))} MB"
    return f"{count / 1e9:.1f} GB"
