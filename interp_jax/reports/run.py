"""One run of a study: a folder that can be resumed, and its page."""

import contextlib
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from interp_jax._files import discard_leftovers, plain_name, write_bytes, write_text
from interp_jax.reports import _page as page
from interp_jax.reports._records import read_record, write_record
from interp_jax.reports._settings import differences
from interp_jax.reports._values import to_json
from interp_jax.reports.section import RECORD_KEYS, Section

# The order in which an overwritten run is removed: whatever interrupts it, what is left is a shorter valid run.
_WRITTEN = ("sections", "report.html", "metrics.json", "timing.json", "figures", "checkpoints", "config.json")


class Run:
    """A study's results under ``<root>/<study>/<name>/``; made by :meth:`Run.open`.

    A section is finished when its ``sections/<id>.json`` exists. ``metrics.json``, ``timing.json`` and ``report.html``
    are made from these files, the figures and the configuration, and can be made again at any time.

    Attributes:
        folder: where everything is.
        report: the page.
    """

    def __init__(self, folder: Path, config: dict[str, Any], title: str, lead: str, sections: Sequence[str]):
        self.folder = folder
        self.report = folder / "report.html"
        self._config = config
        self._title = title
        self._lead = lead
        self._order = tuple(sections)
        self._environment: dict[str, Any] = {}
        self._finished: dict[str, dict[str, Any]] = {}

    @classmethod
    def open(
        cls,
        study: str,
        name: str,
        config: dict[str, Any],
        *,
        title: str,
        lead: str,
        sections: Sequence[str],
        root: str | PathLike[str] = "runs",
        overwrite: bool = False,
    ) -> "Run":
        """Make a run's folder, or go on with the one that is there.

        Args:
            study: the study's folder under ``root``.
            name: the run's folder under the study.
            config: every setting that changes a result; stored as ``config.json``.
            title: the page's heading.
            lead: the page's first paragraph.
            sections: the sections' identifiers in page order.
            root: the folder of all studies.
            overwrite: remove what an earlier run wrote there (and nothing else) instead of going on with it.

        Returns:
            The run; its finished sections are those of the earlier run.

        Raises:
            ValueError: a name is no plain folder name, the folder holds a run with other settings or sections, or
                one of its files is damaged.
        """
        folder = Path(root) / plain_name("study", study) / plain_name("name", name)
        for id in sections:
            plain_name("sections", id)
        if len({id.casefold() for id in sections}) < len(sections):  # some file systems ignore case
            raise ValueError(f"sections must differ from each other, found {', '.join(sections)}")
        settings = to_json(config, "config")
        if overwrite:
            _remove_run(folder)
        run = cls(folder, settings, title, lead, sections)
        if (folder / "config.json").exists():
            run._resume()
        else:
            run._begin()
        return run

    def finished(self, id: str) -> bool:
        """Tell whether a section needs no work any more.

        Args:
            id: one of the run's section identifiers.

        Returns:
            True when it is on disk.

        Raises:
            ValueError: the run has no such section.
        """
        self._check_declared(id)
        return id in self._finished

    def checkpoint(self, name: str) -> Path:
        """Say where a checkpoint belongs; its parent is made, the folder itself is left to whoever writes it.

        Args:
            name: a plain folder name.

        Returns:
            The folder ``checkpoints/<name>``.

        Raises:
            ValueError: the name is no plain folder name.
        """
        folder = self.folder / "checkpoints" / plain_name("name", name)
        folder.parent.mkdir(exist_ok=True)
        return folder

    def environment(self, mapping: Mapping) -> None:
        """Say what the run was computed with; shown at the page's end and stored in ``timing.json``.

        Args:
            mapping: such as :func:`interp_jax.reports.describe` plus the device; replaces what was said before.

        Raises:
            TypeError: a value is nothing JSON can hold.
        """
        self._environment = to_json(mapping, "environment")
        self._write_results()

    @contextlib.contextmanager
    def section(self, id: str, title: str) -> Iterator[Section]:
        """Collect a section; it is written, and the page with it, when the block ends without an exception.

        Args:
            id: one of the run's section identifiers.
            title: the section's heading.

        Yields:
            What takes text, tables, figures and metrics.

        Raises:
            ValueError: the run has no such section, it is finished, or a figure's name belongs to another section.
        """
        if self.finished(id):
            raise ValueError(
                f"section {id!r} of {self.folder} is finished; ask run.finished({id!r}) before computing it"
            )
        section = Section(id, title)
        start = time.perf_counter()
        yield section
        self._check_figures(section)
        self._keep(section, section.record(time.perf_counter() - start))

    def _begin(self) -> None:
        """Start a run; settings come first, so that no result is ever without them."""
        for name in ("sections", "checkpoints"):
            if (self.folder / name).is_dir() and any((self.folder / name).iterdir()):
                raise ValueError(
                    f"{self.folder} holds {name} but no config.json, so nobody knows what made them. "
                    "Pass another --name, or --overwrite to replace them."
                )
        self._make_folders()
        write_record(self.folder / "config.json", self._config, sort_keys=True)

    def _resume(self) -> None:
        """Take over what is finished; the results are written anew in case the run was stopped before that."""
        lines = differences(read_record(self.folder / "config.json"), self._config)
        if lines:
            raise ValueError(
                f"{self.folder} holds a run with other settings:\n  "
                + "\n  ".join(lines)
                + "\nPass another --name to keep it, or --overwrite to replace it."
            )
        self._make_folders()
        for folder in (self.folder, self._folder("sections"), self._folder("figures")):
            discard_leftovers(folder)
        for path in sorted(self._folder("sections").glob("*.json")):
            if path.stem not in self._order:
                raise ValueError(
                    f"{path} is a section this study does not have (it has {', '.join(self._order)}). "
                    "Remove the file, or pass --overwrite to replace the run."
                )
            self._finished[path.stem] = read_record(path, RECORD_KEYS)
        if (self.folder / "timing.json").exists():
            self._environment = read_record(self.folder / "timing.json", {"environment": dict})["environment"]
        self._write_results()

    def _keep(self, section: Section, record: dict[str, Any]) -> None:
        """Write a section: its figures, then the file that says it is finished, then what is made from it."""
        path = self._folder("sections") / f"{section.id}.json"
        images = {self._folder("figures") / f"{name}.png": image for name, image in section.images.items()}
        try:
            for image_path, image in images.items():
                write_bytes(image_path, image)
            write_record(path, record)
        except BaseException:
            if not path.exists():  # else the interruption came after the last step, and the figures are needed
                for image_path in images:
                    image_path.unlink(missing_ok=True)
            raise
        self._finished[section.id] = record
        self._write_results()

    def _write_results(self) -> None:
        """Write metrics.json, timing.json and report.html from the finished sections."""
        finished = {id: self._finished[id] for id in self._order if id in self._finished}
        seconds = {id: record["seconds"] for id, record in finished.items()}
        total = round(sum(seconds.values(), 0.0), 3)
        html = page.render(
            run=f"{self.folder.parent.name}/{self.folder.name}",
            title=self._title,
            lead=self._lead,
            sections=finished,
            images={name: self._read_image(name) for record in finished.values() for name in _figure_names(record)},
            declared=len(self._order),
            config=self._config,
            environment=self._environment,
            seconds=total,
        )
        metrics = {id: record["metrics"] for id, record in finished.items()}
        unfinished = [id for id in self._order if id not in finished]
        timing = {"sections": seconds, "total": total, "unfinished": unfinished, "environment": self._environment}
        write_record(self.folder / "metrics.json", metrics, sort_keys=True)
        write_record(self.folder / "timing.json", timing)
        write_text(self.report, html)

    def _read_image(self, name: str) -> bytes:
        path = self._folder("figures") / f"{name}.png"
        if not path.is_file():
            raise ValueError(f"{path} is missing, though a finished section shows it. Pass --overwrite to start anew.")
        return path.read_bytes()

    def _check_declared(self, id: str) -> None:
        if id not in self._order:
            raise ValueError(f"id must be one of the run's sections, {', '.join(self._order)}; found {id!r}")

    def _check_figures(self, section: Section) -> None:
        for id, record in self._finished.items():
            shared = sorted(set(_figure_names(record)) & section.images.keys())
            if shared:
                raise ValueError(f"figures of {section.id!r} must have new names, found {shared[0]!r} in {id!r}")

    def _make_folders(self) -> None:
        for name in ("sections", "figures"):
            self._folder(name).mkdir(parents=True, exist_ok=True)

    def _folder(self, name: str) -> Path:
        return self.folder / name


def _figure_names(record: dict[str, Any]) -> list[str]:
    return [block["name"] for block in record["blocks"] if block["kind"] == "figure"]


def _remove_run(folder: Path) -> None:
    """Remove what a run writes, and nothing else; of a symbolic link the link goes, its target stays."""
    if folder.is_symlink():
        raise ValueError(f"{folder} is a symbolic link, which --overwrite does not follow. Pass another --name.")
    for name in _WRITTEN:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
