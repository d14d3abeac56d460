"""Finds every matrix product of a traced function."""

import jax.extend


def matrix_products(jaxpr):
    """The dot and convolution equations of a jaxpr and of all that it calls."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in ("dot_general", "conv_general_dilated"):
            yield equation
        for inner in jax.extend.core.jaxprs_in_params(equation.params):
            yield from matrix_products(inner)
