"""Figures of results: arrays in, a ``matplotlib.figure.Figure`` out, one family of figures per file."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
