"""CNN-INTE: approximates a hidden layer with a shallow decision tree over clusters of its activations."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
