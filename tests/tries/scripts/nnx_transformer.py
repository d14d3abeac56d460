"""A Flax NNX transformer classifier: the units of its MLP, inside a residual block, at token positions."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

tokens = np.random.default_rng(0).integers(0, 12, (300, 6))
labels = (tokens[:, 0] < 6).astype(int) + (tokens[:, 3] < 6)


class Block(nnx.Module):
    def __init__(self, rngs):
        self.attention = nnx.MultiHeadAttention(2, 8, decode=False, rngs=rngs)
        self.up, self.down = nnx.Linear(8, 16, rngs=rngs), nnx.Linear(16, 8, rngs=rngs)
        self.act = nnx.gelu

    def __call__(self, x):
        x = x + self.attention(x)
        return x + self.down(self.act(self.up(x)))


class Transformer(nnx.Module):
    def __init__(self, rngs):
        self.embed, self.places = nnx.Embed(12, 8, rngs=rngs), nnx.Embed(6, 8, rngs=rngs)
        self.block = Block(rngs)
        self.out = nnx.Linear(8, 3, rngs=rngs)

    def __call__(self, tokens):
        x = self.embed(tokens)
        x = x + jnp.broadcast_to(self.places(jnp.arange(6)), x.shape)
        return self.out(self.block(x).mean(axis=1))


model = Transformer(nnx.Rngs(0))
optimizer = nnx.Optimizer(model, optax.adam(1e-2), wrt=nnx.Param)


@nnx.jit
def step(model, optimizer):
    def loss(model):
        return optax.softmax_cross_entropy_with_integer_labels(model(tokens), labels).mean()

    optimizer.update(model, nnx.grad(loss)(model))


for _ in range(100):
    step(model, optimizer)

# Own code.
from interp_jax import methods, networks

embed, rest = networks.split(model, at="embed", inputs=tokens)
x = embed(tokens)
tapped = networks.tap(rest, at="block/act", inputs=x)
tree = methods.hierarchy.build(methods.hierarchy.network_vectors(tapped, x))
predictions = np.asarray(tapped(x).argmax(axis=1))
options = {"key": jax.random.key(0), "steps": 50, "starts": 1, "mask_shape": tapped.mask_shapes}
selection = methods.core_units.select(tapped, x, predictions, 1, **options)
first = np.arange(6)[:, None] == np.zeros(16)  # True at position 0: all other positions are set to zero
at_first = tapped(x, {"block/act": first})
climbing = {"objective": "value", "rate": 0.1, "threshold": float("inf"), "steps": 30}
climbed = methods.ascent.maximize(tapped.head, x[:16], np.arange(16), **climbing)
print(tree, selection, climbed, sep="\n")
print("largest change with the first position alone:", abs(at_first - tapped(x)).max())
