"""What training refuses, by name, before anything is compiled."""

import contextlib
import os
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from interp_jax._checks import as_labels, as_numpy, as_real, check_callable, check_finite, check_mesh, describe
from interp_jax.networks._rows import abstract_scores, as_rows
from interp_jax.networks.freezing import inference_view


class Scored(NamedTuple):
    """How a network takes rows: its number of classes, the shape of a row, and the type for integer rows."""

    classes: int
    row: tuple[int, ...]
    whole: Any


def checked_inputs(name, inputs):
    """Finite rows as a JAX array; integers keep their type."""
    inputs = as_rows(name, inputs, ["rows", "features", "…"])
    check_mesh(name, inputs)
    check_finite(name, inputs)
    return inputs


def check_trainable(network, key):
    """Refuses networks whose training would silently go wrong, and stacks that do not match the keys."""
    if not isinstance(network, nnx.Module):
        raise ValueError(f"network: found {describe(network)}, wanted a Chain or another NNX module")
    if tied := nnx.find_duplicates(network):
        raise ValueError(
            f"network: found tied variables or layers {tied}, wanted each only once; they untie inside jit"
        )
    if jax.tree.leaves(nnx.state(network, nnx.RngState)):
        raise ValueError(
            "network: found random state, wanted none; leave rngs out of nnx.Dropout, a Chain passes a key"
        )
    parameters = jax.tree.leaves(nnx.state(network, nnx.Param))
    if not parameters or not all(jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in parameters):
        found = ", ".join(map(describe, parameters)) or "no parameters"
        raise ValueError(f"network: found {found}, wanted floating-point parameters (nnx.Param)")
    if key.ndim:
        sizes = {leaf.shape[:1] for leaf in jax.tree.leaves(nnx.state(network))}
        if sizes != {key.shape}:
            found = ", ".join(map(str, sorted(sizes)))
            raise ValueError(
                f"network: found leading axes {found}, wanted variables stacked over the {key.shape[0]} seeds of key"
            )


def check_folder(name, folder):
    """Refuses what is not a path."""
    if not isinstance(folder, str | os.PathLike):
        raise TypeError(f"{name}: found {describe(folder)}, wanted the path of a folder")


def check_functions(optimizer, **functions):
    """Refuses optimizers and functions that cannot be static parts of a compiled step; a function may be None."""
    if not isinstance(optimizer, optax.GradientTransformation):
        raise ValueError(f"optimizer: found {describe(optimizer)}, wanted an optax optimizer such as optax.adam(1e-3)")
    for name, function in functions.items():
        if function is None:
            continue
        check_callable(name, function)
        try:
            hash(function)
        except TypeError as error:
            raise TypeError(f"{name}: found {describe(function)}, wanted a function that can be hashed") from error


def check_loss(loss, classes, labels=None):
    """Refuses losses that do not give one number per row, or for targets that are no class numbers one per output."""
    # As many rows as classes would let a loss of one-hot labels pass.
    rows, of_row = classes + 1, () if labels is None or is_class_numbers(labels) else labels.shape[1:]
    scores, kind = jax.ShapeDtypeStruct((rows, classes), jnp.float32), jnp.int32
    shapes, hint = [(rows,)], ""
    if labels is not None and not is_class_numbers(labels):
        kind, shapes = jnp.float32, [(rows,), (rows, classes), (rows, *of_row)]
        hint = "; labels[:, None] for a loss that compares them with one score" if classes == 1 and not of_row else ""
    of_labels = (rows, *of_row)
    wanted = f"[{rows}] numbers for scores [{rows}, {classes}] and labels {list(of_labels)}{hint}"
    try:
        found = jax.eval_shape(loss, scores, jax.ShapeDtypeStruct(of_labels, kind))
    except Exception as error:
        raise ValueError(f"loss: found a function that fails, wanted {wanted}: {error}") from error
    shape = getattr(found, "shape", None)
    if shape not in shapes or not jnp.issubdtype(found.dtype, jnp.floating):
        raise ValueError(f"loss: found {getattr(found, 'dtype', type(found).__name__)} {shape}, wanted {wanted}")


def is_class_numbers(labels) -> bool:
    """Whether targets are [rows] integers, and not quantities or several labels a row."""
    return labels.ndim == 1 and jnp.issubdtype(labels.dtype, jnp.integer)


def as_targets(name, labels, *, rows, classes, default, like=None):
    """Class numbers [rows] as int32, or for losses of their own other finite targets [rows, …] as float32.

    Args:
        name: the argument named in errors.
        labels: class numbers, or what the loss takes.
        rows: their number.
        classes: number of scores.
        default: whether the loss is that of class numbers.
        like: checked targets of the same kind, or None.
    """
    found = labels if isinstance(labels, jax.Array) else as_numpy(name, labels)
    if default and found.size and not jnp.issubdtype(found.dtype, jnp.integer):
        wanted = "whole numbers, or a loss of quantities or of several labels a row, such as loss=optax.l2_loss"
        raise ValueError(f"{name}: found {describe(found)}, wanted {wanted}")
    if default or (is_class_numbers(found) if like is None else is_class_numbers(like)):
        return as_labels(name, labels, rows=rows, classes=classes)
    targets = as_real(name, found, shape=[rows, *(["…"] if like is None else like.shape[1:])])
    check_finite(name, targets)
    return targets


def scored(network, inputs, key, augment=None, minibatch_size=1):
    """How the network takes minibatches of these rows, from shapes alone.

    Integers and bool are passed as float32, or as int32 to networks that take only those (with an embedding).
    """
    graph, variables = nnx.split(network)
    if key.ndim:
        variables = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), variables)

    def scores(variables, row):
        return inference_view(nnx.merge(graph, variables, copy=True))(row)

    def shown_as(whole):
        kind = inputs.dtype if is_floating else whole
        rows = jax.ShapeDtypeStruct((minibatch_size, *inputs.shape[1:]), kind)
        rows = rows if augment is None else _augmented(augment, key, rows)
        hint = "" if key.ndim else " (a stacked network wants keys of shape [seeds])"
        logits = abstract_scores(scores, jax.ShapeDtypeStruct((1, *rows.shape[1:]), rows.dtype), variables, hint=hint)
        shape = getattr(logits, "shape", ())
        if len(shape) != 2:
            raise ValueError(f"network: found scores {list(shape)} for one row, wanted logits [1, classes]{hint}")
        return Scored(shape[1], rows.shape[1:], whole)

    is_floating = jnp.issubdtype(inputs.dtype, jnp.floating)
    try:
        return shown_as(jnp.float32)
    except ValueError:
        with contextlib.suppress(ValueError):
            if not is_floating:
                return shown_as(jnp.int32)
        raise


def _augmented(augment, key, rows):
    try:
        augmented = jax.eval_shape(augment, jax.ShapeDtypeStruct((), key.dtype), rows)
        shape = tuple(augmented.shape)
    except Exception as error:
        wanted = f"(key, inputs {list(rows.shape)}) -> inputs"
        raise ValueError(f"augment: found a function that fails, wanted {wanted}: {error}") from error
    if shape[:1] != rows.shape[:1]:
        raise ValueError(f"augment: found shape {list(shape)} for a minibatch, wanted its {rows.shape[0]} rows")
    return augmented
