from inspect import unwrap
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from interp_jax import data, networks
from interp_jax.networks.training import _resuming as resuming
from tests import reference


def _set(rows, seed):
    drawn = data.jump_signals(jax.random.key(seed), rows)
    return np.asarray(drawn.signals), np.asarray(drawn.labels)


TRAIN, VALIDATION = _set(600, 1), _set(300, 2)
KEYS = jax.random.split(jax.random.key(0), 3)
# As users have them, without the checks of types that tests add.
FIT, FIT_FRESH = unwrap(networks.fit), unwrap(networks.fit_fresh)


def _perceptron(key):
    return networks.perceptron(key, (100, 20, 60))


def _lane(tree, index):
    return jax.tree.map(lambda leaf: leaf[index], tree)


def _error(network, rows):
    return float(np.mean(np.argmax(network(rows[0]), 1) != rows[1]))


def test_learns_and_gives_back_the_best_epoch():
    fitted = networks.fit(
        _perceptron(KEYS[0]),
        *TRAIN,
        key=KEYS[0],
        validation=VALIDATION,
        optimizer=optax.adam(0.01),
        epochs=40,
        patience=5,
    )
    history, best = fitted.history, int(fitted.best_epoch)
    assert len(history.loss) == best + 5, "stopped five epochs after the best one"
    assert history.validation_loss[best - 1] == history.validation_loss.min()
    assert history.loss[-1] < 0.5 * history.loss[0]
    scores = fitted.network(VALIDATION[0])
    loss = optax.softmax_cross_entropy_with_integer_labels(scores, VALIDATION[1]).mean()
    np.testing.assert_allclose(loss, history.validation_loss[best - 1], rtol=1e-5)
    np.testing.assert_allclose(_error(fitted.network, VALIDATION), history.validation_error[best - 1], atol=1e-6)


def test_one_epoch_is_plain_gradient_descent():
    network = _perceptron(KEYS[0])
    fitted = networks.fit(network, *TRAIN, key=KEYS[0], minibatch_size=600, epochs=1)

    def loss(network):
        log_probabilities = jax.nn.log_softmax(network(jnp.asarray(TRAIN[0])))
        return -jnp.mean(log_probabilities[jnp.arange(600), TRAIN[1]])

    gradient = jax.grad(loss)(network)
    for layer in ("dense1", "dense2"):
        wanted = getattr(network, layer).kernel[...] - 0.01 * getattr(gradient, layer).kernel[...]
        np.testing.assert_allclose(getattr(fitted.network, layer).kernel[...], wanted, atol=1e-6)
    np.testing.assert_allclose(fitted.history.loss[0], loss(network), rtol=1e-5)


def test_a_lane_is_the_same_alone_and_in_any_ensemble():
    together = networks.fit(jax.vmap(_perceptron)(KEYS), *TRAIN, key=KEYS, validation=VALIDATION, epochs=4)
    assert together.history.loss.shape == (4, 3)
    for index, key in enumerate(KEYS):
        alone = networks.fit(_perceptron(key), *TRAIN, key=key, validation=VALIDATION, epochs=4)
        np.testing.assert_allclose(together.history.validation_loss[:, index], alone.history.validation_loss, rtol=1e-4)
        np.testing.assert_allclose(
            _lane(together.network, index)(VALIDATION[0]), alone.network(VALIDATION[0]), atol=1e-4
        )
    assert not np.allclose(together.history.loss[:, 0], together.history.loss[:, 1])


def test_every_lane_stops_by_itself():
    # Labels that cannot be learned, and a tiny validation set: its loss goes up and down, so a lane that did not stop
    # at its first rise would find a better epoch later.
    draw, keys = np.random.default_rng(0), jax.random.split(jax.random.key(0), 8)
    rows = draw.normal(size=(60, 6)).astype(np.float32), draw.integers(0, 4, 60)
    held_out = draw.normal(size=(6, 6)).astype(np.float32), draw.integers(0, 4, 6)
    options = {"validation": held_out, "optimizer": optax.adam(0.03), "epochs": 60, "minibatch_size": 10, "patience": 1}

    def small(key):
        return networks.perceptron(key, (6, 5, 4))

    together = networks.fit(jax.vmap(small)(keys), *rows, key=keys, **options)
    alone = [networks.fit(small(key), *rows, key=key, **options) for key in keys]
    np.testing.assert_array_equal(together.best_epoch, [fitted.best_epoch for fitted in alone])
    assert (together.history.validation_loss.argmin(0) + 1 != together.best_epoch).any(), "the case must matter"


