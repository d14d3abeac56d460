"""Reading a network of constant width layer by layer: contribution maps, class likelihood, shares of the score."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
