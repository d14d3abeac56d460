"""The ledger as a page: the summary, and every claim with its numbers, which open one by one."""

from pathlib import Path

from experiments.claims.claim import Assessed, Paper
from experiments.claims.page import Ledger, beside, counts, estimate, in_part, methods
from experiments.claims.rules import NOT_TESTED, UNDECIDED
from interp_jax.reports import Run, Section

DECIDED = "claims that a test decides"
LEAD = (
    "What five papers on interpreting networks claim, claim by claim, beside controls that could explain the claim "
    "away: untrained networks, networks trained on permuted labels, or a simpler method. Verdicts follow from rules, "
    "not by hand. A claim that no test decides is undecided, as is one of a single network. Verdicts are corrected "
    "for all parts of a paper, the intervals shown are not."
)


def write(ledger: Ledger, root: Path = Path("runs"), others: Ledger | None = None) -> Path:
    """Writes the page to ``runs/claims/ledger`` and returns its path; ``others`` are no paper's and not counted."""
    others = others or {}
    every = {**ledger, **others}
    names = {paper: f"paper_{number}" for number, paper in enumerate(every)}
    sections = ["summary", *names.values()]
    run = Run.open(
        "claims",
        "ledger",
        {},
        title="What the claims are worth",
        lead=LEAD,
        sections=sections,
        root=root,
        overwrite=True,
    )
    with run.section("summary", "In short", again=True) as page:
        header, rows, lead = methods(ledger)
        page.finding(f"{lead}.")
        page.table(
            header, [[_plain(cell) for cell in row] for row in rows], "Methods and findings beside their controls."
        )
        page.table(*counts(ledger), "Claims by paper and verdict.")
        for study, claims in others.items():
            page.text(beside(study, claims))
    for paper, name in names.items():
        with run.section(name, paper.title, again=True) as page:
            _show(paper, every[paper], page)
    return run.report


def _show(paper: Paper, assessed: list[Assessed], page: Section) -> None:
    by_claim = {each.claim: each for each in assessed}
    for section, claims in paper.sections.items():
        if isinstance(claims, str):
            page.text(f"{section}: no claim, {claims}.")
            continue
        for claim in claims:
            each = by_claim[claim]
            mark = None if each.verdict in (NOT_TESTED, UNDECIDED) else DECIDED
            with page.folded(
                f"{each.verdict.capitalize()}{in_part(each)}: {claim.sentence} ({section}, {claim.place})", mark=mark
            ):
                _claim(each, page)


def _claim(each: Assessed, page: Section) -> None:
    claim = each.claim
    words = {"Published": claim.published, "Control": claim.control, "Note": claim.note, "Why": each.reason}
    page.text(" ".join(f"{name}: {_sentence(text)}" for name, text in words.items() if text))
    if each.parts:
        page.table(
            ("measured", "ours", "rule", "verdict"),
            [
                (part.what, estimate(part), part.rule.words(), verdict)
                for part, verdict in zip(each.parts, each.of_parts, strict=True)
            ],
            "Means over networks with 95% intervals.",
        )


def _plain(cell: str) -> str:
    return cell.replace("**", "")


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
