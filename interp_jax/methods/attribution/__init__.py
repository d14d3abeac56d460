"""Which parts of an input a score depends on: gradients, projections, replaced patches, and removal curves."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "deconvolution": ["deconvnet"],
        "gradients": ["gradient_times_input", "integrated_gradients"],
        "patch_differences": ["prediction_difference"],
        "removal": ["RemovalCurves", "removal_curves"],
    },
)
