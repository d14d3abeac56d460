"""The ledger as text: a summary, and a table for every paper."""

from collections import Counter
from collections.abc import Mapping

from experiments.claims.claim import Judged, Paper
from experiments.claims.rules import NOT_TESTED, VERDICTS, Control

Ledger = Mapping[Paper, list[Judged]]


def summary(ledger: Ledger) -> str:
    """Which methods beat their controls on which data, then the number of claims by paper and verdict."""
    cells: dict[str, list[str]] = {}
    for judged in (each for claims in ledger.values() for each in claims):
        for part, verdict in zip(judged.parts, judged.of_parts, strict=True):
            if isinstance(part.rule, Control) and judged.claim.method:
                cells.setdefault(judged.claim.method, []).append(f"{part.what}: {verdict}")
    methods = _table(
        ("method", "does it beat its control, and on which data?"), [(m, "; ".join(c)) for m, c in cells.items()]
    )
    rows = []
    for paper, judged in ledger.items():
        counts = Counter(each.verdict for each in judged)
        rows.append((paper.short, *(str(counts[verdict] or "–") for verdict in VERDICTS)))
    return f"{methods}\n\n{_table(('claims of', *VERDICTS), rows)}"


def paper_table(paper: Paper, judged: list[Judged]) -> str:
    """A paper's claims, section by section."""
    rows, by_claim = [], {each.claim: each for each in judged}
    for section, claims in paper.sections.items():
        if isinstance(claims, str):
            rows.append((section, f"*no claim: {claims}*", "", "", "", "", ""))
            continue
        for claim in claims:
            rows.append(_row(section, by_claim[claim]))
    header = "section", "claim", "published", "ours", "control", "rule", "verdict"
    return _table(header, rows)


def _row(section: str, judged: Judged) -> tuple[str, ...]:
    claim = judged.claim
    ours = "<br>".join(f"{part.what}: {_number(part)}" for part in judged.parts)
    ours += f"<br>*{claim.note}*" if claim.note else ""
    rule = "; ".join(dict.fromkeys(part.rule.words() for part in judged.parts))
    several = len(set(judged.of_parts)) > 1
    parts = "; ".join(f"{part.what} {verdict}" for part, verdict in zip(judged.parts, judged.of_parts, strict=True))
    verdict = (
        f"**{judged.verdict}**" + (f" ({parts})" if several else "") + (f": {judged.reason}" if judged.reason else "")
    )
    if judged.verdict == NOT_TESTED:
        ours, rule = "–", "–"
    return f"{section}, {claim.place}", claim.sentence, claim.published, ours, claim.control or "–", rule, verdict


def _number(part) -> str:
    ours = part.ours
    if not ours.freedom:
        return f"{ours.mean:.3g} (one network)"
    low, high = ours.interval()
    return f"{ours.mean:.3g} ({low:.3g} to {high:.3g}, {ours.networks} networks)".replace("-", "\u2212")


def _table(header, rows) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in lines
    )
