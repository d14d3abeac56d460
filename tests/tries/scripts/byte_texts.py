"""Texts as bytes: which characters count? Gradients are taken behind the embedding."""

import numpy as np
import optax
from flax import nnx

random = np.random.default_rng(0)
lines = [f"{random.integers(100, 999)} {'+-'[kind]} {random.integers(100, 999)}" for kind in (0, 1) for _ in range(100)]
texts = np.array([list(line.encode()) for line in lines], np.uint8)
labels = np.repeat([0, 1], 100)


class Reader(nnx.Module):
    def __init__(self, rngs):
        self.embed = nnx.Embed(256, 4, rngs=rngs)
        self.conv = nnx.Conv(4, 6, (3,), rngs=rngs)
        self.out = nnx.Linear(6, 2, rngs=rngs)

    def __call__(self, texts):
        return self.out(nnx.relu(self.conv(self.embed(texts))).max(axis=1))


model = Reader(nnx.Rngs(0))
optimizer = nnx.Optimizer(model, optax.adam(2e-2), wrt=nnx.Param)


@nnx.jit
def step(model, optimizer):
    def loss(model):
        return optax.softmax_cross_entropy_with_integer_labels(model(texts), labels).mean()

    optimizer.update(model, nnx.grad(loss)(model))


for _ in range(80):
    step(model, optimizer)

# Own code.
from interp_jax import methods, networks

embed, tail = networks.split(model, at="embed", inputs=texts)
x = embed(texts)
target = np.asarray(tail(x)).argmax(axis=1)
importance = np.abs(methods.attribution.integrated_gradients(tail, x, target, nodes=8)).sum(axis=-1)
for row in (0, 150):
    print(bytes(texts[row]).decode(), "→", chr(texts[row, importance[row].argmax()]))
place = np.bincount(importance.argmax(axis=1)).argmax()
print("most often at position", place)
