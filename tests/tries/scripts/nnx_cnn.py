"""A Flax NNX network with batch norm and dropout, trained by plain optax: which units does a class need?"""

import jax
import optax
from flax import nnx
from sklearn.datasets import load_digits

images, labels = load_digits(n_class=4, return_X_y=True)
images = (images[:400] / 16).astype("float32").reshape(-1, 8, 8, 1)
labels = labels[:400]


class CNN(nnx.Module):
    def __init__(self, rngs):
        self.conv = nnx.Conv(1, 4, (3, 3), strides=2, rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.dense = nnx.Linear(64, 12, rngs=rngs)
        self.drop = nnx.Dropout(0.2, rngs=rngs)
        self.out = nnx.Linear(12, 4, rngs=rngs)

    def __call__(self, x):
        x = nnx.relu(self.norm(self.conv(x)))
        return self.out(self.drop(nnx.relu(self.dense(x.reshape(len(x), -1)))))


model = CNN(nnx.Rngs(0))
optimizer = nnx.Optimizer(model, optax.adam(1e-2), wrt=nnx.Param)


@nnx.jit
def step(model, optimizer):
    def loss(model):
        return optax.softmax_cross_entropy_with_integer_labels(model(images), labels).mean()

    optimizer.update(model, nnx.grad(loss)(model))


for _ in range(60):
    step(model, optimizer)

# Own code.
from interp_jax import methods, networks

network = networks.freeze(model)
predictions = networks.apply(network, images).argmax(axis=1)
head, tail = networks.split(model, at="drop", inputs=images)
hidden = head(images)
options = {"key": jax.random.key(0), "steps": 50, "starts": 1}
selection = methods.core_units.select(tail, hidden, predictions, 0, **options)
print(selection)
