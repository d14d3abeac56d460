"""Resumable runs: figures, metrics and one self-contained page per study."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "environment": ["describe"],
        "run": ["Run"],
        "section": ["Section"],
        "terminal": ["progress", "summary"],  # no module "progress": importing it would hide the function
    },
)
