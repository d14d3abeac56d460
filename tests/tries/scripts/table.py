"""A table of measurements: what would a report cost, which columns count, and which do the hidden units follow?"""

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

from interp_jax import figures, methods, plan

names = {"class_names": table.target_names, "feature_names": table.feature_names}
print(plan(network, rows, table.target, budget="seconds", **names))
target = np.asarray(network(rows)).argmax(axis=1)
maps = methods.attribution.integrated_gradients(network, rows, target, nodes=8)
order = np.argsort(-np.abs(maps).mean(axis=0))
print("columns that count:", [table.feature_names[column] for column in order[:3]])
tree = methods.hierarchy.build(methods.hierarchy.network_vectors(network.segments("relu1"), rows))
options = {"feature_names": table.feature_names, "output_names": table.target_names}
figures.hierarchy(tree, clusters=[3], **options).savefig("table.png")
