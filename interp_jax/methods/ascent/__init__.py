"""Inputs that a unit responds to most: gradient ascent, and regularizers that keep the inputs natural."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
