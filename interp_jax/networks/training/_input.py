"""What training refuses, by name, before anything is compiled."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from interp_jax.networks.freezing import inference_view


def typed_key(key):
    """The key, or keys of shape [seeds], as typed keys."""
    if not isinstance(key, jax.Array):
        raise ValueError(f"key: found {type(key).__name__}, wanted jax.random.key(…) or keys of shape [seeds]")
    if not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.wrap_key_data(key)
    if key.ndim > 1 or not key.size:
        raise ValueError(f"key: found shape {key.shape}, wanted one key or keys of shape [seeds]")
    return key


def check_count(name, value, most=None):
    """Refuses what is no whole number from 1 to ``most`` (the number of rows)."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1 or (most and value > most):
        wanted = f"a whole number from 1 to {most}, the number of rows" if most else "a whole number of at least 1"
        raise ValueError(f"{name}: found {value!r}, wanted {wanted}")


def checked_rows(inputs_name, labels_name, inputs, labels):
    """Inputs and labels as JAX arrays, labels int32, that fit together and are finite."""
    with np.errstate(over="ignore"):  # a float64 that float32 cannot hold is found below, as an infinity
        inputs, labels = jnp.asarray(inputs), np.asarray(labels)
    if inputs.ndim < 2 or not len(inputs):
        raise ValueError(f"{inputs_name}: found shape {inputs.shape}, wanted [rows, …] with at least one row")
    if labels.shape != inputs.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
        found = f"{labels.dtype} of shape {labels.shape}"
        raise ValueError(f"{labels_name}: found {found}, wanted whole numbers of shape {inputs.shape[:1]}")
    if bad := int(jnp.sum(~jnp.isfinite(inputs).reshape(len(inputs), -1).all(axis=1))):
        raise ValueError(f"{inputs_name}: found NaN or infinity in {bad} of {len(inputs)} rows, wanted finite numbers")
    if labels.size and not 0 <= labels.min() <= labels.max() < 2**31:
        raise ValueError(f"{labels_name}: found {labels.min()} to {labels.max()}, wanted class numbers from 0")
    return inputs, jnp.asarray(labels, jnp.int32)


def check_labels(name, labels, classes):
    """Refuses labels outside 0 … classes − 1."""
    if labels.min() < 0 or labels.max() >= classes:
        found = f"{labels.min()} to {labels.max()}"
        raise ValueError(f"{name}: found {found}, wanted 0 to {classes - 1}, the network's {classes} classes")


def check_trainable(network, key):
    """Refuses networks whose training would silently go wrong, and stacks that do not match the keys."""
    if not isinstance(network, nnx.Module):
        raise ValueError(f"network: found {type(network).__name__}, wanted a Chain or another NNX module")
    if tied := nnx.find_duplicates(network):
        raise ValueError(
            f"network: found tied variables or layers {tied}, wanted each only once; they untie inside jit"
        )
    if jax.tree.leaves(nnx.state(network, nnx.RngState)):
        raise ValueError(
            "network: found random state, wanted none; leave rngs out of nnx.Dropout, a Chain passes a key"
        )
    if key.ndim:
        sizes = {leaf.shape[:1] for leaf in jax.tree.leaves(nnx.state(network))}
        if sizes != {key.shape}:
            found = ", ".join(map(str, sorted(sizes)))
            raise ValueError(f"network: found leading axes {found}, wanted variables stacked over {key.shape[0]} seeds")


def class_count(network, inputs, key):
    """How many classes the network scores, from its output's shape alone."""
    graph, variables = nnx.split(network)
    row = jax.ShapeDtypeStruct((1, *inputs.shape[1:]), inputs.dtype)

    def scores(variables, row):
        return inference_view(nnx.merge(graph, variables, copy=True))(row)

    if key.ndim:
        variables = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), variables)
    try:
        shape = jax.eval_shape(scores, variables, row).shape
    except (TypeError, ValueError) as error:
        hint = "" if key.ndim else " (a stacked network wants keys of shape [seeds])"
        raise ValueError(
            f"inputs: the network does not take rows of shape {inputs.shape[1:]}{hint}: {error}"
        ) from error
    if len(shape) != 2:
        raise ValueError(f"network: found scores of shape {shape} for one row, wanted logits [1, classes]")
    return shape[1]
