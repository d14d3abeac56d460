"""From a pooled maximum back to its input window: receptive fields, windows of maxima, and n-grams enriched in them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
