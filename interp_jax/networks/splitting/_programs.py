"""A model's traced program: its named points, what flows around them, and the program between two of them."""

import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
from jax.core import eval_jaxpr
from jax.extend.core import ClosedJaxpr, Literal, Var, jaxprs_in_params
from jax.interpreters import partial_eval

from interp_jax.networks.splitting.marking import point

# Operations that only group others and that disappear from the program: jit, remat and calls.
_GROUPS = {"jit": "jaxpr", "pjit": "jaxpr", "checkpoint": "jaxpr", "remat2": "jaxpr", "closed_call": "call_jaxpr"}
_LOOPS = {"scan": "jax.lax.scan", "while": "jax.lax.while_loop", "cond": "jax.lax.cond"}

_PACKAGE = Path(__file__).parents[2]


class Point(NamedTuple):
    """A layer or mark of a program."""

    name: str
    kind: str
    parameters: int
    aliases: tuple[str, ...]
    arrays: tuple  # of those outputs that reach the program's: their avals; of all outputs if none does
    runs: int  # how often it runs; 0 if no output reaches the program's
    inside: str | None  # the loop that it runs in
    everything: bool  # whether all that reaches the outputs flows through it
    place: int  # its equation's


@dataclass(frozen=True)
class Program:
    """What a network does with inputs of one shape. Dead code is removed, and jit and remat inside it are gone.

    The first variables of ``jaxpr`` are the network's arrays, the others the leaves of its inputs.
    """

    jaxpr: Any
    consts: tuple
    n_arrays: int
    outputs: Any
    points: dict[str, Point]

    def between(self, start: str | None, end: str | None) -> tuple[Any, list[bool]]:
        """The program from the inputs, or the point ``start``, to ``end``, or the outputs; which arrays it uses.

        Its variables are the used arrays, and the hidden units at ``start`` or the inputs.
        """
        equations, arrays = self.jaxpr.eqns, self.jaxpr.invars[: self.n_arrays]
        rows, ends = self.jaxpr.invars[self.n_arrays :], self.jaxpr.outvars
        if end is not None:
            ends = self._output(end)
        if start is not None:
            rows = self._output(start)
            equations = [each for number, each in enumerate(equations) if number != self.points[start].place]
        names = self.jaxpr.debug_info._replace(arg_names=None, result_paths=None)
        cut = self.jaxpr.replace(invars=[*arrays, *rows], outvars=list(ends), eqns=equations, debug_info=names)
        instantiate = [False] * len(arrays) + [True] * len(rows)
        cut, used = partial_eval.dce_jaxpr(cut, [True] * len(ends), instantiate)
        return cut, used[: len(arrays)]

    def _output(self, name):
        return list(self.jaxpr.eqns[self.points[name].place].outvars)

    def line_after(self, name: str) -> str | None:
        """The nearest line of the model's code after a point whose result is all that flows on, if there is one."""
        first = self.points[name].place
        for place, equation in _narrow_places(self.jaxpr, self.n_arrays):
            line = _line(equation)
            if place > first and line and len(equation.outvars) == 1 and equation.outvars[0] not in self.jaxpr.outvars:
                return line
        return None


def trace(network: Callable[..., Any], arrays: Any, inputs: Any) -> Program:
    """The program of ``network(arrays, inputs)``, for arrays and inputs or their shapes."""
    closed, outputs = jax.make_jaxpr(network, return_shape=True)(arrays, inputs)
    if _grouped(closed.jaxpr):
        closed = jax.make_jaxpr(lambda *values: _run(closed.jaxpr, closed.consts, values))(*closed.in_avals)
    closed = _without_printing(closed)
    jaxpr, _ = partial_eval.dce_jaxpr(closed.jaxpr, [True] * len(closed.jaxpr.outvars), True)
    n_arrays = len(jax.tree.leaves(arrays))
    points = _points(jaxpr, n_arrays)
    for name, each in _points(closed.jaxpr, n_arrays).items():
        points.setdefault(name, each._replace(runs=0, everything=False))
    return Program(jaxpr, tuple(closed.consts), n_arrays, jax.tree.structure(outputs), points)


def evaluate(program: Program, cut: Any, values: list) -> list:
    """The results of a part of a program, as `Program.between` gives it."""
    return list(eval_jaxpr(cut, program.consts, *values))


def evaluate_changed(
    program: Program, values: list, changes: Mapping[str, Callable[[Any], Any]]
) -> tuple[list, dict[str, Any]]:
    """The program's results when the values of some points are changed as they come, and these values before."""
    before: dict[str, Any] = {}
    results = _run(program.jaxpr, program.consts, values, (changes, before))
    return results, before


