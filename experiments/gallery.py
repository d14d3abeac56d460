"""Writes a page of the papers' figures, drawn from kept results: ``python -m experiments.gallery``."""

import argparse
import contextlib
import importlib
import json
import re
from pathlib import Path

from matplotlib.figure import Figure

from experiments import kept, stored
from experiments.studies import load
from interp_jax.reports import Run, progress

FIGURE = re.compile(r"\b(Figs?|Table)\.? ?[\dI]")  # as captions name a paper's figure: Fig. 3.1, Figs 4 and 6


class Pictures:
    """Takes the figures whose captions name a paper's figure, and nothing else."""

    def __init__(self, *, every: bool):
        self.taken: list[tuple] = []
        self._every = every

    def figure(self, name: str, figure: Figure, caption: str, alt: str | None = None) -> None:
        """Takes a paper's figure."""
        if self._every or FIGURE.search(caption):
            self.taken.append((name, figure, caption, alt))

    def folded(self, title: str, *, mark: str | None = None) -> contextlib.AbstractContextManager:
        """Folded parts are shown open."""
        return contextlib.nullcontext()

    def _nothing(self, *arguments, **options) -> None:
        """Text, tables, numbers and findings are left to the study's own page."""

    text = table = metrics = finding = _nothing


def pictures(name: str, only: str | None = None) -> list[tuple]:
    """The papers' figures of a kept run, or of one section of it: name, figure, caption and alternative text."""
    study = kept.study_of(name)
    module = load(study)
    page = Pictures(every=hasattr(module, "ALL_IN_GALLERY"))
    for identifier, (_, part) in module.SECTIONS.items():
        path = kept.RESULTS / name / f"{identifier}.npz"
        if path.is_file() and only in (None, identifier):
            part.show(stored.load(path, part), page)
    return page.taken


def heading(name: str) -> str:
    """What the study of a kept run is about, and the run's data."""
    study = kept.study_of(name)
    about = str(importlib.import_module(f"experiments.{study}").__doc__).partition(".\n")[0].partition(" (")[0]
    data = json.loads((kept.RESULTS / f"{name}.json").read_text(encoding="utf-8"))["config"].get("data")
    return f"{about}: {data}" if data else about


def write() -> Path:
    """Draws the gallery from all kept results and returns the path of its page."""
    runs = [folder.name for folder in kept.folders()]
    with progress("Gallery") as bars:
        task, drawn = bars.task("kept runs", len(runs)), {}
        for name in runs:
            drawn[name] = pictures(name)
            task.advance(note=name)
        task.finish()
    drawn = {name: taken for name, taken in drawn.items() if taken}
    page = Run.open(
        "gallery",
        "all",
        {},
        title="The papers' figures",
        lead="The figures of the five papers that these studies draw, from the results kept in the repository; each "
        "caption names the figure of the paper, but for identity initialization, of which only the abstract is at "
        "hand.",
        sections=list(drawn),
        overwrite=True,
    )
    for name, taken in drawn.items():
        with page.section(name, heading(name)) as section:
            for own, *rest in taken:
                section.figure(f"{name}_{own}", *rest)
    return page.report


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m experiments.gallery", description=str(__doc__)).parse_args()
    print(f"report: {write()}")
