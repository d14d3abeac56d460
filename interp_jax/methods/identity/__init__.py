"""Reading a network of constant width layer by layer: contribution maps, class likelihood, shares of the score."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "contribution": ["Contributions", "contributions", "layer_accuracy"],
        "distance": ["distance_to_identity"],
        "early_exit": ["Exits", "prediction_depth", "stop_when_confident"],
        "shares": ["Shares", "completeness_error", "path_shares"],
        "writes": ["class_writes"],
    },
)
