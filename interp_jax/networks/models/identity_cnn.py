"""Deep convolutional networks of constant width whose kernels start as Dirac kernels, which are the identity."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Shaped

from interp_jax._checks import as_count, as_counts, as_key, as_real
from interp_jax.kernels.dirac import dirac
from interp_jax.networks.models._convolution import convolution
from interp_jax.networks.models._identity_layers import IdentityLayer, check_identity_network, linear
from interp_jax.networks.models.layer_stack import LayerStack


class IdentityCNN(nnx.Module):
    """The convolutional form of `IdentityPerceptron`: every kernel starts as 1 in its middle, from a channel to itself.

        h₀ = [patches of x ; 0],    h_l = φ(s W_l ∗ h_{l−1} + b_l),    scores = mean over positions of h_L's last C

    An image is rearranged into patches of p × p pixels, one per position, which gives p² c feature channels; the
    inverse rearrangement makes the change of a layer an image. After the features every position has C linear
    channels for the classes, 0 at first; their means over positions are the class scores. At the start the network
    passes on inputs ≥ 0 unchanged: ReLU clips negative ones in the first layer, so for those pass another
    activation. Nothing reads the last layer's features.

    Traceable. Scanned over the layers, and stacked by ``jax.vmap`` over keys, like `IdentityPerceptron`.

    Args:
        key: a JAX random key; the identity start draws nothing from it.
        shape: height, width and channels of an image.
        classes: C, at least 2.
        depth: L.
        patch: p, which divides both sides.
        taps: side of the square kernels, odd.
        start: of the kernels: "identity", or for a random network of the same shape "glorot", "he", "orthogonal", or
            an initializer ``(key, shape, dtype) -> array``.
        scale: s, above 0.
        activation: elementwise, φ on the features.
        class_activation: elementwise, φ on the classes.

    Raises:
        ValueError: an argument other than Args says; when called, images of the wrong shape.
        TypeError: an activation that is not callable.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> net = IdentityCNN(jax.random.key(0), (8, 8, 1), 3, depth=5, patch=2)
        >>> x = jnp.ones((2, 8, 8, 1))
        >>> net(x).shape, net.layers(x).shape
        ((2, 3), (5, 2, 67))

    Source: ours, after Kubota, Hayashi, Hayase & Uchida, arXiv:2102.13333; Dirac kernels as in Zagoruyko & Komodakis,
    arXiv:1706.00388.
    """

    def __init__(
        self,
        key,
        shape: Sequence[int],
        classes: int,
        *,
        depth: int = 10,
        patch: int = 1,
        taps: int = 3,
        start: str | Callable = "identity",
        scale: float = 1.0,
        activation: Callable = nnx.relu,
        class_activation: Callable = linear,
    ):
        key, shape = as_key(key), as_counts("shape", shape, length=3)
        patch, taps = as_count("patch", patch), as_count("taps", taps)
        height, width, maps = shape
        if height % patch or width % patch:
            raise ValueError(f"patch: found {patch}, wanted a divisor of both sides, {height} and {width}")
        if taps % 2 == 0:
            raise ValueError(f"taps: found {taps}, wanted an odd number")
        activations = {"activation": activation, "class_activation": class_activation}
        classes, depth, draw = check_identity_network(classes, depth, scale, start, **activations)
        channels = patch * patch * maps + classes
        sides = taps, taps, channels, channels
        if draw is None:
            kernel = jnp.broadcast_to(dirac(sides, jnp.float32), (depth, *sides))
        else:
            kernel = jax.vmap(lambda key: draw(key, sides, jnp.float32))(jax.random.split(key, depth))
        self.kernel = nnx.Param(kernel)
        self.bias = nnx.Param(jnp.zeros((depth, channels)))
        self.shape, self.classes, self.depth, self.patch = shape, classes, depth, patch
        self.scale, self.activation, self.class_activation = float(scale), activation, class_activation

    def __call__(self, x: Shaped[Array | np.ndarray, "rows height width channels"]) -> Float[Array, "rows classes"]:
        """The logits of the images ``x``. Traceable; NaN and infinity are passed on."""
        return self._scores(self.stack().last(self.pad(x)))

    def layers(
        self, x: Shaped[Array | np.ndarray, "rows height width channels"]
    ) -> Float[Array, "layers rows features_and_classes"]:
        """All layers for `interp_jax.methods.identity`: features in the pixels' order, then class scores. Traceable."""

        def read(hidden):
            features = self._pixels(hidden[..., : -self.classes])
            return jnp.concatenate([features.reshape(len(features), -1), self._scores(hidden)], axis=1)

        return jax.lax.map(read, self.stack().all(self.pad(x)))

    def pad(self, x: Shaped[Array | np.ndarray, "rows height width channels"]) -> Float[Array, "rows h w units"]:
        """The layer before the first: patches, and zeros for the classes. Traceable."""
        x = as_real("x", x, shape=["rows", *self.shape])
        height, width, maps = self.shape
        p = self.patch
        places = x.astype(self.kernel.dtype).reshape(-1, height // p, p, width // p, p, maps).swapaxes(2, 3)
        patches = places.reshape(-1, height // p, width // p, p * p * maps)
        return jnp.pad(patches, ((0, 0), (0, 0), (0, 0), (0, self.classes)))

    def stack(self) -> LayerStack:
        """The layers as one function, its stacked parameters, and those of an identity layer. Traceable."""
        kernel, bias = self.kernel[...], self.bias[...]
        if kernel.ndim != 5:
            raise ValueError(f"network: found kernels of shape {kernel.shape}, wanted one network; jax.vmap takes many")
        features = kernel.shape[-1] - self.classes
        layer = IdentityLayer(_product, features, self.scale, self.activation, self.class_activation)
        identity = dirac(kernel.shape[1:], kernel.dtype) / self.scale, jnp.zeros_like(bias[0])
        return LayerStack(jax.tree_util.Partial(layer), (kernel, bias), identity)

    def _scores(self, hidden):
        return jnp.mean(hidden[..., -self.classes :], axis=(1, 2))

    def _pixels(self, patches):
        height, width, maps = self.shape
        p = self.patch
        return patches.reshape(-1, height // p, width // p, p, p, maps).swapaxes(2, 3).reshape(-1, height, width, maps)


def _product(hidden, kernel):
    # Methods read small differences of layers, which need full precision.
    full, names = jax.lax.Precision.HIGHEST, ("NHWC", "HWIO", "NHWC")
    return convolution(hidden, kernel, (1, 1), "SAME", dimension_numbers=names, precision=full)
