"""Deep perceptrons of constant width that start at the identity: every layer lies in the space of the inputs."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Shaped

from interp_jax._checks import as_count, as_key, as_real
from interp_jax.networks.models._identity_layers import IdentityLayer, check_identity_network, linear
from interp_jax.networks.models.layer_stack import LayerStack


class IdentityPerceptron(nnx.Module):
    """A perceptron whose layers all have the width of input plus classes; every weight matrix starts as I.

        h₀ = [x ; 0],    h_l = φ(s h_{l−1} W_l + b_l),  l = 1 … L,    W_l = I and b_l = 0 at the start

    The first ``features`` units of every layer correspond to those of the input, the last ``classes`` hold the class
    scores; the logits are those of the last layer. φ is ReLU on the features and linear on the classes. With ReLU on
    all units the network could not learn: the classes start at exactly 0, where ReLU has slope 0.

    At the start a layer passes on inputs ≥ 0, such as pixels: ReLU clips negative inputs to 0 in the first layer, so
    for those pass another activation. Nothing reads the last layer's features, h_L[:d]: the columns of W_L and entries
    of b_L that make them have no gradient and stay at their start.

    Traceable. A callable pytree whose parameters are stacked over the layers and scanned, so that any depth compiles
    like one layer; ``jax.vmap`` of the constructor over keys gives a stack of networks. Memory of training:
    4 L (width² + rows · width) bytes, plus the optimizer's.

    Args:
        key: a JAX random key; the identity start draws nothing from it.
        features: numbers in an input row, d.
        classes: C, at least 2; the width is d + C.
        depth: L.
        start: of the weights: "identity", or for a random network of the same shape "glorot", "he", "orthogonal", or
            an initializer ``(key, shape, dtype) -> array``.
        scale: s, above 0.
        activation: elementwise, φ on the features.
        class_activation: elementwise, φ on the classes.

    Raises:
        ValueError: an argument other than Args says; when called, rows of the wrong width.
        TypeError: an activation that is not callable.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> net = IdentityPerceptron(jax.random.key(0), 4, 3, depth=20)
        >>> x = jnp.ones((5, 4))
        >>> net(x).shape, net.layers(x).shape
        ((5, 3), (20, 5, 7))
        >>> bool(jnp.all(net.layers(x)[-1, :, :4] == x))
        True

    Source: Kubota, Hayashi, Hayase & Uchida, arXiv:2102.13333 (abstract); the zeros below the input, the linear
    classes and s = 1 are ours.
    """

    def __init__(
        self,
        key,
        features: int,
        classes: int,
        *,
        depth: int = 30,
        start: str | Callable = "identity",
        scale: float = 1.0,
        activation: Callable = nnx.relu,
        class_activation: Callable = linear,
    ):
        key, features = as_key(key), as_count("features", features)
        activations = {"activation": activation, "class_activation": class_activation}
        classes, depth, draw = check_identity_network(classes, depth, scale, start, **activations)
        width = features + classes
        if draw is None:
            kernel = jnp.broadcast_to(jnp.eye(width), (depth, width, width))
        else:
            kernel = jax.vmap(lambda key: draw(key, (width, width), jnp.float32))(jax.random.split(key, depth))
        self.kernel = nnx.Param(kernel)
        self.bias = nnx.Param(jnp.zeros((depth, width)))
        self.features, self.classes, self.depth, self.scale = features, classes, depth, float(scale)
        self.activation, self.class_activation = activation, class_activation

    def __call__(self, x: Shaped[Array | np.ndarray, "rows features"]) -> Float[Array, "rows classes"]:
        """The logits of the rows ``x``. Traceable; NaN and infinity are passed on."""
        stack = self.stack()
        return stack.last(self.pad(x))[:, self.features :]

    def layers(self, x: Shaped[Array | np.ndarray, "rows features"]) -> Float[Array, "layers rows width"]:
        """The outputs of all layers, for `interp_jax.methods.identity`. Traceable; 4 L · rows · width bytes."""
        return self.stack().all(self.pad(x))

    def pad(self, x: Shaped[Array | np.ndarray, "rows features"]) -> Float[Array, "rows width"]:
        """The layer before the first, h₀ = [x ; 0]. Traceable."""
        x = as_real("x", x, shape=["rows", self.features])
        return jnp.pad(x.astype(self.kernel.dtype), ((0, 0), (0, self.classes)))

    def stack(self) -> LayerStack:
        """The layers as one function, its stacked parameters, and those of an identity layer. Traceable."""
        kernel, bias = self.kernel[...], self.bias[...]
        if kernel.ndim != 3:
            raise ValueError(f"network: found weights of shape {kernel.shape}, wanted one network; jax.vmap takes many")
        layer = IdentityLayer(_product, self.features, self.scale, self.activation, self.class_activation)
        identity = jnp.eye(kernel.shape[-1], dtype=kernel.dtype) / self.scale, jnp.zeros_like(bias[0])
        return LayerStack(jax.tree_util.Partial(layer), (kernel, bias), identity)


def _product(hidden, kernel):
    # Methods read small differences of layers, which need full precision.
    return jnp.matmul(hidden, kernel, precision="highest")
