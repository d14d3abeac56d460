"""Gates for classes, costs and starts after a pooled layer of the paper's MNIST size, the layer itself cached."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import baselines
from benchmarks.measure import baseline, check, ours
from interp_jax.methods import core_units
from interp_jax.networks import freeze, image_cnn, lift

SIZES, CURVE = (150,), (15, 30, 60, 150)
ALPHAS, REPEATS, STEPS, BATCH, ROWS = core_units.ALPHAS, 3, 60, 128, 2_000
SHAPE = (7, 7, 64)


def group(lanes):
    return f"core units: {lanes} lanes of {STEPS} gate steps, 3136-1024-10, batches of {BATCH}"


@functools.cache
def _layer():
    """The tail with random weights, a rectified layer, and labels in place of predictions, which take the same time."""
    tail = freeze(image_cnn(jax.random.key(0))).after("max2")
    draw = np.random.default_rng(0)
    hidden = np.maximum(draw.standard_normal((ROWS, *SHAPE), np.float32), 0)
    return tail, hidden, draw.integers(0, 10, ROWS)


def test_interp_jax(benchmark, size):
    """Includes evaluating the sets, which the baselines leave out."""
    tail, hidden, labels = _layer()
    tail, hidden = lift(tail, SHAPE), jnp.asarray(hidden)
    targets = tuple(range(size // (len(ALPHAS) * REPEATS)))

    def run():
        return core_units.sweep(
            tail,
            hidden,
            labels,
            targets,
            key=jax.random.key(0),
            alphas=ALPHAS,
            kind="straight_through",
            repeats=REPEATS,
            steps=STEPS,
            minibatch_size=BATCH,
        )

    check(benchmark, mean_units_kept=ours(benchmark, size, run).units.mean())


def _loop(size, compiled):
    """A function that trains the 15 lanes of the first class one by one, and their share of all lanes."""
    torch, device = baselines.torch()
    tail, hidden, labels = _layer()
    weights = [
        torch.tensor(np.array(part[...]), device=device)
        for dense in (tail.dense1, tail.dense2)
        for part in (dense.kernel, dense.bias)
    ]
    hidden, labels = torch.tensor(hidden, device=device), torch.tensor(labels, device=device)
    yes = (torch.arange(BATCH, device=device) < BATCH // 2).float()

    def measured(x, log_weight, rows, alpha):
        gates = torch.sigmoid(10 * x)
        rounded = gates + ((gates >= 0.5).float() - gates).detach()
        inner = torch.relu(torch.addmm(weights[1], (hidden[rows] * rounded).reshape(BATCH, -1), weights[0]))
        scores = torch.addmm(weights[3], inner, weights[2])
        behind = (scores.max(dim=1).values - scores[:, 0]) / scores.std(dim=1, correction=0)
        return torch.mean((yes - 2 * torch.sigmoid(-log_weight.exp() * behind)) ** 2) + alpha * gates.sum()

    if compiled:
        first = torch.full(SHAPE[-1:], 0.1, device=device, requires_grad=True)
        measured = baselines.compiled(
            measured,
            first,
            torch.zeros((), device=device, requires_grad=True),
            torch.arange(BATCH, device=device),
            torch.tensor(ALPHAS[0], device=device),
        )
    groups = torch.nonzero(labels == 0)[:, 0], torch.nonzero(labels != 0)[:, 0]

    def lane(alpha, seed):
        """A usual training loop: the gates are leaves, all else is constant."""
        torch.manual_seed(seed)
        x = (0.1 + 0.05 * torch.randn(SHAPE[-1], device=device)).requires_grad_()
        log_weight = torch.full((), np.log(2.0), device=device, requires_grad=True)
        optimizer = torch.optim.Adam([x, log_weight], lr=0.01)
        for _ in range(STEPS):
            rows = torch.cat([group[torch.randint(len(group), (BATCH // 2,), device=device)] for group in groups])
            loss = measured(x, log_weight, rows, alpha)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return int((x >= 0).sum())

    def run():
        alphas = torch.tensor(ALPHAS, device=device)
        return np.mean([lane(alpha, seed) for alpha in alphas for seed in range(REPEATS)])

    return run, len(ALPHAS) * REPEATS / size


def test_pytorch(benchmark, size):
    run, share = _loop(size, compiled=False)
    check(benchmark, mean_units_kept=baseline(benchmark, size, run, share=share))


def test_pytorch_compiled(benchmark, size):
    run, share = _loop(size, compiled=True)
    check(benchmark, mean_units_kept=baseline(benchmark, size, run, share=share))
