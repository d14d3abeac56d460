"""Numerical algorithms: arrays in, arrays out, one algorithm per file or folder."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