def _holds_points(jaxpr) -> bool:
    return any(each.primitive is point or any(map(_holds_points, _inner(each))) for each in jaxpr.eqns)


def _inner(equation):
    return [getattr(each, "jaxpr", each) for each in jaxprs_in_params(equation.params)]


def _grouped(jaxpr) -> bool:
    return any(_is_group(each) for each in jaxpr.eqns)


def _is_group(equation) -> bool:
    return equation.primitive.name in _GROUPS and any(map(_holds_points, _inner(equation)))


def _run(jaxpr, consts, values, changed=({}, {})):
    """Evaluates a program; groups that hold points are taken apart, and values at some points changed and noted."""
    changes, before = changed
    env = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *values], strict=True))

    def read(atom):
        return atom.val if isinstance(atom, Literal) else env[atom]

    for equation in jaxpr.eqns:
        arguments = [read(each) for each in equation.invars]
        if _is_group(equation):
            inner = equation.params[_GROUPS[equation.primitive.name]]
            closed = inner if isinstance(inner, ClosedJaxpr) else ClosedJaxpr(inner, ())
            results = _run(closed.jaxpr, closed.consts, arguments, changed)
        elif equation.primitive is point and equation.params["name"] in changes:
            name = equation.params["name"]
            [before[name]] = arguments
            results = [changes[name](before[name])]
        else:
            single = jaxpr.replace(
                constvars=[],
                invars=list(dict.fromkeys(each for each in equation.invars if isinstance(each, Var))),
                outvars=list(equation.outvars),
                eqns=[equation],
                effects=equation.effects,
                debug_info=jaxpr.debug_info._replace(arg_names=None, result_paths=None),
            )
            results = eval_jaxpr(single, (), *map(read, single.invars))
        env.update(zip(equation.outvars, results, strict=True))
    return [read(each) for each in jaxpr.outvars]


def _without_printing(closed):
    """The program without equations that are there for their side effects, such as jax.debug.print."""
    computing = [each for each in closed.jaxpr.eqns if each.outvars or not each.effects]
    return (
        closed
        if len(computing) == len(closed.jaxpr.eqns)
        else closed.replace(jaxpr=closed.jaxpr.replace(eqns=computing))
    )


def _points(jaxpr, n_arrays) -> dict[str, Point]:
    through = dict(_narrow_places(jaxpr, n_arrays))
    points: dict[str, Point] = {}
    for place, equation in enumerate(jaxpr.eqns):
        for each, inside in _marked(equation):
            arrays = tuple(variable.aval for variable in each.outvars)
            here = Point(**each.params, arrays=arrays, runs=1, inside=inside, everything=place in through, place=place)
            before = points.get(here.name)
            points[here.name] = here if before is None else before._replace(runs=before.runs + 1)
    return points


def _line(equation) -> str | None:
    """The line of the user's own code that an equation is from."""
    traceback = equation.source_info.traceback
    standard = sysconfig.get_path("stdlib")
    for frame in traceback.frames if traceback is not None else ():
        path = Path(frame.file_name)
        installed = {"site-packages", "dist-packages"} & set(path.parts) or path.is_relative_to(standard)
        if not installed and not path.is_relative_to(_PACKAGE) and not frame.file_name.startswith("<"):
            return f"{path.name}:{frame.line_num}"
    return None


def _marked(equation, inside=None):
    if equation.primitive is point:
        yield equation, inside
    name = equation.primitive.name
    for inner in _inner(equation):
        for each in inner.eqns:
            yield from _marked(each, inside or _LOOPS.get(name, name))


def _narrow_places(jaxpr, n_arrays):
    """The places of equations whose result is all that later ones take of what depends on the inputs."""
    last = {}
    for place, equation in enumerate(jaxpr.eqns):
        last.update((each, place) for each in equation.invars if isinstance(each, Var))
    last.update((each, len(jaxpr.eqns)) for each in jaxpr.outvars if isinstance(each, Var))
    open_now = {each for each in jaxpr.invars[n_arrays:] if each in last}
    depends = set(open_now)
    for place, equation in enumerate(jaxpr.eqns):
        if depends.intersection(each for each in equation.invars if isinstance(each, Var)):
            depends.update(equation.outvars)
            open_now.update(each for each in equation.outvars if last.get(each, -1) > place)
        open_now = {each for each in open_now if last[each] > place}
        if open_now and open_now <= set(equation.outvars):
            yield place, equation
