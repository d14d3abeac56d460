"""The layered neural network of sigmoid units (LNN), sparse by an L1 penalty and trained one row at a time."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from interp_jax._checks import Key, Number, as_count, as_key, as_real, check_number, describe
from interp_jax._readable import readable
from interp_jax.networks.models.perceptrons import layer_sizes

RECORDS = 100  # entries of a training curve, at most


@readable()
class LNN(NamedTuple):
    """Weights and biases of every layer: a callable pytree [rows, inputs] to [rows, outputs] in (0, 1).

    Traceable. For a stack of networks, such as ``jax.vmap(init)(keys)``, use ``jax.vmap`` of the functions here.
    """

    weights: tuple[Float[Array, "inputs outputs"], ...]
    biases: tuple[Float[Array, " outputs"], ...]

    def __call__(self, inputs):
        """The outputs of the rows ``inputs``. Traceable; NaN and infinity are passed on."""
        return forward(self, inputs)[-1]

    def segments(self) -> tuple[jax.tree_util.Partial, ...]:
        """The layers as callables to apply one after the other, for methods that read hidden layers. Traceable."""
        return tuple(jax.tree_util.Partial(_layer, *layer) for layer in zip(self.weights, self.biases, strict=True))


@readable()
class Trained(NamedTuple):
    """The network after the last step, and ``error`` [min(100, steps)]: ‖y − f(x)‖² averaged over stretches of rows."""

    network: LNN
    error: Float[Array, " stretches"]

    def _finding(self) -> str | None:
        if np.ndim(self.error) != 1 or not len(self.error):
            return None
        first, last = float(self.error[0]), float(self.error[-1])
        return f"squared error {first:.4g} in the first stretch of rows, {last:.4g} in the last"


def init(key: Key, sizes: Sequence[int] = (196, 100, 10), *, variance: Number = 0.5) -> LNN:
    """A network with weights and biases drawn from N(0, ``variance``).

    Traceable; ``sizes`` is static. The paper writes N(0, 0.5) without saying whether 0.5 is the variance or the
    standard deviation.

    Args:
        key: a JAX random key.
        sizes: units of every layer, input and output included.
        variance: of weights and biases, above 0.

    Raises:
        ValueError: fewer than two sizes, a size below one, a variance that is not positive, or not a key.

    Example:
        >>> import jax
        >>> [weights.shape for weights in init(jax.random.key(0), (108, 160, 3)).weights]
        [(108, 160), (160, 3)]

    Source: Watanabe, arXiv:1810.01588, Appendix 3.
    """
    key, sizes = as_key(key), layer_sizes(sizes)
    check_number("variance", variance, above=0)
    deviation = variance**0.5
    layers = [
        (deviation * jax.random.normal(weight_key, shape), deviation * jax.random.normal(bias_key, shape[1:]))
        for shape, (weight_key, bias_key) in zip(
            pairwise(sizes), jax.random.split(key, (len(sizes) - 1, 2)), strict=True
        )
    ]
    return LNN(*zip(*layers, strict=True))


def forward(
    network: LNN, inputs: Shaped[Array | np.ndarray, "*rows features"]
) -> tuple[Float[Array, "*rows units"], ...]:
    """The outputs of every layer, hidden layers first, the network's outputs last.

        oᵈ = σ(Wᵀ oᵈ⁻¹ + θᵈ),   σ(u) = 1 / (1 + exp(−u))

    Traceable. NaN and infinity are passed on.

    Args:
        network: an `LNN`.
        inputs: [rows, inputs], or one row.

    Raises:
        ValueError: inputs whose width is not the network's, or a stack of networks.
        TypeError: not an `LNN`.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> [layer.shape for layer in forward(init(jax.random.key(0), (4, 6, 3)), jnp.ones((5, 4)))]
        [(5, 6), (5, 3)]

    Source: Watanabe, arXiv:1810.01588, section 2.
    """
    _check_network(network)
    layer = as_real("inputs", inputs, shape=["…", network.weights[0].shape[0]])
    layers = []
    for weights, biases in zip(network.weights, network.biases, strict=True):
        layer = _layer(weights, biases, layer)
        layers.append(layer)
    return tuple(layers)


def objective(
    network: LNN,
    inputs: Shaped[Array | np.ndarray, "rows features"],
    targets: Shaped[Array | np.ndarray, "targets outputs"],
    *,
    penalty: Number = 1.1e-5,
) -> Float[Array, ""]:
    """Half the summed squared error plus the L1 norm of the weights (not of the biases), which training minimizes.

        H = ½ Σₙ ‖yₙ − f(xₙ)‖² + λ Σ |w|

    Traceable. Sums are at least float32. NaN in any argument gives NaN, sums beyond float32 infinity. The paper prints
    n E(w) for the first term; the half is implied by its δ, the derivative. The online update applies λ at every row,
    so that on average it follows H with n λ in place of λ.

    Args:
        network: an `LNN`.
        inputs: [rows, inputs].
        targets: [rows, outputs] target outputs.
        penalty: λ, at least 0.

    Raises:
        ValueError: inputs or targets that do not fit the network or each other, or a penalty below 0.
        TypeError: not an `LNN`.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> network = init(jax.random.key(0), (4, 6, 3))
        >>> float(objective(network, jnp.ones((5, 4)), network(jnp.ones((5, 4))), penalty=0.0))
        0.0

    Source: Watanabe, arXiv:1810.01588, section 2.
    """
    inputs, targets = _rows(network, inputs, targets)
    check_number("penalty", penalty, least=0)
    absolute = sum(jnp.sum(jnp.abs(weights).astype(inputs.dtype)) for weights in network.weights)
    return 0.5 * jnp.sum((targets - network(inputs)) ** 2) + penalty * absolute


def train(
    network: LNN,
    inputs: Shaped[Array | np.ndarray, "rows features"],
    targets: Shaped[Array | np.ndarray, "targets outputs"],
    *,
    steps: int,
    key: Key | None = None,
    penalty: Number = 1.1e-5,
    learning_rate: Number = 0.7,
    saturation: Number = 1e-3,
) -> Trained:
    """The network after online training as published: one row per step, all in one compiled scan.

        output  δ_j = (o_j − y_j) (o_j (1 − o_j) + ε),    hidden  δ_j = (Σ_k δ_k w_jk) (o_j (1 − o_j) + ε)
        Δw_ij = −η(t) (δ_j o_i + λ sgn w_ij),   Δθ_j = −η(t) δ_j,   η(t) = η₀ T / (T + 5 t),  t = 0 … T − 1

    Traceable; ``steps`` is static. For many networks (seeds, penalties, data), use ``jax.vmap``. Steps are computed in
    at least float32, and the weights keep their type. NaN in any argument, and overflow (inputs and targets should be
    near 1), give NaN. ε keeps saturated units moving, so that the step is not quite the gradient of `objective`.
    Memory: eight bytes per step, for the order of the rows and the errors.

    Args:
        network: the `LNN` at the start.
        inputs: [rows, inputs], scaled to [−1, 1] in the paper.
        targets: [rows, outputs] target outputs, scaled to [0.01, 0.99] in the paper.
        steps: T, the total number of rows shown.
        key: a JAX random key to draw a row per step; None shows the rows in the order given, cyclically
            (`interp_jax.data.first_per_class` gives the paper's order of digits).
        penalty: λ of the L1 term, at least 0.
        learning_rate: η₀, at least 0; the rate decays to η₀ / 6.
        saturation: ε, at least 0.

    Returns:
        `Trained`: ``.network``, and ``.error`` [min(100, steps)], ‖y − f(x)‖² of each row before its update, averaged
        over stretches of equal length that end with the last step.

    Raises:
        ValueError: an argument other than Args says, or inputs and targets that do not fit the network or each other.
        TypeError: not an `LNN`.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> inputs = jnp.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
        >>> targets = jnp.array([[0.01], [0.99], [0.99], [0.01]])
        >>> trained = train(init(jax.random.key(0), (2, 8, 1)), inputs, targets, steps=8_000)
        >>> jnp.round(trained.network(inputs)[:, 0])
        Array([0., 1., 1., 0.], dtype=float32)

    Source: Watanabe, arXiv:1810.01588, section 2 and Appendix 3.
    """
    inputs, targets = _rows(network, inputs, targets)
    steps = as_count("steps", steps)
    numbers = {"penalty": penalty, "learning_rate": learning_rate, "saturation": saturation}
    for name, number in numbers.items():
        check_number(name, number, least=0)
    return _train(network, inputs, targets, steps, None if key is None else as_key(key), **numbers)


@partial(jax.jit, static_argnames="steps")
def _train(network, inputs, targets, steps, key, penalty, learning_rate, saturation):
    shown = jnp.arange(steps, dtype=jnp.int32) % len(inputs)
    if key is not None:
        shown = jax.random.randint(key, (steps,), 0, len(inputs), jnp.int32)

    def step(network, turn):
        t, row = turn
        rate = learning_rate * (steps / (steps + 5.0 * t.astype(jnp.float32))).astype(inputs.dtype)
        return _step(network, inputs[row], targets[row], rate, penalty, saturation)

    network, errors = jax.lax.scan(step, network, (jnp.arange(steps, dtype=jnp.int32), shown), unroll=2)
    stretches = min(RECORDS, steps)
    whole = steps // stretches * stretches
    return Trained(network, jnp.mean(errors[steps - whole :].reshape(stretches, -1), axis=1))


def _step(network, x, target, rate, penalty, saturation):
    outputs = [x, *forward(network, x)]
    miss = outputs[-1] - target
    delta = miss * _slope(outputs[-1], saturation)
    weights, biases = list(network.weights), list(network.biases)
    for layer in reversed(range(len(weights))):
        old = weights[layer]
        # Two comparisons: XLA's sign function takes a third of a step on CPUs.
        shrinkage = jnp.where(old > 0, rate * penalty, jnp.where(old < 0, -rate * penalty, 0))
        change = outputs[layer][:, None] * (rate * delta)[None, :] + shrinkage
        weights[layer] = (old - change).astype(old.dtype)
        biases[layer] = (biases[layer] - rate * delta).astype(biases[layer].dtype)
        if layer:
            delta = jnp.matmul(old, delta, precision="highest") * _slope(outputs[layer], saturation)
    return LNN(tuple(weights), tuple(biases)), jnp.sum(miss**2)


def _layer(weights, biases, inputs):
    sums = jnp.matmul(as_real("inputs", inputs), weights, precision="highest")
    return jax.nn.sigmoid(sums + jnp.broadcast_to(biases, sums.shape))


def _slope(outputs, saturation):
    return outputs * (1 - outputs) + saturation


def _check_network(network):
    if not isinstance(network, LNN) or not network.weights:
        raise TypeError(f"network: found {describe(network)}, wanted an LNN with at least one layer")
    if network.weights[0].ndim != 2:
        found = f"weights of shape {network.weights[0].shape}"
        raise ValueError(f"network: found {found}, wanted one network; jax.vmap takes a stack of them")


def _rows(network, inputs, targets):
    _check_network(network)
    first, last = network.weights[0], network.weights[-1]
    inputs = as_real("inputs", inputs, shape=["rows", first.shape[0]])
    targets = as_real("targets", targets, shape=[len(inputs), last.shape[1]])
    kind = jnp.promote_types(first.dtype, jnp.float32)
    return inputs.astype(kind), targets.astype(kind)
