"""Training of one network or a stack of them, and the files it leaves."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "checkpoints": ["load_fit", "save_fit"],
        "fitting": ["Fit", "History", "fit", "fit_fresh"],
        "identity_pull": ["pull_to_identity"],
        "stored_arrays": ["load_arrays", "save_arrays"],
    },
)
