"""Argument checks and conversions, one of each for the whole package, with one form of error.

Errors read ``name: found …, wanted …``. Traced arrays have no values yet, so only their shapes and types are checked;
values of others are checked unless that would copy them from an accelerator.
"""

import functools
import inspect
import math
import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, Protocol, SupportsIndex, TypeVar, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array

from interp_jax._shards import on_host

_P = ParamSpec("_P")
_R = TypeVar("_R")

# What an argument is: ``Given[ArrayLike, "rows units"]`` is an array-like to type checkers, and words or a shape to
# readers. At run time nothing is refused by it, so that a wrong value reaches the check whose error names it.
if TYPE_CHECKING:
    from typing import Annotated as Given
else:

    class Given:
        """An annotation that no run-time type checker enforces."""

        def __class_getitem__(cls, stated):
            """The words alone."""
            return Annotated[Any, *stated[1:]]


Count = Given[SupportsIndex, "a whole number"]
Key = Given[Array | np.ndarray, "a JAX random key"]
MaskShape = Given[Sequence[int] | Mapping[str, Sequence[int]], "units"]
Network = Given[Callable[..., Any], "inputs -> scores"]
Number = Given[float | np.floating | Array, "a number"]


@runtime_checkable
class Tapped(Protocol):
    """A network that hands out its hidden layers while it runs, so that values may flow around them.

    `networks.tap` makes one; any pytree of arrays with these two is one.
    """

    @property
    def names(self) -> Sequence[str]:
        """The layers, in the order in which they run."""
        ...

    def run_through(self, inputs: Any, changes: Sequence[Callable[[Any], Any]]) -> tuple[list[Any], Any]:
        """Each layer's output, and the scores if it is changed by its function as it comes. Traceable."""
        ...


Segments = Given[Sequence[Callable[[Any], Any]] | Tapped, "inputs -> hidden -> … -> scores"]


def describe(value: Any) -> str:
    """A value as shown in errors: type and shape of an array, else a short repr.

    >>> describe(np.zeros((3, 2))), describe("three"), describe(None)
    ('float64 [3, 2]', "'three'", 'None')
    """
    if isinstance(value, jax.Array | np.ndarray):
        return f"{value.dtype} [{', '.join(map(str, value.shape))}]"
    if callable(value) or isinstance(value, Tracer):
        return type(value).__name__
    text = " ".join(repr(value.item() if isinstance(value, np.generic) else value).split())
    return text if len(text) <= 80 else f"{type(value).__name__} {text[:60]}…"


def is_traced(value: Any) -> bool:
    """Whether a value is known only when compiled code runs."""
    return isinstance(value, Tracer)


def at_hand(value: Any) -> bool:
    """Whether an array's values can be read here: neither traced nor spread over other processes."""
    return not is_traced(value) and (not isinstance(value, jax.Array) or value.is_fully_addressable)


# ---------------------------------------------------------------------------------------------------- arrays


def as_numpy(name: str, values: Any, *, shape: Sequence[int | str | None] | None = None) -> np.ndarray:
    """The values as a NumPy array of real numbers in their own type, also bool and integers.

    Host-level. Types unknown to NumPy (bfloat16) become float32. Rows spread over processes are gathered, by all of
    them.

    Raises:
        ValueError: traced arrays, values that are not real, or of the wrong shape (see `check_shape`).

    Example:
        >>> as_numpy("x", [1, 2]).dtype.kind, as_numpy("x", jnp.ones(2, jnp.bfloat16)).dtype
        ('i', dtype('float32'))
        >>> as_numpy("x", [1j])
        Traceback (most recent call last):
        ...
        ValueError: x: found complex128 [1], wanted real numbers
    """
    if is_traced(values):
        raise ValueError(f"{name}: found a traced array, wanted one at hand: this function runs on the host")
    try:
        found = on_host(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name}: found {describe(values)}, wanted an array of real numbers") from error
    if found.dtype.kind not in "fiub":
        if not jnp.issubdtype(found.dtype, jnp.floating):
            raise ValueError(f"{name}: found {describe(found)}, wanted real numbers")
        found = found.astype(np.float32)
    check_shape(name, found, shape)
    return found


