"""Networks as chains of named stages, their training and cutting, and `freeze` for other libraries' models."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "chain": ["Chain"],
        "costs": ["Cost", "cost"],
        "freezing": ["FrozenNetwork", "freeze", "inference_view"],
        "cutting": [
            "GatedChain",
            "LiftedTail",
            "NarrowedTail",
            "gate",
            "lift",
            "load_masks",
            "narrow",
            "save_masks",
            "shrink",
        ],
        "models": [
            "IdentityCNN",
            "IdentityPerceptron",
            "LayerStack",
            "SignalConvolution",
            "cifar_cnn",
            "image_cnn",
            "lnn",
            "local_response_norm",
            "max_pool",
            "perceptron",
            "signal_cnn",
        ],
        "training": [
            "Fit",
            "History",
            "fit",
            "fit_fresh",
            "load_arrays",
            "load_fit",
            "pull_to_identity",
            "save_arrays",
            "save_fit",
        ],
    },
)
