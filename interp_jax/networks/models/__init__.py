"""The papers' networks and their layers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"lnn"},
    submod_attrs={
        "identity_cnn": ["IdentityCNN"],
        "identity_perceptron": ["IdentityPerceptron"],
        "image_cnns": ["cifar_cnn", "image_cnn"],
        "layer_stack": ["LayerStack"],
        "perceptrons": ["perceptron"],
        "pooling": ["max_pool"],
        "response_norm": ["local_response_norm"],
        "signal_cnns": ["SignalConvolution", "signal_cnn"],
    },
)