def test_rows_are_each_used_at_most_once_an_epoch_and_reshuffled():
    # A network that is one weight a row, one-hot inputs, rate 1: the gradient counts how often a row was used.
    rows = 10
    network = networks.Chain(
        dense=nnx.Linear(rows, 2, use_bias=False, kernel_init=nnx.initializers.zeros, rngs=nnx.Rngs(0))
    )

    def used(epochs):
        fitted = networks.fit(
            network,
            np.eye(rows, dtype=np.float32),
            np.zeros(rows, int),
            key=KEYS[0],
            minibatch_size=4,
            epochs=epochs,
            loss=_linear_loss,
            optimizer=optimizer,
        )
        return np.asarray(fitted.network.dense.kernel[...])[:, 0]

    optimizer = optax.sgd(4.0)  # one for all, or each would be compiled
    counts = np.stack([used(epochs) for epochs in range(1, 6)])
    np.testing.assert_allclose(np.sort(counts[0]), [0, 0, *[1] * 8])
    assert counts[1].sum() == 16
    assert len({tuple(np.flatnonzero(epoch == 0)) for epoch in np.diff(counts, axis=0)}) > 1


def _linear_loss(scores, labels):
    return -scores[:, 0]


def test_batch_norm_statistics_and_dropout_are_trained():
    rngs = nnx.Rngs(0)
    chain = networks.Chain(
        dense1=nnx.Linear(100, 20, rngs=rngs),
        norm=nnx.BatchNorm(20, rngs=rngs),
        relu1=nnx.relu,
        drop=nnx.Dropout(0.3),
        dense2=nnx.Linear(20, 60, rngs=rngs),
    )
    fitted = networks.fit(chain, *TRAIN, key=KEYS[0], epochs=3)
    assert np.abs(fitted.network.norm.mean[...]).max() > 0.01
    assert np.abs(np.asarray(chain.norm.mean[...])).max() == 0, "the caller's network is left alone"
    assert fitted.network.drop.deterministic
    np.testing.assert_allclose(
        fitted.network(TRAIN[0][:1]), fitted.network(TRAIN[0][:5])[:1], atol=1e-5, err_msg="an inference view"
    )


def test_dropout_is_on_in_training_with_a_new_mask_every_step():
    chain = networks.Chain(drop=nnx.Dropout(0.5), dense=nnx.Linear(100, 60, rngs=nnx.Rngs(0)))
    frozen_rate = optax.sgd(0.0)
    options = {"key": KEYS[0], "optimizer": frozen_rate, "minibatch_size": 600, "epochs": 3}
    losses = networks.fit(chain, *TRAIN, **options).history.loss
    without = networks.fit(networks.Chain(dense=chain.dense), *TRAIN, **options).history.loss
    assert np.ptp(without) < 1e-5, "the same weights, the same rows"
    assert len(np.unique(losses)) == 3, "another mask every time"
    assert np.abs(losses - without).min() > 0.01


def test_fresh_training_keeps_batch_norm_statistics():
    rngs = nnx.Rngs(0)
    chain = networks.Chain(norm=nnx.BatchNorm(100, rngs=rngs), dense=nnx.Linear(100, 60, rngs=rngs))
    fitted = networks.fit_fresh(chain, _draw, key=KEYS[0], steps=20)
    means = np.asarray(fitted.network.norm.mean[...])
    assert means[-20:].mean() > 0.3, "the last samples are always high"


@pytest.mark.parametrize(
    "optimizer",
    [
        pytest.param(optax.lbfgs(), marks=pytest.mark.slow),
        optax.chain(optax.sgd(1.0), optax.scale_by_backtracking_linesearch(4, store_grad=True)),
        optax.chain(optax.sgd(0.1), optax.contrib.reduce_on_plateau()),
        optax.adamw(0.01),
    ],
)
def test_any_optax_optimizer_serves(optimizer):
    fitted = networks.fit(_perceptron(KEYS[0]), *TRAIN, key=KEYS[0], optimizer=optimizer, minibatch_size=300, epochs=3)
    assert fitted.history.loss[-1] < fitted.history.loss[0]


def test_a_network_of_nan_is_wrong_everywhere_and_never_best():
    network = _perceptron(KEYS[0])
    network.dense2.bias[...] = jnp.full(60, jnp.nan)
    fitted = networks.fit(network, *TRAIN, key=KEYS[0], validation=VALIDATION, epochs=2)
    assert (fitted.history.error == 1).all()
    assert (fitted.history.validation_error == 1).all()
    assert int(fitted.best_epoch) == 0


