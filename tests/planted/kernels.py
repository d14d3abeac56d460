"""Faults in interp_jax/kernels."""

from tests.planted.fault import Fault

FAULTS = [
    Fault(
        "interp_jax/kernels/ward/_tree.py",
        "united = jnp.maximum(united / (size_a + size_b + sizes), height)",
        "united = united / (size_a + size_b + sizes)",
        "rounding may make heights fall",
        "tests/kernels/ward/test_tree.py",
    ),
]
