"""Runs the README's first study, and its example cell by cell as a notebook does; stores what they take and show.

python -m experiments.example
"""

import ast
import contextlib
import io
import json
import re
import resource
import subprocess
import sys
import time
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from experiments.keep_results import EXAMPLE, README, write_tables
from interp_jax._files import write_bytes, write_text
from interp_jax.reports.environment import describe

PICTURE = EXAMPLE.with_name("picture.png")


class Cell(NamedTuple):
    """What a cell printed and showed, and the seconds that it took."""

    printed: str
    shown: Any
    seconds: float


def cells(text: str) -> list[str]:
    """The Python code of a Markdown text, block by block."""
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def run(code: str, names: dict[str, Any]) -> Cell:
    """Runs a cell on the names of those before it; what it shows is the value of its last expression."""
    start, printed = time.perf_counter(), io.StringIO()
    body, shown = ast.parse(code).body, None
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(body, []), "README", "exec"), names)
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), "README", "eval"), names)
    return Cell(printed.getvalue(), shown, time.perf_counter() - start)


def first_study() -> dict[str, float]:
    """The seconds that the README's first study takes, by the clock and of CPU time."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "experiments.jump_detection", "--name", "example", "--overwrite"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(time.perf_counter() - start, 1), "cpu_seconds": round(cpu, 1)}


def main() -> None:
    """Stores the study's seconds, what the cells print and the first figure, and writes the README's tables."""
    study = first_study()
    names: dict[str, Any] = {}
    results = [run(code, names) for code in cells(README.read_text(encoding="utf-8"))]
    figure = next(result.shown for result in results if isinstance(result.shown, Figure))
    write_bytes(PICTURE, figure._repr_png_())
    record = {
        "environment": describe(),
        "study": study,
        "cells": [{"printed": result.printed, "seconds": round(result.seconds, 1)} for result in results],
    }
    write_text(EXAMPLE, json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    write_tables()


if __name__ == "__main__":
    main()
