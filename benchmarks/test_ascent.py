"""Gradient ascent on all 60 classes of a one-layer jump detector from many starts, until each lane converges."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import baselines
from benchmarks.measure import baseline, check, ours
from interp_jax.kernels import jumps
from interp_jax.methods import ascent

SIZES = (960,)
CLASSES, LENGTH, RATE, THRESHOLD, STEPS = 60, 100, 10.0, 0.999, 1000


def group(lanes):
    return f"gradient ascent: {lanes:,} lanes of a {LENGTH}-{CLASSES} softmax layer"


@functools.cache
def _layer(lanes):
    """Weights like those of a trained network, which are local to the jump; the starts; and each lane's unit."""
    weights = np.array(jumps.posterior_network().weights)
    near = np.exp(-np.abs(np.arange(LENGTH)[:, None] + 1 - np.arange(21, 81)[None] - 0.5) / 3)
    weights = ((weights - weights.mean(axis=1, keepdims=True)) * near).astype(np.float32)
    start = np.random.default_rng(0).uniform(-0.05, 0.05, (lanes, LENGTH)).astype(np.float32)
    return weights, start, np.arange(lanes) * CLASSES // lanes


def test_interp_jax(benchmark, size):
    weights, start, units = map(jnp.asarray, _layer(size))
    network = jax.tree_util.Partial(jnp.dot, b=weights)

    def climb(start):
        return ascent.maximize(network, start, units, rate=RATE, threshold=THRESHOLD, steps=STEPS)

    result = ours(
        benchmark,
        size,
        lambda: climb(start),
        rounds=15,
        flops=lambda result: 4 * LENGTH * CLASSES * float(result.steps.sum()),
        memory=(climb, start),
    )
    _check(benchmark, np.mean(result.converged), np.mean(result.steps))


def test_pytorch_lane_by_lane(benchmark, size):
    torch, _ = baselines.torch()
    weights, start = map(torch.tensor, _layer(size)[:2])

    def climb():
        steps, converged = [], 0
        for row, unit in zip(start, _layer(size)[2], strict=True):
            x = row.clone().requires_grad_()
            taken = 0
            while taken < STEPS:
                activation = torch.softmax(x @ weights, dim=0)[unit]
                if activation > THRESHOLD:
                    converged += 1
                    break
                (gradient,) = torch.autograd.grad(activation, x)
                with torch.no_grad():
                    x += RATE * gradient
                taken += 1
            steps.append(taken)
        return converged / size, np.mean(steps)

    _check(benchmark, *baseline(benchmark, size, climb))


def _batched(torch, weights, units):
    """A function for one step of all lanes by autograd: the next inputs, and which lanes move."""

    def step(x):
        x = x.detach().requires_grad_()
        activation = torch.softmax(x @ weights, dim=1).gather(1, units)[:, 0]
        moving = activation <= THRESHOLD
        (gradient,) = torch.autograd.grad(activation.sum(), x)
        return (x + RATE * gradient * moving[:, None]).detach(), moving

    return step


def _climb(torch, step, start):
    x, steps = start.clone(), torch.zeros(len(start), device=start.device)
    for _ in range(STEPS + 1):
        x, moving = step(x)
        if not moving.any():
            break
        steps += moving
    return float((~moving).float().mean()), float(steps.mean())


def test_pytorch_all_lanes(benchmark, size):
    torch, device = baselines.torch()
    weights, start, units = (torch.tensor(array, device=device) for array in _layer(size))
    step = _batched(torch, weights, units[:, None])
    _check(benchmark, *baseline(benchmark, size, lambda: _climb(torch, step, start), rounds=15))


def test_pytorch_all_lanes_compiled(benchmark, size):
    torch, device = baselines.torch()
    weights, start, units = (torch.tensor(array, device=device) for array in _layer(size))

    # With an explicit gradient, so that the compiled program holds no autograd.
    def by_hand(x):
        activations = torch.softmax(x @ weights, dim=1)
        mine = activations.gather(1, units[:, None])
        moving = mine <= THRESHOLD
        back = activations * -mine
        back.scatter_add_(1, units[:, None], mine)
        return x + RATE * moving * (back @ weights.T), moving[:, 0]

    with torch.no_grad():
        step = baselines.compiled(by_hand, start)
        _check(benchmark, *baseline(benchmark, size, lambda: _climb(torch, step, start), rounds=15))


def _check(benchmark, converged, steps):
    check(benchmark, share_of_lanes_converged=converged, mean_steps=steps)