def as_real(name: str, values: Any, *, shape: Sequence[int | str | None] | None = None) -> Array:
    """The values as a JAX array of float32, or of float64 if given and enabled in JAX.

    Traceable. Integers, bool and types below float32 become float32 of the same value: nothing wraps around. NaN and
    infinity stay.

    Args:
        name: the argument named in errors.
        values: an array, or nested sequences of numbers.
        shape: lengths or names of axes, as for `check_shape`; None for any.

    Raises:
        ValueError: values that are not real, of the wrong shape, or finite numbers beyond float32.

    Example:
        >>> as_real("x", np.array([2**32, 1])).tolist()
        [4294967296.0, 1.0]
        >>> as_real("x", [[1.0], [2.0]], shape=["rows", 2])
        Traceback (most recent call last):
        ...
        ValueError: x: found shape [2, 1], wanted [rows, 2]
    """
    if not isinstance(values, jax.Array):
        values = _narrowed(name, as_numpy(name, values, shape=shape))
        return jnp.asarray(values)
    if not any(jnp.issubdtype(values.dtype, kind) for kind in (jnp.floating, jnp.integer, jnp.bool_)):
        raise ValueError(f"{name}: found {describe(values)}, wanted real numbers")
    check_shape(name, values, shape)
    check_mesh(name, values)
    return values.astype(jnp.float64 if values.dtype == jnp.float64 else jnp.float32)


def as_centered(
    name: str, values: Any, *, axis: int = 0, shape: Sequence[int | str | None] | None = None
) -> tuple[Array, Array | np.ndarray]:
    """The values minus a center along an axis, and that center, as by `as_real`.

    Traceable. NumPy's float64 and integers beyond float32's precision are centered before they become float32, so that
    a large offset costs no digits. The center is the value nearest the mean, which keeps differences of integers exact.
    Values exact in float32, JAX arrays and traced ones are returned with a center of 0. NaN and infinity do not count
    for the mean.

    Example:
        >>> rest, center = as_centered("x", np.array([[1e9], [1e9 + 1], [1e9 + 3]]))
        >>> rest.ravel().tolist(), center.tolist()
        ([-1.0, 0.0, 2.0], [[1000000000.0]])
    """
    if not isinstance(values, jax.Array):
        given = as_numpy(name, values, shape=shape)
        values = _narrowed(name, given)
        if given.ndim and given.size and not np.array_equal(given, values, equal_nan=given.dtype.kind == "f"):
            # Long doubles, on machines that have them, hold all 64-bit integers.
            wide = given.astype(np.float64 if given.dtype.kind == "f" else np.longdouble)
            counted = np.isfinite(wide)
            total = np.sum(wide, axis=axis, keepdims=True, where=counted)
            mean = total / np.maximum(np.sum(counted, axis=axis, keepdims=True), 1)
            place = np.argmin(np.where(counted, np.abs(wide - mean), np.inf), axis=axis, keepdims=True)
            center = np.take_along_axis(wide, place, axis=axis)
            with np.errstate(invalid="ignore"):
                return jnp.asarray(_narrowed(name, wide - center)), jnp.asarray(_narrowed(name, center))
    values = as_real(name, values, shape=shape)
    sizes = (1 if axis % max(values.ndim, 1) == place else size for place, size in enumerate(values.shape))
    return values, np.zeros(tuple(sizes), values.dtype)


def check_shape(name: str, values: Any, shape: Sequence[int | str | None] | None) -> None:
    """Refuses arrays of the wrong shape: a number is a length, a name any of at least 1, None any, "…" further axes.

    Example:
        >>> check_shape("hidden", np.zeros((3, 4, 2)), ["rows", "…", "units"])
        >>> check_shape("hidden", np.zeros(3), ["rows", "…", "units"])
        Traceback (most recent call last):
        ...
        ValueError: hidden: found shape [3], wanted [rows, …, units]
    """
    if shape is None:
        return
    if not hasattr(values, "shape"):
        raise ValueError(f"{name}: found {describe(values)}, wanted an array [{', '.join(map(str, shape))}]")
    found = tuple(values.shape)
    ends = (shape, ()) if "…" not in shape else (shape[: shape.index("…")], shape[shape.index("…") + 1 :])
    first, last = map(tuple, ends)
    fits = len(found) >= len(first) + len(last) if "…" in shape else len(found) == len(first)
    parts = found[: len(first)] + found[len(found) - len(last) :]
    if fits:
        wanted = zip(parts, first + last, strict=True)
        fits = all(length is None or (size == length if isinstance(length, int) else size) for size, length in wanted)
    if not fits:
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise ValueError(f"{name}: found shape [{', '.join(map(str, found))}], wanted [{wanted}]")


