"""A table of measurements: which columns count, and which does each hidden unit follow?"""

import jax
import optax
from sklearn.datasets import load_wine

from interp_jax import networks

table = load_wine()
rows = ((table.data - table.data.mean(axis=0)) / table.data.std(axis=0)).astype("float32")
options = {"key": jax.random.key(1), "epochs": 30, "minibatch_size": 20, "optimizer": optax.adam(1e-2)}
network = networks.fit(networks.perceptron(jax.random.key(0), (13, 8, 3)), rows, table.target, **options).network

# Own code.
import numpy as np

from interp_jax import methods

target = np.asarray(network(rows)).argmax(axis=1)
maps = methods.attribution.integrated_gradients(network, rows, target, nodes=8)
order = np.argsort(-np.abs(maps).mean(axis=0))
print("columns that count:", [table.feature_names[column] for column in order[:3]])
segments = network.segments("relu1")
vectors = methods.hierarchy.network_vectors(segments, rows).vectors
for unit, correlations in enumerate(np.asarray(vectors[:, :13])):
    column = np.abs(correlations).argmax()
    print(f"unit {unit} follows {table.feature_names[column]}, correlation {correlations[column]:.2f}")
