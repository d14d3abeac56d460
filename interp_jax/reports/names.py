"""Names that become one file or folder name."""

import re

_PLAIN = re.compile(r"\w[\w.=+-]*")


def plain_name(argument: str, value: str) -> str:
    """Return ``value`` when it is fit to be a single file or folder name.

    >>> plain_name("name", "seed-0_lr=0.1")
    'seed-0_lr=0.1'
    >>> plain_name("name", "../elsewhere")
    Traceback (most recent call last):
    ...
    ValueError: name must be a plain folder name (letters, digits and _ - . = +, not starting with a dot or sign), ...

    Args:
        argument: what the caller calls it, for the message.
        value: the name.

    Returns:
        The name, unchanged.

    Raises:
        ValueError: it is empty, starts with a dot or sign, or holds a separator, a space or another character.
    """
    if not _PLAIN.fullmatch(value):
        raise ValueError(
            f"{argument} must be a plain folder name (letters, digits and _ - . = +, "
            f"not starting with a dot or sign), found {value!r}"
        )
    return value
