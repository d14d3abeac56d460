"""The part of the input that a feature map responds to: its activations projected back through the stages."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from interp_jax._checks import Count, Given, as_count, as_real, check_callable, check_choice, describe, is_traced
from interp_jax.methods._accept import applied, as_floating_rows, callable_pytree

RULES = ("deconvnet", "guided", "gradient")


def deconvnet(
    stages: Given[Mapping[str, Callable[[Any], Any]], "stages"],
    inputs: Given[Array | np.ndarray, "rows *features"],
    *,
    stage: str,
    unit: Count | None = None,
    strongest: bool = False,
    rule: str = "deconvnet",
    rectifiers: Collection[str] | None = None,
) -> Float[Array, "..."]:
    """The activations of a feature map projected back to the input, one stage after the other.

        R ← Jᵀ R,  J = ∂ stage(x) / ∂ x,  at every stage from the chosen one to the first, but at rectifiers
        R ← max(R, 0)  (deconvnet),    R ← Jᵀ max(R, 0)  (guided),    R ← Jᵀ R  (gradient)

    Jᵀ is the transposed filters of a convolution or dense layer, without biases, and the switches of max pooling: the
    signal goes to the maximum's position. It starts from the map's activations (deconvnet), or from ones (guided,
    gradient: the plain gradient of the activations' sum). Unlike in Zeiler and Fergus, signals also go back through
    dense layers.

    Ties in a pooling window follow the pooling's own gradient: to the first (``flax.nnx.max_pool``), or shared
    (``networks.max_pool``). They occur where a rectifier before the pooling left only zeros; only deconvnet passes a
    signal there. Other nonlinear stages (tanh, response normalization) use their gradient, and so does a stage that
    rectifies internally: make its rectifier a stage of its own.

    Traceable; a forward and a backward pass to the chosen stage. Memory: the activations of all stages up to it.

    Args:
        stages: the network's stages by name, in order, such as ``chain.stages``; each maps [rows, …] to [rows, …] and
            treats rows independently. Plain functions are compiled once: variables that they capture must not change.
        inputs: [rows, …] the rows to project for, floats, uint8 or bool; NaN and infinity affect only their row.
        stage: the feature map's stage, with outputs [rows, *positions, units].
        unit: the feature map, an index of the last axis; None takes all, for layers without channels. Another unit does
            not recompile; a traced one outside the layer gives zeros.
        strongest: whether only the greatest activation of each row's map is projected; ties share it.
        rule: "deconvnet", "guided" or "gradient".
        rectifiers: names of the elementwise stages to treat as rectifiers; by default those that are ``jax.nn.relu``
            (Flax's too). Needed for ``lambda x: jnp.maximum(x, 0)`` or ``jax.nn.gelu``.

    Returns:
        Projections in the shape of the inputs.

    Raises:
        TypeError: a stage that is not callable.
        ValueError: integers but uint8 (they may be token ids), stages that are not a mapping or fail on the inputs, an
            unknown stage, rectifier or rule, a unit outside the layer, a rectifier that changes the shape, or no rows.

    Example:
        >>> weights = jnp.array([[1.0, 1.0], [2.0, -1.0]])
        >>> stages = {"dense": lambda x: x @ weights, "relu": jax.nn.relu}
        >>> deconvnet(stages, jnp.ones((1, 2)), stage="relu", unit=0)
        Array([[3., 6.]], dtype=float32)

    Source: Zeiler & Fergus, arXiv:1311.2901, section 2.1 (Chen 2017, section 2.2.2 and Fig. 2.4); Springenberg et al.,
    arXiv:1412.6806, section 3.4 (guided).
    """
    check_choice("rule", rule, RULES)
    if not isinstance(strongest, bool | np.bool_):
        raise ValueError(f"strongest: found {describe(strongest)}, wanted True or False")
    inputs = as_real("inputs", as_floating_rows("inputs", inputs), shape=["rows", "…"])
    walked = _walked(stages, stage)
    if rectifiers is None:
        rectifiers = [name for name, step in walked.items() if step is jax.nn.relu]
    if isinstance(rectifiers, str) or not isinstance(rectifiers, Collection):
        raise ValueError(f"rectifiers: found {describe(rectifiers)}, wanted names of stages such as ('relu1',)")
    for name in rectifiers:
        check_choice("rectifiers", name, stages)
    steps = tuple(callable_pytree(step) for step in walked.values())
    outputs = applied(lambda rows: _outputs.eval_shape(steps, rows), inputs, name="stages")
    shapes = [inputs.shape, *(output.shape for output in outputs)]
    for name, before, after in zip(walked, shapes[:-1], shapes[1:], strict=True):
        if name in rectifiers and before != after:
            raise ValueError(f"rectifiers: found {name!r}, which makes {after} of {before}, wanted elementwise stages")
    if len(shapes[-1]) < 2:
        raise ValueError(f"stage: found {stage!r} with outputs of shape {shapes[-1]}, wanted [rows, …, units]")
    if unit is not None and not is_traced(unit):
        unit = jnp.asarray(as_count("unit", unit, least=0, most=shapes[-1][-1] - 1), jnp.int32)
    return _project(steps, inputs, unit, tuple(name in rectifiers for name in walked), bool(strongest), rule)


@jax.jit
def _outputs(steps, x):
    outputs = []
    for step in steps:
        x = step(x)
        outputs.append(x)
    return outputs


@partial(jax.jit, static_argnames=("rectifying", "strongest", "rule"))
def _project(steps, x, unit, rectifying, strongest, rule):
    pull_backs = []
    for step in steps:
        x, pull_back = jax.vjp(step, x)
        pull_backs.append(pull_back)
    signal = _start(x, unit, strongest)
    if rule == "deconvnet":
        signal = signal * x
    for pull_back, rectifies in zip(reversed(pull_backs), reversed(rectifying), strict=True):
        if rectifies and rule != "gradient":
            signal = jax.nn.relu(signal)
        if not (rectifies and rule == "deconvnet"):
            (signal,) = pull_back(signal)
    return signal


def _start(activations, unit, strongest):
    """One at the activations to project, zero at the others; ties for the strongest share."""
    units = jnp.arange(activations.shape[-1]).reshape((1,) * (activations.ndim - 1) + (-1,))
    chosen = jnp.broadcast_to(True if unit is None else units == unit, activations.shape)
    if not strongest:
        return chosen.astype(activations.dtype)
    axes = tuple(range(1, activations.ndim))
    greatest = jnp.max(jnp.where(chosen, activations, -jnp.inf), axis=axes, keepdims=True)
    equal = chosen & (activations == greatest)
    return equal / jnp.maximum(jnp.sum(equal, axis=axes, keepdims=True), 1).astype(activations.dtype)


def _walked(stages, stage):
    """The stages up to and including the chosen one."""
    if not isinstance(stages, Mapping):
        found = type(stages).__name__
        raise ValueError(f"stages: found a {found}, wanted a mapping of names to callables such as chain.stages")
    for name, step in stages.items():
        check_callable(f"stages[{name!r}]", step)
    check_choice("stage", stage, stages)
    names = list(stages)
    return {name: stages[name] for name in names[: names.index(stage) + 1]}
