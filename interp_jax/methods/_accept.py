"""The methods' requirements on a network: a callable pytree, independent rows, scores that are logits."""

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from interp_jax._checks import (
    as_numpy,
    as_real,
    at_hand,
    check_callable,
    check_choice,
    check_finite,
    check_mesh,
    check_shape,
    describe,
)
from interp_jax._shards import first_rows, on_host

SCORES = ("logits", "probabilities")
_TRIED = 8
_BEHIND = 'behind its embedding, networks.split(model, at="…", inputs=tokens), and give what the first part returns'
_PIXELS = (np.uint8, np.bool_)  # types of images, whose values have an order and a mean
_JOINED = (
    "join them, and give a network that takes them apart, such as lambda x: network((x[:, :3], x[:, 3:])), or start at "
    "a layer behind which they are joined"
)
_CHANGES_ITSELF = "TraceContextError"  # the error of Flax, which is not imported here


def accept_network(network, inputs, *, finite: bool = True, name: str = "network") -> Callable:
    """The network as a callable pytree, after a test that a row's scores depend on that row alone.

    Host-level; four calls on ten rows: the first eight of ``inputs`` and two made from the first, so that rows differ
    even if the given ones are equal. Integer rows may be token ids of a finite vocabulary: made-up rows combine the
    given rows' elements at each position.

    Scores that change with the other rows, the row's position or from call to call are refused: dropout and batch
    normalization in training mode, of any library.

    Args:
        network: ``[batch, …] -> array or pytree of arrays [batch, …]``; a callable pytree, a method of one
            (``chain.activations``), or a plain function.
        inputs: [rows, …] rows to test it on; the first eight are used.
        finite: whether NaN in its outputs is refused.
        name: the argument named in errors.

    Returns:
        The network in a form that can be an argument under ``jax.jit``.

    Raises:
        TypeError: a network that is not callable.
        ValueError: no rows, NaN or infinite inputs, or a network that fails on them, does not return a row per row,
            returns NaN, or whose rows are not independent.

    Example:
        >>> network = accept_network(lambda x: 2 * x, jnp.ones((3, 2)))
        >>> accept_network(lambda x: x - x.mean(0, keepdims=True), jnp.array([[1.0], [2.0]]))
        Traceback (most recent call last):
        ...
        ValueError: network: found scores of a row that change with the other rows, wanted rows that are independent, \
as networks.freeze(model) gives
    """
    check_callable(name, network)
    given = as_rows("inputs", inputs, most=_TRIED)
    given = given if at_hand(given) else jnp.asarray(on_host(given))
    rows = jnp.concatenate([_made_up(given), given])
    try:
        scores, again = network(rows), network(rows)
        copies = {row: network(jnp.broadcast_to(rows[row], rows.shape)) for row in (1, 2)}
        _trace(network, rows)
    except Exception as error:
        raise _failed(name, rows, error, _remedy(network, rows, error)) from error
    leaves = jax.tree.leaves(scores)
    if not leaves:
        raise ValueError(f"{name}: found {describe(scores)} as outputs, wanted an array [rows, …]")
    if any(jnp.shape(leaf)[:1] != (len(rows),) for leaf in leaves):
        shapes = [jnp.shape(leaf) for leaf in leaves]
        raise ValueError(f"{name}: found outputs of shape {shapes} for {len(rows)} rows, wanted a row for each")
    if finite and any(bool(jnp.isnan(leaf[2:]).any()) for leaf in leaves):
        raise ValueError(f"{name}: found NaN in its outputs for the given inputs, wanted numbers")
    scale = jax.tree.map(_noise, scores)
    if not _close(scores, again, scale):
        raise _dependent(name, "scores that change from call to call")
    for row, of_copies in copies.items():
        first = jax.tree.map(lambda leaf: leaf[:1], of_copies)
        if not _close(of_copies, first, scale):
            raise _dependent(name, "equal rows with different scores")
        if not _close(jax.tree.map(lambda leaf, row=row: leaf[row : row + 1], scores), first, scale):
            raise _dependent(name, "scores of a row that change with the other rows")
    return callable_pytree(network)


