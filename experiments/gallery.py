"""Writes a page of the papers' figures, drawn from kept results: ``python -m experiments.gallery``."""

import contextlib
import re
from pathlib import Path

from matplotlib.figure import Figure

from experiments import kept, stored
from experiments.studies import load
from interp_jax.reports import Run, progress
from interp_jax.reports.section import Section

FIGURE = re.compile(r"\bFigs?\. ?\d")  # as captions name a paper's figure: Fig. 3.1


class Pictures:
    """A page that takes the figures whose captions name a paper's figure, and nothing else."""

    def __init__(self, page: Section):
        self._page = page

    def figure(self, name: str, figure: Figure, caption: str, alt: str | None = None) -> None:
        """Passes a paper's figure on, under a name of its own in the gallery."""
        if FIGURE.search(caption):
            self._page.figure(f"{self._page.id}_{name}", figure, caption, alt)

    def folded(self, title: str, *, mark: str | None = None) -> contextlib.AbstractContextManager:
        """Folded parts are shown open."""
        return contextlib.nullcontext()

    def _nothing(self, *arguments, **options) -> None:
        """Text, tables, numbers and findings are left to the study's own page."""

    text = table = metrics = finding = _nothing


def write() -> Path:
    """Draws the gallery from all kept results and returns the path of its page."""
    runs = {folder.name: kept.study_of(folder.name) for folder in kept.folders()}
    page = Run.open(
        "gallery",
        "all",
        {},
        title="The papers' figures",
        lead="The figures of the five papers that these studies draw, from the results kept in the repository; each "
        "caption names the figure of the paper.",
        sections=list(runs),
        overwrite=True,
    )
    with progress("Gallery") as bars:
        task = bars.task("kept runs", len(runs))
        for name, study in runs.items():
            with page.section(name, name.replace("_", " ")) as section:
                for identifier, (_, part) in load(study).SECTIONS.items():
                    path = kept.RESULTS / name / f"{identifier}.npz"
                    if path.is_file():
                        part.show(stored.load(path, part), Pictures(section))
            task.advance(note=name)
        task.finish()
    return page.report


if __name__ == "__main__":
    print(f"report: {write()}")
