"""Gradient ascent on all 60 classes of a one-layer jump detector from many starts, until each lane is sure."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.kernels import jumps
from interp_jax.methods import ascent

CLASSES, STARTS, LENGTH, RATE, THRESHOLD, STEPS = 60, 16, 100, 10.0, 0.999, 1000
GROUP = f"gradient ascent: {CLASSES} classes × {STARTS} starts of a {LENGTH}-{CLASSES} softmax layer"
UNITS = np.repeat(np.arange(CLASSES), STARTS)


@pytest.fixture(scope="module")
def layer():
    """Weights that see a jump as a trained network does, over a few samples, and the starts."""
    weights = np.array(jumps.posterior_network().weights)
    near = np.exp(-np.abs(np.arange(LENGTH)[:, None] + 1 - np.arange(21, 81)[None] - 0.5) / 3)
    weights = ((weights - weights.mean(axis=1, keepdims=True)) * near).astype(np.float32)
    start = np.random.default_rng(0).uniform(-0.05, 0.05, (len(UNITS), LENGTH)).astype(np.float32)
    return weights, start


@pytest.mark.benchmark(group=GROUP)
def test_interp_jax(benchmark, layer):
    network = jax.tree_util.Partial(jnp.dot, b=jnp.asarray(layer[0]))
    start, units = jnp.asarray(layer[1]), jnp.asarray(UNITS)

    def climb():
        return jax.block_until_ready(
            ascent.maximize(network, start, units, rate=RATE, threshold=THRESHOLD, steps=STEPS)
        )

    found = benchmark.pedantic(climb, rounds=10, warmup_rounds=2)
    _keep(benchmark, np.mean(found.converged), np.mean(found.steps))


@pytest.mark.benchmark(group=GROUP)
def test_pytorch_lane_by_lane(benchmark, layer):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    weights, start = (torch.tensor(array) for array in layer)

    def climb():
        steps, arrived = [], 0
        for row, unit in zip(start, UNITS, strict=True):
            x = row.clone().requires_grad_()
            taken = 0
            while taken < STEPS:
                activation = torch.softmax(x @ weights, dim=0)[unit]
                if activation > THRESHOLD:
                    arrived += 1
                    break
                (gradient,) = torch.autograd.grad(activation, x)
                with torch.no_grad():
                    x += RATE * gradient
                taken += 1
            steps.append(taken)
        return arrived / len(UNITS), np.mean(steps)

    _keep(benchmark, *benchmark.pedantic(climb, rounds=2))


@pytest.mark.benchmark(group=GROUP)
def test_pytorch_all_lanes(benchmark, layer):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    device = "cuda" if torch.cuda.is_available() and jax.default_backend() == "gpu" else "cpu"
    weights, start = (torch.tensor(array, device=device) for array in layer)
    units = torch.tensor(UNITS, device=device)[:, None]

    def climb():
        x, steps = start.clone(), torch.zeros(len(UNITS), device=device)
        for _ in range(STEPS + 1):
            x.requires_grad_()
            activation = torch.softmax(x @ weights, dim=1).gather(1, units)[:, 0]
            moving = activation <= THRESHOLD
            if not moving.any():
                break
            (gradient,) = torch.autograd.grad(activation.sum(), x)
            x = (x + RATE * gradient * moving[:, None]).detach()
            steps += moving
        return float((~moving).float().mean()), float(steps.mean())

    _keep(benchmark, *benchmark.pedantic(climb, rounds=10, warmup_rounds=2))


def _keep(benchmark, arrived, steps):
    benchmark.extra_info |= {"lanes that arrive": float(arrived), "steps, mean": float(steps)}
