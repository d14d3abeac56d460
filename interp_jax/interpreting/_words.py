"""Words for numbers and lists on the page."""

from collections.abc import Sequence
from typing import Any


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun.

    >>> counted(1, "class", "classes"), counted(2, "class", "classes"), counted(1200, "row")
    ('1 class', '2 classes', '1,200 rows')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(names: Sequence[Any]) -> str:
    """Names in one phrase.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    *first, last = map(str, names)
    return f"{', '.join(first)} and {last}" if first else last
