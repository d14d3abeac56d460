"""A Flax Linen CNN: which units of a layer act alike, and what do they respond to?"""

import jax
import optax
from flax import linen
from sklearn.datasets import load_digits

images, labels = load_digits(n_class=4, return_X_y=True)
images = (images[:400] / 16).astype("float32").reshape(-1, 8, 8, 1)
labels = labels[:400]


class CNN(linen.Module):
    @linen.compact
    def __call__(self, x):
        x = linen.relu(linen.Conv(4, (3, 3), strides=2)(x))
        x = linen.relu(linen.Dense(12)(x.reshape(len(x), -1)))
        return linen.Dense(4)(x)


model = CNN()
variables = model.init(jax.random.key(0), images)
optimizer = optax.adam(1e-2)
state = optimizer.init(variables)


@jax.jit
def step(variables, state):
    def loss(variables):
        return optax.softmax_cross_entropy_with_integer_labels(model.apply(variables, images), labels).mean()

    updates, state = optimizer.update(jax.grad(loss)(variables), state)
    return optax.apply_updates(variables, updates), state


for _ in range(60):
    variables, state = step(variables, state)

# Own code.
from interp_jax import figures, methods, networks

print(networks.layers(model, images, variables=variables))
parts = networks.split(model, at="Dense_0", inputs=images, variables=variables)
tree = methods.hierarchy.build(methods.hierarchy.network_vectors(parts, images))
print(tree)
figure = figures.hierarchy(tree, clusters=[3, 6], input_shape=[8, 8])
figure.savefig("linen_cnn.png")
