"""A study in one of several processes: ``python -m tests.meshes.studies <rank> <processes> <port> <study>``."""

import dataclasses
import importlib
import sys

import jax


def main(rank, processes, port, study):
    """Runs a study with its test's small settings on all processes' devices, or alone on one."""
    if processes > 1:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(f"127.0.0.1:{port}", processes, rank)
    jax.config.update("jax_disable_most_optimizations", True)
    small = importlib.import_module(f"tests.experiments.test_{study}").SMALL
    run = importlib.import_module(f"experiments.{study}.study").main
    print(run(dataclasses.replace(small, devices=processes)))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
