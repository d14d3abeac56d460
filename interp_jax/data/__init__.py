"""Data as validated arrays: jump signals and image sets."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "images": ["Images", "load"],
        "signals": ["JumpSignals", "jump_signals", "sample_jump_signals"],
    },
)