def test_a_second_fit_does_not_compile(assert_compiles):
    networks.fit(_perceptron(KEYS[0]), *TRAIN, key=KEYS[0], epochs=2, validation=VALIDATION)
    network = _perceptron(KEYS[1])
    with assert_compiles(0):
        networks.fit(network, *TRAIN, key=KEYS[1], epochs=2, validation=VALIDATION)


# Small and shared by the tests below: they ask about epochs and steps, not about learning.
FEW = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32), np.random.default_rng(1).integers(0, 4, 40)
HELD_OUT = FEW[0][:12, 2:], FEW[1][:12]
HALF = optax.sgd(0.5)


def _small(key):
    return networks.perceptron(key, (6, 5, 4))


def _without_the_first(key, inputs):
    return inputs[:, 2:]


def _noisy(key, inputs):
    return inputs[:, 2:] + jax.random.normal(key, (len(inputs), 6))


def _loss(network, rows):
    return float(optax.softmax_cross_entropy_with_integer_labels(network(rows[0]), rows[1]).mean())


def _assert_identical(found, wanted):
    jax.tree.map(np.testing.assert_array_equal, tuple(found), tuple(wanted))


def _few_rows(key):
    return jax.random.normal(key, (10, 6)), jnp.zeros(10, int)


def test_the_evaluation_batch_changes_nothing():
    rows = FEW[0][:, 2:], FEW[1]
    options = {"key": KEYS[0], "validation": HELD_OUT, "epochs": 1, "minibatch_size": 20}
    losses = [
        networks.fit(_small(KEYS[0]), *rows, evaluation_batch_size=size, **options).history.validation_loss
        for size in (1, 5, 10_000)
    ]
    np.testing.assert_allclose(losses, np.broadcast_to(losses[0], (3, 1)), rtol=1e-5)


def test_steps_that_do_not_fill_a_call_are_done_as_asked():
    counts, network = [], _small(KEYS[0])
    options = {"key": KEYS[0], "optimizer": HALF, "steps": 10}
    fitted = networks.fit_fresh(
        network, _few_rows, steps_per_call=4, on_call=lambda count, _: counts.append(count), **options
    )
    whole = networks.fit_fresh(network, _few_rows, steps_per_call=10, **options)
    assert counts == [4, 8, 10]
    np.testing.assert_allclose(fitted.network(HELD_OUT[0]), whole.network(HELD_OUT[0]), atol=1e-5)


def test_augmentation_changes_what_is_trained_on_and_nothing_else():
    network = _small(KEYS[0])
    options = {"key": KEYS[0], "validation": HELD_OUT, "optimizer": optax.sgd(0.0), "minibatch_size": 20, "epochs": 3}
    history = networks.fit(network, *FEW, augment=_without_the_first, **options).history
    np.testing.assert_allclose(history.loss, _loss(network, (FEW[0][:, 2:], FEW[1])), rtol=1e-5)
    np.testing.assert_allclose(history.validation_loss, _loss(network, HELD_OUT), rtol=1e-5)


def test_augmentation_has_a_key_a_step():
    same = np.ones((40, 8), np.float32), np.zeros(40, int)
    seen = []

    def watched(key, inputs):
        jax.debug.callback(lambda x: seen.append(float(x)), jax.random.uniform(key))
        return inputs[:, 2:]

    networks.fit(_small(KEYS[0]), *same, key=KEYS[0], augment=watched, minibatch_size=10, epochs=3)
    jax.effects_barrier()
    assert len(set(seen)) == len(seen) == 12


def test_the_average_of_the_weights_is_the_papers_recurrence():
    network, decay = _small(KEYS[0]), 0.3
    options = {"key": KEYS[0], "optimizer": HALF, "minibatch_size": 40, "augment": _without_the_first}
    path = [network, *(networks.fit(network, *FEW, epochs=epochs, **options).network for epochs in range(1, 7))]
    fitted = networks.fit(network, *FEW, epochs=6, average=decay, validation=HELD_OUT, **options)
    assert int(fitted.best_epoch) == 6, "else another epoch's average comes back"
    for layer in ("dense1", "dense2"):
        weights = [np.asarray(getattr(step, layer).kernel[...]) for step in path]
        wanted = reference.moving_average(weights, decay)
        np.testing.assert_allclose(getattr(fitted.network, layer).kernel[...], wanted, atol=1e-5)
        assert np.abs(wanted - weights[-1]).max() > 1e-3
    np.testing.assert_allclose(fitted.history.validation_loss[-1], _loss(fitted.network, HELD_OUT), rtol=1e-5)


