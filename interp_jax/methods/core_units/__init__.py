"""The fewest units of a layer that preserve a class's decisions: gates, sets, and what to compare them with."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
