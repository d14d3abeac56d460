import importlib.metadata
import re
import socket
import subprocess
import sys

import numpy as np

from interp_jax.reports import describe


def test_describe(monkeypatch):
    found = describe()
    assert re.fullmatch(r"\S+ \S+, \d+ cores?", found["platform"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["date"])
    assert found["versions"]["numpy"] == np.__version__
    assert socket.gethostname() not in found.values()


def test_packages_that_are_not_installed_are_left_out(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert describe()["versions"] == {}


def test_reports_need_neither_jax_nor_pyplot():
    check = (
        "import sys; from interp_jax.reports import Run, describe, progress, summary; describe(); "
        "print(sorted({'jax', 'flax', 'optax', 'matplotlib.pyplot'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
