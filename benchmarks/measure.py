"""Times a function warm and blocked, and keeps beside it what its first call, its memory and its accuracy are."""

import time
import tracemalloc

import jax

_seconds: list[float] = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, duration, **_: _seconds.append(duration) if event.endswith("backend_compile_duration") else None
)


def ours(benchmark, size, function, *, rounds=5, flops=None, moved=None, memory=None, host=False):
    """The function's result; its first call, with what it compiles, is made and timed before the warm ones.

    Args:
        benchmark: pytest-benchmark's fixture.
        size: what the group's cost is plotted against.
        function: takes nothing.
        rounds: timed calls.
        flops: arithmetic the work takes, or a function of the result that says it.
        moved: bytes it has to read and write, likewise.
        memory: ``(traceable function, arguments)``, whose compiled program says how much it needs beside its arguments.
        host: whether to watch what NumPy allocates instead.
    """
    jax.clear_caches()
    _seconds.clear()
    start = time.perf_counter()
    jax.block_until_ready(function())
    kept = {"size": size, "first_call_seconds": time.perf_counter() - start, "compile_seconds": sum(_seconds)}
    found = benchmark.pedantic(lambda: jax.block_until_ready(function()), rounds=rounds, warmup_rounds=1)
    for name, amount in (("flops", flops), ("bytes", moved)):
        if amount is not None:
            kept[name] = float(amount(found) if callable(amount) else amount)
    if memory:
        analysis = jax.jit(memory[0]).lower(*memory[1:]).compile().memory_analysis()
        kept["peak_bytes"] = analysis.temp_size_in_bytes + analysis.output_size_in_bytes
    elif host:
        tracemalloc.start()
        function()
        kept["peak_bytes"] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    benchmark.extra_info |= kept
    return found


def rival(benchmark, size, function, *, rounds=5, warmup_rounds=1, share=1.0):
    """The rival's result.

    Args:
        benchmark: pytest-benchmark's fixture.
        size: as for `ours`.
        function: takes nothing and returns when all is done.
        rounds: timed calls.
        warmup_rounds: calls before them.
        share: of the work that is done; its time is divided by it, and the table says so.
    """
    benchmark.extra_info |= {"size": size, "share": share}
    return benchmark.pedantic(function, rounds=rounds, warmup_rounds=warmup_rounds)


def check(benchmark, **checks):
    """Keeps measures of accuracy beside the time."""
    benchmark.extra_info["checks"] = {name.replace("_", " "): float(value) for name, value in checks.items()}
