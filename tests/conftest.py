"""Test-wide rules (rank promotion raises, two CPU devices) and the fixtures that hold the package's promises."""

import contextlib
import functools
import gc
import os
import platform
from pathlib import Path

# scikit-learn's threads spin while they wait, which is many times slower beside a second test process.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# jax 0.10.0 writes pages about every compiled program that it reads back.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import jax
import jax.monitoring
import pytest

jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_rank_promotion", "raise")
# Digits are compared: no TF32 or bfloat16 products on accelerators. Tests of precision itself undo this.
jax.config.update("jax_default_matmul_precision", "highest")


def pytest_configure(config):
    """Most of the quick tests' time is compiling: theirs is short. Slow tests run what users run.

    With INTERP_JAX_OPTIMIZED=1 in the environment the quick ones do so too.
    """
    quick = config.option.markexpr == "not slow" and os.environ.get("INTERP_JAX_OPTIMIZED") != "1"
    jax.config.update("jax_disable_most_optimizations", quick)
    if quick and jax.__version_info__ < (0, 11):
        # The older code generator compiles three times as fast; jax 0.12 has neither it nor the flag (0.11: not tried).
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_use_fusion_emitters=false"
    if quick:
        _share_context()
    if hasattr(config, "cache"):  # what another process or an earlier run compiled is read back
        jax.config.update("jax_compilation_cache_dir", str(config.cache.mkdir(f"compiled-{platform.node()}")))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.05)
    config.pluginmanager.register(_CompiledPrograms(quick))


def _share_context():
    """One MLIR context for all programs, not one for each: a fifth of the time. Skipped where jax has it elsewhere."""
    with contextlib.suppress(ImportError, AttributeError):
        from jax._src.interpreters import mlir

        make = getattr(mlir.make_ir_context, "__wrapped__", mlir.make_ir_context)  # a second call forgets the first one
        mlir.make_ir_context = functools.cache(make)


class _CompiledPrograms:
    """Forgets compiled programs before the mappings that they hold are all that Linux allows, where XLA crashes."""

    EVERY, MOST = 50, 50_000  # tests between two looks; mappings, of usually 65,530

    def __init__(self, shared: bool):
        self.tests, self.shared = 0, shared

    def pytest_runtest_teardown(self):
        """After a test of any folder, documentation tests of the package included."""
        self.tests += 1
        if self.tests % self.EVERY == 0 and _mappings() > self.MOST:
            jax.clear_caches()
            if self.shared:
                _share_context()
            gc.collect()


def _mappings() -> int:
    """How many pieces of memory this process has mapped; 0 where the system does not say."""
    maps = Path("/proc/self/maps")
    return len(maps.read_bytes().splitlines()) if maps.exists() else 0


_compilations: list[str] = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, duration, **_: _compilations.append(event) if event.endswith("backend_compile_duration") else None
)


@pytest.fixture
def repository():
    """The folder of the repository; without one, beside an installed package, the test is skipped."""
    root = Path(__file__).parents[1]
    if not (root / ".ci").is_dir():
        pytest.skip("needs a checkout: only there are the files that it reads")
    return root


@pytest.fixture
def assert_compiles():
    """``with assert_compiles(n): …`` holds when the block compiles exactly n programs."""

    @contextlib.contextmanager
    def check(expected):
        jax.random.key(0)  # programs may have been forgotten since the last one was made
        before = len(_compilations)
        yield
        found = len(_compilations) - before
        assert found == expected, f"compiled {found} programs, expected {expected}"

    return check


@pytest.fixture
def assert_temp_bytes():
    """``assert_temp_bytes(n, f, *args)`` holds when the compiled ``f`` needs at most n bytes of scratch memory."""

    def check(limit, function, *args, **kwargs):
        compiled = jax.jit(function, **kwargs).lower(*args).compile()
        found = compiled.memory_analysis().temp_size_in_bytes
        assert found <= limit, f"{function} needs {found} bytes of scratch memory, at most {limit} promised"

    return check