def test_the_average_counts_steps_over_epochs():
    # All rows are alike, so two steps of half of them do what two epochs of one step do.
    same = np.ones((40, 6), np.float32), np.zeros(40, int)
    options = {"key": KEYS[0], "optimizer": HALF, "average": 0.9}
    halves = networks.fit(_small(KEYS[0]), *same, minibatch_size=20, epochs=2, **options).network
    whole = networks.fit(_small(KEYS[0]), *same, minibatch_size=40, epochs=4, **options).network
    np.testing.assert_allclose(halves.dense2.kernel[...], whole.dense2.kernel[...], atol=1e-6)


def test_a_second_fit_with_augmentation_and_average_does_not_compile(assert_compiles):
    def train(seed):
        network = _small(KEYS[seed])
        return lambda: networks.fit(
            network, *FEW, key=KEYS[seed], augment=_noisy, average=0.9, validation=HELD_OUT, minibatch_size=20, epochs=2
        )

    first, second = train(0), train(1)
    first()
    with assert_compiles(0):
        second()


class _KilledError(Exception):
    pass


def _killed_after(calls):
    def report(count, record):
        if count == calls:
            raise _KilledError

    return report


STACKED = {
    "augment": _noisy,
    "average": 0.9,
    "optimizer": optax.noisy_sgd(0.1, key=3),
    "minibatch_size": 15,
    "epochs": 7,
}


def _train_stack(folder=None, report=None, **changes):
    options = {"key": KEYS, "validation": HELD_OUT, "patience": 2} | STACKED | changes
    network = jax.vmap(lambda key: networks.perceptron(key, (6, 4)))(KEYS)
    return networks.fit(network, *FEW, checkpoint=folder, on_epoch=report, **options)


def test_a_killed_training_ends_as_one_in_one_go(tmp_path, monkeypatch):
    monkeypatch.setattr(resuming, "SECONDS", 0)
    whole, folder = _train_stack(), tmp_path / "new" / "kept"
    with pytest.raises(_KilledError):
        _train_stack(folder, _killed_after(2))
    assert [path.name for path in folder.iterdir()] == ["2"]
    # What a writer that was killed leaves, and what is not ours.
    for name in ("3.orbax-checkpoint-tmp", "1", "notes"):
        (folder / name).mkdir()
    seen = []
    again = _train_stack(str(folder), lambda count, record: seen.append((count, record.loss.shape)))
    _assert_identical(again, whole)
    epochs = len(whole.history.loss)
    assert seen == [(count, (3,)) for count in range(3, epochs + 1)]
    assert {path.name for path in folder.iterdir()} == {str(epochs), "notes"}
    _assert_identical(_train_stack(folder, _killed_after(epochs)), whole)


def test_a_checkpoint_of_another_training_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(resuming, "SECONDS", 0)
    folder = tmp_path / "kept"
    _train_stack(folder, epochs=1)
    others = {
        "found minibatch_size 15.0 in kept, wanted 20.0": {"minibatch_size": 20},
        "found epochs 1.0 in kept, wanted 2.0": {"epochs": 2},
        r"found key \[\[": {"key": KEYS[::-1]},
        "found another training in kept: .*average": {"average": None},
        "found another training in kept: .*optimizer": {"optimizer": HALF},
    }
    for message, change in others.items():
        with pytest.raises(ValueError, match=f"^checkpoint: {message}"):
            _train_stack(folder, **({"epochs": 1} | change))
    with pytest.raises(ValueError, match="^checkpoint: found another training in kept"):
        networks.fit(_small(KEYS[0]), *FEW, key=KEYS[0], augment=_noisy, epochs=1, checkpoint=folder, minibatch_size=15)


def test_a_minute_passes_between_checkpoints(tmp_path, monkeypatch):
    times = iter([0.0, 59.0, 61.0, 70.0, 100.0, 129.0, 131.0, 140.0])
    monkeypatch.setattr(resuming, "time", SimpleNamespace(monotonic=lambda: next(times)))
    kept = []

    def report(count, record):
        kept.append(sorted(path.name for path in tmp_path.glob("kept/*")))

    options = {"key": KEYS[0], "augment": _without_the_first, "optimizer": HALF, "minibatch_size": 40, "epochs": 5}
    networks.fit(_small(KEYS[0]), *FEW, checkpoint=tmp_path / "kept", on_epoch=report, **options)
    assert kept == [[], ["2"], ["2"], ["2"], ["5"]]


