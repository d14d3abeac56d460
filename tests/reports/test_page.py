import base64
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.figure import Figure

from interp_jax.reports import Run
from interp_jax.reports._cells import numeric_columns

ATTACK = "<script>alert('&\"')</script>"
VOID = {"input", "meta", "link", "img", "br"}


class Page(HTMLParser):
    """Reads the page; every tag must be closed by its own kind, in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def run(tmp_path):
    sections = ["data", "attack", "pending"]
    return Run.open("s", "n", {"key": ATTACK}, title=ATTACK, lead=ATTACK, sections=sections, root=tmp_path)


def draw(size):
    figure = Figure(figsize=size)
    figure.subplots().plot([0, 1])
    return figure


def test_page_is_well_formed_and_holds_its_figures(run):
    with run.section("data", "The data") as section:
        section.text("One.\n\nTwo,\nstill two.")
        section.figure("wide", draw((8, 2)), "A caption.", alt="What is seen")
        section.figure("tall", draw((2, 4)), "Another.")
    html = run.report.read_text("utf-8")
    page = Page(html)
    images = page.all("img")
    for name, size, image in zip(("wide", "tall"), ((8, 2), (2, 4)), images, strict=True):
        head, data = image["src"].split(",")
        assert head == "data:image/png;base64"
        assert base64.b64decode(data) == (run.folder / "figures" / f"{name}.png").read_bytes()
        assert (int(image["width"]), int(image["height"])) == (96 * size[0], 96 * size[1])
    assert [image["alt"] for image in images] == ["What is seen", "Another."]
    assert {"id": "data"} in page.all("section")
    assert {"href": "#data"} in page.all("a")
    assert "<p>One.</p>" in html
    assert "<p>Two, still two.</p>" in html
    assert "1 of 3 sections are finished" in html
    assert page.all("html") == [{"lang": "en"}]


def test_page_asks_for_nothing_from_outside(run):
    with run.section("data", "The data") as section:
        section.figure("a", draw((1, 1)), "A caption.")
    html = run.report.read_text("utf-8")
    assert not any(text in html for text in ("http://", "https://", "url(", "@import", "<script", "<iframe"))
    for _, attributes in Page(html).tags:
        assert all(not value.startswith("//") for value in attributes.values() if value)


def test_everything_the_caller_says_is_escaped(run):
    with run.section("attack", ATTACK) as section:
        section.text(ATTACK)
        section.table([ATTACK, "b"], [[ATTACK, 1]], ATTACK, ATTACK, highlight=[0])
        section.figure("a", draw((1, 1)), ATTACK)
    run.environment({"device": ATTACK, "versions": {ATTACK: ATTACK}})
    html = run.report.read_text("utf-8")
    page = Page(html)
    assert not page.all("script")
    assert "<script" not in html
    assert page.all("img")[0]["alt"] == ATTACK
    shown = "".join(page.words)
    # title twice, lead, contents, heading, text, header, cell, caption, note, figure, setting, three in the environment
    assert shown.count(ATTACK) == 15


def test_tables(run):
    with run.section("data", "The data") as section:
        section.table(
            ["net", "loss", "seed"],
            [["a", "0.50 ± 0.01", 1], ["b", None, np.int64(2)], ["c", np.float32(0.25), 3]],
            "Caption.",
            "Note.",
            highlight=[(0, 1), 2],
        )
    html = run.report.read_text("utf-8")
    for cell in (
        '<th scope="col" class="number">loss</th>',
        '<th scope="row">a</th>',
        '<td class="number strong">0.50 ± 0.01</td>',
        '<td class="number">–</td>',
        '<th scope="row" class="strong">c</th>',
        '<td class="number strong">0.25</td>',
    ):
        assert cell in html
    assert html.index("Caption.") < html.index("<table>") < html.index("Note.")


def test_long_cells_are_marked_so_that_they_wrap_on_a_phone_and_short_ones_do_not(run):
    with run.section("data", "The data") as section:
        section.table(["net", "role"], [["a", "raises 0 (+0.28), 9 (+0.15)"], ["b", "no role"]], "Caption.")
    html = run.report.read_text("utf-8")
    assert '<td class="long">raises 0 (+0.28), 9 (+0.15)</td>' in html
    assert "<td>no role</td>" in html


def test_what_is_folded_opens_and_nothing_else_does(run):
    with run.section("data", "The data") as section:
        section.text("Before.")
        for title in ("first", ATTACK):
            with section.folded(title):
                section.text("Inside.")
                section.figure(f"figure{len(section.images)}", draw((1, 1)), "A caption.")
        section.text("After.")
    html = run.report.read_text("utf-8")
    page = Page(html)
    folds = [attributes for attributes in page.all("details") if attributes == {"class": "fold"}]
    assert len(folds) == 2
    assert "<script" not in html
    inside = html[html.index("<summary>first") : html.index("</details>")]
    assert "Inside." in inside
    assert "<img" in inside
    assert html.index("Before.") < html.index("<details class") < html.index("After.")


def test_marked_folds_can_be_shown_alone(run):
    with run.section("data", "The data") as section:
        for title, mark in (("first", None), ("second", ATTACK), ("third", ATTACK)):
            with section.folded(title, mark=mark):
                section.text("Inside.")
    html = run.report.read_text("utf-8")
    page = Page(html)
    assert [attributes for attributes in page.all("details") if attributes] == [
        {"class": "fold"},
        {"class": "fold marked"},
        {"class": "fold marked"},
    ]
    assert page.all("input") == [{"type": "checkbox"}]
    assert html.index("<input") < html.index("<summary>first")
    assert "(2)</label>" in html
    assert "section:has(.only input:checked) .fold:not(.marked)" in html
    assert ATTACK not in html


def test_a_page_without_marked_folds_has_no_box(run):
    with run.section("data", "The data") as section, section.folded("first"):
        section.text("Inside.")
    assert not Page(run.report.read_text("utf-8")).all("input")


def test_a_section_has_one_mark(run):
    with run.section("data", "The data") as section:
        for mark in ("a", "a"):
            with section.folded("title", mark=mark):
                pass
        with pytest.raises(ValueError, match="mark: found 'b' beside 'a', wanted one mark in a section"):
            section.folded("title", mark="b").__enter__()


def test_folds_do_not_nest(run):
    with (
        pytest.raises(ValueError, match="title: found 'b' inside another fold"),
        run.section("data", "The data") as section,
        section.folded("a"),
        section.folded("b"),
    ):
        pass


def test_empty_run_has_a_page(run):
    run.environment({})
    page = Page(run.report.read_text("utf-8"))
    assert page.all("details") == [{}]
    assert not page.all("nav")


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("12", True),
        ("-1.5e-3", True),
        ("−1.5", True),
        ("1,201", True),
        ("< 0.001", True),
        ("0.1 ± 0.2", True),
        ("91 %", True),
        ("3 ms", True),
        ("nan", True),
        ("10.5×", True),
        (".5", True),
        ("VGG-16", False),
        ("3 of 5", False),
        ("2 layers", False),
        ("", False),
        ("–", False),
    ],
)
def test_numbers_are_told_from_words(cell, number):
    assert numeric_columns([[cell]], 1) == [number]
