"""Inputs that a unit responds to most: gradient ascent, and regularizers that keep the inputs natural."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"regularizers"},
    submod_attrs={
        "climbing": ["Ascent", "maximize"],
        "regularizers": ["box", "clip_contribution", "clip_norm", "gaussian_blur", "l2_decay"],
    },
)
