"""Networks as PyTorch computes them, transcribed in NumPy, with their state dicts."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def normal(*shape, seed=0):
    """Float32 numbers, the same every time."""
    return (np.random.default_rng(seed).normal(size=shape) / np.sqrt(shape[-1])).astype(np.float32)


def linear(x, weight, bias):
    """``torch.nn.functional.linear``: weight [out, in]."""
    return x @ weight.T + bias


def convolution(x, weight, bias, padding=0):
    """``torch.nn.functional.conv2d``: x [rows, in, height, width], weight [out, in, height, width]."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(x, weight.shape[2:], axis=(2, 3))
    return np.einsum("nchwij,ocij->nohw", windows, weight) + bias[:, None, None]


def batch_norm(x, state, name):
    """``torch.nn.functional.batch_norm`` in evaluation mode: channels are the second axis."""
    weight, bias, mean, var = (
        state[f"{name}.{part}"][:, None, None] for part in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / np.sqrt(var + 1e-5) * weight + bias


def relu(x):
    """The positive part."""
    return np.maximum(x, 0)


def max_pool(x):
    """``torch.nn.functional.max_pool2d`` of 2 × 2."""
    rows, channels, height, width = x.shape
    return x.reshape(rows, channels, height // 2, 2, width // 2, 2).max((3, 5))


def cnn_state(features=24):
    """A state dict as of a small CNN for images of 3 × 4 × 6 with batch norm."""
    return {
        "features.0.weight": normal(4, 3, 3, 3, seed=1),
        "features.0.bias": normal(4, seed=2),
        "features.1.weight": 1 + normal(4, seed=3),
        "features.1.bias": normal(4, seed=4),
        "features.1.running_mean": normal(4, seed=5),
        "features.1.running_var": 1 + normal(4, seed=6) ** 2,
        "features.1.num_batches_tracked": np.array(7),
        "classifier.0.weight": normal(5, features, seed=7),
        "classifier.0.bias": normal(5, seed=8),
        "classifier.2.weight": normal(2, 5, seed=9),
        "classifier.2.bias": normal(2, seed=10),
    }


def cnn(state, x):
    """The scores of that CNN: convolution, batch norm, relu, pooling, flattening, two dense layers."""
    x = convolution(x, state["features.0.weight"], state["features.0.bias"], padding=1)
    x = max_pool(relu(batch_norm(x, state, "features.1")))
    x = x.reshape(len(x), -1)
    x = relu(linear(x, state["classifier.0.weight"], state["classifier.0.bias"]))
    return linear(x, state["classifier.2.weight"], state["classifier.2.bias"])
