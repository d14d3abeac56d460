"""Rivals that may be missing: each is skipped by its name."""

import contextlib

import jax
import pytest


def fastcluster():
    """The package fastcluster."""
    return pytest.importorskip("fastcluster", reason="fastcluster is not installed")


def torch():
    """PyTorch, and the device that JAX computes on."""
    found = pytest.importorskip("torch", reason="PyTorch is not installed")
    return found, "cuda" if jax.default_backend() == "gpu" and found.cuda.is_available() else "cpu"


def compiled(function, *arguments):
    """The function as torch.compile makes it, once called with these arguments; skipped where it cannot."""
    found, _ = torch()
    made = found.compile(function)
    try:
        made(*arguments)
    except Exception as error:  # whatever the compiler behind it lacks on this machine
        pytest.skip(f"torch.compile: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
    return made


@contextlib.contextmanager
def one_thread():
    """PyTorch on one thread: matrices this small are slower on two."""
    found, _ = torch()
    threads = found.get_num_threads()
    found.set_num_threads(1)
    try:
        yield
    finally:
        found.set_num_threads(threads)
