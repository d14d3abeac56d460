"""Deep perceptrons of constant width that start at the identity: for inputs ≥ 0 every layer lies in their space."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Shaped

from interp_jax.networks.models.layer_stack import LayerStack

# One object each for all networks: an initializer made anew would be another static value.
STARTS = {
    "identity": None,
    "glorot": jax.nn.initializers.glorot_uniform(),
    "he": jax.nn.initializers.he_normal(),
    "orthogonal": jax.nn.initializers.orthogonal(),
}


def linear(x):
    """The identity function, as an activation."""
    return x


class IdentityPerceptron(nnx.Module):
    """A perceptron whose layers all have the width of its input and its classes, every weight matrix first identity.

        h₀ = [x ; 0],    h_l = φ(s h_{l−1} W_l + b_l),  l = 1 … L,    W_l = I and b_l = 0 at the start

    The first ``features`` units of every layer keep the places of the input's, the last ``classes`` hold the scores of
    the classes: the network's logits are those of the last layer. φ is ReLU on the features and linear on the classes.
    With ReLU on all units it could not learn: the classes begin at exactly 0, where ReLU has slope 0.

    At the start a layer passes on what it is given if that is ≥ 0, as pixels are: ReLU clips negative inputs to 0 in
    the first layer, so for those pass another activation. Nothing reads the last layer's features, h_L[:d]: the
    columns of W_L and entries of b_L that make them have no gradient and stay where they start.

    Traceable: a callable pytree whose parameters are stacked over the layers and scanned, so that any depth compiles
    like one layer; ``jax.vmap`` of the constructor over keys is a stacked ensemble. Memory of training: 4 L (width² +
    batch · width) bytes and the optimizer's.

    Args:
        key: a JAX random key; the identity start draws nothing from it.
        features: numbers in an input row, d.
        classes: C; the width is d + C.
        depth: L.
        start: of the weights: "identity", or as a random twin "glorot", "he", "orthogonal", or an initializer
            ``(key, shape, dtype) -> array``.
        scale: s.
        activation: elementwise, φ on the features.
        class_activation: elementwise, φ on the classes.

    Raises:
        ValueError: no features, fewer than two classes, no layer, a scale that is no positive number, or a start of
            another name; when called, rows of another width.

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
        check_identity_network(features, classes, depth, scale, start)
        width = features + classes
        draw = start if callable(start) else STARTS[start]
        if draw is None:
            kernel = jnp.broadcast_to(jnp.eye(width), (depth, width, width))
        else:
            kernel = jax.vmap(lambda key: draw(key, (width, width), jnp.float32))(jax.random.split(key, depth))
        self.kernel = nnx.Param(kernel)
        self.bias = nnx.Param(jnp.zeros((depth, width)))
        self.features, self.classes, self.depth, self.scale = features, classes, depth, float(scale)
        self.activation, self.class_activation = activation, class_activation

    def __call__(self, x: Shaped[Array | np.ndarray, "rows features"]) -> Float[Array, "rows classes"]:
        """Logits of the rows of ``x``."""
        stack = self.stack()
        return stack.last(self.pad(x))[:, self.features :]

    def layers(self, x: Shaped[Array | np.ndarray, "rows features"]) -> Float[Array, "layers rows width"]:
        """The outputs of all layers, what `interp_jax.methods.identity` reads. Memory: 4 L · rows · width bytes."""
        return self.stack().all(self.pad(x))

    def pad(self, x: Shaped[Array | np.ndarray, "rows features"]) -> Float[Array, "rows width"]:
        """The layer before the first: h₀ = [x ; 0]."""
        x = jnp.asarray(x)
        if x.ndim != 2 or x.shape[1] != self.features:
            raise ValueError(f"x: found shape {x.shape}, wanted [rows, {self.features}], the network's features")
        return jnp.pad(x.astype(self.kernel.dtype), ((0, 0), (0, self.classes)))

    def stack(self) -> LayerStack:
        """The layers as one function and its stacked parameters, with those of the identity beside them."""
        kernel, bias = self.kernel[...], self.bias[...]
        if kernel.ndim != 3:
            raise ValueError(f"network: found weights of shape {kernel.shape}, wanted one network; jax.vmap takes many")
        layer = IdentityLayer(_product, self.features, self.scale, self.activation, self.class_activation)
        identity = jnp.eye(kernel.shape[-1], dtype=kernel.dtype) / self.scale, jnp.zeros_like(bias[0])
        return LayerStack(jax.tree_util.Partial(layer), (kernel, bias), identity)


def check_identity_network(features, classes, depth, scale, start):
    """Refuses, by name, what no network that starts at the identity can be made of."""
    for name, found, least in (("features", features, 1), ("classes", classes, 2), ("depth", depth, 1)):
        if found < least:
            raise ValueError(f"{name}: found {found}, wanted at least {least}")
    if not (np.isfinite(scale) and scale > 0):
        raise ValueError(f"scale: found {scale}, wanted a positive number")
    if not callable(start) and start not in STARTS:
        raise ValueError(f"start: found {start!r}, wanted one of {', '.join(map(repr, STARTS))} or an initializer")


@dataclass(frozen=True)
class IdentityLayer:
    """One layer of a network that starts at the identity, equal by value: networks of one shape share a compilation.

    ``product(hidden, kernel)`` is all that the networks differ in; units are the last axis.
    """

    product: Callable
    features: int
    scale: float
    activation: Callable
    class_activation: Callable

    def __call__(self, parameters, hidden):
        """The next layer: φ(s · product + bias), with a φ for the features and one for the classes."""
        kernel, bias = parameters
        rows = (None,) * (hidden.ndim - 1)
        sums = self.scale * self.product(hidden, kernel) + bias[rows]
        is_feature = jnp.arange(sums.shape[-1]) < self.features
        return jnp.where(is_feature[rows], self.activation(sums), self.class_activation(sums))


def _product(hidden, kernel):
    # What is read from the layers is small against them, so that full precision is needed to see it.
    return jnp.matmul(hidden, kernel, precision="highest")
