"""What one section of a report holds, collected in memory."""

import contextlib
import io
import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from interp_jax._files import plain_name
from interp_jax.reports._cells import Cell, numeric_columns, show_table
from interp_jax.reports._values import to_json

DPI = 150
DIGITS = 6
RECORD_KEYS = {"title": str, "seconds": float, "metrics": dict, "blocks": list}


class Section:
    """Text, tables, figures and metrics in the order they are given; nothing touches the disk.

    Attributes:
        id: the section's identifier in its run.
        title: the heading.
        images: PNG bytes by figure name.
    """

    def __init__(self, id: str, title: str):
        self.id = id
        self.title = title
        self.images: dict[str, bytes] = {}
        self._blocks: list[dict[str, Any]] = []
        self._metrics: dict[str, Any] = {}

    def text(self, paragraph: str) -> None:
        """Add plain text.

        Args:
            paragraph: shown as written, no markup; an empty line starts another paragraph.
        """
        for part in re.split(r"\n\s*\n", paragraph.strip()):
            self._blocks.append({"kind": "text", "text": " ".join(part.split())})

    def table(
        self,
        header: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        caption: str,
        note: str | None = None,
        highlight: Iterable[int | tuple[int, int]] | None = None,
    ) -> None:
        """Add a table; columns of numbers are set flush right.

        Args:
            header: the column names.
            rows: the cells; pass floats as strings to decide their digits, else six are shown; None is a dash.
            caption: said above the table.
            note: said below it.
            highlight: what is set in bold, each a row number or a (row, column) pair, counted from 0.

        Raises:
            ValueError: a row has another length than the header, or a highlight lies outside the table.
        """
        cells = show_table(header, rows)
        self._blocks.append(
            {
                "kind": "table",
                "caption": caption,
                "note": note,
                "header": [str(name) for name in header],
                "rows": cells,
                "numeric": numeric_columns(cells, len(header)),
                "highlight": _highlighted(highlight or (), len(cells), len(header)),
            }
        )

    def figure(self, name: str, figure: Figure, caption: str, alt: str | None = None) -> None:
        """Add a figure as it looks now; changing or closing it later changes nothing.

        Args:
            name: its file is ``figures/<name>.png``.
            figure: drawn at 150 dots an inch and shown in its own size, an inch being 96 CSS pixels.
            caption: said below the figure.
            alt: what the figure shows, for those who cannot see it; the caption when None.

        Raises:
            ValueError: the name is no plain file name, or the section has a figure of this name.
        """
        plain_name("name", name)
        if name in self.images:
            raise ValueError(f"name must differ from the section's other figures, found {name!r} twice")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
        image = buffer.getvalue()
        width, height = struct.unpack(">II", image[16:24])  # the PNG header
        self.images[name] = image
        self._blocks.append(
            {
                "kind": "figure",
                "name": name,
                "caption": caption,
                "alt": caption if alt is None else alt,
                "width": round(width * 96 / DPI),
                "height": round(height * 96 / DPI),
            }
        )

    @contextlib.contextmanager
    def folded(self, title: str) -> Iterator[None]:
        """What is added inside the ``with`` is shown when the reader opens it.

        Args:
            title: said in its place.

        Raises:
            ValueError: one fold inside another.
        """
        kinds = [block["kind"] for block in self._blocks]
        if kinds.count("fold") > kinds.count("unfold"):
            raise ValueError(f"folded: found {title!r} inside another fold, wanted one after the other")
        self._blocks.append({"kind": "fold", "title": title})
        yield
        self._blocks.append({"kind": "unfold"})

    def metrics(self, mapping: Mapping) -> None:
        """Add numbers to ``metrics.json``.

        Args:
            mapping: nested strings, numbers, lists, NumPy or JAX arrays and None; floats are rounded to six
                significant digits, NaN and infinity become null.

        Raises:
            TypeError: a value has another type.
            ValueError: the section has a metric of this name.
        """
        converted = to_json(mapping, "metrics", DIGITS)
        twice = sorted(converted.keys() & self._metrics.keys())
        if twice:
            raise ValueError(f"metrics must have new names, found {', '.join(map(repr, twice))} in the section already")
        self._metrics |= converted

    def record(self, seconds: float) -> dict[str, Any]:
        """Say everything but the images as a JSON object.

        Args:
            seconds: how long the section took.

        Returns:
            The object stored in ``sections/<id>.json``.
        """
        return {"title": self.title, "seconds": round(seconds, 3), "metrics": self._metrics, "blocks": self._blocks}


def _highlighted(highlight: Iterable[int | tuple[int, int]], rows: int, columns: int) -> list[list[int]]:
    """The cells, as sorted [row, column] lists."""
    cells = set()
    for item in highlight:
        row, wanted = (item, range(columns)) if isinstance(item, int) else (item[0], [item[1]])
        if not 0 <= row < rows or any(not 0 <= column < columns for column in wanted):
            raise ValueError(f"highlight must lie inside a table of {rows} rows and {columns} columns, found {item}")
        cells |= {(row, column) for column in wanted}
    return [list(cell) for cell in sorted(cells)]
