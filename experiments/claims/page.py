"""The ledger as text: a summary, and a table for every paper."""

from collections import Counter
from collections.abc import Mapping

from experiments.claims.claim import Assessed, Paper
from experiments.claims.rules import EXPLAINED, HOLDS, NOT_TESTED, UNDECIDED, VERDICTS, Control

Ledger = Mapping[Paper, list[Assessed]]


def summary(ledger: Ledger) -> str:
    """Which methods beat their controls on which data, then the number of claims by paper and verdict."""
    cells: dict[str, dict[str, list[str]]] = {}
    for assessed in (each for claims in ledger.values() for each in claims):
        for part, verdict in zip(assessed.parts, assessed.of_parts, strict=True):
            if isinstance(part.rule, Control) and assessed.claim.method:
                cells.setdefault(assessed.claim.method, {}).setdefault(verdict, []).append(part.what)
    kinds = HOLDS, EXPLAINED, UNDECIDED
    rows = [(method, *("; ".join(by.get(kind, [])) or "–" for kind in kinds)) for method, by in cells.items()]
    methods = _table(("method", "more than its control", "explained by its control", "undecided"), rows)
    rows = []
    for paper, assessed in ledger.items():
        counts = Counter(each.verdict for each in assessed)
        rows.append((paper.short, *(str(counts[verdict] or "–") for verdict in VERDICTS)))
    return f"{methods}\n\n{_table(('claims of', *VERDICTS), rows)}"


def paper_table(paper: Paper, assessed: list[Assessed]) -> str:
    """A paper's claims, section by section."""
    rows, by_claim = [], {each.claim: each for each in assessed}
    for section, claims in paper.sections.items():
        if isinstance(claims, str):
            rows.append((section, f"*no claim: {claims}*", "", "", "", "", ""))
            continue
        for claim in claims:
            rows.append(_row(section, by_claim[claim]))
    header = "section", "claim", "published", "ours", "control", "rule", "verdict"
    return _table(header, rows)


def _row(section: str, assessed: Assessed) -> tuple[str, ...]:
    claim = assessed.claim
    ours = "<br>".join(f"{part.what}: {_number(part)}" for part in assessed.parts)
    ours += f"<br>*{claim.note}*" if claim.note else ""
    rule = "; ".join(dict.fromkeys(part.rule.words() for part in assessed.parts))
    several = len(set(assessed.of_parts)) > 1
    parts = "; ".join(f"{part.what} {verdict}" for part, verdict in zip(assessed.parts, assessed.of_parts, strict=True))
    verdict = (
        f"**{assessed.verdict}**"
        + (f" ({parts})" if several else "")
        + (f": {assessed.reason}" if assessed.reason else "")
    )
    if assessed.verdict == NOT_TESTED:
        ours, rule = "–", "–"
    return f"{section}, {claim.place}", claim.sentence, claim.published, ours, claim.control or "–", rule, verdict


def _number(part) -> str:
    ours = part.ours
    number, networks = f"{ours.mean:.3g}", f"{ours.networks:,} {ours.repeated}"
    networks = "one network" if ours.networks == 1 else networks
    if ours.freedom:
        number += " ({:.3g} to {:.3g}, {})".format(*ours.interval(), networks)
    else:
        number += f" ({networks})" if ours.networks < 2 else f" ({networks}, no spread kept)"
    return number.replace("-", "\u2212")


def _table(header, rows) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in lines
    )