def check_mesh(name: str, values: Any) -> None:
    """Refuses a JAX array on a mesh of explicit axes, unless it is whole on every device and the mesh is JAX's own.

    Example:
        >>> mesh = jax.make_mesh((1,), ("rows",), (jax.sharding.AxisType.Explicit,))
        >>> check_mesh("x", jax.device_put(jnp.ones(2), jax.sharding.NamedSharding(mesh, jax.P("rows"))))
        Traceback (most recent call last):
        ...
        ValueError: x: found an array on a mesh of explicit axes, wanted automatic ones: give jax.make_mesh \
jax.sharding.AxisType.Auto for each axis; jax.device_put from one mesh to the other moves nothing
    """
    sharding = jax.typeof(values).sharding if isinstance(values, jax.Array) else None
    if sharding is None or jax.sharding.AxisType.Explicit not in sharding.mesh.axis_types:
        return
    # Most operations are ambiguous on spread arrays. Under jax.vmap the type does not show the axis of the lanes.
    if any(sharding.spec) or jax.sharding.get_abstract_mesh().empty:
        raise ValueError(
            f"{name}: found an array on a mesh of explicit axes, wanted automatic ones: give jax.make_mesh "
            "jax.sharding.AxisType.Auto for each axis; jax.device_put from one mesh to the other moves nothing"
        )


def check_finite(name: str, values: Any) -> None:
    """Refuses NaN and infinity in arrays at hand; traced ones pass.

    Example:
        >>> check_finite("x", np.array([1.0, np.nan]))
        Traceback (most recent call last):
        ...
        ValueError: x: found NaN or infinity, wanted finite numbers
    """
    if not at_hand(values):
        return
    with jax.ensure_compile_time_eval():  # also inside jit, where arrays at hand would be traced
        finite = bool(_all_finite(values) if isinstance(values, jax.Array) else np.isfinite(values).all())
    if not finite:
        raise ValueError(f"{name}: found NaN or infinity, wanted finite numbers")


def check_not_negative(name: str, values: Any, *, some: bool = False) -> None:
    """Refuses numbers below zero, NaN and infinity in arrays at hand, with ``some`` also arrays of zeros.

    Example:
        >>> check_not_negative("weights", np.array([1.0, -1.0]))
        Traceback (most recent call last):
        ...
        ValueError: weights: found numbers below zero or not finite, wanted finite numbers of at least 0
    """
    if not at_hand(values):
        return
    with jax.ensure_compile_time_eval():
        usable, positive = map(bool, _usable_and_positive(values))
    if not usable:
        raise ValueError(f"{name}: found numbers below zero or not finite, wanted finite numbers of at least 0")
    if some and not positive:
        raise ValueError(f"{name}: found no number above zero, wanted at least one")


@jax.jit
def _all_finite(values):
    return jnp.all(jnp.isfinite(values))


@jax.jit
def _usable_and_positive(values):
    return jnp.all(jnp.isfinite(values) & (values >= 0)), jnp.any(values > 0)


def check_same_rows(**arrays: Any) -> None:
    """Refuses arrays with different numbers of rows.

    Example:
        >>> check_same_rows(inputs=np.zeros((3, 2)), labels=np.zeros(4))
        Traceback (most recent call last):
        ...
        ValueError: labels: found 4 rows, wanted 3 as in inputs
    """
    (first, leading), *others = arrays.items()
    for name, values in others:
        if len(values) != len(leading):
            raise ValueError(f"{name}: found {len(values)} rows, wanted {len(leading)} as in {first}")


