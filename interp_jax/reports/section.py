"""The contents of one section of a report, collected in memory."""

import contextlib
import io
import math
import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, SupportsIndex

from matplotlib.figure import Figure

from interp_jax._files import escaped, plain_name
from interp_jax.reports._cells import Cell, numeric_columns, show_table
from interp_jax.reports._values import to_json

DPI = 150
DIGITS = 6
RECORD_KEYS = {"title": str, "seconds": float, "metrics": dict, "blocks": list}
BLOCK_KEYS = {
    "text": {"text"},
    "finding": {"text"},
    "table": {"caption", "note", "header", "rows", "numeric", "highlight"},
    "figure": {"name", "caption", "alt", "width", "height"},
    "fold": {"title"},
    "marked": {"title", "mark"},
    "unfold": set(),
}


class Section:
    """Text, tables, figures and metrics in the order given; nothing is written to disk.

    Attributes:
        id: the section's identifier in its run.
        title: the heading.
        images: PNG bytes by figure name.
    """

    def __init__(self, id: str, title: str):
        self.id = id
        self.title = escaped(title, "title")
        self.images: dict[str, bytes] = {}
        self._blocks: list[dict[str, Any]] = []
        self._metrics: dict[str, Any] = {}

    def text(self, paragraph: str) -> None:
        """Adds plain text.

        Args:
            paragraph: shown as written, without markup; an empty line starts a new paragraph. Bytes that are not UTF-8
                are shown as escapes, here and in every other text.
        """
        for part in re.split(r"\n\s*\n", escaped(paragraph, "paragraph").strip()):
            self._blocks.append({"kind": "text", "text": " ".join(part.split())})

    def finding(self, sentence: str) -> None:
        """Adds a sentence to the findings at the head of the page, with a link to this section.

        Args:
            sentence: what the section found, as plain text.
        """
        self._blocks.append({"kind": "finding", "text": " ".join(escaped(sentence, "sentence").split())})

    def table(
        self,
        header: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        caption: str,
        note: str | None = None,
        highlight: Iterable[SupportsIndex | tuple[SupportsIndex, SupportsIndex]] | None = None,
    ) -> None:
        """Adds a table; numeric columns are right-aligned.

        Args:
            header: the column names.
            rows: the cells; pass floats as strings to choose their digits, else six are shown; None is a dash.
            caption: shown above the table.
            note: shown below it.
            highlight: rows or cells set in bold, each a row number or a (row, column) pair, counted from 0.

        Raises:
            ValueError: there is no column, a row's length differs from the header's, or a highlight is outside.
        """
        cells = show_table(header, rows)
        self._blocks.append(
            {
                "kind": "table",
                "caption": escaped(caption, "caption"),
                "note": None if note is None else escaped(note, "note"),
                "header": [escaped(str(name)) for name in header],
                "rows": cells,
                "numeric": numeric_columns(cells, len(header)),
                "highlight": _highlighted(highlight or (), len(cells), len(header)),
            }
        )

    def figure(self, name: str, figure: Figure, caption: str, alt: str | None = None) -> None:
        """Adds a figure in its current state; changing or closing it later has no effect.

        Args:
            name: its file is ``figures/<name>.png``.
            figure: drawn at 150 dots per inch and shown in its own size, an inch being 96 CSS pixels.
            caption: shown below the figure.
            alt: what the figure shows, for those who cannot see it; by default the caption.

        Raises:
            TypeError: not a matplotlib figure.
            ValueError: not a plain file name, or the section has a figure of this name, ignoring case.
        """
        plain_name("name", name)
        if name.casefold() in map(str.casefold, self.images):  # some file systems ignore case
            raise ValueError(f"name: found {name!r} twice, wanted another name than the section's other figures")
        if not isinstance(figure, Figure):
            raise TypeError(f"figure: found {type(figure).__name__}, wanted a matplotlib Figure")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
        image = buffer.getvalue()
        width, height = struct.unpack(">II", image[16:24])  # the PNG header
        self.images[name] = image
        self._blocks.append(
            {
                "kind": "figure",
                "name": name,
                "caption": escaped(caption, "caption"),
                "alt": escaped(caption if alt is None else alt, "alt"),
                "width": round(width * 96 / DPI),
                "height": round(height * 96 / DPI),
            }
        )

    @contextlib.contextmanager
    def folded(self, title: str, *, mark: str | None = None) -> Iterator[None]:
        """A context manager: content added inside the ``with`` is shown when the reader opens it.

        Args:
            title: shown in its place.
            mark: what some folds of the section have in common; a box above the first one leaves these alone.

        Raises:
            ValueError: one fold inside another, or two marks in a section.
        """
        kinds = [block["kind"] for block in self._blocks]
        if kinds.count("fold") + kinds.count("marked") > kinds.count("unfold"):
            raise ValueError(f"title: found {title!r} inside another fold, wanted one after the other")
        block = {"kind": "fold", "title": escaped(title, "title")}
        if mark is not None:
            block |= {"kind": "marked", "mark": escaped(mark, "mark")}
            other = {each["mark"] for each in self._blocks if each["kind"] == "marked"} - {block["mark"]}
            if other:
                raise ValueError(f"mark: found {mark!r} beside {other.pop()!r}, wanted one mark in a section")
        self._blocks.append(block)
        yield
        self._blocks.append({"kind": "unfold"})

    def metrics(self, mapping: Mapping) -> None:
        """Adds numbers to ``metrics.json``.

        Args:
            mapping: nested strings, numbers, lists, NumPy or JAX arrays and None; floats are rounded to six
                significant digits, NaN and infinity become null.

        Raises:
            TypeError: not a mapping, or a value of another type.
            ValueError: the section has a metric of this name.
        """
        if not isinstance(mapping, Mapping):
            raise TypeError(f"mapping: found {type(mapping).__name__}, wanted a mapping")
        converted = to_json(mapping, "metrics", DIGITS)
        twice = sorted(converted.keys() & self._metrics.keys())
        if twice:
            raise ValueError(f"metrics: found {', '.join(map(repr, twice))} in the section already, wanted new names")
        self._metrics |= converted

    def record(self, seconds: float) -> dict[str, Any]:
        """Everything but the images, as the JSON object stored in ``sections/<id>.json``.

        Args:
            seconds: how long the section took.
        """
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
            raise ValueError(f"seconds: found {seconds!r:.60}, wanted a finite number")
        return {
            "title": self.title,
            "seconds": round(float(seconds), 3),
            "metrics": self._metrics,
            "blocks": self._blocks,
        }