def test_a_killed_training_on_fresh_rows_ends_as_one_in_one_go(tmp_path, monkeypatch):
    monkeypatch.setattr(resuming, "SECONDS", 0)

    def train(folder=None, report=None):
        network, options = _small(KEYS[0]), {"key": KEYS[0], "optimizer": HALF, "steps": 10, "steps_per_call": 4}
        return networks.fit_fresh(network, _few_rows, checkpoint=folder, on_call=report, **options)

    whole = train()
    with pytest.raises(_KilledError):
        train(tmp_path / "kept", _killed_after(8))
    seen = []
    _assert_identical(train(tmp_path / "kept", lambda count, record: seen.append(count)), whole)
    assert seen == [10]


def test_keys_of_the_old_kind_serve_too():
    old = jax.random.PRNGKey(5)
    a = networks.fit(_perceptron(KEYS[0]), *TRAIN, key=old, epochs=1)
    b = networks.fit(_perceptron(KEYS[0]), *TRAIN, key=jax.random.wrap_key_data(old), epochs=1)
    np.testing.assert_array_equal(a.history.loss, b.history.loss)


def _draw(key):
    drawn = data.sample_jump_signals(key, 50)
    return drawn.signals, drawn.labels


def test_fresh_rows_are_new_at_every_step():
    seen = []

    def watched(key):
        inputs, labels = _draw(key)
        jax.debug.callback(lambda x: seen.append(float(x)), inputs[0, 0], ordered=True)
        return inputs, labels

    networks.fit_fresh(_perceptron(KEYS[0]), watched, key=KEYS[0], steps=6, steps_per_call=3)
    jax.effects_barrier()
    assert len(seen) == len(set(seen)) == 7, "six steps, and the draw that is checked before them"


def test_fresh_training_learns_in_every_lane():
    keys = KEYS[:2]
    fitted = networks.fit_fresh(
        jax.vmap(_perceptron)(keys), _draw, key=keys, steps=400, optimizer=optax.adam(0.01), steps_per_call=100
    )
    assert fitted.history.loss.shape == (4, 2)
    assert (fitted.history.loss[-1] < 0.7 * fitted.history.loss[0]).all()
    assert _error(_lane(fitted.network, 0), VALIDATION) < 0.8


def test_progress_is_called_with_every_epoch():
    calls = []
    networks.fit(
        _perceptron(KEYS[0]),
        *TRAIN,
        key=KEYS[0],
        epochs=3,
        on_epoch=lambda n, record: calls.append((n, record.loss.shape)),
    )
    assert calls == [(1, ()), (2, ()), (3, ())]


