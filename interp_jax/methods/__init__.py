"""Interpretation methods: they take callable pytrees and arrays and know nothing of how those were made."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={
        "ablation",
        "ascent",
        "attribution",
        "averages",
        "cnn_inte",
        "core_units",
        "deviation",
        "embedding",
        "filters",
        "hierarchy",
        "identity",
    },
)