def accept_scores(network, inputs=None, *, scores: str = "logits", name: str = "network") -> Callable:
    """The network as a callable pytree whose scores are logits.

        scores="probabilities":  log max(network(x), 1.2e-38)

    Host-level, but pure: traceable methods use it while traced, when ``scores`` is trusted unchecked. If inputs and
    network are not traced, the first eight rows, and two made from the first, are tested: one compiled forward pass,
    the same program for another network of equal shape.

    Scores count as probabilities if they are floating, of at least two classes, and each tested row of them is ≥ 0 and
    sums to 1 within 1e-4 (4 digits of half precision). The made-up rows distinguish a linear network from a softmax if
    the given rows are themselves one-hot or histograms.

    Args:
        network: ``[rows, …] -> scores [rows, …, classes]``, or a tail that takes hidden units.
        inputs: [rows, …] its inputs; None if there are none to test it on.
        scores: the network's outputs, "logits" or "probabilities".
        name: the argument named in errors.

    Returns:
        The network if its scores are logits, else a callable pytree that takes their logarithm: float32 at least, and
        −87.3 for a probability of 0. It is compared by value: another network of equal shape does not recompile.

    Raises:
        TypeError: a network that is not callable.
        ValueError: unknown ``scores``; probabilities declared as logits; with ``scores="probabilities"``, outputs that
            are not probabilities; or a network that fails on the inputs.

    Example:
        >>> x = jnp.array([[1.0, -2.0], [0.5, 3.0]])
        >>> accept_scores(jax.nn.softmax, x)
        Traceback (most recent call last):
        ...
        ValueError: network: found scores that are probabilities (rows ≥ 0 that sum to 1), wanted logits, or \
scores="probabilities"
        >>> bool(jnp.allclose(accept_scores(jax.nn.softmax, x, scores="probabilities")(x), jax.nn.log_softmax(x)))
        True
    """
    check_choice("scores", scores, SCORES)
    network = callable_pytree(network, name=name)
    # A new array is traced wherever operations on arrays at hand are, inside jit.
    if inputs is not None and all(map(at_hand, (inputs, jnp.zeros(()), *jax.tree.leaves(network)))):
        given = as_rows("inputs", inputs, most=_TRIED, finite=False)
        floating = jnp.issubdtype(given.dtype, jnp.floating)
        rows = given if floating else jnp.concatenate([_made_up(given), given])
        try:
            probable = _are_probabilities(network, rows, floating)
        except Exception as error:
            raise _failed(name, rows, error, _remedy(network, rows, error)) from error
        if probable is not None and at_hand(probable):
            tried, made_up = np.asarray(probable)[2:], np.asarray(probable)[:2]
            if scores == "logits" and (tried == 1).any() and (tried != 0).all() and (made_up != 0).all():
                wanted = 'wanted logits, or scores="probabilities"'
                raise ValueError(f"{name}: found scores that are probabilities (rows ≥ 0 that sum to 1), {wanted}")
            if scores == "probabilities" and (tried == 0).any():
                wanted = 'wanted rows ≥ 0 that sum to 1, as scores="probabilities" says'
                raise ValueError(f"{name}: found scores that are no probabilities, {wanted}")
    return network if scores == "logits" else _LogScores(network)


def callable_pytree(network: Callable, *, name: str = "network") -> Callable:
    """The network, a method of one or a plain function in a form that can be an argument under ``jax.jit``.

    Host-level, but pure: traceable methods use it while traced. Anything but a pytree of arrays, e.g. a plain function,
    is compiled once in its lifetime: variables that it captures must not change.

    Raises:
        TypeError: not callable, by the given name.

    Example:
        >>> jax.jit(lambda network, x: network(x))(callable_pytree(lambda x: 2 * x), 1.0)
        Array(2., dtype=float32, weak_type=True)
    """
    check_callable(name, network)
    if inspect.ismethod(network) and _holds_only_arrays(network.__self__):
        return jax.tree_util.Partial(network.__func__, network.__self__)
    if _holds_only_arrays(network):
        return network
    # A bound method can be hashed, as jit must, also where what it is bound to cannot.
    return jax.tree_util.Partial(network if _hashable(network) else network.__call__)


