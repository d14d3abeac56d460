"""Finds every matrix product of a traced function."""

import jax
import jax.extend


def matrix_products(function, *arrays):
    """The dot and convolution equations of a function and of all that it calls, at the precision it asks for itself."""
    with jax.default_matmul_precision("default"):
        yield from _of(jax.make_jaxpr(function)(*arrays).jaxpr)


def _of(jaxpr):
    for equation in jaxpr.eqns:
        if equation.primitive.name in ("dot_general", "conv_general_dilated"):
            yield equation
        for inner in jax.extend.core.jaxprs_in_params(equation.params):
            yield from _of(inner)
