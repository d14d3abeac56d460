"""The attribution methods' checks of networks, rows and target classes."""

import jax

from interp_jax._checks import as_real, as_target
from interp_jax.methods._accept import accept_scores, applied, as_rows


def scored_rows(network, inputs, target, *, scores, floating=True, refuse=True, least=1):
    """The network as a callable pytree that returns logits, the rows, the class of each, and the number of classes.

    Args:
        network, inputs, target, scores: the methods' arguments.
        floating: whether rows become float32 at least.
        refuse: whether target arrays are refused if not traced and outside the classes.
        least: number of classes.

    Raises:
        TypeError: a network that is not callable.
        ValueError: no rows, a network without scores per row, probabilities in place of logits, or not a class.
    """
    inputs = as_real("inputs", inputs) if floating else as_rows("inputs", inputs, finite=False)
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


@jax.jit
def _call(network, x):
    return network(x)


def _listed(shape):
    return f"[{', '.join(map(str, shape))}]"
