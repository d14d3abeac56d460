"""The failing tests in what pytest printed."""

import re


def failures(output: str) -> list[str]:
    """The tests that failed, and the files that could not be collected, in pytest's order."""
    return re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", output, re.MULTILINE)