def as_rows(name: str, inputs: Any, *, most: int | None = None, finite: bool = True, floating: bool = False) -> Array:
    """Rows as a network takes them: floats stay (float64 as JAX has it), integers and bool keep their kind.

    Traceable. Integers stay integers, since they may be token ids. Where gradients are needed, `as_floating_rows`.

    Args:
        name: the argument named in errors.
        inputs: [rows, …].
        most: maximum number of rows; None for all.
        finite: whether NaN and infinity are refused in rows that are not traced.
        floating: whether integers and bool become float32.

    Raises:
        ValueError: no rows, values that are not real, integers beyond 32 bits, NaN or infinity.

    Example:
        >>> as_rows("inputs", [[3, 4]]).dtype, as_rows("inputs", np.ones((2, 1))).dtype
        (dtype('int32'), dtype('float32'))
    """
    check_one_array(name, inputs)
    values = inputs if isinstance(inputs, jax.Array) else as_numpy(name, inputs)
    check_shape(name, values, ["rows", "…"])
    check_mesh(name, values)
    if finite and jnp.issubdtype(values.dtype, jnp.floating):
        check_finite(name, values)
    values = first_rows(values, most)
    if floating and not jnp.issubdtype(values.dtype, jnp.floating):
        return as_real(name, values)
    if isinstance(values, jax.Array):
        if not any(jnp.issubdtype(values.dtype, kind) for kind in (jnp.floating, jnp.integer, jnp.bool_)):
            raise ValueError(f"{name}: found {describe(values)}, wanted real numbers")
        return values
    if values.dtype.kind == "f":
        return jnp.asarray(values) if values.dtype.itemsize < 4 else as_real(name, values)
    kind = jax.dtypes.canonicalize_dtype(values.dtype)
    if values.dtype.kind != "b" and (values.min() < np.iinfo(kind).min or values.max() > np.iinfo(kind).max):
        raise ValueError(f"{name}: found {values.min()} to {values.max()}, wanted whole numbers that {kind} holds")
    return jnp.asarray(values.astype(values.dtype.newbyteorder("="), copy=False))


def check_one_array(name: str, inputs: Any) -> None:
    """Refuses the inputs of a network with several, which NumPy would stack if they are of one shape.

    Example:
        >>> check_one_array("inputs", (np.ones((5, 2)), np.ones((5, 2))))
        Traceback (most recent call last):
        ...
        ValueError: inputs: found a tuple of 2 arrays, wanted one array [rows, …]: join them, and give a network that \
takes them apart, such as lambda x: network((x[:, :3], x[:, 3:])), or start at a layer behind which they are joined
    """
    entries = list(inputs.values()) if isinstance(inputs, Mapping) else inputs if isinstance(inputs, tuple) else []
    if any(getattr(entry, "ndim", 0) > 1 for entry in entries):
        found = f"a {type(inputs).__name__} of {len(entries)} arrays"
        raise ValueError(f"{name}: found {found}, wanted one array [rows, …]: {_JOINED}")


