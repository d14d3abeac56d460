"""Kernels and methods beside their baselines, each group in one run: ``python -m benchmarks``."""