def as_labels(name: str, values: Any, *, rows: int | None = None, classes: int | None = None) -> Array:
    """Class numbers as int32 [rows].

    Traceable. Values beyond 32 bits are refused at hand, and become −1 if traced. With ``classes``, labels at hand are
    refused outside 0 … classes − 1; traced ones are not checked.

    Args:
        name: the argument named in errors.
        values: [rows] integers.
        rows: the required number of rows; None for any.
        classes: number of classes; None for any values.

    Raises:
        ValueError: values that are not a vector of integers, of the wrong length, or outside the classes.

    Example:
        >>> as_labels("labels", [0, 2], classes=3).tolist()
        [0, 2]
        >>> as_labels("labels", [0, 3], classes=3)
        Traceback (most recent call last):
        ...
        ValueError: labels: found 0 to 3, wanted whole numbers from 0 to 2
    """
    found = values if isinstance(values, jax.Array) else _whole_numbers(name, values)
    wanted = f"whole numbers [{'rows' if rows is None else rows}]"
    if not jnp.issubdtype(found.dtype, jnp.integer):
        raise ValueError(f"{name}: found {describe(found)}, wanted {wanted}")
    if found.ndim != 1 or (rows is not None and len(found) != rows):
        raise ValueError(f"{name}: found shape [{', '.join(map(str, found.shape))}], wanted {wanted}")
    check_mesh(name, found)
    limits = jnp.iinfo(jnp.int32)
    bounded = classes is None and jnp.iinfo(found.dtype).max <= limits.max
    if at_hand(found) and found.size and not bounded:
        # NumPy's integers stay in NumPy until their range is known.
        with jax.ensure_compile_time_eval():
            least, greatest = int(found.min()), int(found.max())
        most = limits.max if classes is None else classes - 1
        if least < (limits.min if classes is None else 0) or greatest > most:
            wanted = f"whole numbers from 0 to {most}" if classes is not None else "whole numbers that 32 bits hold"
            raise ValueError(f"{name}: found {least} to {greatest}, wanted {wanted}")
    elif jnp.iinfo(found.dtype).max > limits.max:
        found = jnp.where(found > limits.max, -1, found.astype(jnp.int32))
    return jnp.asarray(found).astype(jnp.int32)


def as_target(value: Any, *, rows: int, classes: int, refuse: bool = True, name: str = "target") -> Array:
    """The class of interest of every row as int32 [rows]; ``classes`` where the value is not a class.

    Traceable. Values at hand are refused outside 0 … classes − 1, arrays only with ``refuse``.

    Args:
        value: one class for all rows, or [rows].
        rows: number of rows.
        classes: number of classes.
        refuse: whether arrays at hand may hold only classes.
        name: the argument named in errors.

    Raises:
        ValueError: neither an integer nor [rows] of them, or not a class.

    Example:
        >>> as_target(1, rows=2, classes=3).tolist(), as_target([2, -1], rows=2, classes=3, refuse=False).tolist()
        ([1, 1], [2, 3])
        >>> as_target(3, rows=2, classes=3)
        Traceback (most recent call last):
        ...
        ValueError: target: found 3, wanted a whole number from 0 to 2
    """
    if hasattr(value, "__len__") and not isinstance(value, str) and getattr(value, "ndim", 1):
        target = as_labels(name, value, rows=rows, classes=classes if refuse else None)
    elif is_traced(value):
        target = as_labels(name, value[None])  # pyright: ignore[reportArgumentType]: an array, not a sequence
    else:
        target = jnp.asarray(as_count(name, value, least=0, most=classes - 1), jnp.int32)
    target = jnp.where((target < 0) | (target >= classes), classes, target)
    return jnp.broadcast_to(target, (rows,))


def as_mask(name: str, values: Any, shape: Sequence[int] | None = None) -> Array:
    """A mask as bool, True where a unit is kept.

    Traceable. Numbers must be 0 or 1 (traced ones: nonzero is True).

    Raises:
        ValueError: the wrong shape, or numbers other than 0 and 1.

    Example:
        >>> as_mask("mask", [1, 0]).tolist()
        [True, False]
        >>> as_mask("mask", [0.5, 1.0])
        Traceback (most recent call last):
        ...
        ValueError: mask: found numbers other than 0 and 1, wanted True where a unit is kept
    """
    found = values if isinstance(values, jax.Array) else as_numpy(name, values)
    if not any(jnp.issubdtype(found.dtype, kind) for kind in (jnp.floating, jnp.integer, jnp.bool_)):
        raise ValueError(f"{name}: found {describe(found)}, wanted True where a unit is kept")
    if shape is not None and tuple(found.shape) != tuple(shape):
        wanted = ", ".join(map(str, shape))
        raise ValueError(f"{name}: found shape [{', '.join(map(str, found.shape))}], wanted [{wanted}]")
    check_mesh(name, found)
    if found.dtype != bool:
        with jax.ensure_compile_time_eval():
            wrong = at_hand(found) and not bool(((found == 0) | (found == 1)).all())
        if wrong:
            raise ValueError(f"{name}: found numbers other than 0 and 1, wanted True where a unit is kept")
        found = found != 0
    return jnp.asarray(found)