def as_floating_rows(name: str, inputs: Any, network: Any = None, *, finite: bool = False) -> Array:
    """Rows with a gradient: floats keep their type as in `as_rows`, uint8 (images) and bool become float32.

    Traceable. Other integers are refused, since they may be token ids, which have no gradient; so are uint8 and bool
    where the network takes only whole numbers, which is tried without computing.

    Args:
        name: the argument named in errors.
        inputs: [rows, …].
        network: what the rows are for; None if there is nothing to try them on.
        finite: whether NaN and infinity are refused in rows that are not traced.

    Raises:
        ValueError: what `as_rows` refuses, or integers as above.

    Example:
        >>> as_floating_rows("inputs", np.ones((2, 3), np.uint8)).dtype
        dtype('float32')
        >>> as_floating_rows("inputs", np.ones((2, 3), np.int32))
        Traceback (most recent call last):
        ...
        ValueError: inputs: found int32 [2, 3], wanted floating numbers; split the network behind its embedding, \
networks.split(model, at="…", inputs=tokens), and give what the first part returns, or astype(float) of quantities
    """
    check_one_array(name, inputs)
    values = inputs if isinstance(inputs, jax.Array) else as_numpy(name, inputs)
    pixels = values.dtype in _PIXELS
    whole = pixels or jnp.issubdtype(values.dtype, jnp.integer)
    if whole and (not pixels or (callable(network) and _takes_only_whole(network, values))):
        wanted = f"wanted floating numbers; split the network {_BEHIND}, or astype(float) of quantities"
        raise ValueError(f"{name}: found {describe(values)}, {wanted}")
    return as_rows(name, values, finite=finite, floating=True)


def as_taken_rows(name: str, inputs: Any, network: Any) -> Array:
    """Rows as by `as_rows`, but uint8 (images) and bool as float32 unless the network takes only whole numbers.

    Traceable. Where integers may be token ids and no gradient is needed: arithmetic in uint8 would wrap around.

    Raises:
        ValueError: what `as_rows` refuses.

    Example:
        >>> as_taken_rows("inputs", np.ones((2, 3), np.uint8), lambda x: x - 2).dtype
        dtype('float32')
    """
    rows = as_rows(name, inputs, finite=False)
    whole = rows.dtype not in _PIXELS or (callable(network) and _takes_only_whole(network, rows))
    return rows if whole else rows.astype(jnp.float32)


def _takes_only_whole(network, values) -> bool:
    """Whether a network takes rows of this shape as whole numbers and not as floats; nothing is computed."""

    def takes(kind):
        try:
            jax.eval_shape(network, jax.ShapeDtypeStruct(values.shape, kind))
        except Exception:
            return False
        return True

    return not takes(jnp.float32) and takes(jnp.int32)


@partial(jax.tree_util.register_dataclass, data_fields=("network",), meta_fields=())
@dataclasses.dataclass(frozen=True)
class _LogScores:
    """The logarithm of a network's probabilities."""

    network: Callable

    def __call__(self, inputs):
        scores = self.network(inputs)
        kind = jnp.promote_types(scores.dtype, jnp.float32)
        return jnp.log(jnp.maximum(scores.astype(kind), jnp.finfo(kind).tiny))


@partial(jax.jit, static_argnames="floating")
def _are_probabilities(network, rows, floating):
    """[rows] 1 if all scores of a row are probabilities, 0 if not, −1 for NaN; None for other outputs.

    Made-up rows are put in front of floating ones here, in the compiled program.
    """
    if floating:
        rows = jnp.concatenate([_made_up(rows), rows])
    leaves = jax.tree.leaves(network(rows))
    if len(leaves) != 1 or jnp.ndim(leaves[0]) < 2 or leaves[0].shape[-1] < 2 or len(leaves[0]) != len(rows):
        return None
    scores = leaves[0]
    if not jnp.issubdtype(scores.dtype, jnp.floating):
        return None
    scores, tolerance = scores.astype(jnp.float32), max(1e-4, 4 * float(jnp.finfo(scores.dtype).eps))
    fits = (scores.min(axis=-1) >= 0) & (jnp.abs(scores.sum(axis=-1) - 1) <= tolerance)
    places = tuple(range(1, fits.ndim))
    fits = jnp.all(fits, axis=places).astype(jnp.int8)
    return jnp.where(jnp.any(jnp.isnan(scores), axis=(*places, -1)), -1, fits)