def _changed(index, value, part=TRAIN):
    inputs, labels = part[0].copy(), part[1].copy()
    (inputs if index == 0 else labels)[0] = value
    return inputs, labels


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (_changed(0, np.nan), {}, "inputs: found NaN or infinity, wanted finite numbers"),
        (_changed(0, np.inf), {}, "inputs: found NaN or infinity"),
        (_changed(1, 60), {}, "labels: found 0 to 60, wanted whole numbers from 0 to 59"),
        (_changed(1, -1), {}, "labels: found -1 to 59"),
        ((TRAIN[0][:0], TRAIN[1][:0]), {}, "inputs: found shape"),
        ((TRAIN[0], TRAIN[1][:-1]), {}, "labels: found"),
        ((TRAIN[0], TRAIN[1].astype(float)), {}, "labels: found float64"),
        (TRAIN, {"minibatch_size": 0}, "minibatch_size: found 0"),
        (TRAIN, {"minibatch_size": 601}, "minibatch_size: found 601, wanted a whole number from 1 to 600"),
        (TRAIN, {"epochs": 0}, "epochs: found 0"),
        (TRAIN, {"patience": 0, "validation": VALIDATION}, "patience: found 0"),
        (TRAIN, {"average": 1.0}, "average: found 1.0, wanted a finite number, at least 0 and below 1"),
        (TRAIN, {"average": -0.1}, "average: found -0.1"),
        (TRAIN, {"average": float("nan")}, "average: found nan"),
        (
            TRAIN,
            {"augment": lambda key, x: x[:5]},
            r"augment: found shape \[5, 100\] for a minibatch, wanted its 100 rows",
        ),
        (
            TRAIN,
            {"augment": lambda key, x: x[:, :9]},
            r"inputs: found float32 \[1, 9\], wanted rows that the network takes",
        ),
        (TRAIN, {"patience": 3}, "patience: found a number but no validation set"),
        (
            TRAIN,
            {"validation": (VALIDATION[0][:, :50], VALIDATION[1])},
            r"validation inputs: found rows \[50\], wanted \[100\]",
        ),
        (TRAIN, {"validation": _changed(1, 99, VALIDATION)}, "validation labels: found 0 to 99"),
        (TRAIN, {"validation": _changed(0, np.nan, VALIDATION)}, "validation inputs: found NaN"),
        (TRAIN, {"key": KEYS}, "network: found leading axes"),
        (TRAIN, {"key": KEYS.reshape(3, 1)}, r"key: found shape \[3, 1\]"),
        (TRAIN, {"key": KEYS[:0]}, r"key: found shape \[0\]"),
        (TRAIN, {"key": 0}, "key: found 0, wanted a JAX random key"),
        (TRAIN, {"validation": (VALIDATION[0],)}, "validation: found tuple, wanted a pair"),
        (TRAIN, {"validation": VALIDATION[0]}, "validation: found ndarray, wanted a pair"),
        ((TRAIN[0][:, :50], TRAIN[1]), {}, r"inputs: found float32 \[1, 50\], wanted rows that the network takes"),
        ((TRAIN[0].astype(float) * 1e300, TRAIN[1]), {}, "inputs: found numbers beyond float32"),
        ((jnp.full((600, 100), jnp.nan, jnp.bfloat16), TRAIN[1]), {}, "inputs: found NaN or infinity"),
        ((TRAIN[0] * 1j, TRAIN[1]), {}, r"inputs: found complex64 \[600, 100\], wanted real numbers"),
        ((TRAIN[0][:, 0], TRAIN[1]), {}, r"inputs: found shape \[600\], wanted \[rows, features, …\]"),
        ((TRAIN[0], TRAIN[1].astype(np.uint64) + 2**32), {}, "labels: found 4294967296 to"),
        ((TRAIN[0], np.eye(60)[TRAIN[1]]), {}, "labels: found float64"),
        ((TRAIN[0], TRAIN[1].astype(str)), {}, "labels: found"),
        (TRAIN, {"epochs": 2.0}, "epochs: found 2.0, wanted a whole number"),
        (TRAIN, {"minibatch_size": True}, "minibatch_size: found True"),
        (TRAIN, {"evaluation_batch_size": 0}, "evaluation_batch_size: found 0"),
        (TRAIN, {"optimizer": optax.adam}, "optimizer: found function, wanted an optax optimizer"),
        (TRAIN, {"loss": lambda scores, labels: scores.mean()}, r"loss: found float32 \(\), wanted \[61\] numbers"),
        (TRAIN, {"loss": optax.softmax_cross_entropy}, "loss: found a function that fails"),
        (TRAIN, {"augment": lambda x: x}, "augment: found a function that fails"),
    ],
)
def test_bad_input_is_named(rows, options, message):
    options = {"key": KEYS[0], **options}
    with pytest.raises(ValueError, match=f"^{message}"):
        FIT(_perceptron(KEYS[0]), *rows, **options)


def test_a_sample_that_is_no_pair_is_refused():
    with pytest.raises(ValueError, match=r"^sample: found .*, wanted a pair \(inputs, labels\)"):
        networks.fit_fresh(_perceptron(KEYS[0]), lambda key: jnp.ones((3, 100)), key=KEYS[0], steps=1)
    with pytest.raises(ValueError, match="^steps_per_call: found 2.0"):
        FIT_FRESH(_perceptron(KEYS[0]), _draw, key=KEYS[0], steps=1, steps_per_call=2.0)


