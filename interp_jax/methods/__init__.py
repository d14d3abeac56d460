"""Interpretation methods: they take callable pytrees and arrays and know nothing of how those were made."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
