"""The project's words are the field's: which words go, what is written instead, and where they may still stand."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
THIS = "tests/test_words.py"
# Pattern: what is said instead. Whole words, whatever their case; underscores part words.
WORDS = {
    r"colours?|coloured|grey|centre[ds]?|behaviours?|neighbour\w*|favour\w*|learnt|spelt|labelled|modelled": "American",
    r"\w*(memoris|regularis|optimis|normalis|standardis|factoris|initialis|minimis|maximis|visualis|generalis)\w*": (
        "American"
    ),
    r"twins?": "sanity controls, or untrained and permuted-label networks",
    r"rivals?": "baselines",
    r"said|called rightly|named rightly|told apart|telling apart": "predictions, decoded, classified correctly",
    r"letter": "as published",
    r"by heart": "memorize",
    r"learn(ed|s)? to the end|trained to the end": "train to 100%",
    r"judges?|judged|judging|judgments?": "evaluate, MaskEvaluator",
    r"kept aside": "validation_fraction",
    r"n?jobs?": "n_jobs",
    r"unseen": "held out, held_out_ids",
    r"right for good": "prediction_depth",
    r"so-manieth|goes? with the|a thing of|tells? .{0,20} again by": "plain words",
}
# Pattern: files and words around it where it stays, with the reason in a comment.
ALLOWED = [
    (r"n?jobs?", "*", r"n_jobs|\bjobs:|name: .*job"),  # the argument's name in scikit-learn and here
    (r".*", "*", r"@renamed\(|renamed\("),  # the old words, where a call in them is told the new ones
    (r".*", "CHANGELOG.md", r""),  # a record of what changed
]


def _files():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True,
                            capture_output=True, check=False).stdout.split()  # fmt: skip
    kinds = {".py", ".md", ".jinja", ".cfg", ".toml", ".cff", ".yaml"}
    return [name for name in listed if Path(name).suffix in kinds and name != THIS and (ROOT / name).exists()]


def _spoken(line):
    """A line with underscores as blanks, so that words of identifiers count too."""
    return line.replace("_", " ")


def _allowed(pattern, name, line):
    return any(
        (words in (pattern, ".*")) and (place in ("*", name)) and re.search(around, line)
        for words, place, around in ALLOWED
    )


def found_words(pattern, name, text):
    """The lines of a file that hold one of the words where it may not stand."""
    regular = re.compile(rf"\b({pattern})\b", re.IGNORECASE)
    for number, line in enumerate(text.splitlines(), 1):
        if regular.search(_spoken(line)) and not _allowed(pattern, name, line):
            yield f"{name}:{number}: {line.strip()[:100]}"


@pytest.mark.parametrize("pattern", WORDS)
def test_words_of_the_glossary_are_used(pattern):
    if not (ROOT / ".git").exists():
        pytest.skip("found no git checkout, wanted one whose files can be listed")
    places = [place for name in _files() for place in found_words(pattern, name, (ROOT / name).read_text())]
    assert not places, f"wanted instead: {WORDS[pattern]}\n" + "\n".join(places)


def test_a_word_is_found_in_identifiers_and_sentences():
    assert list(found_words("twins?", "a.py", "the_twin = 1\ntwinned\nTwins are networks"))[1:]
    assert not list(found_words("n?jobs?", "a.py", "n_jobs=1"))


def empty_names(text):
    """Where a variable or argument is called ``kept``, or ``found`` other than in the words of an error."""
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef | ast.Lambda):
            continue
        nodes = list(ast.walk(function))
        stored = {
            node.id: node.lineno for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        stored |= {node.arg: node.lineno for node in nodes if isinstance(node, ast.arg)}
        texts = [part for node in nodes if isinstance(node, ast.JoinedStr) for part in ast.walk(node)]
        in_errors = any(isinstance(part, ast.Name) and part.id == "found" for part in texts)
        for name in {"kept", "found"} & stored.keys():
            if name == "kept" or not in_errors:
                yield f"{stored[name]}: {name}"


def test_variables_have_names_of_their_own():
    folders = ("interp_jax/", "experiments/", "benchmarks/")
    files = [name for name in _files() if name.endswith(".py") and name.startswith(folders)]
    places = [f"{name}:{place}" for name in files for place in empty_names((ROOT / name).read_text())]
    assert not places, "wanted the thing's own name\n" + "\n".join(places)


def test_found_may_be_what_an_error_speaks_of():
    assert not list(empty_names("def check(x):\n    found = x.shape\n    raise ValueError(f'x: found {found}')"))
    assert list(empty_names("def pick(x):\n    found = x[0]\n    return found")) == ["2: found"]
    assert list(empty_names("def pick(kept):\n    return kept")) == ["1: kept"]


def spaced_percent_signs(text):
    """Where a string literal has a blank between a number, or a value of an f-string, and its percent sign."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"(^|\d)[^\S\n]%", node.value):
            yield f"{node.lineno}: {node.value.strip()[:60]}"


def test_percent_signs_follow_their_numbers_without_a_blank():
    files = [name for name in _files() if name.endswith(".py") and name.startswith(("interp_jax/", "experiments/"))]
    places = [f"{name}:{place}" for name in files for place in spaced_percent_signs((ROOT / name).read_text())]
    assert not places, "wanted 95%\n" + "\n".join(places)


def test_a_blank_before_a_percent_sign_is_found_after_numbers_and_values():
    for text in ('"95 %"', '"95\\u00a0% of"', 'f"{share:.1f} % of"', '" %"'):
        assert list(spaced_percent_signs(f"shown = {text}"))
    assert not list(spaced_percent_signs('f"{share:.1%} of 95%" "accuracy (%)"; x = 5 % 3'))
