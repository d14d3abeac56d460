"""The site's pages: what each has to say, links that lead somewhere, words and numbers from kept files."""

import re
import sys
from pathlib import Path

import pytest

from interp_jax import methods

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [path for path in sorted(DOCS.rglob("*.md")) if "_build" not in path.parts]
METHODS = sorted((DOCS / "methods").glob("*.md"))
EACH = pytest.mark.parametrize("page", METHODS, ids=lambda path: path.stem)


@pytest.fixture
def kept(monkeypatch):
    """The extension whose directives read kept files."""
    pytest.importorskip("sphinx", reason="Sphinx is not installed: pip install -e '.[docs]'")
    monkeypatch.setattr(sys, "path", [str(DOCS / "_ext"), *sys.path])
    import kept

    return kept


@EACH
def test_a_page_on_a_method_says_what_a_reader_needs(page):
    text = page.read_text(encoding="utf-8")
    parts = ["**The question.**", "mean", "**What it costs.**", "```{cost}", "## When it misleads", "**Source.**"]
    places = [text.find(part) for part in parts]
    assert -1 not in places, f"without {parts[places.index(-1)]}"
    assert places[2:] == sorted(places[2:])
    assert "```{code-cell}" in text
    assert "```{claims}" in text


@EACH
def test_cells_are_short(page):
    cells = re.findall(r"```\{code-cell\} python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert all(len(cell.splitlines()) <= 14 for cell in cells)


def test_every_method_has_a_place_on_a_page():
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for name in set(methods.__all__) - {"averages", "filters"}:  # parts of the study of jump detection, in the API
        assert f"methods.{name}" in text, name


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(DOCS).as_posix())
def test_links_to_files_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)\)|(?:image|literalinclude|kept-page)\} (\S+)", text):
        link = next(filter(None, target))
        if "://" in link or link.endswith("api/index.rst"):  # written when the site is built
            continue
        place = DOCS.parent if "kept-page} " + link in text else page.parent
        assert (place / link).exists(), link


def test_a_claim_is_found_by_its_beginning_and_no_other_is_taken_for_it(kept):
    assert len(kept.claim_rows("The tree is faithful to the network.")) == 1
    for beginning in ("The tree", "No claim begins so"):
        with pytest.raises(Exception, match="wanted one of CLAIMS.md"):
            kept.claim_rows(beginning)


def test_the_ledger_as_lists_has_every_claim(kept):
    text = kept.kept_page(kept.LEDGER, "ledger")
    rows = [row for row in kept.table_rows(kept.LEDGER.read_text(encoding="utf-8"), 7) if row[2].startswith("**")]
    assert len(rows) > 100
    for row in rows:
        assert f"- **{row[1]}**" in text
    assert "<br>" not in text


def test_a_dead_link_of_a_kept_page_is_refused(kept, tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "ROOT", tmp_path)
    (tmp_path / "page.md").write_text("# Title\n[words](nowhere.json)\n")
    with pytest.raises(Exception, match="nowhere.json, wanted an existing file"):
        kept.kept_page(tmp_path / "page.md", "page")
