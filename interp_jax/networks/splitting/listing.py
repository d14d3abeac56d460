"""The layers of a model: names, shapes, parameters, and where it can be cut."""

import html
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from interp_jax._checks import Given
from interp_jax._readable import readable
from interp_jax.networks.splitting._survey import survey


@readable()
class Layer(NamedTuple):
    """A layer of a model: its name and class, its output's shape, its number of parameters, and why not to cut there.

    ``shape`` begins with the rows; an output of several arrays has a tuple of shapes. ``obstacle`` is None where
    `split` can cut.
    """

    name: str
    kind: str
    shape: tuple[Any, ...]
    parameters: int
    obstacle: str | None

    def _finding(self) -> str:
        name, kind, output, parameters, _ = _cells(self)
        can = "split can cut there" if self.obstacle is None else f"split cannot cut there: {self.obstacle}"
        return f"{name!r}, {kind}, output {output}, {parameters} parameters; {can}"


class Layers(tuple[Layer, ...]):
    """The layers of a model in the order in which they run, shown as a table."""

    __slots__ = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The layers' names."""
        return tuple(layer.name for layer in self)

    def __repr__(self) -> str:
        rows = [("name", "kind", "output", "parameters", "split"), *map(_cells, self)]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = []
        for name, kind, output, parameters, split in rows:
            words = [name.ljust(widths[0]), kind.ljust(widths[1]), output.ljust(widths[2]), parameters.rjust(widths[3])]
            lines.append("  ".join([*words, split]).rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [("name", "kind", "output", "parameters", "split"), *map(_cells, self)]
        cells = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows)
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def _cells(layer: Layer) -> tuple[str, ...]:
    several = bool(layer.shape) and isinstance(layer.shape[0], tuple)
    shapes = layer.shape if several else (layer.shape,)
    output = " ".join(f"[{', '.join(map(str, shape))}]" for shape in shapes)
    return (
        layer.name,
        layer.kind,
        output,
        f"{layer.parameters:,}",
        "yes" if layer.obstacle is None else f"no: {layer.obstacle}",
    )


def layers(
    model: Given[Callable[..., Any], "inputs -> scores"],
    inputs: Given[Any, "rows *features"],
    *,
    batched: bool = True,
    variables: Given[Mapping[str, Any], "a tree of arrays"] | None = None,
    **call_arguments: Any,
) -> Layers:
    """The layers that run in a model, with their output shapes, parameters, and whether `split` can cut there.

    Host-level; the model is traced twice and not computed.

    Args:
        model: as for `split`.
        inputs: [rows, …] inputs that the model takes; only their shapes matter, so that NaN does not.
        batched: whether the model maps [rows, …] to [rows, …]; False if it maps single rows, like Equinox's.
        variables: a Linen module's variables.
        **call_arguments: passed to the model at every call.

    Returns:
        A `Layer` for each, in the order in which they run; shown as a table.

    Raises:
        ValueError: inputs that the model does not take.
        TypeError: a model that is not callable, or whose static parts cannot be hashed.

    Example:
        >>> import jax.numpy as jnp
        >>> from flax import nnx
        >>> model = nnx.Sequential(nnx.Linear(4, 3, rngs=nnx.Rngs(0)), nnx.relu, nnx.Linear(3, 2, rngs=nnx.Rngs(1)))
        >>> layers(model, jnp.ones((5, 4)))
        name      kind    output  parameters  split
        layers/0  Linear  [5, 3]          15  yes
        layers/1  relu    [5, 3]           0  yes
        layers/2  Linear  [5, 2]           8  yes
    """
    surveyed = survey(model, inputs, batched=batched, variables=variables, **call_arguments)
    rows = []
    for each in sorted(surveyed.program.points.values(), key=lambda each: each.place):
        shapes = tuple(tuple(array.shape) for array in each.arrays)
        shape = shapes[0] if len(shapes) == 1 else shapes
        rows.append(Layer(each.name, each.kind, shape, each.parameters, surveyed.refusal(each.name)))
    return Layers(rows)
