"""The first try of users of ten kinds: a script each, of which the part after the model and its training is counted."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import jax
import matplotlib.pyplot as plt
import numpy as np
import pytest

SCRIPTS = Path(__file__).parent / "scripts"
ROOT = Path(__file__).parents[2]
MOST_LINES, MINUTES = 15, 10
# What each needs beyond the package, and what has to have come of it.
NEEDS = {"equinox_mlp": ["equinox"], "keras_model": ["keras"], "torch_model": ["torch", "torchax"]}
TRIES = {
    "nnx_cnn": lambda found: found["selection"].reached and 0 < found["selection"].units < 12,
    "linen_cnn": lambda found: len(found["tree"].linkage) == 11 and Path("linen_cnn.png").stat().st_size > 10_000,
    "equinox_mlp": lambda found: "class" in repr(found["explainer"].explain(found["images"][300])),
    "function_of_parameters": lambda found: (
        found["curves"].deletion_area.mean() < found["curves"].insertion_area.mean()
    ),
    "nnx_transformer": lambda found: (
        found["selection"].reached
        and found["selection"].units < 16  # 0 where what flows around the block decides alone
        and not np.allclose(found["at_first"], found["tapped"](found["x"]), atol=1e-3)
        and (found["climbed"].activation > found["tapped"].head(found["x"][:1]).max(axis=(0, 1))).mean() > 0.5
    ),
    "keras_model": lambda found: len(found["tree"].linkage) == 11 and found["maps"].shape == (400, 64),
    "torch_model": lambda found: found["climbed"].converged.all() and found["maps"].shape == (400, 64),
    "table": lambda found: (
        "proline" in [found["table"].feature_names[each] for each in found["order"][:4]]
        and Path("table.png").stat().st_size > 10_000
    ),
    "regression": lambda found: (
        {each.name for each in found["planned"].methods if each.reason is None} == {"modules", "controls"}
        and found["error"] > float(((found["network"](found["rows"])[:, 0] - found["quantity"]) ** 2).mean())
    ),
    "byte_texts": lambda found: found["place"] in (3, 4, 5),
}
SLOW = ("nnx_cnn", "equinox_mlp", "nnx_transformer", "torch_model")
EACH = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in TRIES]
)


def own_lines(script: str) -> list[str]:
    """The lines that a user writes for the package: all but empty ones and comments after the mark."""
    _, mark, own = script.partition("# Own code.\n")
    assert mark, "wanted the mark before the user's own code"
    return [line for line in own.splitlines() if line.strip() and not line.strip().startswith("#")]


@pytest.mark.parametrize("name", TRIES)
def test_own_code_takes_few_lines(name):
    lines = own_lines((SCRIPTS / f"{name}.py").read_text())
    assert 3 <= len(lines) <= MOST_LINES, f"{len(lines)} lines"


def test_every_script_is_tried():
    assert {path.stem for path in SCRIPTS.glob("*.py")} == set(TRIES)


@EACH
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_first_try(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "jax"))
    for module in NEEDS.get(name, ()):
        pytest.importorskip(module, reason=f"{module} is not installed", exc_type=Exception)
    monkeypatch.chdir(tmp_path)
    with jax.numpy_rank_promotion("allow"):
        found = runpy.run_path(str(SCRIPTS / f"{name}.py"))
        assert TRIES[name](found)
    assert capsys.readouterr().out.strip()
    plt.close("all")


# --------------------------------------------------------------------------------- from a wheel, where nothing is


def _run(*command, **options):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The Python of a new environment with the package's wheel and what it requires, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    ignored = shutil.ignore_patterns(".git", "runs", "build", "*.egg-info", "__pycache__", "results")
    for name in ("interp_jax", "setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        path = ROOT / name
        shutil.copytree(path, sources / name, ignore=ignored) if path.is_dir() else shutil.copy(path, sources)
    built = _run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, sources)
    if built.returncode:
        pytest.skip(f"no wheel can be built here: {built.stderr.strip().splitlines()[-1:]}")
    [wheel] = folder.glob("*.whl")
    venv.create(folder / "environment", with_pip=True)
    python = folder / "environment" / ("Scripts" if os.name == "nt" else "bin") / "python"
    packages = [name for needs in NEEDS.values() for name in needs if not name.startswith("torch")]
    done = _run(python, "-m", "pip", "install", wheel, *packages)
    if done.returncode:
        pytest.skip(f"nothing can be installed here: {done.stderr.strip().splitlines()[-1:]}")
    return python


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIES)
def test_a_first_try_from_a_wheel_in_an_empty_folder(name, installed, tmp_path):
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "XLA_FLAGS")}
    environment.setdefault("KERAS_BACKEND", "jax")
    needed = NEEDS.get(name, ())
    if needed and _run(installed, "-c", f"import {', '.join(needed)}", cwd=tmp_path, env=environment).returncode:
        pytest.skip(f"{' and '.join(needed)} cannot be imported in the new environment")
    where = _run(installed, "-c", "import interp_jax; print(interp_jax.__file__)", cwd=tmp_path, env=environment)
    assert "site-packages" in where.stdout
    script = shutil.copy(SCRIPTS / f"{name}.py", tmp_path)
    done = _run(installed, script, cwd=tmp_path, env=environment | {"MPLBACKEND": "agg"}, timeout=60 * MINUTES)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip()
    assert not re.search(r"Traceback|Error", done.stderr)
