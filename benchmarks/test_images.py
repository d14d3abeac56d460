"""Steps of training the paper's CIFAR-10 network, on random images of that size: no data set is needed."""

import functools

import jax
import numpy as np
import optax

from benchmarks import baselines
from benchmarks.measure import baseline, check, ours
from interp_jax import networks

SIZES, BATCH, SHAPE = (10,), 128, (24, 24, 3)
SGD = optax.sgd(0.1)
# Multiplications and additions of a forward pass: two convolutions of 5 × 5 and three dense layers.
FLOPS = 2 * (24 * 24 * 75 * 64 + 12 * 12 * 1600 * 64 + 2304 * 384 + 384 * 192 + 192 * 10)


def group(steps):
    return f"training: {steps} steps of the CIFAR-10 network, batches of {BATCH}"


@functools.cache
def _rows(steps):
    draw = np.random.default_rng(0)
    count = steps * BATCH
    return draw.normal(size=(count, *SHAPE)).astype(np.float32), draw.integers(0, 10, count).astype(np.int32)


def test_interp_jax(benchmark, size):
    network, (inputs, labels) = networks.cifar_cnn(jax.random.key(0)), map(jax.numpy.asarray, _rows(size))

    def train():
        fitted = networks.fit(
            network, inputs, labels, key=jax.random.key(1), optimizer=SGD, minibatch_size=BATCH, epochs=1
        )
        return jax.tree.leaves(fitted.network), fitted.history

    _, history = ours(benchmark, size, train, flops=3 * FLOPS * BATCH * size)
    check(benchmark, mean_loss=history.loss[-1])


def test_pytorch(benchmark, size):
    torch, device = baselines.torch()
    inputs, labels = _rows(size)
    images = torch.tensor(inputs.transpose(0, 3, 1, 2).copy(), device=device)
    targets = torch.tensor(labels.astype(np.int64), device=device)
    nn = torch.nn
    torch.manual_seed(0)
    block = [nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.LocalResponseNorm(9, 0.001, 0.75, 1.0)]
    model = nn.Sequential(
        *(nn.Conv2d(3, 64, 5, padding=2), *block),
        *(nn.Conv2d(64, 64, 5, padding=2), nn.ReLU(), nn.LocalResponseNorm(9, 0.001, 0.75, 1.0)),
        *(nn.MaxPool2d(3, 2, 1), nn.Flatten()),
        *(nn.Linear(2304, 384), nn.ReLU(), nn.Linear(384, 192), nn.ReLU(), nn.Linear(192, 10)),
    ).to(device)
    optimizer, criterion = torch.optim.SGD(model.parameters(), 0.1), nn.CrossEntropyLoss()

    def train():
        total = torch.zeros((), device=device)
        for chosen in torch.randperm(len(images), device=device).split(BATCH):
            optimizer.zero_grad()
            loss = criterion(model(images[chosen]), targets[chosen])
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return float(total) / size

    check(benchmark, mean_loss=baseline(benchmark, size, train))
