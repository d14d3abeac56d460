"""A Keras 3 model on JAX: which units of a layer act alike, and which inputs count?"""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")
import keras
from sklearn.datasets import load_digits

images, labels = load_digits(n_class=4, return_X_y=True)
images = (images[:400] / 16).astype("float32")
labels = labels[:400]

keras.utils.set_random_seed(0)
layers = [keras.layers.Dense(12, "relu", name="hidden"), keras.layers.Dropout(0.2), keras.layers.Dense(4, name="out")]
model = keras.Sequential([keras.Input((64,)), *layers])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(images, labels, epochs=10, verbose=0)

# Own code.
import numpy as np

from interp_jax import methods, networks

print(networks.layers(model, images))
head, tail = networks.split(model, at="hidden", inputs=images)
tree = methods.hierarchy.build(methods.hierarchy.network_vectors((head, tail), images))
network = networks.freeze(model)
target = np.asarray(network(images)).argmax(axis=1)
maps = methods.attribution.integrated_gradients(network, images, target, nodes=8)
print(tree, np.abs(maps).mean(axis=0).reshape(8, 8).round(2), sep="\n")
