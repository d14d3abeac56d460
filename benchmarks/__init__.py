"""Kernels and methods against their rivals, each group in one run: ``python -m benchmarks``."""
