"""A function of a dict of parameters: on which inputs does a decision depend, and is that so?"""

import functools

import jax
import jax.numpy as jnp
import optax
from sklearn.datasets import load_digits

images, labels = load_digits(n_class=4, return_X_y=True)
images = (images[:400] / 16).astype("float32")
labels = labels[:400]


def scores(parameters, x):
    return jax.nn.relu(x @ parameters["first"]) @ parameters["second"]


keys = jax.random.split(jax.random.key(0))
parameters = {"first": 0.1 * jax.random.normal(keys[0], (64, 12)), "second": jax.random.normal(keys[1], (12, 4))}
optimizer = optax.adam(1e-2)
state = optimizer.init(parameters)


@jax.jit
def step(parameters, state):
    def loss(parameters):
        return optax.softmax_cross_entropy_with_integer_labels(scores(parameters, images), labels).mean()

    updates, state = optimizer.update(jax.grad(loss)(parameters), state)
    return optax.apply_updates(parameters, updates), state


for _ in range(60):
    parameters, state = step(parameters, state)

# Own code.
from interp_jax import methods, networks

network = networks.freeze(functools.partial(scores, parameters))
target = jnp.argmax(network(images), axis=1)
maps = methods.attribution.integrated_gradients(network, images, target, nodes=8)
curves = methods.attribution.removal_curves(network, images, maps, target)
print(curves)
