"""Networks as chains of named stages, their training, and what turns any model into a network methods take."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"lnn"},
    submod_attrs={
        "chain": ["Chain"],
        "checkpoints": ["load_fit", "save_fit"],
        "cifar_cnn": ["cifar_cnn", "local_response_norm"],
        "cost": ["Cost", "cost"],
        "fitting": ["Fit", "History", "fit", "fit_fresh"],
        "freezing": ["FrozenNetwork", "freeze", "inference_view"],
        "gating": ["GatedChain", "gate"],
        "identity_cnn": ["IdentityCNN"],
        "identity_perceptron": ["IdentityPerceptron"],
        "image_cnn": ["image_cnn"],
        "layer_stack": ["LayerStack"],
        "lift": ["LiftedTail", "lift"],
        "masks": ["load_masks", "save_masks"],
        "narrow": ["NarrowedTail", "narrow"],
        "perceptron": ["perceptron"],
        "pooling": ["max_pool"],
        "pull_to_identity": ["pull_to_identity"],
        "shrinking": ["shrink"],
        "stored_arrays": ["load_arrays", "save_arrays"],
        "signal_cnn": ["SignalConvolution", "signal_cnn"],
    },
)
