"""Figures of results: arrays in, a ``matplotlib.figure.Figure`` out, one family of figures per file."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={
        "alignment",
        "comparison",
        "curves",
        "decision_tree",
        "filters",
        "heatmaps",
        "histograms",
        "hypotheses",
        "images",
        "layers",
        "networks",
        "rates",
        "resolution_choice",
        "roles",
        "scatter",
        "selected_units",
        "signals",
        "stability",
        "through_layers",
        "trees",
    },
)
