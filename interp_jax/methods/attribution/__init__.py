"""Which parts of an input a score depends on: gradients, projections, replaced patches, and removal curves."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
