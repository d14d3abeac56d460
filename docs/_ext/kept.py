"""Directives that take their words and numbers from kept files and docstrings, so that no page repeats them by hand.

claims: rows of the ledger by the beginning of their sentence; controls: rows of its summary; cost: what a docstring
says of a function's kind, time and memory; kept-page: a Markdown file of the repository, its links to files made
downloads.
"""

import re
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]
LEDGER = ROOT / "experiments" / "results" / "CLAIMS.md"
FEW = 2  # numbers of a claim that are not folded
ENTRIES = (
    "An entry is a comparison: data, and where there are several, the variant or the control. *Unclear*: the interval "
    "admits more and no more; *no spread over networks*: one network, by which nothing is decided."
)


def table_rows(text: str, columns: int) -> list[list[str]]:
    """The cells of all rows of Markdown tables with this many columns."""
    rows = [re.split(r"(?<!\\)\|", line.strip())[1:-1] for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows if len(row) == columns]


def claim_rows(beginning: str) -> list[list[str]]:
    """The one row of the ledger whose claim begins so."""
    rows = [row for row in table_rows(LEDGER.read_text(encoding="utf-8"), 7) if row[1].startswith(beginning)]
    if len(rows) != 1:
        raise ExtensionError(f"claims: found {len(rows)} claims that begin {beginning!r}, wanted one of {LEDGER.name}")
    return rows


def control_rows(beginning: str) -> list[list[str]]:
    """The rows of the ledger's summary whose method or finding begins so."""
    rows = [row for row in table_rows(LEDGER.read_text(encoding="utf-8"), 5) if row[0].startswith(beginning)]
    if not rows:
        raise ExtensionError(f"controls: found no finding that begins {beginning!r}, wanted one of {LEDGER.name}")
    return rows