# ---------------------------------------------------------------------------------------------------- numbers


def as_count(name: str, value: Any, *, least: int = 1, most: int | None = None) -> int:
    """An integer from ``least`` to ``most`` as an int, known before tracing.

    Raises:
        ValueError: anything else, including 2.0 and True.

    Example:
        >>> as_count("k", np.int64(3))
        3
        >>> as_count("k", 2.0)
        Traceback (most recent call last):
        ...
        ValueError: k: found 2.0, wanted a whole number of at least 1
    """
    try:
        number = None if isinstance(value, bool | np.bool_) else operator.index(value)
    except (TypeError, jax.errors.ConcretizationTypeError):
        number = None
    if number is None or number < least or (most is not None and number > most):
        wanted = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name}: found {describe(value)}, wanted a whole number {wanted}")
    return number


def as_counts(name: str, values: Any, *, least: int = 1, length: int | None = None) -> tuple[int, ...]:
    """Several integers, such as sizes of layers, each as in `as_count`.

    Example:
        >>> as_counts("sizes", [100, 60])
        (100, 60)
        >>> as_counts("sizes", 100)
        Traceback (most recent call last):
        ...
        ValueError: sizes: found 100, wanted a sequence of whole numbers
    """
    if isinstance(values, str) or not hasattr(values, "__len__") or not hasattr(values, "__iter__"):
        raise ValueError(f"{name}: found {describe(values)}, wanted a sequence of whole numbers")
    if length is not None and len(values) != length:
        count = f"{len(values)} number{'s' * (len(values) != 1)}"
        raise ValueError(f"{name}: found {count}, wanted {length}")
    return tuple(as_count(name, value, least=least) for value in values)


def check_number(
    name: str,
    value: Any,
    *,
    least: float | int = -math.inf,
    most: float | int = math.inf,
    above: float | int = -math.inf,
    below: float | int = math.inf,
) -> None:
    """Refuses what is not a finite real number in the range; a traced scalar passes.

    Example:
        >>> check_number("rate", 0.5, least=0, most=1)
        >>> check_number("rate", float("nan"), least=0, most=1)
        Traceback (most recent call last):
        ...
        ValueError: rate: found nan, wanted a finite number, at least 0 and at most 1
    """
    bounds = ((least, "at least"), (above, "above"), (most, "at most"), (below, "below"))
    words = " and ".join(f"{word} {bound:g}" for bound, word in bounds if math.isfinite(bound))
    wanted = f"a finite number{words and ', '}{words}"
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        kinds = (jnp.floating, jnp.integer)
        if value.ndim or not any(jnp.issubdtype(value.dtype, kind) for kind in kinds):
            raise ValueError(f"{name}: found {describe(value)}, wanted {wanted}")
        if not at_hand(value):
            return
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name}: found {describe(value)}, wanted {wanted}")
    try:
        number = float(value)
    except OverflowError:  # an integer beyond float64
        number = math.inf
    if not (math.isfinite(number) and least <= number <= most and above < number < below):
        raise ValueError(f"{name}: found {describe(value)}, wanted {wanted}")


def as_number(name: str, value: Any, **bounds: float | int) -> float | Array:
    """A number that `check_number` accepts, as a float, or by `as_real` if it is a JAX array.

    Example:
        >>> as_number("rate", np.float64(0.5), least=0, most=1), as_number("rate", 10**30)
        (0.5, 1e+30)
    """
    check_number(name, value, **bounds)
    return as_real(name, value) if isinstance(value, jax.Array) else float(value)


