"""One version everywhere, extras that say what they are for, and lines to type that exist."""

import configparser
import json
import re
import subprocess
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


LOCKS = sorted((ROOT / ".ci").glob("constraints-*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_exact_versions_cover_what_is_installed_and_keep_to_the_open_bounds(lock):
    from packaging.requirements import Requirement

    exact = dict(line.split("==") for line in lock.read_text().splitlines() if not line.startswith("#"))
    exact = {name.lower().replace("_", "-"): number for name, number in exact.items()}
    extras = settings()["options.extras_require"]
    wanted = settings()["options"]["install_requires"] + "\n" + extras["test"]
    if "oldest" in lock.stem:
        wanted += "\n" + extras["dev"] + "\n" + extras["docs"]
    for requirement in map(Requirement, filter(None, wanted.splitlines())):
        number = exact[requirement.name.lower().replace("_", "-")]
        assert requirement.specifier.contains(number), f"{requirement}: {number}"


def test_the_oldest_jax_of_ci_is_the_oldest_that_is_supported(repository):
    lock = (repository / ".ci" / "constraints-oldest.txt").read_text()
    bound = re.search(r"^jax>=([\d.]+)$", settings()["options"]["install_requires"], re.MULTILINE)[1]
    assert re.search(rf"^jax=={re.escape(bound)}(\.0)*$", lock, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_no_exact_version_has_a_known_vulnerability(lock):
    pytest.importorskip("pip_audit", reason="pip-audit is not installed: pip install pip-audit")
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--format", "json", "-r", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True)
    if "ConnectionError" in done.stderr or "HTTPError" in done.stderr or "ServiceError" in done.stderr:
        pytest.skip("found no connection to the list of vulnerabilities")
    assert done.stdout, done.stderr
    packages = json.loads(done.stdout)["dependencies"]
    # A package index without such a list is no error to pip-audit: it skips the package.
    skipped = {each["name"]: each["skip_reason"] for each in packages if "skip_reason" in each}
    if len(skipped) == len(packages):
        pytest.skip("found no package in the list of vulnerabilities")
    assert not skipped
    assert {each["name"]: each["vulns"] for each in packages if each["vulns"]} == {}