class Lines(SphinxDirective):
    """A directive that writes Markdown lines."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """The nodes of the lines."""
        self.env.note_dependency(str(LEDGER))
        lines = [line for each in self.content if each.strip() for line in self.write(each.strip())]
        return self.parse(lines)

    def parse(self, lines: list[str]) -> list[nodes.Node]:
        """The nodes of Markdown lines."""
        box = nodes.Element()
        self.state.nested_parse(StringList(lines, source=self.env.docname), self.content_offset, box)
        return box.children


class Claims(Lines):
    """Claims of the papers with their verdicts, numbers and controls."""

    def run(self) -> list[nodes.Node]:
        """A list of claims, the numbers of each folded."""
        self.env.note_dependency(str(LEDGER))
        return [node for each in self.content if each.strip() for node in self.claim(each.strip())]

    def claim(self, beginning: str) -> list[nodes.Node]:
        """A claim, its verdict, control and rule; below them every number, many of them folded."""
        _, claim, verdict, ours, _, control, rule = claim_rows(beginning)[0]
        parts = ours.split("<br>")
        numbers = [f"- {part}" for part in parts if not part.startswith("*")]
        notes = " ".join(part.strip("*") for part in parts if part.startswith("*"))
        texts = {"Note": notes, "Control": control, "Rule": rule}
        remarks = "\\\n".join(f"{name}: {text}" for name, text in texts.items() if text not in ("", "–"))
        head, listed = self.parse([f"**{claim}** – {verdict}", "", *remarks.splitlines()]), self.parse(numbers)
        if len(numbers) > FEW:
            summary = nodes.raw("", f"<details><summary>{len(numbers)} numbers</summary>", format="html")
            listed = [summary, *listed, nodes.raw("", "</details>", format="html")]
        return [*head, *listed]


class Controls(Lines):
    """Whether a method shows more than its controls do; ``short``: without the single comparisons."""

    option_spec: ClassVar = {"short": directives.flag}

    def run(self) -> list[nodes.Node]:
        """A table of comparisons."""
        self.env.note_dependency(str(LEDGER))
        chosen = [each.strip() for each in self.content if each.strip()]
        rows = [
            row for each in chosen for row in control_rows(each) if re.match(r"\*\*(yes|in part|no|undecided)", row[1])
        ]
        names = ["finding", "more than its controls?", "more", "no more", "undecided"]
        columns = 2 if "short" in self.options else 5
        lines = ["| " + " | ".join(row[:columns]) + " |" for row in [names, ["---"] * 5, *rows]]
        return self.parse(lines if columns == 2 else [*lines, "", ENTRIES])


class Cost(Lines):
    """What docstrings say of kind, time and memory."""

    def write(self, path: str) -> list[str]:
        """A list entry for a function."""
        import interp_jax

        value = interp_jax
        for name in path.split("."):
            value = getattr(value, name)
        paragraphs = re.split(r"\n\s*\n", value.__doc__)
        kind = next((each for each in paragraphs if re.match(r"\s*(Traceable|Host-level)", each)), None)
        if kind is None:
            raise ExtensionError(f"cost: found no kind in the docstring of {path}, wanted Traceable or Host-level")
        kind = re.sub(r"^\s*(Traceable|Host-level)", r"{term}`\1 <traceable, host-level>`", " ".join(kind.split()))
        return [f"- `{path}`: {kind}"]


def kept_page(path: Path, page: str) -> str:
    """A Markdown file of the repository without its title, for a page: links to files are downloads."""
    text = path.read_text(encoding="utf-8").partition("\n")[2]
    text = re.sub(r"<!--.*?-->\n?", "", text)
    text = claims_as_lists(text) if path == LEDGER else text.replace("<br>", " · ")
    up = "../" * (page.count("/") + 1)

    def linked(match: re.Match) -> str:
        mark, words, target = match.groups()
        if "://" in target or target.startswith("#"):
            return match[0]
        file = (path.parent / target.partition("#")[0]).resolve()
        if not file.exists():
            raise ExtensionError(f"{path.name}: found a link to {target}, wanted an existing file")
        place = f"{up}{file.relative_to(ROOT)}"
        if mark:
            return f"![{words}]({place})"
        return f"{{download}}`{words.strip('`')} <{place}>`" if file.is_file() else words

    return re.sub(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", linked, text)


def claims_as_lists(text: str) -> str:
    """The ledger with a list entry for each claim, since seven columns are too narrow to read."""
    summary, *papers = re.split(r"(?m)^(?=## (?!In short))", text)
    lines = []
    for line in "".join(papers).splitlines():
        rows = table_rows(line, 7)
        if not rows:
            lines.append(line)
        elif rows[0][0] != "section" and not set(rows[0][0]) <= {"-", " "}:
            section, claim, verdict, *rest = rows[0]
            if claim.startswith("*no claim"):
                lines += [f"- {section}: {claim}", ""]
                continue
            entries = [f"  *{section}*", f"  Verdict: {verdict}"]
            names = ("Ours", "Published", "Control", "Rule")
            texts = zip(names, rest, strict=True)
            entries += [f"  {name}: {each.replace('<br>', '; ')}" for name, each in texts if each not in ("", "–")]
            lines += [f"- **{claim}**", "", "\\\n".join(entries), ""]
    return summary + "\n".join(lines) + "\n"


def with_kept_pages(app, page: str, source: list[str]) -> None:
    """Puts files in the place of their directives."""

    def text(match: re.Match) -> str:
        app.env.note_dependency(str(ROOT / match[1]))
        return kept_page(ROOT / match[1], page)

    source[0] = re.sub(r"^```\{kept-page\} (\S+)\n```$", text, source[0], flags=re.MULTILINE)


def setup(app):
    """Registers the directives."""
    for name, directive in {"claims": Claims, "controls": Controls, "cost": Cost}.items():
        app.add_directive(name, directive)
    app.connect("source-read", with_kept_pages)
    return {"parallel_read_safe": True}
