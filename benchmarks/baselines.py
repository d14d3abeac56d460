"""Packages of baselines that may not be installed; a benchmark that needs one is then skipped."""

import contextlib

import jax
import pytest


def fastcluster():
    """The package fastcluster."""
    return pytest.importorskip("fastcluster", reason="fastcluster is not installed")


def torch():
    """PyTorch, and the name of the device that JAX computes on."""
    module = pytest.importorskip("torch", reason="PyTorch is not installed")
    return module, "cuda" if jax.default_backend() == "gpu" and module.cuda.is_available() else "cpu"


def only(wanted: bool) -> None:
    """Skips a baseline where a case is not its own."""
    if not wanted:
        pytest.skip("a baseline of another case")


def compiled(function, *arguments):
    """The function compiled by torch.compile and called once; the benchmark is skipped where compilation fails."""
    module, _ = torch()
    result = module.compile(function)
    try:
        result(*arguments)
    except Exception as error:  # whatever the compiler lacks on this machine
        pytest.skip(f"torch.compile: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
    return result


@contextlib.contextmanager
def one_thread():
    """A context in which PyTorch uses one thread, which is faster for small matrices."""
    module, _ = torch()
    threads = module.get_num_threads()
    module.set_num_threads(1)
    try:
        yield
    finally:
        module.set_num_threads(threads)
