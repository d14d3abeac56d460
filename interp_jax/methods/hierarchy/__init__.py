"""Modules of hidden units: a tree of all resolutions, which resolutions to read, and how far to trust it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
