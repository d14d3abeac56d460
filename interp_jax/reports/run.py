"""One run of a study: a resumable folder, and its page."""

import contextlib
import shutil
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from interp_jax._files import discard_leftovers, escaped, plain_name, write_bytes, write_text, writing
from interp_jax.reports import _page as page
from interp_jax.reports._lock import Lock
from interp_jax.reports._overwriting import (
    checkpoint_names,
    figure_names,
    is_section,
    leftovers,
    read_section,
    remove_run,
    section_names,
)
from interp_jax.reports._records import read_record, write_record
from interp_jax.reports._settings import differences
from interp_jax.reports._values import to_json
from interp_jax.reports.section import Section


class Run:
    """The results of a study under ``<root>/<study>/<name>/``; made by `Run.open`.

    A section is finished when its ``sections/<id>.json`` exists. ``metrics.json``, ``timing.json`` and ``report.html``
    are made from these files, the figures and the configuration, and can be remade at any time.

    One thread of one process at a time has a run, by a lock beside its folder that ends with the process, whatever
    ends it.

    Attributes:
        folder: the run's folder.
        report: the path of the page.
    """

    def __init__(self, folder: Path, config: dict[str, Any], title: str, lead: str, sections: Sequence[str]):
        self.folder = folder
        self.report = folder / "report.html"
        self._config = config
        self._title = escaped(title, "title")
        self._lead = escaped(lead, "lead")
        self._order = tuple(sections)
        self._environment: dict[str, Any] = {}
        self._checkpoints: list[str] = []
        self._finished: dict[str, dict[str, Any]] = {}
        self._release: Any = None

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
        """A new run, or the one already in its folder, with its finished sections.

        Host-level.

        Args:
            study: the study's folder under ``root``.
            name: the run's folder under the study.
            config: every setting that changes a result; stored as ``config.json``.
            title: the page's heading.
            lead: the page's first paragraph.
            sections: the sections' identifiers in page order.
            root: the folder of all studies.
            overwrite: whether the files of an earlier run there, and nothing else, are removed first.

        Raises:
            TypeError: a setting that JSON cannot hold.
            ValueError: a name that is not a plain folder name, a run with other settings or sections in the folder,
                a damaged file there, or with ``overwrite`` a file that no run wrote in the place of one. Arguments are
                checked before any folder is made.
            BlockingIOError: another process has the run, or another thread of this one that still runs; the message
                says which, a process with its host and since when.
            OSError: a full disk, or a place where nothing can be written.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as root:
            ...     run = Run.open("digits", "first", {"seed": 0}, title="T", lead="L", sections=["a"], root=root)
            ...     with run.section("a", "A") as section:
            ...         section.metrics({"accuracy": 0.97})
            ...     run.finished("a")
            True
        """
        if not isinstance(root, str | PathLike):
            raise ValueError(f"root: found {root!r:.60}, wanted a path")
        folder = Path(root) / plain_name("study", study) / plain_name("name", name)
        if isinstance(sections, str) or not isinstance(sections, Sequence):
            raise ValueError(f"sections: found {sections!r:.60}, wanted a sequence of names")
        for id in sections:
            plain_name("sections", id)
        if len({id.casefold() for id in sections}) < len(sections):  # some file systems ignore case
            raise ValueError(f"sections: found {', '.join(sections)}, wanted names that differ from each other")
        if not isinstance(config, Mapping):
            raise TypeError(f"config: found {type(config).__name__}, wanted a mapping")
        run = cls(folder, to_json(config, "config"), title, lead, sections)
        lock = Lock(folder)
        run._release = weakref.finalize(run, lock.release)
        try:
            run._discard_leftovers(alone=lock.first)
            if overwrite:
                remove_run(folder, sections, run._config)
            if (folder / "config.json").exists():
                run._resume()
            else:
                run._begin(overwrite)
        except BaseException:
            run.close()
            raise
        return run

    def close(self) -> None:
        """Lets other processes have the run, which the end of this process does too; nothing is to be written after."""
        if self._release is not None:
            self._release()

    def finished(self, id: str) -> bool:
        """Whether a section is finished and on disk.

        Args:
            id: one of the run's section identifiers.

        Raises:
            ValueError: the run has no such section.
        """
        self._check_declared(id)
        return id in self._finished

    def checkpoint(self, name: str) -> Path:
        """The folder ``checkpoints/<name>``, to be made by the caller; its parent is made here.

        The name is stored in ``timing.json``, so that overwriting a run removes only its own checkpoints, with folders
        of the same names that end in ``.unfinished``.

        Args:
            name: a plain folder name.

        Raises:
            ValueError: the name is not a plain folder name.
        """
        folder = self._folder("checkpoints") / plain_name("name", name)
        with writing(folder.parent):
            folder.parent.mkdir(exist_ok=True)
        if name not in self._checkpoints:
            self._checkpoints.append(name)
            self._write_results()
        return folder

    def result(self, id: str) -> Path:
        """The file ``results/<id>.npz`` for what a section measured, to be written by the caller; makes its folder.

        Args:
            id: one of the run's section identifiers.

        Raises:
            ValueError: the run has no such section.
        """
        self._check_declared(id)
        with writing(self._folder("results")):
            self._folder("results").mkdir(exist_ok=True)
        return self._folder("results") / f"{id}.npz"

    def environment(self, mapping: Mapping) -> None:
        """Stores the environment of the run in ``timing.json`` and at the end of the page.

        Args:
            mapping: such as `interp_jax.reports.describe` plus the device; replaces the earlier one.

        Raises:
            TypeError: not a mapping, or a value that JSON cannot hold.
        """
        if not isinstance(mapping, Mapping):
            raise TypeError(f"mapping: found {type(mapping).__name__}, wanted a mapping")
        self._environment = to_json(mapping, "environment")
        self._write_results()

    @contextlib.contextmanager
    def section(self, id: str, title: str, *, again: bool = False) -> Iterator[Section]:
        """A context manager that collects a section and writes it when its block ends without an exception.

        Args:
            id: one of the run's section identifiers.
            title: the section's heading.
            again: whether the section is drawn again from what it measured; its time stays that of the first, if any.

        Returns:
            The `Section`, which takes text, tables, figures and metrics.

        Raises:
            ValueError: the run has no such section, it is finished, or another section has a figure of the same name.
        """
        earlier = self._finished.get(id) if self.finished(id) else None
        if earlier and not again:
            raise ValueError(
                f"id: found {id!r}, which {self.folder} has finished, wanted a section that is not finished"
            )
        section = Section(id, title)
        start = time.perf_counter()
        yield section
        self._check_figures(section)
        seconds = earlier["seconds"] if earlier else 0.0 if again else time.perf_counter() - start
        self._keep(section, section.record(seconds))
        for name in set(figure_names(earlier)) - section.images.keys() if earlier else ():
            (self._folder("figures") / f"{name}.png").unlink(missing_ok=True)

    def _begin(self, overwrite: bool) -> None:
        """Starts a run; settings are written first, so that no result is ever without them."""
        for name in ("sections", "results", "checkpoints"):
            if not overwrite and self._folder(name).is_dir() and any(self._folder(name).iterdir()):
                raise ValueError(
                    f"{self.folder}: found {name} but no config.json, wanted the settings that they were made with. "
                    "Pass another --name, or --overwrite to replace what a run wrote there."
                )
        self._make_folders()
        write_record(self.folder / "config.json", self._config, sort_keys=True)

    def _resume(self) -> None:
        """Reads finished sections; the results are rewritten in case the run was stopped before that."""
        with _remedy("Pass --overwrite to start anew, or another --name"):
            lines = differences(read_record(self.folder / "config.json"), self._config)
        if lines:
            raise ValueError(
                f"{self.folder}: found a run with other settings, wanted the same:\n  "
                + "\n  ".join(lines)
                + "\nPass another --name to keep it, or --overwrite to replace it."
            )
        self._make_folders()
        self._read_sections()
        if (self.folder / "timing.json").exists():
            with _remedy("Remove it: it is made again"):
                timing = read_record(self.folder / "timing.json", {"environment": dict})
            self._environment, self._checkpoints = timing["environment"], checkpoint_names(self.folder)
        self._write_results()

    def _read_sections(self) -> None:
        """Reads the sections on disk, including those of other processes."""
        for path in sorted(self._folder("sections").glob("*.json")):
            if path.stem in self._order:
                self._finished[path.stem] = self._finished.get(path.stem) or self._read_section(path)
            elif path.stem in section_names(self.folder) and is_section(path):
                raise ValueError(
                    f"{path}: found a section that this study does not have, wanted one of {', '.join(self._order)}. "
                    "Remove the file, or pass --overwrite to replace the run."
                )

    def _keep(self, section: Section, record: dict[str, Any]) -> None:
        """Writes a section: its figures, then its record, which makes it finished, then the results made from it."""
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
        self._read_sections()
        self._write_results()

    def _write_results(self) -> None:
        """Writes metrics.json, timing.json and report.html from the finished sections."""
        finished = {id: self._finished[id] for id in self._order if id in self._finished}
        seconds = {id: record["seconds"] for id, record in finished.items()}
        total = round(sum(seconds.values(), 0.0), 3)
        html = page.render(
            run=f"{self.folder.parent.name}/{self.folder.name}",
            title=self._title,
            lead=self._lead,
            sections=finished,
            images={name: self._read_image(name) for record in finished.values() for name in figure_names(record)},
            declared=len(self._order),
            config=self._config,
            environment=self._environment,
            seconds=total if all(seconds.values()) else 0.0,
        )
        metrics = {id: record["metrics"] for id, record in finished.items()}
        unfinished = [id for id in self._order if id not in finished]
        timing = {"sections": seconds, "total": total, "unfinished": unfinished, "environment": self._environment}
        timing["checkpoints"] = self._checkpoints = sorted({*self._checkpoints, *checkpoint_names(self.folder)})
        write_record(self.folder / "metrics.json", metrics, sort_keys=True)
        write_record(self.folder / "timing.json", timing)
        write_text(self.report, html)

    def _read_image(self, name: str) -> bytes:
        path = self._folder("figures") / f"{name}.png"
        remedy = "Remove the file of its section in sections/: the same command then draws it again."
        if not path.is_file():
            raise ValueError(f"{path}: found no such file, wanted a section's figure. {remedy}")
        image = path.read_bytes()
        if not image or (image.startswith(b"\x89PNG") and image[-8:-4] != b"IEND"):
            raise ValueError(f"{path}: found a truncated file, wanted a whole PNG image. {remedy}")
        return image

    def _read_section(self, path: Path) -> dict[str, Any]:
        with _remedy("Remove it: the same command draws the section again"):
            return read_section(path)

    def _check_declared(self, id: str) -> None:
        if id not in self._order:
            raise ValueError(f"id: found {id!r}, wanted one of the run's sections, {', '.join(self._order)}")

    def _check_figures(self, section: Section) -> None:
        for id, record in self._finished.items():
            if id == section.id:
                continue
            shared = sorted(set(figure_names(record)) & section.images.keys())
            if shared:
                raise ValueError(
                    f"name: found the figure {shared[0]!r} in {id!r} too, wanted new names in {section.id!r}"
                )

    def _make_folders(self) -> None:
        for name in ("sections", "figures"):
            with writing(self._folder(name)):
                self._folder(name).mkdir(parents=True, exist_ok=True)

    def _discard_leftovers(self, alone: bool) -> None:
        """Removes the temporary files of killed writers, even young ones if no other run of this process is open."""
        for name in ("", "sections", "figures", "results", "checkpoints"):
            discard_leftovers(self._folder(name), age=0.0 if alone else 3600.0)
        if not alone:
            return
        for name in checkpoint_names(self.folder):  # of earlier versions
            for path in leftovers(self.folder, name, r"\.orbax-checkpoint-tmp.*"):
                shutil.rmtree(path, ignore_errors=True)

    def _folder(self, name: str) -> Path:
        return self.folder / name


@contextlib.contextmanager
def _remedy(sentence: str) -> Iterator[None]:
    """A context manager in which a refusal ends with what to do."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{error}. {sentence}.") from error
