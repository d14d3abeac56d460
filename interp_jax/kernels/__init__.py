"""Numerical algorithms: arrays in, arrays out, one algorithm per file or folder."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"alignment", "correlation", "dirac", "distances", "jumps", "kmeans", "location_errors", "nmf", "ward"},
)
