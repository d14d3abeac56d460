"""Progress bars and summary tables for the terminal."""

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from typing import SupportsIndex

from rich import progress as bars
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from interp_jax._files import escaped
from interp_jax.reports._cells import Cell, numeric_columns, show_table
from interp_jax.reports._page import duration


class Task:
    """A countable piece of work; made by :meth:`Progress.task`."""

    def __init__(self, description: str, total: SupportsIndex | None, unit: str, bar: bars.Progress | None):
        self._unit = escaped(unit, "unit")
        description = self._description = escaped(description, "description")
        total = self._total = None if total is None else _steps("total", total)
        self._bar = bar
        self._bar_id = bar.add_task(description, total=total, note="") if bar else None
        self._done = 0
        self._note = ""
        self._finished = False
        self._start = time.perf_counter()

    def advance(self, n: SupportsIndex = 1, note: str = "") -> None:
        """Counts steps.

        Args:
            n: how many were done since the last call.
            note: shown after the bar, such as the loss; empty keeps the last one.

        Raises:
            ValueError: n that is not an integer of at least 0.
        """
        steps = _steps("n", n)
        self._done += steps
        self._note = escaped(note, "note") or self._note
        if self._bar and self._bar_id is not None:
            self._bar.update(self._bar_id, advance=steps, note=self._note)

    def finish(self) -> None:
        """Ends the task: a line with its time takes the place of its bar. A second call does nothing."""
        if self._finished:
            return
        self._finished = True
        count = f"{self._done}"
        if self._total not in (None, self._done):
            count = " ".join(["stopped early at", *([self._unit] if self._unit else []), f"{count} of {self._total}"])
        line = f"{self._description}: {count} in {duration(time.perf_counter() - self._start)}"
        line = f"{line}, {self._note}" if self._note else line
        if self._bar and self._bar_id is not None:
            self._bar.remove_task(self._bar_id)
            self._bar.console.print(Text(line))
        else:
            print(line, flush=True)


class Progress:
    """Tasks under one title; made by :func:`progress`."""

    def __init__(self, bar: bars.Progress | None):
        self._bar = bar

    def task(self, description: str, total: SupportsIndex | None, *, unit: str = "") -> Task:
        """A new `Task`, which counts its steps.

        Args:
            description: what is being done.
            total: number of steps, None if unknown.
            unit: what a step is, such as "epoch"; named when the task ends before its last step.

        Raises:
            ValueError: a total that is not an integer of at least 0.
        """
        return Task(description, total, unit, self._bar)


@contextlib.contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Progress bars with elapsed and remaining time; a finished task leaves one line, without a terminal only that.

    Host-level.

    Args:
        title: printed once, above the tasks.

    Returns:
        A context manager yielding a `Progress`; its ``task`` starts a task.

    Example:
        >>> with progress("training") as bars:
        ...     bars.task("networks", 2).advance(2)
        training
    """
    title = escaped(title, "title")
    if not sys.stdout.isatty():
        print(title, flush=True)
        yield Progress(None)
        return
    console = Console(file=sys.stdout)
    console.print(Text(title, style="bold"))
    # On a narrow terminal the words are cut first: the remaining time matters most.
    words = {"no_wrap": True, "overflow": "ellipsis"}
    columns = (
        bars.TextColumn("{task.description}", markup=False, table_column=Column(ratio=3, **words)),
        bars.BarColumn(bar_width=12, table_column=Column(min_width=6)),
        bars.MofNCompleteColumn(table_column=Column(min_width=9, no_wrap=True)),
        bars.TimeElapsedColumn(table_column=Column(min_width=7, no_wrap=True)),
        bars.TimeRemainingColumn(table_column=Column(min_width=7, no_wrap=True)),
        bars.TextColumn("{task.fields[note]}", markup=False, table_column=Column(ratio=2, **words)),
    )
    with bars.Progress(*columns, console=console, expand=True) as bar:
        yield Progress(bar)


def summary(header: Sequence[str], rows: Sequence[Sequence[Cell]], title: str) -> None:
    """Prints a table to the terminal; numeric columns are right-aligned.

    Host-level.

    Args:
        header: the column names, at least one.
        rows: the cells, each row as long as the header.
        title: printed above it.

    Raises:
        ValueError: there is no column, or a row's length differs from the header's.

    Example:
        >>> summary(["network", "accuracy"], [["perceptron", 0.97]], "Digits")  # doctest: +SKIP
    """
    cells = show_table(header, rows)
    table = Table(title=Text(escaped(title, "title")), title_justify="left")
    for name, numeric in zip(header, numeric_columns(cells, len(header)), strict=True):
        table.add_column(Text(escaped(str(name))), justify="right" if numeric else "left")
    for row in cells:
        table.add_row(*map(Text, row))
    # A file has no width limit, so that no cell is cut there.
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 10_000).print(table)


def _steps(name: str, number: SupportsIndex) -> int:
    from interp_jax._checks import as_count  # not at the top: tables are printed without jax

    return as_count(name, number, least=0)