def test_networks_that_cannot_be_trained_are_refused():
    layer = nnx.Linear(100, 100, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="tied"):
        networks.fit(networks.Chain(a=layer, b=layer), *TRAIN, key=KEYS[0])
    with pytest.raises(ValueError, match="random state"):
        networks.fit(nnx.Dropout(0.5, rngs=nnx.Rngs(0)), *TRAIN, key=KEYS[0])
    with pytest.raises(ValueError, match="network: found no parameters"):
        networks.fit(networks.Chain(relu=nnx.relu), *TRAIN, key=KEYS[0])
    with pytest.raises(ValueError, match="network: found 3, wanted a Chain"):
        FIT(3, *TRAIN, key=KEYS[0])
    with pytest.raises(ValueError, match=r"a stacked network wants keys of shape \[seeds\]"):
        networks.fit(jax.vmap(_perceptron)(KEYS), *TRAIN, key=KEYS[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": 3}, "loss: found 3, wanted something callable"),
        ({"on_epoch": 3}, "on_epoch: found 3"),
        ({"checkpoint": 3}, "checkpoint: found 3, wanted the path of a folder"),
    ],
)
def test_arguments_of_other_types_are_named(options, message):
    with pytest.raises(TypeError, match=f"^{message}"):
        FIT(_perceptron(KEYS[0]), *TRAIN, key=KEYS[0], **options)


def test_the_old_word_for_a_minibatch_is_refused():
    with pytest.raises(TypeError, match="^batch_size: found an argument of this name, wanted minibatch_size"):
        networks.fit(_perceptron(KEYS[0]), *TRAIN, key=KEYS[0], batch_size=10)


def test_a_loss_of_one_hot_labels_is_refused_where_rows_are_as_many_as_classes():
    rows = np.ones((4, 6), np.float32), np.arange(4)
    with pytest.raises(ValueError, match="^loss: found"):
        networks.fit(_small(KEYS[0]), *rows, key=KEYS[0], minibatch_size=4, loss=optax.softmax_cross_entropy)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int64, bool, np.float16, np.float64, list])
def test_rows_of_any_type_train_as_float32_rows(kind):
    inputs, labels = (FEW[0][:, 2:] > 0), FEW[1]
    options = {"key": KEYS[0], "optimizer": HALF, "epochs": 2, "minibatch_size": 20}
    given = inputs.tolist() if kind is list else inputs.astype(kind)
    drawn = networks.fit(_small(KEYS[0]), given, labels, validation=(given[:12], labels[:12].tolist()), **options)
    wanted = inputs.astype(np.float32)
    whole = networks.fit(_small(KEYS[0]), wanted, labels, validation=(wanted[:12], labels[:12]), **options)
    _assert_identical(drawn, whole)


def test_whole_numbers_do_not_wrap_in_a_network():
    def scores(x):
        return (x - 200) / 100

    network = networks.Chain(shift=scores, dense=nnx.Linear(6, 4, rngs=nnx.Rngs(0)))
    inputs = np.random.default_rng(0).integers(0, 256, (40, 6))
    options = {"key": KEYS[0], "minibatch_size": 20, "epochs": 1}
    losses = [
        networks.fit(network, rows, FEW[1], **options).history.loss
        for rows in (inputs.astype(np.uint8), inputs.astype(np.float32))
    ]
    np.testing.assert_array_equal(*losses)
    wide = networks.fit(networks.Chain(dense=network.dense), inputs + 2**32, FEW[1], **options).history.loss
    as_float = (inputs + 2**32).astype(np.float32)
    np.testing.assert_array_equal(
        wide, networks.fit(networks.Chain(dense=network.dense), as_float, FEW[1], **options).history.loss
    )


def test_a_network_of_token_numbers_gets_whole_numbers():
    rngs = nnx.Rngs(0)
    network = networks.Chain(embed=nnx.Embed(7, 4, rngs=rngs), flat=_flat, dense=nnx.Linear(12, 7, rngs=rngs))
    tokens = np.random.default_rng(0).integers(0, 7, (40, 3))
    options = {"key": KEYS[0], "optimizer": optax.adam(0.1), "minibatch_size": 20}
    fitted = networks.fit(network, tokens, tokens[:, 1], validation=(tokens, tokens[:, 1]), epochs=30, **options)
    assert fitted.history.validation_error[-1] == 0


def _flat(x):
    return x.reshape(len(x), -1)


def test_drawn_whole_numbers_train_as_float32_rows():
    def draw(key, kind):
        return jax.random.bits(key, (10, 6), jnp.uint8).astype(kind), jnp.arange(10, dtype=jnp.uint8) % 4

    shift = networks.Chain(shift=lambda x: (x - 200) / 100, dense=nnx.Linear(6, 4, rngs=nnx.Rngs(0)))
    losses = [
        networks.fit_fresh(shift, lambda key, kind=kind: draw(key, kind), key=KEYS[0], steps=3).history.loss
        for kind in (jnp.uint8, jnp.float32)
    ]
    np.testing.assert_allclose(*losses, rtol=1e-6)