def check_choice(name: str, value: Any, known: Collection) -> None:
    """Refuses what is not one of the known names.

    Example:
        >>> check_choice("metric", "manhattan", ("euclidean", "cosine"))
        Traceback (most recent call last):
        ...
        ValueError: metric: found 'manhattan', wanted one of 'euclidean', 'cosine'
    """
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name}: found {describe(value)}, wanted one of {', '.join(map(repr, known))}")


def as_float_type(name: str, value: Any) -> np.dtype:
    """A floating type by its name or class, as NumPy's dtype.

    Example:
        >>> as_float_type("dtype", jnp.bfloat16), as_float_type("dtype", "float32")
        (dtype(bfloat16), dtype('float32'))
        >>> as_float_type("dtype", int)
        Traceback (most recent call last):
        ...
        ValueError: dtype: found int, wanted a floating type such as jnp.float32
    """
    try:
        kind = None if value is None else jnp.dtype(value)
    except TypeError:
        kind = None
    if kind is None or not jnp.issubdtype(kind, jnp.floating):
        raise ValueError(
            f"{name}: found {getattr(value, '__name__', describe(value))}, wanted a floating type such as jnp.float32"
        )
    return kind


def check_callable(name: str, value: Any) -> None:
    """Refuses what is not callable."""
    if not callable(value):
        raise TypeError(f"{name}: found {describe(value)}, wanted something callable")


def as_key(key: Any, *, name: str = "key", lanes: bool = False) -> Array:
    """A new-style typed JAX random key, from either style.

    Args:
        key: ``jax.random.key(…)`` or ``jax.random.PRNGKey(…)``.
        name: the argument named in errors.
        lanes: whether keys of shape [lanes] are accepted too.

    Raises:
        ValueError: anything else, including an integer.

    Example:
        >>> bool(as_key(jax.random.PRNGKey(1)) == jax.random.key(1))
        True
        >>> as_key(0)
        Traceback (most recent call last):
        ...
        ValueError: key: found 0, wanted a JAX random key such as jax.random.key(0)
    """
    wanted = "a JAX random key such as jax.random.key(0)" + (", or keys [lanes]" if lanes else "")
    if isinstance(key, np.ndarray) and key.dtype == np.uint32:
        key = jnp.asarray(key)
    if not isinstance(key, jax.Array):
        raise ValueError(f"{name}: found {describe(key)}, wanted {wanted}")
    if not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        try:
            key = jax.random.wrap_key_data(key)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name}: found {describe(key)}, wanted {wanted}") from error
    if key.ndim > lanes or not key.size:
        raise ValueError(f"{name}: found shape [{', '.join(map(str, key.shape))}], wanted {wanted}")
    check_mesh(name, key)
    return key


def renamed(**names: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """A decorator for functions whose arguments once had other names: a call with an old name fails with the new one.

    Example:
        >>> @renamed(batch_size="minibatch_size")
        ... def train(*, minibatch_size=100):
        ...     return minibatch_size
        >>> train(batch_size=10)
        Traceback (most recent call last):
        ...
        TypeError: batch_size: found an argument of this name, wanted minibatch_size
    """

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @functools.wraps(function)
        def checked(*arguments: _P.args, **named: _P.kwargs) -> _R:
            for old in names.keys() & named.keys():
                raise TypeError(f"{old}: found an argument of this name, wanted {names[old]}")
            return function(*arguments, **named)

        assert not names.keys() & inspect.signature(function).parameters.keys()
        return checked

    return decorate


def _whole_numbers(name, values) -> np.ndarray:
    numbers = as_numpy(name, values)
    if not numbers.size and numbers.dtype.kind == "f":
        return numbers.astype(np.int64)
    return numbers.astype(numbers.dtype.newbyteorder("="), copy=False)  # JAX takes only native byte order


def _narrowed(name, values: np.ndarray) -> np.ndarray:
    """The values in the floating type in which JAX computes."""
    wide = values.dtype == np.float64 and jax.dtypes.canonicalize_dtype(np.float64) == np.float64
    if values.dtype == np.float32 or wide:
        return values
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    if values.dtype.kind == "f" and values.dtype.itemsize > 4 and np.any(np.isinf(narrow) & np.isfinite(values)):
        raise ValueError(f"{name}: found numbers beyond float32, wanted magnitudes below 3.4e38")
    return narrow
