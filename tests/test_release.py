"""One version everywhere, extras that say what they are for, and lines to type that exist."""

import configparser
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import interp_jax

ROOT = Path(__file__).parents[1]


def settings():
    """The sections of setup.cfg."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def test_the_version_is_one():
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == interp_jax.__version__
    assert settings()["metadata"]["version"] == "attr: interp_jax.__version__"
    try:
        installed = version("interp_jax")
    except PackageNotFoundError:
        pytest.skip("interp_jax is not installed")
    assert installed == interp_jax.__version__


def test_the_changelog_has_the_form_of_keep_a_changelog():
    text = (ROOT / "CHANGELOG.md").read_text()
    assert "## [Unreleased]" in text
    titles = re.findall(r"^### (.+)$", text, re.MULTILINE)
    assert set(titles) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_every_extra_that_is_named_exists():
    extras = set(settings()["options.extras_require"])
    files = [*(ROOT / "interp_jax").rglob("*.py"), *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for file in files:
        for extra in re.findall(r"(?:interp_jax|\.)\[(\w+)\]'", file.read_text(encoding="utf-8")):
            assert extra in extras, f"{file}: {extra}"


def test_tensorflow_datasets_is_tested_but_no_part_of_the_plain_installation():
    options, extras = settings()["options"], settings()["options.extras_require"]
    assert "tensorflow" not in options["install_requires"]
    assert "tensorflow-datasets" in extras["tfds"]
    assert "tensorflow>" not in extras["tfds"]
    for extra in ("test", "datasets"):
        assert "tensorflow-datasets" in extras[extra]


def test_what_the_changelog_says_is_public_now_is():
    text = (ROOT / "CHANGELOG.md").read_text().partition("### Changed")[2]
    for path in re.findall(r"`((?:data|networks|methods)\.[\w.]+)`", text):
        value = interp_jax
        for name in path.split("."):
            value = getattr(value, name)
        assert value.__name__ in path or sys.modules.get(f"interp_jax.{path}") is value
