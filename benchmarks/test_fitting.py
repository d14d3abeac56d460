"""Training several seeds of the thesis' 2-layer perceptron for a fixed number of epochs."""

import functools

import jax
import numpy as np

from benchmarks import baselines
from benchmarks.measure import baseline, check, ours
from interp_jax import data, networks

SIZES = (5,)
EPOCHS, ROWS, BATCH = 3, 12_000, 100
PARAMETERS = 100 * 100 + 100 * 60


def group(seeds):
    return f"fit: {seeds} seeds of 100-100-60, {EPOCHS} epochs of {ROWS // BATCH} steps of {BATCH}"


@functools.cache
def _rows():
    drawn = data.jump_signals(jax.random.key(0), ROWS)
    return np.asarray(drawn.signals), np.asarray(drawn.labels)


def test_interp_jax(benchmark, size):
    keys = jax.random.split(jax.random.key(1), size)
    stacked = jax.vmap(networks.perceptron)(keys)

    def train():
        fitted = networks.fit(stacked, *_rows(), key=keys, minibatch_size=BATCH, epochs=EPOCHS)
        return jax.tree.leaves(fitted.network), fitted.history

    result = ours(benchmark, size, train, rounds=7, flops=6 * PARAMETERS * ROWS * EPOCHS * size)
    check(benchmark, last_training_loss=result[1].loss[-1].mean())


def _trained(size, compiled):
    torch, device = baselines.torch()
    inputs, labels = (torch.tensor(part, device=device) for part in (_rows()[0], _rows()[1].astype(np.int64)))
    model = torch.nn.Sequential(torch.nn.Linear(100, 100), torch.nn.ReLU(), torch.nn.Linear(100, 60)).to(device)
    criterion = torch.nn.CrossEntropyLoss()

    def measured(x, y):
        return criterion(model(x), y)

    measured = baselines.compiled(measured, inputs[:BATCH], labels[:BATCH]) if compiled else measured

    def train():
        losses = []
        for seed in range(size):
            torch.manual_seed(seed)
            for layer in (model[0], model[2]):
                torch.nn.init.xavier_uniform_(layer.weight)
                torch.nn.init.zeros_(layer.bias)
            optimizer = torch.optim.SGD(model.parameters(), 0.01)
            for _ in range(EPOCHS):
                total = torch.zeros((), device=device)
                for chosen in torch.randperm(ROWS, device=device).split(BATCH):
                    optimizer.zero_grad()
                    loss = measured(inputs[chosen], labels[chosen])
                    loss.backward()
                    optimizer.step()
                    total += loss.detach()
            losses.append(float(total) / (ROWS // BATCH))
        return float(np.mean(losses))

    return train


def test_pytorch(benchmark, size):
    check(benchmark, last_training_loss=baseline(benchmark, size, _trained(size, compiled=False), rounds=7))


def test_pytorch_compiled(benchmark, size):
    check(benchmark, last_training_loss=baseline(benchmark, size, _trained(size, compiled=True), rounds=7))
