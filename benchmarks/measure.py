"""Times a function warm and blocked, and records its first call, its memory and its accuracy."""

import time
import tracemalloc
from pathlib import Path

import jax

_seconds: list[float] = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, duration, **_: _seconds.append(duration) if event.endswith("backend_compile_duration") else None
)


def ours(benchmark, size, function, *, rounds=5, flops=None, moved=None, memory=None, host=False):
    """The function's result. The first call, with its compilation, is timed apart from the warm calls.

    Args:
        benchmark: pytest-benchmark's fixture.
        size: the size that the group's time is plotted against.
        function: takes nothing.
        rounds: timed calls; a single one is preceded by the first call alone.
        flops: floating-point operations of the work, or a function of the result that gives them.
        moved: bytes that must be read and written, likewise.
        memory: ``(traceable function, arguments)``; the memory of its compiled program without arguments is recorded.
        host: whether the memory that NumPy allocates is recorded instead.
    """
    jax.clear_caches()
    _seconds.clear()
    start = time.perf_counter()
    jax.block_until_ready(function())
    record = {"size": size, "first_call_seconds": time.perf_counter() - start, "compile_seconds": sum(_seconds)}
    result = benchmark.pedantic(lambda: jax.block_until_ready(function()), rounds=rounds, warmup_rounds=int(rounds > 1))
    for name, amount in (("flops", flops), ("bytes", moved)):
        if amount is not None:
            record[name] = float(amount(result) if callable(amount) else amount)
    if memory:
        analysis = jax.jit(memory[0]).lower(*memory[1:]).compile().memory_analysis()
        record["peak_bytes"] = analysis.temp_size_in_bytes + analysis.output_size_in_bytes
    elif host:
        tracemalloc.start()
        function()
        record["peak_bytes"] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    benchmark.extra_info |= record
    return result


def baseline(benchmark, size, function, *, rounds=5, warmup_rounds=1, share=1.0):
    """The result of a baseline.

    Args:
        benchmark: pytest-benchmark's fixture.
        size: as for `ours`.
        function: takes nothing and returns when its work is complete.
        rounds: timed calls.
        warmup_rounds: calls before them.
        share: the part of the work that is run; the time is divided by it, which the table shows.
    """
    benchmark.extra_info |= {"size": size, "share": share}
    return benchmark.pedantic(function, rounds=rounds, warmup_rounds=warmup_rounds)


def check(benchmark, **checks):
    """Records measures of accuracy beside the time."""
    benchmark.extra_info["checks"] = {name.replace("_", " "): float(value) for name, value in checks.items()}


def reset_peak() -> int:
    """Forgets the most memory that this process has taken, where the system can; the bytes that it takes now."""
    if Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """The most bytes that this process has taken since `reset_peak`; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