def _made_up(rows: Array) -> Array:
    """Two valid rows that differ from the first and from zero where possible."""
    first = rows[:1]
    if jnp.issubdtype(rows.dtype, jnp.floating):
        return jnp.concatenate([-1 - first, 2 * first + 3]).astype(rows.dtype)
    flat = rows.reshape(len(rows), -1)
    places = jnp.arange(flat.shape[1])
    mixed = jnp.stack([flat[(places + offset) % len(rows), places] for offset in (0, 1)])
    if bool((flat == flat[:1]).all()):
        mixed = jnp.flip(mixed, axis=1)  # equal rows have no other elements at any position
    return mixed.reshape(2, *rows.shape[1:])


def applied(network: Callable, rows: Any, *, name: str = "network", hidden: bool = False) -> Any:
    """The network's outputs for the rows; with ``hidden`` they have an axis of units.

    Traceable.

    Raises:
        ValueError: a network that fails on the rows, or whose outputs have other axes, by the given name.

    Example:
        >>> applied(lambda x: x @ jnp.ones((3, 2)), jnp.ones((1, 4)))
        Traceback (most recent call last):
        ...
        ValueError: network: found a failure on inputs float32 [1, 4] (...), wanted outputs of every row
    """
    try:
        outputs = network(rows)
    except Exception as error:
        raise _failed(name, rows, error) from error
    shapes = [jnp.shape(leaf) for leaf in jax.tree.leaves(outputs)]
    if any(shape[:1] != (len(rows),) or len(shape) < 1 + hidden for shape in shapes):
        wanted = "[rows, …, units]" if hidden else "a row for each"
        raise ValueError(f"{name}: found outputs of shape {shapes} for {len(rows)} rows, wanted {wanted}")
    return outputs


def _hashable(network) -> bool:
    try:
        hash(network)
    except TypeError:
        return False
    return True


def _holds_only_arrays(tree) -> bool:
    return all(isinstance(leaf, jax.Array | np.ndarray) for leaf in jax.tree.leaves(tree))


def _dependent(name: str, finding: str) -> ValueError:
    wanted = "wanted rows that are independent, as networks.freeze(model) gives"
    return ValueError(f"{name}: found {finding}, {wanted}")


def _trace(network, rows: Array) -> None:
    """Fails where the network changes random state of its own, which is seen only while a program is traced."""
    try:
        jax.eval_shape(network, rows)
    except Exception as error:
        if type(error).__name__ == _CHANGES_ITSELF:
            raise


def _remedy(network, rows: Array, error: Exception) -> str:
    """What the user of a network can do that fails on rows."""
    if type(error).__name__ == _CHANGES_ITSELF:
        return "; freeze first: networks.freeze(model), and use what it returns"
    if jnp.issubdtype(rows.dtype, jnp.floating) and _takes_only_whole(network, rows):
        return f"; it takes whole numbers: give those, or split it {_BEHIND}"
    try:
        jax.eval_shape(jax.vmap(network), rows)
    except Exception:
        return "; see networks.freeze(model)"
    return "; it takes single rows: networks.freeze(model, batched=False)"


def _failed(name: str, rows: Array, error: Exception, hint: str = "") -> ValueError:
    cause = f"{type(error).__name__}: {(str(error) or 'no message').splitlines()[0]}"
    wanted = f"wanted outputs of every row{hint}"
    return ValueError(f"{name}: found a failure on inputs {describe(rows)} ({cause}), {wanted}")


def _noise(scores) -> float:
    """The difference of scores by rounding alone: products may be TF32 or bfloat16, and vary from row to row."""
    values = np.nan_to_num(np.asarray(scores, np.float64), posinf=0, neginf=0)  # a NaN would make its column's mean one
    spread = np.abs(values - values.mean(axis=0)).max(initial=0.0)
    precision = float(jnp.finfo(scores.dtype).eps) if jnp.issubdtype(scores.dtype, jnp.inexact) else 0.0
    return 1e-2 * spread + 8 * precision * np.abs(values).max(initial=0.0)


def _close(first, second, scale) -> bool:
    def close(a, b, noise):
        return np.allclose(np.asarray(a, np.float64), np.asarray(b, np.float64), rtol=0, atol=noise, equal_nan=True)

    return all(jax.tree.leaves(jax.tree.map(close, first, second, scale)))
