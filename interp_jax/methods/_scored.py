"""The checks of networks, rows and their classes that attribution methods and sensitivities share."""

import jax
import numpy as np

from interp_jax._checks import as_numpy, as_real, as_target, at_hand, check_finite, describe
from interp_jax.methods._accept import accept_scores, applied, as_floating_rows, as_rows


def scored_rows(network, inputs, target, *, scores, floating=True, refuse=True, least=1):
    """The network as a callable pytree that returns logits, the rows, the class of each, and the number of classes.

    Args:
        network, inputs, target, scores: the methods' arguments.
        floating: whether rows become float32 at least, for a gradient; else they stay as they are.
        refuse: whether target arrays are refused if not traced and outside the classes.
        least: number of classes.

    Raises:
        TypeError: a network that is not callable.
        ValueError: no rows, integers where floats are needed, a network without scores per row, probabilities in place
            of logits, or not a class.
    """
    inputs = (
        as_real("inputs", as_floating_rows("inputs", inputs, network))
        if floating
        else as_rows("inputs", inputs, finite=False)
    )
    if inputs.ndim < 2 or not inputs.size:
        raise ValueError(
            f"inputs: found shape {_listed(inputs.shape)}, wanted [rows, features, …] with at least one row"
        )
    network = accept_scores(network, inputs, scores=scores)
    shapes = [each.shape for each in jax.tree.leaves(applied(lambda rows: _call.eval_shape(network, rows), inputs))]
    if len(shapes) != 1 or len(shapes[0]) != 2 or shapes[0][0] != len(inputs) or shapes[0][1] < least:
        wanted = f"scores of at least {least} classes [{len(inputs)}, classes]"
        raise ValueError(f"network: found outputs of shape {', '.join(map(_listed, shapes))}, wanted {wanted}")
    classes = shapes[0][1]
    return network, inputs, as_target(target, rows=len(inputs), classes=classes, refuse=refuse), classes


def as_baseline(baseline, shape):
    """A baseline as float32: one number, or an array that broadcasts to rows of this shape; of NumPy unless traced.

    Raises:
        ValueError: values that are not finite real numbers, or of another shape.
    """
    if at_hand(baseline):
        with np.errstate(over="ignore"):
            baseline = np.asarray(as_numpy("baseline", baseline), np.float32)
        check_finite("baseline", baseline)
    else:
        baseline = as_real("baseline", baseline)
    try:
        fits = np.broadcast_shapes(baseline.shape, shape) == tuple(shape)
    except ValueError:
        fits = False
    if not fits:
        wanted = f"a number, or an array that broadcasts to a row {_listed(shape)}"
        raise ValueError(f"baseline: found {describe(baseline)}, wanted {wanted}")
    return baseline.reshape(*[1] * (1 + len(shape) - baseline.ndim), *baseline.shape) if baseline.ndim else baseline


@jax.jit
def _call(network, x):
    return network(x)


def _listed(shape):
    return f"[{', '.join(map(str, shape))}]"
