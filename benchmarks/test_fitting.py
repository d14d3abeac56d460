"""Training five seeds of the thesis' 2-layer perceptron for a fixed number of epochs."""

import jax
import numpy as np
import pytest

from interp_jax import data, networks

SEEDS, EPOCHS, ROWS, BATCH = 5, 3, 12_000, 100
GROUP = f"fit: {SEEDS} seeds of 100-100-60, {EPOCHS} epochs of {ROWS // BATCH} steps of {BATCH}"


@pytest.fixture(scope="module")
def rows():
    drawn = data.jump_signals(jax.random.key(0), ROWS)
    return np.asarray(drawn.signals), np.asarray(drawn.labels)


@pytest.mark.benchmark(group=GROUP)
def test_interp_jax(benchmark, rows):
    keys = jax.random.split(jax.random.key(1), SEEDS)
    stacked = jax.vmap(networks.perceptron)(keys)

    def train():
        fitted = networks.fit(stacked, *rows, key=keys, batch_size=BATCH, epochs=EPOCHS)
        jax.block_until_ready(jax.tree.leaves(fitted.network))
        return fitted

    fitted = benchmark.pedantic(train, rounds=7, warmup_rounds=2)
    benchmark.extra_info["last training loss"] = float(fitted.history.loss[-1].mean())


@pytest.mark.benchmark(group=GROUP)
def test_pytorch(benchmark, rows):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    device = "cuda" if torch.cuda.is_available() and jax.default_backend() == "gpu" else "cpu"
    inputs, labels = (torch.tensor(part, device=device) for part in (rows[0], rows[1].astype(np.int64)))

    def train():
        losses = []
        for seed in range(SEEDS):
            torch.manual_seed(seed)
            model = torch.nn.Sequential(torch.nn.Linear(100, 100), torch.nn.ReLU(), torch.nn.Linear(100, 60)).to(device)
            for layer in (model[0], model[2]):
                torch.nn.init.xavier_uniform_(layer.weight)
                torch.nn.init.zeros_(layer.bias)
            optimizer, criterion = torch.optim.SGD(model.parameters(), 0.01), torch.nn.CrossEntropyLoss()
            for _ in range(EPOCHS):
                total = torch.zeros((), device=device)
                for chosen in torch.randperm(ROWS, device=device).split(BATCH):
                    optimizer.zero_grad()
                    loss = criterion(model(inputs[chosen]), labels[chosen])
                    loss.backward()
                    optimizer.step()
                    total += loss.detach()
            losses.append(float(total) / (ROWS // BATCH))
        return float(np.mean(losses))

    benchmark.extra_info["last training loss"] = benchmark.pedantic(train, rounds=7, warmup_rounds=2)
