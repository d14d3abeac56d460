"""Online training of the sigmoid network at the paper's MNIST sizes: one row a step."""

import functools

import jax
import numpy as np

from benchmarks import baselines
from benchmarks.measure import baseline, check, ours
from interp_jax.networks.models import lnn

SIZES = (5_000,)
UNITS, ROWS, PENALTY = (196, 100, 10), 1_000, 1.1e-5


def group(steps):
    return f"LNN: {steps:,} online steps of {'-'.join(map(str, UNITS))}"


@functools.cache
def _rows():
    draw = np.random.default_rng(0)
    inputs = draw.uniform(-1, 1, (ROWS, UNITS[0])).astype(np.float32)
    return inputs, draw.uniform(0.01, 0.99, (ROWS, UNITS[-1])).astype(np.float32)


def test_interp_jax(benchmark, size):
    network, (inputs, targets) = lnn.init(jax.random.key(0), UNITS), map(jax.numpy.asarray, _rows())
    train = jax.jit(lambda network: lnn.train(network, inputs, targets, steps=size, penalty=PENALTY))
    numbers = sum(weights.size for weights in network.weights)
    trained = ours(
        benchmark,
        size,
        lambda: train(network),
        rounds=15,
        # Forward, back through all layers but the first, the outer product, and the penalty.
        flops=size * (6 * numbers + 2 * (numbers - network.weights[0].size)),
        moved=size * 8 * numbers,
        memory=(train, network),
    )
    check(benchmark, error_of_the_last_steps=trained.error[-1])


def _forward(torch, weights, biases, x):
    outputs = [x]
    for weight, bias in zip(weights, biases, strict=True):
        outputs.append(torch.sigmoid(torch.addmv(bias, weight.T, outputs[-1])))
    return outputs


def _in_place(torch, weights, biases, x, target, rate):
    """A step for eager PyTorch, without a copy of the weights."""
    outputs = _forward(torch, weights, biases, x)
    miss = outputs[-1] - target
    delta = miss * (outputs[-1] * (1 - outputs[-1]) + 1e-3)
    for layer in reversed(range(len(weights))):
        before = weights[layer] @ delta if layer else None
        weights[layer] -= (rate * PENALTY) * torch.sign(weights[layer])
        weights[layer].addr_(outputs[layer], delta, alpha=-rate)
        biases[layer].sub_(delta, alpha=rate)
        if layer:
            delta = before * (outputs[layer] * (1 - outputs[layer]) + 1e-3)
    return torch.sum(miss**2)


def _fused(torch, weights, biases, x, target, rate):
    """A step that compiles well: ``rate`` is an array, and the outer product is elementwise."""
    outputs = _forward(torch, weights, biases, x)
    miss = outputs[-1] - target
    delta = miss * (outputs[-1] * (1 - outputs[-1]) + 1e-3)
    for layer in reversed(range(len(weights))):
        before = weights[layer] @ delta if layer else None
        weights[layer].sub_(rate * (PENALTY * torch.sign(weights[layer]) + outputs[layer][:, None] * delta[None]))
        biases[layer].sub_(rate * delta)
        if layer:
            delta = before * (outputs[layer] * (1 - outputs[layer]) + 1e-3)
    return torch.sum(miss**2)


def _trained(benchmark, size, make_step, as_rate):
    torch, device = baselines.torch()
    inputs, targets = (torch.tensor(part, device=device) for part in _rows())
    rates = as_rate([0.7 * size / (size + 5 * t) for t in range(size)])
    network = lnn.init(jax.random.key(0), UNITS)
    started = [[torch.tensor(np.array(part), device=device) for part in parts] for parts in network]

    def train():
        weights, biases = ([part.clone() for part in parts] for parts in started)
        errors = []
        for t in range(size):
            error = step(weights, biases, inputs[t % ROWS], targets[t % ROWS], rates[t])
            if t >= size - size // 100:
                errors.append(error)
        return float(torch.stack(errors).mean())

    with baselines.one_thread(), torch.no_grad():
        weights, biases = ([part.clone() for part in parts] for parts in started)
        step = make_step(weights, biases, inputs[0], targets[0], rates[0])
        check(benchmark, error_of_the_last_steps=baseline(benchmark, size, train, rounds=7))


def test_pytorch(benchmark, size):
    torch, _ = baselines.torch()
    step = functools.partial(_in_place, torch)
    _trained(benchmark, size, lambda *_: step, list)


def test_pytorch_compiled(benchmark, size):
    torch, device = baselines.torch()
    step = functools.partial(_fused, torch)
    _trained(
        benchmark,
        size,
        lambda *first: baselines.compiled(step, *first),
        lambda rates: torch.tensor(rates, device=device),
    )
