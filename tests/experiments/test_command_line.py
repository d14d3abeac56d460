import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from experiments.__main__ import studies
from experiments.command_line import run_study


@dataclasses.dataclass(frozen=True)
class _Settings:
    """A study."""

    preset: Literal["quick", "paper"] = "quick"
    seeds: int = 2
    sizes: tuple[int, ...] = (3, 5)


PRESETS = {"quick": _Settings(), "paper": _Settings("paper", 5)}


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], _Settings()),
        (["--preset", "paper"], _Settings("paper", 5)),
        (["--preset=paper", "--seeds", "7"], _Settings("paper", 7)),
        (["--sizes", "1", "2", "3"], _Settings(sizes=(1, 2, 3))),
    ],
)
def test_flags_change_a_preset(arguments, wanted, capsys):
    seen = []
    assert run_study(PRESETS, lambda settings: seen.append(settings) or Path("runs/r.html"), arguments) == 0
    assert seen == [wanted]
    assert capsys.readouterr().out.strip().endswith("report: runs/r.html")


@pytest.mark.parametrize("arguments", [["--preset", "huge"], ["--seeds", "many"], ["--sedes", "3"]])
def test_wrong_flags_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        run_study(PRESETS, lambda settings: pytest.fail("must not run"), arguments)
    assert stop.value.code == 2
    assert arguments[0].strip("-") in capsys.readouterr().err


def test_an_interrupted_study_prints_how_to_continue(capsys):
    def main(settings):
        raise KeyboardInterrupt

    assert run_study(PRESETS, main, []) == 130
    assert "continues from there" in capsys.readouterr().err


@pytest.mark.parametrize("kind", [ValueError, FileNotFoundError, ImportError])
def test_unusable_settings_end_without_a_traceback(kind, capsys):
    def main(settings):
        raise kind("the folder holds another run")

    assert run_study(PRESETS, main, []) == 2
    assert capsys.readouterr().err == "error: the folder holds another run\n"


def test_every_study_is_listed_with_subject_and_time():
    rows = studies()
    folder = Path(__file__).parents[2] / "experiments"
    assert [row[0] for row in rows] == [
        f"python -m experiments.{path.parent.name}" for path in sorted(folder.glob("*/__main__.py"))
    ]
    assert all(each.endswith(".") for row in rows for each in row[1:]), "the list shows a line of each"


def test_the_list_prints():
    done = subprocess.run([sys.executable, "-m", "experiments"], capture_output=True, text=True, check=True)
    assert "experiments.jump_detection" in done.stdout