@pytest.mark.parametrize("kind", [jnp.bfloat16, jnp.float16])
def test_losses_of_half_precision_networks_are_summed_in_float32(kind):
    network = networks.Chain(dense=nnx.Linear(100, 60, param_dtype=kind, dtype=kind, rngs=nnx.Rngs(0)))
    options = {"key": KEYS[0], "optimizer": optax.sgd(0.0), "minibatch_size": 600, "epochs": 1}
    history = networks.fit(network, *TRAIN, validation=TRAIN, **options).history
    scores = np.asarray(network(TRAIN[0]), np.float64)
    scores -= scores.max(axis=1, keepdims=True)
    wanted = np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(600), TRAIN[1]])
    np.testing.assert_allclose([history.loss[0], history.validation_loss[0]], wanted, rtol=2e-5)


@pytest.mark.parametrize("kind", [jnp.bfloat16, jnp.float16])
def test_the_average_of_half_precision_weights_is_kept_in_float32(kind):
    def add_at_20(gradient, count, parameters=None, **extra):
        return jax.tree.map(lambda leaf: jnp.full_like(leaf, count == 20), gradient), count + 1

    def averaged(kind):
        ones = nnx.Linear(6, 4, use_bias=False, kernel_init=nnx.initializers.ones, param_dtype=kind, rngs=nnx.Rngs(0))
        options = {"key": KEYS[0], "epochs": 20, "minibatch_size": 2, "average": 0.99, "optimizer": jump}
        fitted = networks.fit(networks.Chain(dense=ones), FEW[0][:, 2:], FEW[1], **options)
        assert fitted.network.dense.kernel.dtype == kind
        return np.asarray(fitted.network.dense.kernel[...], np.float32)

    jump = optax.GradientTransformation(lambda parameters: jnp.zeros((), jnp.int32), add_at_20)
    np.testing.assert_allclose(averaged(kind), averaged(jnp.float32), rtol=4e-3)
    assert 1.9 < averaged(jnp.float32)[0, 0] < 2


@pytest.mark.parametrize("part", [(0, jnp.nan, "sample's inputs: found NaN"), (1, 60, "sample's labels: found")])
def test_samples_that_cannot_be_trained_on_are_refused(part):
    index, value, message = part

    def bad(key):
        rows = list(_draw(key))
        rows[index] = rows[index].at[0].set(value)
        return tuple(rows)

    with pytest.raises(ValueError, match=message):
        networks.fit_fresh(_perceptron(KEYS[0]), bad, key=KEYS[0], steps=2)


def test_a_fit_comes_back_from_disk_bit_for_bit(tmp_path):
    fitted = networks.fit(jax.vmap(_perceptron)(KEYS), *TRAIN, key=KEYS, validation=VALIDATION, epochs=2)
    networks.save_fit(tmp_path / "fit", fitted)
    other = jax.vmap(_perceptron)(jax.random.split(jax.random.key(7), 3))
    loaded = networks.load_fit(tmp_path / "fit", other)
    for a, b in zip(jax.tree.leaves(loaded), jax.tree.leaves(fitted), strict=True):
        np.testing.assert_array_equal(a, b)
    assert jax.tree.structure(loaded.network) == jax.tree.structure(fitted.network)
    with pytest.raises(ValueError, match="folder: found fit"):
        networks.save_fit(tmp_path / "fit", fitted)
    with pytest.raises(ValueError, match="like: found other arrays"):
        networks.load_fit(tmp_path / "fit", networks.perceptron(KEYS[0], (100, 60)))
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        networks.load_fit(tmp_path / "none", other)
    with pytest.raises(ValueError, match="folder: found nothing that can be read in"):
        networks.load_fit(tmp_path, other)


def test_an_interrupted_save_leaves_nothing(tmp_path, monkeypatch):
    fitted = networks.fit(_perceptron(KEYS[0]), *TRAIN, key=KEYS[0], epochs=1)

    def interrupt(self, folder, *arguments):
        folder.with_name("fit.orbax-checkpoint-tmp").mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr("orbax.checkpoint.Checkpointer.save", interrupt)
    with pytest.raises(KeyboardInterrupt):
        networks.save_fit(tmp_path / "fit", fitted)
    assert not list(tmp_path.glob("*tmp*"))
