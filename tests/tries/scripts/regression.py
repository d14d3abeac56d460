"""A network with a quantity as output: modules of its units, and what they change."""

import jax
import jax.numpy as jnp
import optax
from sklearn.datasets import load_diabetes

from interp_jax import networks

table = load_diabetes()
rows = (table.data / table.data.std(axis=0)).astype("float32")
quantity = ((table.target - table.target.mean()) / table.target.std()).astype("float32")
# Plain optax: the network and its training may come from anywhere.
network = networks.perceptron(jax.random.key(0), (10, 8, 1))
from flax import nnx

optimizer = nnx.Optimizer(network, optax.adam(1e-2), wrt=nnx.Param)


@nnx.jit
def step(network, optimizer):
    def loss(network):
        return jnp.mean((network(rows)[:, 0] - quantity) ** 2)

    optimizer.update(network, nnx.grad(loss)(network))


for _ in range(60):
    step(network, optimizer)

# Own code.
from interp_jax import methods, plan

planned = plan(network, rows, quantity, budget="seconds", feature_names=table.feature_names)
segments = network.segments("relu1")
tree = methods.hierarchy.build(methods.hierarchy.network_vectors(segments, rows))
effects = methods.hierarchy.output_effects(segments, rows)
changed = methods.ablation.ablate_mean(segments, rows, [tree.cut(2) == 0])
error = float(jnp.mean((changed[:, 0] - quantity) ** 2))
print(planned, tree, effects, error, sep="\n")
