"""Numerical algorithms: arrays in, arrays out, one algorithm a file."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules={"alignment", "correlation", "distances", "jumps", "kmeans", "location_errors", "nmf", "ward"}
)
