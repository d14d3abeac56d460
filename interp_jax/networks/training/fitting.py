"""Training: a whole epoch is one scan, seeds are a vmapped axis, the best weights come back."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from interp_jax.networks.freezing import inference_view
from interp_jax.networks.training._input import (
    check_count,
    check_labels,
    check_trainable,
    checked_rows,
    class_count,
    typed_key,
)
from interp_jax.networks.training._resuming import Resuming
from interp_jax.networks.training._steps import History, curves, start, train_epoch, train_fresh

# One object for all calls: optax makes new functions at every call, and new functions mean a new compilation.
SGD = optax.sgd(0.01)


class Fit(NamedTuple):
    """What training gives back.

    ``network`` is an inference view with the weights of ``best_epoch`` (1-based, int or [seeds]): the epoch of least
    validation loss (0, the starting weights, if that was never a number), or the last one where there is no
    validation set. Loss is the mean over an epoch's batches as they were trained, error the share of rows whose own
    class has not the greatest score. A lane's curves go on after its best epoch for as long as any lane trains.
    """

    network: nnx.Module
    history: History
    best_epoch: np.ndarray


def fit(
    network: nnx.Module,
    inputs,
    labels,
    *,
    key,
    validation=None,
    optimizer: optax.GradientTransformation = SGD,
    loss: Callable = optax.softmax_cross_entropy_with_integer_labels,
    batch_size: int = 100,
    epochs: int = 1000,
    patience: int | None = None,
    evaluation_batch_size: int = 10_000,
    augment: Callable | None = None,
    average: float | None = None,
    checkpoint: str | Path | None = None,
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
        optimizer: any optax optimizer; passing the same object again avoids a compilation.
        loss: ``(logits [batch, classes], labels [batch]) -> [batch]``.
        batch_size: rows a step.
        epochs: most epochs to train.
        patience: stop a lane after this many epochs without a lower validation loss; None never stops.
        evaluation_batch_size: rows at a time when the validation set is evaluated.
        augment: ``(key, inputs [batch, …]) -> inputs [batch, …]``, traceable: random crops, say, of a training batch.
            Validation rows are shown as they are, and so have the shape that it gives. The same object again avoids a
            compilation.
        average: decay of an exponential moving average of the weights, a step at a time, in [0, 1); validated and given
            back is then the average. Its decay rises to this as (1 + step) / (10 + step), from step 0 on.
        checkpoint: a folder to go on from. Once a minute the state is written there after an epoch, and a later call
            with the same arguments ends as if this one had not been stopped. It is not removed at the end: the caller
            does that once the result is safe. Data, optimizer and loss cannot be compared and must be the same.
        on_epoch: called after every epoch with its number and that epoch's values, for progress.

    Returns:
        `Fit`: ``.network``, ``.history``, ``.best_epoch``.

    Raises:
        ValueError: no rows, NaN or infinite inputs, labels outside the classes, a batch size that is not 1 … rows, a
            validation set of another width, patience without validation, a network with tied variables or random
            state, a stack that does not match the keys, an average outside [0, 1), an augmentation that changes the
            number of rows, a checkpoint of another training.

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
    key = typed_key(key)
    inputs, labels = checked_rows("inputs", "labels", inputs, labels)
    check_count("batch_size", batch_size, len(inputs))
    check_count("evaluation_batch_size", evaluation_batch_size)
    check_count("epochs", epochs)
    if patience is not None:
        check_count("patience", patience)
        if validation is None:
            raise ValueError("patience: found a number but no validation set, wanted validation=(inputs, labels)")
    check_trainable(network, key)
    if average is not None and not 0 <= average < 1:
        raise ValueError(f"average: found {average}, wanted a decay in [0, 1)")
    shown = jax.ShapeDtypeStruct((batch_size, *inputs.shape[1:]), inputs.dtype)
    if augment is not None:
        shown = jax.eval_shape(augment, jax.ShapeDtypeStruct((), key.dtype), shown)
        if shown.shape[:1] != (batch_size,):
            raise ValueError(f"augment: found {shown.shape} for a batch, wanted its {batch_size} rows")
    classes = class_count(network, shown, key)
    check_labels("labels", labels, classes)
    if validation is not None:
        if not isinstance(validation, tuple | list) or len(validation) != 2:
            raise ValueError(f"validation: found {type(validation).__name__}, wanted a pair (inputs, labels)")
        validation = checked_rows("validation inputs", "validation labels", *validation)
        if validation[0].shape[1:] != shown.shape[1:]:
            raise ValueError(
                f"validation: found rows of shape {validation[0].shape[1:]}, wanted {shown.shape[1:]} as in training"
            )
        check_labels("validation labels", validation[1], classes)
    setting, state = start(network, optimizer, loss, key, augment, average)
    train, held_out = (inputs, labels), validation
    limit = np.int32(patience or epochs)
    resuming = Resuming(
        checkpoint, key=key, rows=len(inputs), batch_size=batch_size, epochs=epochs, patience=limit, average=average
    )
    state, records = resuming.restored(state)
    for epoch in range(len(records), epochs):
        if patience is not None and bool(jnp.all(state.stopped)):
            break
        state, record = train_epoch(
            setting, state, key, np.int32(epoch), train, held_out, limit, batch_size, evaluation_batch_size
        )
        records.append(record)
        resuming.save(state, records)
        if on_epoch is not None:
            on_epoch(epoch + 1, jax.tree.map(np.asarray, record))
    best = nnx.merge(setting.graph, *state.best)
    return Fit(inference_view(best), curves(records), np.asarray(state.best_epoch))


def fit_fresh(
    network: nnx.Module,
    sample: Callable,
    *,
    key,
    steps: int,
    optimizer: optax.GradientTransformation = SGD,
    loss: Callable = optax.softmax_cross_entropy_with_integer_labels,
    steps_per_call: int = 500,
    checkpoint: str | Path | None = None,
    on_call: Callable[[int, History], None] | None = None,
) -> Fit:
    """Trains on rows drawn anew at every step, so that nothing can be memorized.

    Host-level; ``steps_per_call`` steps are one compiled scan, and count as one epoch of the history.

    Args:
        network: as in `fit`, stacked for keys of shape [seeds].
        sample: ``key -> (inputs [batch, …], labels [batch])``, traceable; the same object again avoids a compilation.
        key: a JAX random key, or keys of shape [seeds].
        steps: number of steps; a last call of fewer than ``steps_per_call`` is compiled apart.
        optimizer: any optax optimizer.
        loss: as in `fit`.
        steps_per_call: steps compiled into one call.
        checkpoint: as in `fit`, written after a call.
        on_call: called after every call with the steps done and their mean values, for progress.

    Returns:
        `Fit` with the last weights; ``best_epoch`` is the number of calls.

    Raises:
        ValueError: steps or steps_per_call below one, a first draw that `fit` would refuse, a network with tied
            variables or random state, a stack that does not match the keys, a checkpoint of another training.

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
    key = typed_key(key)
    check_count("steps", steps)
    check_count("steps_per_call", steps_per_call)
    check_trainable(network, key)
    _check_sample(network, sample, key)
    setting, state = start(network, optimizer, loss, key)
    resuming = Resuming(checkpoint, key=key, steps=steps, steps_per_call=steps_per_call)
    state, records = resuming.restored(state)
    for done in range(len(records) * steps_per_call, steps, steps_per_call):
        count = min(steps_per_call, steps - done)
        state, record = train_fresh(setting, state, key, np.int32(done), sample, count)
        records.append(record)
        resuming.save(state, records)
        if on_call is not None:
            on_call(done + count, jax.tree.map(np.asarray, record))
    last = nnx.merge(setting.graph, state.parameters, state.statistics)
    return Fit(inference_view(last), curves(records), np.full(key.shape, len(records), np.int32))


def _check_sample(network, sample, key):
    inputs, labels = sample(key.ravel()[0])
    inputs, labels = checked_rows("sample's inputs", "sample's labels", inputs, labels)
    check_labels("sample's labels", labels, class_count(network, inputs, key))
