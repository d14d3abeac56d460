"""Projections to the input: what in it a feature map answers to, and which parts of it speak for a class."""

from interp_jax.methods.deconvnet import deconvnet
from interp_jax.methods.prediction_difference import prediction_difference

__all__ = ["deconvnet", "prediction_difference"]
