"""Inputs that a unit responds to most: gradient ascent with its regularizers, and replacement of tokens."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
