"""Training: a whole epoch is one scan, seeds are a vmapped axis, the best weights come back."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from interp_jax.networks.chain import Chain
from interp_jax.networks.freezing import inference_view, training_view

# One object for all calls: optax makes new functions at every call, and new functions mean a new compilation.
SGD = optax.sgd(0.01)


class History(NamedTuple):
    """Curves of a training run, NumPy float32 of shape [epochs] or [epochs, seeds]; validation NaN without a set."""

    loss: np.ndarray
    error: np.ndarray
    validation_loss: np.ndarray
    validation_error: np.ndarray


class Fit(NamedTuple):
    """What training gives back.

    ``network`` is an inference view with the weights of ``best_epoch`` (1-based, int or [seeds]): the epoch of least
    validation loss, or the last one where there is no validation set. Loss is the mean over an epoch's batches as
    they were trained, error the share of rows whose own class has not the greatest score.
    """

    network: nnx.Module
    history: History
    best_epoch: np.ndarray


class _State(NamedTuple):
    parameters: Any
    statistics: Any
    optimizer: Any
    best: Any  # parameters and statistics of the best epoch
    best_loss: jax.Array
    best_epoch: jax.Array
    stopped: jax.Array


class _Setting(NamedTuple):
    """All that is static in a training step; equal settings share a compilation."""

    graph: Any
    optimizer: optax.GradientTransformation
    loss: Callable
    takes_key: bool


def fit(
    network: nnx.Module,
    inputs,
    labels,
    *,
    key,
    validation: tuple | None = None,
    optimizer: optax.GradientTransformation = SGD,
    loss: Callable = optax.softmax_cross_entropy_with_integer_labels,
    batch_size: int = 100,
    epochs: int = 1000,
    patience: int | None = None,
    evaluation_batch_size: int = 10_000,
    on_epoch: Callable[[int, History], None] | None = None,
) -> Fit:
    """Trains a network, or with a key of shape [seeds] a stacked one, on a set of rows.

    Host-level: one compiled call an epoch (shuffle, all steps, validation). Every epoch draws a new order; rows that
    do not fill a last batch sit that epoch out. A lane depends on its own key alone, so it comes out the same in any
    ensemble, to rounding. Only ``nnx.Param`` is differentiated; batch norm keeps its averages; a `Chain` gets a
    dropout key. Memory: inputs and labels on the device once, however many seeds.

    Args:
        network: a `Chain` or another NNX module without random state that maps [batch, …] to logits
            [batch, classes]; for several seeds a stacked one, as ``jax.vmap(constructor)(keys)`` gives.
        inputs: [rows, …] finite numbers.
        labels: [rows] whole numbers, 0 … classes − 1.
        key: a JAX random key, or keys of shape [seeds].
        validation: (inputs, labels) to choose the best epoch by; None keeps the last epoch.
        optimizer: any optax optimiser; passing the same object again avoids a compilation.
        loss: ``(logits [batch, classes], labels [batch]) -> [batch]``.
        batch_size: rows a step.
        epochs: most epochs to train.
        patience: stop a lane after this many epochs without a lower validation loss; None never stops.
        evaluation_batch_size: rows at a time when the validation set is evaluated.
        on_epoch: called after every epoch with its number and that epoch's values, for progress.

    Returns:
        `Fit`: ``.network``, ``.history``, ``.best_epoch``.

    Raises:
        ValueError: no rows, NaN or infinite inputs, labels outside the classes, a batch size that is not 1 … rows, a
            validation set of another width, patience without validation, a network with tied variables or random
            state, a stack that does not match the keys.

    Example:
        >>> import jax
        >>> from interp_jax import data, networks
        >>> train = data.jump_signals(jax.random.key(0), 400)
        >>> keys = jax.random.split(jax.random.key(1), 2)
        >>> stacked = jax.vmap(networks.perceptron)(keys)
        >>> fitted = fit(stacked, train.signals, train.labels, key=keys, epochs=3)
        >>> fitted.history.loss.shape
        (3, 2)
    """
    key = _typed(key)
    inputs, labels = _checked_set("inputs", "labels", inputs, labels)
    _check_count("batch_size", batch_size, len(inputs))
    _check_count("evaluation_batch_size", evaluation_batch_size)
    _check_count("epochs", epochs)
    if patience is not None:
        _check_count("patience", patience)
        if validation is None:
            raise ValueError("patience: found a number but no validation set, wanted validation=(inputs, labels)")
    _check_network(network, key)
    classes = _class_count(network, inputs, key)
    _check_labels("labels", labels, classes)
    if validation is not None:
        validation = _checked_set("validation inputs", "validation labels", *validation)
        if validation[0].shape[1:] != inputs.shape[1:]:
            raise ValueError(
                f"validation: found rows of shape {validation[0].shape[1:]}, wanted {inputs.shape[1:]} as in inputs"
            )
        _check_labels("validation labels", validation[1], classes)
    setting, state = _start(network, optimizer, loss, key)
    train = jax.tree.map(jnp.asarray, (inputs, labels.astype(np.int32)))
    held_out = validation and jax.tree.map(jnp.asarray, (validation[0], validation[1].astype(np.int32)))
    limit = np.int32(patience or epochs)
    records = []
    for epoch in range(epochs):
        state, record = _epoch(
            setting, state, key, np.int32(epoch), train, held_out, limit, batch_size, evaluation_batch_size
        )
        records.append(record)
        if on_epoch is not None:
            on_epoch(epoch + 1, jax.tree.map(np.asarray, record))
        if patience is not None and bool(jnp.all(state.stopped)):
            break
    history = History(*(np.stack([np.asarray(value) for value in values]) for values in zip(*records, strict=True)))
    best = nnx.merge(setting.graph, *state.best)
    return Fit(inference_view(best), history, np.asarray(state.best_epoch))


def fit_fresh(
    network: nnx.Module,
    sample: Callable,
    *,
    key,
    steps: int,
    optimizer: optax.GradientTransformation = SGD,
    loss: Callable = optax.softmax_cross_entropy_with_integer_labels,
    steps_per_call: int = 500,
    on_call: Callable[[int, History], None] | None = None,
) -> Fit:
    """Trains on rows drawn anew at every step, so that nothing can be memorised.

    Host-level; ``steps_per_call`` steps are one compiled scan, and count as one epoch of the history.

    Args:
        network: as in `fit`, stacked for keys of shape [seeds].
        sample: ``key -> (inputs [batch, …], labels [batch])``, traceable; the same object again avoids a compilation.
        key: a JAX random key, or keys of shape [seeds].
        steps: number of steps, rounded up to whole calls.
        optimizer: any optax optimiser.
        loss: as in `fit`.
        steps_per_call: steps compiled into one call.
        on_call: called after every call with the steps done and their mean values, for progress.

    Returns:
        `Fit` with the last weights; ``best_epoch`` is the number of calls.

    Raises:
        ValueError: steps or steps_per_call below one, a network with tied variables or random state, a stack that
            does not match the keys.

    Example:
        >>> import jax
        >>> from interp_jax import data, networks
        >>> def draw(key):
        ...     drawn = data.sample_jump_signals(key, 64)
        ...     return drawn.signals, drawn.labels
        >>> net = networks.perceptron(jax.random.key(0), (100, 60))
        >>> fit_fresh(net, draw, key=jax.random.key(1), steps=20, steps_per_call=10).history.loss.shape
        (2,)
    """
    key = _typed(key)
    _check_count("steps", steps)
    _check_count("steps_per_call", steps_per_call)
    _check_network(network, key)
    setting, state = _start(network, optimizer, loss, key)
    records = []
    for call in range(-(-steps // steps_per_call)):
        state, record = _fresh_steps(setting, state, key, np.int32(call), sample, steps_per_call)
        records.append(record)
        if on_call is not None:
            on_call((call + 1) * steps_per_call, jax.tree.map(np.asarray, record))
    history = History(*(np.stack([np.asarray(value) for value in values]) for values in zip(*records, strict=True)))
    last = nnx.merge(setting.graph, state.parameters, state.statistics)
    return Fit(inference_view(last), history, np.full(key.shape, len(records), np.int32))


@functools.partial(jax.jit, static_argnames=("setting", "batch_size", "evaluation_batch_size"), donate_argnames="state")
def _epoch(setting, state, key, epoch, train, held_out, patience, batch_size, evaluation_batch_size):
    one_lane = functools.partial(
        _epoch_of_one, setting, batch_size=batch_size, evaluation_batch_size=evaluation_batch_size
    )
    arguments = (state, key, epoch, train, held_out, patience)
    return jax.vmap(one_lane, in_axes=(0, 0, None, None, None, None))(*arguments) if key.ndim else one_lane(*arguments)


def _epoch_of_one(setting, state, key, epoch, train, held_out, patience, *, batch_size, evaluation_batch_size):
    inputs, labels = train
    order_key, dropout_key = jax.random.split(jax.random.fold_in(key, epoch))
    rows, steps = len(inputs), len(inputs) // batch_size
    # One sort by random bits; jax.random.permutation sorts twice to break ties that hardly ever occur.
    order = jnp.argsort(jax.random.bits(order_key, (rows,)))[: steps * batch_size].reshape(steps, batch_size)

    def step(carry, batch):
        number, chosen = batch
        carry, record = _step(setting, carry, inputs[chosen], labels[chosen], jax.random.fold_in(dropout_key, number))
        return carry, record

    carry = (state.parameters, state.statistics, state.optimizer)
    carry, (losses, errors) = jax.lax.scan(step, carry, (jnp.arange(steps), order))
    parameters, statistics, optimizer_state = carry
    if held_out is None:
        validation_loss = validation_error = jnp.float32(jnp.nan)
        better = jnp.bool_(True)
    else:
        network = inference_view(nnx.merge(setting.graph, parameters, statistics))
        validation_loss, validation_error = _evaluate(network, setting.loss, *held_out, evaluation_batch_size)
        better = (validation_loss < state.best_loss) & ~state.stopped
    best = jax.tree.map(lambda new, old: jnp.where(better, new, old), (parameters, statistics), state.best)
    best_epoch = jnp.where(better, epoch + 1, state.best_epoch)
    best_loss = jnp.where(better, validation_loss, state.best_loss)
    stopped = state.stopped | (epoch + 1 - best_epoch >= patience)
    record = History(jnp.mean(losses), jnp.mean(errors), validation_loss, validation_error)
    return _State(parameters, statistics, optimizer_state, best, best_loss, best_epoch, stopped), record


@functools.partial(jax.jit, static_argnames=("setting", "sample", "steps"), donate_argnames="state")
def _fresh_steps(setting, state, key, call, sample, steps):
    def one_lane(state, key):
        def step(carry, number):
            sample_key, dropout_key = jax.random.split(jax.random.fold_in(key, call * steps + number))
            inputs, labels = sample(sample_key)
            return _step(setting, carry, inputs, labels, dropout_key)

        carry = (state.parameters, state.statistics, state.optimizer)
        carry, (losses, errors) = jax.lax.scan(step, carry, jnp.arange(steps))
        nothing = jnp.float32(jnp.nan)
        record = History(jnp.mean(losses), jnp.mean(errors), nothing, nothing)
        return state._replace(parameters=carry[0], statistics=carry[1], optimizer=carry[2]), record

    return jax.vmap(one_lane)(state, key) if key.ndim else one_lane(state, key)


def _step(setting, carry, inputs, labels, key):
    parameters, statistics, optimizer_state = carry

    def objective(parameters):
        network = training_view(nnx.merge(setting.graph, parameters, statistics, copy=True))
        scores = network(inputs, key=key) if setting.takes_key else network(inputs)
        wrong = jnp.mean(_is_wrong(scores, labels))
        return jnp.mean(setting.loss(scores, labels)), (nnx.state(network, nnx.Not(nnx.Param)), wrong)

    (loss, (statistics, wrong)), gradient = jax.value_and_grad(objective, has_aux=True)(parameters)
    updates, optimizer_state = setting.optimizer.update(gradient, optimizer_state, parameters)
    return (optax.apply_updates(parameters, updates), statistics, optimizer_state), (loss, wrong)


def _evaluate(network, loss, inputs, labels, batch_size):
    def one_row(row):
        inputs, label = row
        scores = network(inputs[None])
        return loss(scores, label[None])[0], _is_wrong(scores, label[None])[0]

    losses, wrong = jax.lax.map(one_row, (inputs, labels), batch_size=min(batch_size, len(inputs)))
    return jnp.mean(losses), jnp.mean(wrong)


def _is_wrong(scores, labels):
    # Not by argmax, which costs XLA's CPU code as much as the layer before it; NaN scores count as wrong.
    own = jnp.take_along_axis(scores, labels[:, None], axis=1)[:, 0]
    return ~(own >= jnp.max(scores, axis=1))


def _start(network, optimizer, loss, key):
    graph, parameters, statistics = nnx.split(network, nnx.Param, ...)
    # The compiled step gives its input buffers away; the caller's network must survive that.
    parameters, statistics = jax.tree.map(jnp.copy, (parameters, statistics))
    setting = _Setting(graph, optimizer, loss, isinstance(network, Chain))
    initial = jax.vmap(optimizer.init) if key.ndim else optimizer.init
    best = jax.tree.map(jnp.copy, (parameters, statistics))
    best_loss = jnp.full(key.shape, jnp.inf, jnp.float32)
    best_epoch, stopped = jnp.zeros(key.shape, jnp.int32), jnp.zeros(key.shape, bool)
    return setting, _State(parameters, statistics, initial(parameters), best, best_loss, best_epoch, stopped)


def _typed(key):
    key = jnp.asarray(key)
    key = key if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else jax.random.wrap_key_data(key)
    if key.ndim > 1:
        raise ValueError(f"key: found shape {key.shape}, wanted one key or keys of shape [seeds]")
    return key


def _check_count(name, value, most=None):
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1 or (most and value > most):
        wanted = f"a whole number from 1 to {most}, the number of rows" if most else "a whole number of at least 1"
        raise ValueError(f"{name}: found {value!r}, wanted {wanted}")


def _checked_set(inputs_name, labels_name, inputs, labels):
    inputs, labels = np.asarray(inputs), np.asarray(labels)
    if inputs.ndim < 2 or not len(inputs):
        raise ValueError(f"{inputs_name}: found shape {inputs.shape}, wanted [rows, …] with at least one row")
    if labels.shape != inputs.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
        found = f"{labels.dtype} of shape {labels.shape}"
        raise ValueError(f"{labels_name}: found {found}, wanted whole numbers of shape {inputs.shape[:1]}")
    if np.issubdtype(inputs.dtype, np.floating) and not np.isfinite(inputs).all():
        bad = len(np.unique(np.nonzero(~np.isfinite(inputs))[0]))
        raise ValueError(f"{inputs_name}: found NaN or infinity in {bad} of {len(inputs)} rows, wanted finite numbers")
    return inputs, labels


def _check_labels(name, labels, classes):
    if labels.min() < 0 or labels.max() >= classes:
        found = f"{labels.min()} to {labels.max()}"
        raise ValueError(f"{name}: found {found}, wanted 0 to {classes - 1}, the network's {classes} classes")


def _check_network(network, key):
    if not isinstance(network, nnx.Module):
        raise ValueError(f"network: found {type(network).__name__}, wanted a Chain or another NNX module")
    if tied := nnx.find_duplicates(network):
        raise ValueError(
            f"network: found tied variables or layers {tied}, wanted each only once; they untie inside jit"
        )
    if jax.tree.leaves(nnx.state(network, nnx.RngState)):
        raise ValueError(
            "network: found random state, wanted none; leave rngs out of nnx.Dropout, a Chain passes a key"
        )
    if key.ndim:
        sizes = {leaf.shape[:1] for leaf in jax.tree.leaves(nnx.state(network))}
        if sizes != {key.shape}:
            found = ", ".join(map(str, sorted(sizes)))
            raise ValueError(f"network: found leading axes {found}, wanted variables stacked over {key.shape[0]} seeds")


def _class_count(network, inputs, key):
    graph, variables = nnx.split(network)
    row = jax.ShapeDtypeStruct((1, *inputs.shape[1:]), inputs.dtype)

    def scores(variables, row):
        return inference_view(nnx.merge(graph, variables))(row)

    if key.ndim:
        variables = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), variables)
    shape = jax.eval_shape(scores, variables, row).shape
    if len(shape) != 2:
        raise ValueError(f"network: found scores of shape {shape} for one row, wanted logits [1, classes]")
    return shape[1]
