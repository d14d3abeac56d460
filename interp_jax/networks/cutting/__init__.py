"""Networks with some units switched off or cut out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "gating": ["GatedChain", "gate"],
        "lifting": ["LiftedTail", "lift"],
        "masks": ["load_masks", "save_masks"],
        "narrowing": ["NarrowedTail", "narrow"],
        "shrinking": ["shrink"],
    },
)
