"""Weights of other libraries and files, brought into the models of this package and of Flax NNX."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
