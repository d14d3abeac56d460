"""Online training of the sigmoid network at the paper's MNIST sizes: one row a step."""

import jax
import numpy as np
import pytest

from interp_jax.networks import lnn

SIZES, STEPS, ROWS, PENALTY = (196, 100, 10), 5_000, 1_000, 1.1e-5
GROUP = f"LNN: {STEPS:,} online steps of {'-'.join(map(str, SIZES))}"


@pytest.fixture(scope="module")
def rows():
    draw = np.random.default_rng(0)
    inputs = draw.uniform(-1, 1, (ROWS, SIZES[0])).astype(np.float32)
    return inputs, draw.uniform(0.01, 0.99, (ROWS, SIZES[-1])).astype(np.float32)


@pytest.fixture(scope="module")
def network():
    return lnn.init(jax.random.key(0), SIZES)


@pytest.mark.benchmark(group=GROUP)
def test_interp_jax(benchmark, network, rows):
    train = jax.jit(lnn.train, static_argnames="steps")
    inputs, targets = map(jax.numpy.asarray, rows)

    def run():
        return jax.block_until_ready(train(network, inputs, targets, steps=STEPS, penalty=PENALTY))

    trained = benchmark.pedantic(run, rounds=7, warmup_rounds=2)
    benchmark.extra_info["error of the last steps"] = float(trained.error[-1])


@pytest.mark.benchmark(group=GROUP)
def test_pytorch(benchmark, network, rows):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    device = "cuda" if torch.cuda.is_available() and jax.default_backend() == "gpu" else "cpu"
    inputs, targets = (torch.tensor(part, device=device) for part in rows)
    started = [[torch.tensor(np.array(part), device=device) for part in parts] for parts in network]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # matrices this small are slower on two

    @torch.no_grad()
    def run():
        weights, biases = ([part.clone() for part in parts] for parts in started)
        errors = []
        for t in range(STEPS):
            rate = 0.7 * STEPS / (STEPS + 5 * t)
            outputs = [inputs[t % ROWS]]
            for weight, bias in zip(weights, biases, strict=True):
                outputs.append(torch.sigmoid(torch.addmv(bias, weight.T, outputs[-1])))
            miss = outputs[-1] - targets[t % ROWS]
            delta = miss * (outputs[-1] * (1 - outputs[-1]) + 1e-3)
            if t >= STEPS - STEPS // 100:
                errors.append(torch.sum(miss**2))
            for layer in reversed(range(len(weights))):
                before = weights[layer] @ delta if layer else None
                weights[layer] -= (rate * PENALTY) * torch.sign(weights[layer])
                weights[layer].addr_(outputs[layer], delta, alpha=-rate)
                biases[layer].sub_(delta, alpha=rate)
                if layer:
                    delta = before * (outputs[layer] * (1 - outputs[layer]) + 1e-3)
        return float(torch.stack(errors).mean())

    try:
        benchmark.extra_info["error of the last steps"] = benchmark.pedantic(run, rounds=7, warmup_rounds=1)
    finally:
        torch.set_num_threads(threads)
