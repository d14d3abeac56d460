"""A small network of these pages: a perceptron that classifies scikit-learn's digits. Put your own in its place."""

import jax
import optax

from interp_jax import data, networks

digits = data.load("digits")
images, labels = digits.inputs.reshape(-1, 64), digits.labels
new_images = data.load("digits", split="test").inputs.reshape(-1, 64)
options = {"epochs": 15, "minibatch_size": 100, "optimizer": optax.adam(3e-3)}
net = networks.fit(
    networks.perceptron(jax.random.key(0), (64, 40, 10)), images, labels, key=jax.random.key(1), **options
).network
predictions = net(images).argmax(axis=1)
head, tail = net.until("relu1"), net.after("relu1")