def check_blocks(path: Path, record: dict[str, Any]) -> None:
    """Refuses a record whose blocks a page cannot show, or that names a file outside the folder of figures.

    Raises:
        ValueError: such a block, with the file from which the record was read.
    """
    for block in record["blocks"]:
        kind = block.get("kind") if isinstance(block, dict) else None
        if not isinstance(kind, str) or kind not in BLOCK_KEYS or block.keys() - {"kind"} != BLOCK_KEYS[kind]:
            raise ValueError(f"{path}: found the block {str(block)[:80]}, wanted one that `Section` wrote")
        if kind == "figure":
            plain_name(f"{path}: name", block["name"])


def _highlighted(highlight: Iterable, rows: int, columns: int) -> list[list[int]]:
    """The cells, as sorted [row, column] lists."""
    from interp_jax._checks import as_count  # not at the top: pages are written without jax

    cells = set()
    for item in highlight:
        row, *column = item if isinstance(item, tuple | list) and len(item) == 2 else (item,)
        try:
            row = as_count("row", row, least=0, most=rows - 1)
            wanted = [as_count("column", each, least=0, most=columns - 1) for each in column] or range(columns)
        except ValueError as error:
            place = f"a place inside a table of {rows} rows and {columns} columns"
            raise ValueError(f"highlight: found {item!r}, wanted {place}") from error
        cells |= {(row, each) for each in wanted}
    return [list(cell) for cell in sorted(cells)]
