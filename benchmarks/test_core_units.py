"""Gates for many classes, costs and starts after a pooled layer of the paper's MNIST size, the layer itself cached."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import core_units
from interp_jax.networks import freeze, image_cnn, lift

TARGETS, ALPHAS, REPEATS, STEPS, BATCH, ROWS = (0, 1), core_units.ALPHAS, 3, 60, 128, 2_000
SHAPE = (7, 7, 64)
GROUP = (
    f"core units: {len(TARGETS) * len(ALPHAS) * REPEATS} lanes of {STEPS} gate steps, 3136-1024-10, batches of {BATCH}"
)


@pytest.fixture(scope="module")
def layer():
    """The tail with random weights, a rectified layer, and labels in place of predictions: time does not ask."""
    tail = freeze(image_cnn(jax.random.key(0))).after("max2")
    draw = np.random.default_rng(0)
    hidden = np.maximum(draw.standard_normal((ROWS, *SHAPE), np.float32), 0)
    return tail, hidden, draw.integers(0, 10, ROWS)


@pytest.mark.benchmark(group=GROUP)
def test_interp_jax(benchmark, layer):
    tail, hidden, labels = layer
    tail, hidden = lift(tail, SHAPE), jnp.asarray(hidden)

    def run():
        return core_units.sweep(
            tail,
            hidden,
            labels,
            TARGETS,
            key=jax.random.key(0),
            alphas=ALPHAS,
            kind="straight_through",
            repeats=REPEATS,
            steps=STEPS,
            batch_size=BATCH,
        )

    found = benchmark.pedantic(run, rounds=5, warmup_rounds=2)
    benchmark.extra_info["units kept, mean"] = float(found.units.mean())


@pytest.mark.benchmark(group=GROUP)
def test_pytorch(benchmark, layer):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    device = "cuda" if torch.cuda.is_available() and jax.default_backend() == "gpu" else "cpu"
    tail, hidden, labels = layer
    weights = [
        torch.tensor(np.array(part[...]), device=device)
        for dense in (tail.dense1, tail.dense2)
        for part in (dense.kernel, dense.bias)
    ]
    hidden, labels = torch.tensor(hidden, device=device), torch.tensor(labels, device=device)

    def run():
        return np.mean(
            [
                _trained(torch, weights, hidden, labels, target, alpha, repeat)
                for target in TARGETS
                for alpha in ALPHAS
                for repeat in range(REPEATS)
            ]
        )

    benchmark.extra_info["units kept, mean"] = float(benchmark.pedantic(run, rounds=3, warmup_rounds=1))


def _trained(torch, weights, hidden, labels, target, alpha, seed):
    """One lane, as one would write it: the gates are leaves, all else is constant."""
    torch.manual_seed(seed)
    x = (0.1 + 0.05 * torch.randn(SHAPE[-1], device=hidden.device)).requires_grad_()
    log_weight = torch.full((), np.log(2.0), device=hidden.device, requires_grad=True)
    optimizer = torch.optim.Adam([x, log_weight], lr=0.01)
    groups = torch.nonzero(labels == target)[:, 0], torch.nonzero(labels != target)[:, 0]
    yes = (torch.arange(BATCH, device=hidden.device) < BATCH // 2).float()
    for _ in range(STEPS):
        rows = torch.cat([group[torch.randint(len(group), (BATCH // 2,))] for group in groups])
        gates = torch.sigmoid(10 * x)
        rounded = gates + ((gates >= 0.5).float() - gates).detach()
        inner = torch.relu(torch.addmm(weights[1], (hidden[rows] * rounded).reshape(BATCH, -1), weights[0]))
        scores = torch.addmm(weights[3], inner, weights[2])
        behind = (scores.max(dim=1).values - scores[:, target]) / scores.std(dim=1, correction=0)
        loss = torch.mean((yes - 2 * torch.sigmoid(-log_weight.exp() * behind)) ** 2) + alpha * gates.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return int((x >= 0).sum())
