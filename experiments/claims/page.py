"""The ledger as text: a summary, and a table for every paper."""

from collections import Counter
from collections.abc import Mapping, Sequence
from string import ascii_lowercase

from experiments.claims.claim import Assessed, Paper
from experiments.claims.rules import EXPLAINED, HOLDS, IN_PART, NOT_TESTED, UNDECIDED, VERDICTS, Control, Part
from experiments.provenance import table

Ledger = Mapping[Paper, list[Assessed]]


ANSWERS = {
    "yes": "every comparison shows more than the control does",
    "in part": "some comparisons do",
    "no": "none does, and some show no more than the control",
    "undecided": "no test decides any comparison",
}


def summary(ledger: Ledger) -> str:
    """Which methods show more than their controls on which data, then the number of claims by paper and verdict."""
    header, rows, lead = methods(ledger)
    return f"{lead}.\n\n{table(header, rows)}\n\n{table(*counts(ledger))}"


def methods(ledger: Ledger) -> tuple[tuple[str, ...], list[tuple[str, ...]], str]:
    """The header and the rows of the table of methods beside their controls, and what they amount to."""
    parts: dict[str, dict[str, list[Part]]] = {}
    for assessed in (each for claims in ledger.values() for each in claims):
        for part, verdict in zip(assessed.parts, assessed.of_parts, strict=True):
            if isinstance(part.rule, Control) and assessed.claim.method:
                parts.setdefault(assessed.claim.method, {}).setdefault(verdict, []).append(part)
    answers = {method: _answer(by) for method, by in parts.items()}
    rows = [
        (
            method,
            f"**{answers[method]}**{_share(by)}",
            *(_by_data(by.get(kind, [])) for kind in (HOLDS, EXPLAINED)),
            _open(by),
        )
        for method, by in sorted(parts.items(), key=lambda each: list(ANSWERS).index(answers[each[0]]))
    ]
    numbers = Counter(answers.values())
    lead = f"Do these show more than their controls? Of {len(rows)}: " + "; ".join(
        f"{answer}, {numbers[answer]} ({meaning})" for answer, meaning in ANSWERS.items() if numbers[answer]
    )
    return ("method or finding", "more than its controls?", "more", "no more", "undecided"), rows, lead


def counts(ledger: Ledger) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The header and the rows of the table of claims by paper and verdict."""
    rows = []
    for paper, assessed in ledger.items():
        numbers = Counter(each.verdict for each in assessed)
        rows.append((paper.short, *(str(numbers[verdict] or "–") for verdict in VERDICTS)))
    return ("number of claims", *VERDICTS), rows


def beside(study: Paper, assessed: Sequence[Assessed]) -> str:
    """A sentence on the questions of a study that are no paper's claims, by their verdicts."""
    of = {verdict: [each.claim.place for each in assessed if each.verdict == verdict] for verdict in VERDICTS}
    verdicts = "; ".join(f"{verdict}: {', '.join(places)}" for verdict, places in of.items() if places)
    return f"Beside the papers, {len(assessed)} questions on {study.short}. {verdicts[:1].upper()}{verdicts[1:]}."


def _answer(by_verdict: Mapping[str, list[Part]]) -> str:
    if HOLDS in by_verdict:
        return "yes" if len(by_verdict) == 1 else "in part"
    return "no" if EXPLAINED in by_verdict else "undecided"


def _share(by_verdict: Mapping[str, list[Part]]) -> str:
    more, of = len(by_verdict.get(HOLDS, [])), sum(map(len, by_verdict.values()))
    return f", {more} of {of}" if 0 < more < of else ""


def _by_data(parts: Sequence[Part]) -> str:
    """The compared parts, those of one data set together, and only their number if there are more than three."""
    details: dict[str, list[str]] = {}
    for part in parts:
        data, _, detail = part.what.partition(", ")
        details.setdefault(data, []).append(detail)
    details = {data: each if len(each) < 4 else [f"{len(each)} comparisons"] for data, each in details.items()}
    named = (f"{data}: {' / '.join(each)}" if any(each) else data for data, each in details.items())
    return "; ".join(named) or "–"


def _open(by_verdict: Mapping[str, list[Part]]) -> str:
    """The data sets of undecided parts, by the reason; their names are in the tables of the papers."""
    data: dict[str, list[str]] = {}
    for part in by_verdict.get(UNDECIDED, []):
        reason = "unclear" if part.ours.freedom else "no spread over networks"
        data.setdefault(reason, []).append(part.what.partition(", ")[0])
    return "; ".join(f"{reason}: {', '.join(dict.fromkeys(each))}" for reason, each in data.items()) or "–"


def paper_table(paper: Paper, assessed: list[Assessed]) -> str:
    """A paper's claims, section by section."""
    rows, by_claim = [], {each.claim: each for each in assessed}
    for section, claims in paper.sections.items():
        if isinstance(claims, str):
            rows.append((section, f"*no claim: {claims}*", *[""] * 5))
            continue
        for claim in claims:
            rows.append(_row(section, by_claim[claim]))
    header = "section", "claim", "verdict", "ours", "published", "control", "rule"
    return table(header, rows)


def _row(section: str, assessed: Assessed) -> tuple[str, ...]:
    claim = assessed.claim
    several = len(set(assessed.of_parts)) > 1  # else the verdict of the whole is that of every part
    rules = numbered(assessed.parts)
    ours = "<br>".join(
        f"{part.what}: {estimate(part)}"
        + (f", rule {rules[part.rule.words()][0]}" if len(rules) > 1 else "")
        + (f" – {verdict}" if several else "")
        for part, verdict in zip(assessed.parts, assessed.of_parts, strict=True)
    )
    ours += f"<br>*{claim.note}*" if claim.note else ""
    rule = "; ".join(rules.values())
    verdict = f"**{assessed.verdict}**" + in_part(assessed) + (f": {assessed.reason}" if assessed.reason else "")
    if assessed.verdict == NOT_TESTED:
        ours, rule = "–", "–"
    return f"{section}, {claim.place}", claim.sentence, verdict, ours, claim.published, claim.control or "–", rule


def numbered(parts: Sequence[Part]) -> dict[str, str]:
    """The rules of a claim's parts in words; several are marked by a) and so on."""
    words = list(dict.fromkeys(part.rule.words() for part in parts))
    if len(words) < 2:
        return {each: each for each in words}
    return {each: f"{mark}) {each}" for mark, each in zip(ascii_lowercase, words, strict=False)}


def in_part(assessed: Assessed) -> str:
    """How many parts hold, of a claim that holds in part."""
    holding = assessed.of_parts.count(HOLDS)
    return f", {holding} of {len(assessed.of_parts)}" if assessed.verdict == IN_PART else ""


def estimate(part: Part) -> str:
    """Our number, with its interval, and over what it is a mean."""
    ours = part.ours
    number, networks = _number(ours.mean), f"{ours.networks:,} {ours.repeated}"
    if ours.freedom:
        return f"{number} ({' to '.join(map(_number, ours.interval()))}, {networks})"
    return f"{number} (one network)" if ours.networks == 1 else f"{number} ({networks}, no spread kept)"


def _number(value: float) -> str:
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}").replace("-", "\u2212")
