"""What is tried on an argument of each kind, and what has to come of it.

A variant expects one of

    refused     an error that names the argument
    sound       a result of finite numbers, or such an error, or what the docstring says of NaN
    large       the same of numbers so large or small that squares overflow or vanish
    documented  NaN or infinity: such an error, NaN in a traceable function's result, or what the docstring says
    absent      a class that there is not: such an error, or what the docstring says
    same        the valid call's result, or that of the call named as its reference
    alike       the same, or such an error
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np


@dataclass(frozen=True)
class Variant:
    """One thing to try.

    ``change(value)`` makes the argument from that of the valid call; of the reference call ``reference(value)`` does.
    With ``rows`` it is done to every argument with as many rows; ``shape`` says that other arguments may
    then not fit it.
    """

    name: str
    expects: str
    change: Callable[[Any], Any]
    reference: Callable[[Any], Any] | None = None
    rows: bool = False
    shape: bool = False


class UntriedError(Exception):
    """A variant that does not fit this value: a vector has no single column."""


def refused(**values: Any) -> list[Variant]:
    """Values that nothing but an error may come of."""
    return [Variant(name, "refused", lambda _, value=value: value) for name, value in values.items()]


def _whole(x) -> np.ndarray:
    return np.clip(np.round(np.asarray(x, np.float64) * 3), -100, 100)


def _positive_whole(x):
    return np.abs(_whole(x))


def _whole_floats(x):
    return _whole(x).astype(np.float32)


def _positive_floats(x):
    return _positive_whole(x).astype(np.float32)


def _to_bfloat16(x):
    return np.asarray(x).astype(ml_dtypes.bfloat16)


def _of_bfloat16(x):
    return _to_bfloat16(x).astype(np.float32)


def _wide(x):
    return (_whole(x) * 2**33).astype(np.int64)


def _with(number, place=-1):
    def change(x):
        x = np.array(x, np.float32)
        if not x.size:
            raise UntriedError
        x.flat[place if place >= 0 else x.size // 2] = number
        return x

    return change


def _row_of(number):
    def change(x):
        x = np.array(x, np.float32)
        if not x.size or x.ndim < 2:
            raise UntriedError
        x[0] = number
        return x

    return change


def _axes(least):
    def check(x):
        if np.ndim(x) < least:
            raise UntriedError
        return np.asarray(x)

    return check


def _strided(x):
    x = _axes(1)(x)
    return np.repeat(x, 2, axis=-1)[..., ::2]


def _readonly(x):
    x = np.array(x)
    x.flags.writeable = False
    return x


def _swapped(x):
    return np.asarray(x) if isinstance(x, jax.Array) else jnp.asarray(x)


def _big_endian(x):
    x = np.asarray(x)
    return x.astype(x.dtype.newbyteorder(">"))


def _ragged(x):
    x = _axes(1)(x).tolist()
    return [*x, [[1.0]]]


_FORMS = [
    Variant("list", "alike", lambda x: np.asarray(x).tolist()),
    Variant("read-only", "same", _readonly),
    Variant("strided", "same", _strided),
    Variant("reversed view", "same", lambda x: np.flip(np.flip(x).copy())),
    Variant("column order", "same", lambda x: np.asfortranarray(np.asarray(x))),
    Variant("other library", "same", _swapped),
    Variant("big-endian", "alike", _big_endian),
]

_NO_ARRAY = [
    *refused(none=None, text="three", object=object()),
    Variant("complex", "refused", lambda x: np.asarray(x) * (1 + 1j)),
    Variant("strings", "refused", lambda x: np.full(np.shape(x), "a")),
    Variant("array of objects", "refused", lambda x: np.full(np.shape(x), None)),
    Variant("ragged list", "refused", _ragged),
    Variant("dates", "refused", lambda x: np.full(np.shape(x), np.datetime64("2000-01-01"))),
]

_SHAPES = [
    Variant("empty", "sound", lambda x: _axes(1)(x)[:0], rows=True, shape=True),
    Variant("one row", "sound", lambda x: _axes(1)(x)[:1], rows=True, shape=True),
    Variant("one column", "sound", lambda x: _axes(2)(x)[..., :1], shape=True),
    Variant("an axis less", "sound", lambda x: _axes(1)(x)[0], shape=True),
    Variant("an axis more", "sound", lambda x: np.asarray(x)[None], shape=True),
    Variant("a single number", "sound", lambda x: _axes(1)(x).flat[0], shape=True),
]

FLOATS = [
    *_NO_ARRAY,
    *_FORMS,
    *_SHAPES,
    Variant("NaN", "documented", _with(np.nan)),
    Variant("infinity", "documented", _with(np.inf)),
    Variant("NaN first", "documented", _with(np.nan, 0)),
    Variant("a row of NaN", "documented", _row_of(np.nan)),
    Variant("all NaN", "documented", lambda x: np.full(np.shape(x), np.nan, np.float32)),
    Variant("constant", "sound", lambda x: np.full(np.shape(x), 0.5, np.float32)),
    Variant("zeros", "sound", lambda x: np.zeros(np.shape(x), np.float32)),
    Variant("duplicates", "sound", lambda x: np.repeat(_axes(1)(x)[:1], len(x), axis=0)),
    Variant("1e30", "large", lambda x: np.asarray(x) * np.float32(1e30)),
    Variant("1e-30", "large", lambda x: np.asarray(x) * np.float32(1e-30)),
    Variant("one 1e30", "large", _with(np.float32(1e30))),
    Variant("1e300", "large", lambda x: np.asarray(x, np.float64) * 1e300),
    *(
        Variant(np.dtype(d).name, "alike", lambda x, d=d: _whole(x).astype(d), _whole_floats)
        for d in (np.int8, np.int32, np.int64)
    ),
    *(
        Variant(np.dtype(d).name, "alike", lambda x, d=d: _positive_whole(x).astype(d), _positive_floats)
        for d in (np.uint8, np.uint64)
    ),
    Variant("bool", "alike", lambda x: np.asarray(x) > 0, lambda x: (np.asarray(x) > 0).astype(np.float32)),
    Variant("beyond 32 bits", "alike", _wide, lambda x: _wide(x).astype(np.float32)),
    Variant(
        "float16",
        "alike",
        lambda x: np.asarray(x).astype(np.float16),
        lambda x: np.asarray(x).astype(np.float16).astype(np.float32),
    ),
    Variant("bfloat16", "alike", _to_bfloat16, _of_bfloat16),
    Variant("bfloat16 of JAX", "alike", lambda x: jnp.asarray(x, jnp.bfloat16), _of_bfloat16),
    Variant("float64", "same", lambda x: np.asarray(x, np.float64)),
    Variant("longdouble", "alike", lambda x: np.asarray(x, np.longdouble)),
]


def _labels_with(number, dtype=np.int64):
    def change(x):
        x = np.array(x, dtype)
        if not x.size:
            raise UntriedError
        x.flat[-1] = number
        return x

    return change


_WHOLE_TYPES = [
    *(Variant(np.dtype(d).name, "same", lambda x, d=d: np.asarray(x).astype(d)) for d in (np.int8, np.int32, np.int64)),
    *(Variant(np.dtype(d).name, "alike", lambda x, d=d: np.asarray(x).astype(d)) for d in (np.uint8, np.uint64)),
    Variant("whole floats", "alike", lambda x: np.asarray(x).astype(np.float32)),
]

WHOLE = [
    *_NO_ARRAY,
    *_FORMS,
    *_SHAPES,
    *_WHOLE_TYPES,
    Variant("floats", "refused", lambda x: np.asarray(x) + 0.5),
    Variant("NaN", "refused", _labels_with(np.nan, np.float32)),
    Variant("infinity", "refused", _labels_with(np.inf, np.float32)),
    Variant("negative", "absent", _labels_with(-1)),
    Variant("far negative", "absent", _labels_with(-(2**33))),
    Variant("beyond 32 bits", "absent", _labels_with(2**32)),
    Variant("beyond 32 bits, unsigned", "absent", _labels_with(2**63, np.uint64)),
]

LABELS = [
    *WHOLE,
    Variant("one-hot", "refused", lambda x: np.eye(3, dtype=np.int32)[np.asarray(x) % 3]),
    Variant("out of range", "absent", _labels_with(1000)),
    Variant("one of a class", "sound", lambda x: np.asarray(x) * 0, shape=True),
    Variant("bool", "alike", lambda x: np.asarray(x) > 0, lambda x: (np.asarray(x) > 0).astype(np.int32)),
]

MASKS = [
    *_NO_ARRAY,
    *_FORMS,
    *_SHAPES,
    Variant("halves", "refused", lambda x: np.full(np.shape(x), 0.5, np.float32)),
    Variant("twos", "refused", lambda x: np.asarray(x) * 2),
    Variant("negative", "refused", lambda x: -np.asarray(x).astype(np.int8)),
    Variant("NaN", "refused", lambda x: np.full(np.shape(x), np.nan, np.float32)),
    Variant("infinity", "refused", lambda x: np.full(np.shape(x), np.inf, np.float32)),
    Variant("0 and 1", "alike", lambda x: np.asarray(x).astype(np.int32)),
    Variant("0 and 1 in floats", "alike", lambda x: np.asarray(x).astype(np.float32)),
    Variant("all", "sound", lambda x: np.ones(np.shape(x), bool)),
    Variant("none of them", "sound", lambda x: np.zeros(np.shape(x), bool)),
]

_NO_NUMBER = [
    *refused(text="3", empty_text="", nan=float("nan"), complex=1j, list=[3], vector=np.array([1, 2]), object=object()),
    Variant("NaN of NumPy", "refused", lambda _: np.float32(np.nan)),
    Variant("infinity", "refused", lambda _: float("inf")),
]
_NONE = refused(none=None)
_SCALARS = [
    Variant("int64 of NumPy", "same", lambda x: np.int64(x)),
    Variant("uint8 of NumPy", "alike", lambda x: np.uint8(x) if 0 <= x < 256 else np.uint32(x)),
    Variant("array without axes", "alike", lambda x: np.asarray(x)),
    Variant("scalar of JAX", "alike", lambda x: jnp.asarray(x)),
]
_NO_WHOLE = refused(two_and_a_half=2.5, two_as_float=2.0, numpy_float=np.float32(2), true=True, jax_float=jnp.ones(()))
_FEW = refused(minus_one=-1)
COUNT = [*_NO_NUMBER, *_NO_WHOLE, *_FEW, *_NONE, *_SCALARS, *refused(zero=0)]
OPTIONAL_COUNT = [*_NO_NUMBER, *_NO_WHOLE, *_FEW, *refused(zero=0)]
INDEX = [
    *_NO_NUMBER,
    *_NO_WHOLE,
    *_NONE,
    *_SCALARS,
    Variant("minus one", "absent", lambda _: -1),
    Variant("out of range", "absent", lambda _: 1000),
    Variant("beyond 32 bits", "absent", lambda _: 2**32),
    Variant("zero", "sound", lambda _: 0),
]
_REAL = [
    Variant("float32 of NumPy", "alike", lambda x: np.float32(x), lambda x: float(np.float32(x))),
    Variant("float64 of NumPy", "same", lambda x: np.float64(x)),
    Variant("scalar of JAX", "alike", lambda x: jnp.asarray(x, jnp.float32), lambda x: float(np.float32(x))),
    Variant("zero", "sound", lambda _: 0.0),
    Variant("negative", "sound", lambda _: -1.0),
    Variant("1e30", "large", lambda _: 1e30),
    Variant("1e-30", "large", lambda _: 1e-30),
]
NUMBER = [*_NO_NUMBER, *_NONE, *_REAL]
OPTIONAL_NUMBER = [*_NO_NUMBER]

KEY = [
    *refused(zero=0, one=1, text="key", float=0.5, list=[0, 1], int_array=np.array([0, 1]), nan=float("nan")),
    Variant("numpy int", "refused", lambda _: np.int64(3)),
    Variant("key of three words", "refused", lambda _: np.zeros(3, np.uint32)),
    Variant("floats for a key", "refused", lambda _: jnp.zeros(2)),
    Variant("no keys", "refused", lambda x: jax.random.split(x, 2)[:0]),
    Variant("two keys", "alike", lambda x: jax.random.split(x, 2), lambda x: jax.random.split(x, 2)),
    Variant("key of the old sort", "same", lambda x: jax.random.key_data(x)),
    Variant("key of NumPy", "alike", lambda x: np.asarray(jax.random.key_data(x))),
]
CHOICE = [*refused(none=None, number=3, unknown="no such name", empty="", list=["a"], nan=float("nan"), bytes=b"a")]
# What matplotlib could read as mathematics, and bytes of a file name that UTF-8 cannot hold.
TEXT = [
    *(
        Variant(name, "sound", lambda _, text=text: text)
        for name, text in {
            "number": 3,
            "none": None,
            "bytes": b"a",
            "dollars": "5 $ and 6 $ \\frac",
            "one dollar": "5 $",
            "letters of all kinds": "ä ∈ µ Ω <b>&amp;",
            "empty": "",
            "lines": "one\ntwo",
            "long": "x" * 300,
            "not UTF-8": "caf\udce9",
        }.items()
    ),
]
COUNTS = [
    *refused(number=3, none=None, text="34", floats=(2.0, 3.0), texts=("3", "4"), nan=(float("nan"),), true=(True,)),
    *refused(negative=(-1, -1), zero=(0, 0), nested=((1, 2),), half=(2.5,)),
    Variant("none of them", "sound", lambda x: ()),
    Variant("list", "same", lambda x: list(x)),
    Variant("array", "alike", lambda x: np.asarray(x)),
    Variant("array of JAX", "alike", lambda x: jnp.asarray(x)),
]
INDICES = [
    *refused(none=None, text="34", floats=(0.5, 1.5), texts=("3", "4"), nan=(float("nan"),)),
    Variant("negative", "absent", lambda x: (-1,)),
    Variant("out of range", "absent", lambda x: (1000,)),
    Variant("beyond 32 bits", "absent", lambda x: (2**32,)),
    Variant("none of them", "sound", lambda x: ()),
    Variant("array", "alike", lambda x: np.asarray(x)),
]
NUMBERS = [
    *refused(none=None, text="34", texts=("3", "4"), nan=(float("nan"), 1.0), infinity=(float("inf"),), complex=(1j,)),
    Variant("none of them", "sound", lambda x: ()),
    Variant("negative", "sound", lambda x: (-1.0, -2.0)),
    Variant("one", "sound", lambda x: tuple(x[:1])),
    Variant("list", "same", lambda x: list(x)),
    Variant("array", "alike", lambda x: np.asarray(x)),
]  # fmt: skip
NAMES = [
    *refused(none=None, number=3),
    Variant("numbers", "sound", lambda x: list(range(len(x)))),
    Variant("none of them", "sound", lambda x: ()),
    Variant("one less", "sound", lambda x: list(x[:-1]), shape=True),
    Variant("one more", "sound", lambda x: [*x, "another"], shape=True),
    Variant("twice the same", "sound", lambda x: [x[0]] * len(x)),
    Variant("dollars", "sound", lambda x: ["5 $ and 6 $ \\frac"] * len(x)),
    Variant("one text", "sound", lambda x: "abcdefgh"[: len(x)]),
]
CALLABLE = [
    *refused(none=None, number=3, text="no such name", list=[1, 2], array=np.ones((2, 2), np.float32)),
]
NETWORK = [
    *CALLABLE,
    Variant("fails", "refused", lambda f: _fails),
    Variant("gives nothing", "refused", lambda f: _nothing),
    Variant("gives text", "refused", lambda f: _text),
]
CALLABLES = [
    *refused(none=None, number=3, text="ab", numbers=(1, 2)),
    Variant("one alone", "refused", lambda x: x[0]),
    Variant("none of them", "sound", lambda x: ()),
    Variant("list", "same", lambda x: list(x)),
]
DTYPE = refused(text="no such type", list=[1], object=object(), text_type=np.dtype("U1"), complex_type=np.complex64)
OBJECT = [
    *refused(none=None, number=3, text="object", array=np.ones(2, np.float32)),
    Variant("empty list", "sound", lambda _: []),
]
PATH = refused(none=None, number=3, list=[])
CONTAINER = refused(none=None, number=3, text="text")


def _fails(*arguments):
    raise RuntimeError("this network fails")


def _nothing(*arguments):
    return None


def _text(*arguments):
    return "scores"


LISTS = {
    "floats": FLOATS,
    "labels": LABELS,
    "whole": WHOLE,
    "mask": MASKS,
    "count": COUNT,
    "optional count": OPTIONAL_COUNT,
    "index": INDEX,
    "number": NUMBER,
    "optional number": OPTIONAL_NUMBER,
    "key": KEY,
    "choice": CHOICE,
    "text": TEXT,
    "counts": COUNTS,
    "indices": INDICES,
    "numbers": NUMBERS,
    "names": NAMES,
    "callable": CALLABLE,
    "network": NETWORK,
    "dtype": DTYPE,
    "callables": CALLABLES,
    "object": OBJECT,
    "path": PATH,
}


def variants(kind: str) -> Iterator[Variant]:
    """All that is tried on an argument of this kind."""
    if kind.startswith("arrays of "):
        yield from CONTAINER
        kind = kind.removeprefix("arrays of ")
        for variant in LISTS[kind]:
            # None for one of several arrays may have a meaning of its own.
            if variant.name != "none":
                yield replace(variant, name=f"{variant.name} inside", rows=False)
    else:
        yield from LISTS.get(kind, [])
