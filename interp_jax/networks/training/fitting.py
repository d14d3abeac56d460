"""Training: an epoch is one scan, seeds are a vmapped axis, the weights of the best epoch are returned."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from numpy.typing import ArrayLike

from interp_jax._checks import Given, Key, as_count, as_key, check_callable, check_number, describe, renamed
from interp_jax._readable import readable
from interp_jax._shards import fetched, local, over_processes
from interp_jax.networks.freezing import inference_view
from interp_jax.networks.training._input import (
    as_targets,
    check_folder,
    check_functions,
    check_loss,
    check_trainable,
    checked_inputs,
    scored,
)
from interp_jax.networks.training._progress import Progress
from interp_jax.networks.training._resuming import Resuming
from interp_jax.networks.training._steps import History, curves, start, train_epoch, train_fresh

# One object for all calls: optax makes new functions at every call, and new functions mean a new compilation.
SGD = optax.sgd(0.01)
EPOCHS, EPOCHS_VALIDATED, PATIENCE = 50, 1000, 20


@readable()
class Fit(NamedTuple):
    """The result of a training.

    ``network`` is an inference view (dropout off) with the weights of ``best_epoch`` (from 1; int32, or [seeds]): the
    epoch of least validation loss (0, the starting weights, if that loss was always NaN), or the last one without a
    validation set. In ``history`` the training loss is the mean over an epoch's minibatches at the weights of their
    steps, the error the fraction of rows whose true class does not have the greatest score, NaN where labels are no
    classes. A stack is trained until its last network stops; the curves of the others go on until then.
    """

    network: Any  # of the class of the trained one
    history: History
    best_epoch: np.ndarray

    def _finding(self) -> str | None:
        if np.ndim(self.best_epoch) or np.ndim(self.history.loss) != 1:
            return None
        best, epochs = int(self.best_epoch), len(self.history.loss)
        text = f"weights of epoch {best} of {epochs}"
        if not 1 <= best <= epochs:
            return text
        named = {"training": self.history.error, "validation": self.history.validation_error}
        errors = [
            f"{name} error {100 * float(error[best - 1]):.2f}%"
            for name, error in named.items()
            if not np.isnan(error[best - 1])
        ]
        return f"{text}: {', '.join(errors)}" if errors else text


@renamed(batch_size="minibatch_size (rows of a gradient step) or evaluation_batch_size (memory of validation)")
def fit(
    network: nnx.Module,
    inputs: Given[ArrayLike, "rows *features"],
    labels: Given[ArrayLike, "rows *targets"],
    *,
    key: Key,
    validation: Given[tuple[ArrayLike, ArrayLike], "inputs and labels"] | None = None,
    optimizer: optax.GradientTransformation = SGD,
    loss: Callable[..., Any] = optax.softmax_cross_entropy_with_integer_labels,
    minibatch_size: int = 100,
    epochs: int | None = None,
    patience: int | None = None,
    evaluation_batch_size: int = 10_000,
    augment: Callable[..., Any] | None = None,
    average: float | None = None,
    checkpoint: str | Path | None = None,
    on_epoch: Callable[[int, History], None] | None = None,
    progress: bool = False,
) -> Fit:
    """The network trained on a set of rows, or with keys [seeds] a stack of networks.

    Host-level: one compiled call per epoch, of its shuffling, all its gradient steps and the validation. Every epoch
    draws a new order; rows that do not fill a last minibatch are left out of that epoch. Each network of a stack
    depends only on its own key, so that it is the same in any stack, up to rounding. Gradients are taken of
    ``nnx.Param`` variables; batch norm updates its running averages; a `Chain` gets a key for its dropout. Scores are
    float32 in the loss, also for half-precision networks, whose weights keep their type. Memory: inputs and labels on
    the device once, for any number of seeds. Rows or seeds that are spread over a mesh stay so; of rows spread over
    processes each gets the whole network.

    Args:
        network: a `Chain` or another NNX module without random state, [rows, …] to scores [rows, outputs]; for
            several seeds a stack, as ``jax.vmap(constructor)(keys)`` gives.
        inputs: [rows, …] finite numbers. Integers and bool are passed as float32, or as int32 to a network that takes
            only those; float64 is rounded to float32, so scale it beforehand.
        labels: [rows] integers from 0 to outputs − 1, or the targets that another loss takes, [rows, …] finite floats
            or 0 and 1, e.g. [rows, outputs] quantities for ``optax.l2_loss`` or several labels a row for
            ``optax.sigmoid_binary_cross_entropy``. Of these there is no error, which is NaN in the history.
        key: a JAX random key, or keys [seeds].
        validation: (inputs, labels) by which the best epoch is chosen; without it the last epoch is returned.
        optimizer: an optax optimizer; the same object again avoids a compilation.
        loss: ``(scores [rows, outputs], labels [rows, …]) -> [rows]``, traceable; where labels are no class numbers
            also ``-> [rows, outputs]``, whose mean is taken.
        minibatch_size: rows per gradient step, at most all of them.
        epochs: the greatest number of epochs; by default 1000 with a validation set, and 50 without one.
        patience: training stops after this many epochs without a lower validation loss. By default 20 where ``epochs``
            is not given either; else training does not stop early.
        evaluation_batch_size: validation rows at a time; memory only.
        augment: ``(key, inputs [rows, …]) -> inputs [rows, …]``, traceable: e.g. random crops of a minibatch.
            Validation rows are not augmented and have the shape of its output. The same object again avoids a
            compilation.
        average: decay of an exponential moving average of the weights over the steps, in [0, 1), computed in float32;
            the averaged weights are validated and returned. At step t the decay is at most (1 + t) / (10 + t).
        checkpoint: a folder to resume from. At most once a minute the state after an epoch is written there, and a
            later call with the same arguments ends as if this one had not been interrupted. The caller removes it
            once the result is saved. Data, optimizer and loss must be the same, which is not checked. Of rows spread
            over processes the first process writes and all read, so that they need the same folder.
        on_epoch: called after every epoch with its number, from 1, and that epoch's values.
        progress: whether a line with the epoch, the losses and the time is shown on the standard error; by default
            nothing is.

    Returns:
        `Fit`: ``.network``, ``.history``, ``.best_epoch``.

    Raises:
        ValueError: an argument other than Args says, a network with tied variables, random state or no parameters,
            a stack that does not match the keys, or a checkpoint of another training.
        TypeError: an argument that should be callable and is not.
        OSError: a checkpoint that cannot be written.

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
    key = as_key(key, lanes=True)
    inputs = checked_inputs("inputs", inputs)
    minibatch_size = as_count("minibatch_size", minibatch_size, most=len(inputs))
    evaluation_batch_size = as_count("evaluation_batch_size", evaluation_batch_size)
    if epochs is None:
        patience = PATIENCE if patience is None and validation is not None else patience
        epochs = EPOCHS_VALIDATED if validation is not None else EPOCHS
    epochs = as_count("epochs", epochs)
    if not isinstance(progress, bool):
        raise ValueError(f"progress: found {describe(progress)}, wanted True or False")
    if patience is not None:
        patience = as_count("patience", patience)
        if validation is None:
            raise ValueError("patience: found a number but no validation set, wanted validation=(inputs, labels)")
    if average is not None:
        check_number("average", average, least=0, below=1)
        average = float(average)
    if checkpoint is not None:
        check_folder("checkpoint", checkpoint)
    check_functions(optimizer, loss=loss, augment=augment, on_epoch=on_epoch)
    check_trainable(network, key)
    classes, row, whole = scored(network, inputs, key, augment, minibatch_size)
    given = {"classes": classes, "default": loss is optax.softmax_cross_entropy_with_integer_labels}
    labels = as_targets("labels", labels, rows=len(inputs), **given)
    check_loss(loss, classes, labels)
    if validation is not None:
        if not isinstance(validation, tuple | list) or len(validation) != 2:
            raise ValueError(f"validation: found {type(validation).__name__}, wanted a pair (inputs, labels)")
        held_out = checked_inputs("validation inputs", validation[0])
        if held_out.shape[1:] != row:
            found = f"rows {list(held_out.shape[1:])}"
            raise ValueError(f"validation inputs: found {found}, wanted {list(row)} as in training")
        held_labels = as_targets("validation labels", validation[1], rows=len(held_out), like=labels, **given)
        validation = held_out, held_labels
    setting, state = start(network, optimizer, loss, key, whole, augment, average)
    limit = np.int32(patience or epochs)
    resuming = Resuming(
        checkpoint,
        key=key,
        together=over_processes((inputs, labels, validation, key, state)),
        rows=len(inputs),
        minibatch_size=minibatch_size,
        epochs=epochs,
        patience=limit,
        average=average,
    )
    state, records = resuming.restored(state)
    shown = Progress(epochs) if progress else None
    for epoch in range(len(records), epochs):
        if patience is not None and bool(jnp.all(state.stopped)):
            break
        state, record = train_epoch(
            setting,
            state,
            key,
            np.int32(epoch),
            (inputs, labels),
            validation,
            limit,
            minibatch_size,
            evaluation_batch_size,
        )
        records.append(record)
        resuming.save(state, records)
        if on_epoch is not None:
            on_epoch(epoch + 1, fetched(record))
        if shown is not None:
            ends = epoch + 1 == epochs or (patience is not None and bool(jnp.all(state.stopped)))
            shown.show(epoch + 1, record, ends)
    best = nnx.merge(setting.graph, *local(state.best))
    return Fit(inference_view(best), curves(records), np.asarray(fetched(state.best_epoch)))


def fit_fresh(
    network: nnx.Module,
    sample: Callable[..., Any],
    *,
    key: Key,
    steps: int,
    optimizer: optax.GradientTransformation = SGD,
    loss: Callable[..., Any] = optax.softmax_cross_entropy_with_integer_labels,
    steps_per_call: int = 500,
    checkpoint: str | Path | None = None,
    on_call: Callable[[int, History], None] | None = None,
) -> Fit:
    """The network trained on new rows at every step, so that none can be memorized.

    Host-level; ``steps_per_call`` steps are one compiled call and one entry of the history.

    Args:
        network: as in `fit`; a stack for keys [seeds].
        sample: ``key -> (inputs [rows, …], labels [rows, …])``, traceable, labels as in `fit`; the same object again
            avoids a compilation. One draw is checked before training; later ones are not.
        key: a JAX random key, or keys [seeds].
        steps: number of gradient steps; a last call of fewer than ``steps_per_call`` needs another compilation.
        optimizer: as in `fit`.
        loss: as in `fit`.
        steps_per_call: gradient steps per compiled call.
        checkpoint: as in `fit`, written after a call.
        on_call: called after every compiled call with the number of steps done and their mean values.

    Returns:
        `Fit` with the last weights; ``best_epoch`` is the number of compiled calls.

    Raises:
        ValueError: an argument or a first draw that `fit` would refuse, or a checkpoint of another training.
        TypeError: an argument that should be callable and is not.

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
    key = as_key(key, lanes=True)
    steps, steps_per_call = as_count("steps", steps), as_count("steps_per_call", steps_per_call)
    if checkpoint is not None:
        check_folder("checkpoint", checkpoint)
    check_callable("sample", sample)
    check_functions(optimizer, sample=sample, loss=loss, on_call=on_call)
    check_trainable(network, key)
    classes, whole, labels = _scored_sample(network, sample, key, loss)
    check_loss(loss, classes, labels)
    setting, state = start(network, optimizer, loss, key, whole)
    together = over_processes((key, state))
    resuming = Resuming(checkpoint, key=key, together=together, steps=steps, steps_per_call=steps_per_call)
    state, records = resuming.restored(state)
    for done in range(len(records) * steps_per_call, steps, steps_per_call):
        count = min(steps_per_call, steps - done)
        state, record = train_fresh(setting, state, key, np.int32(done), sample, count)
        records.append(record)
        resuming.save(state, records)
        if on_call is not None:
            on_call(done + count, fetched(record))
    last = nnx.merge(setting.graph, state.parameters, state.statistics)
    return Fit(inference_view(last), curves(records), np.full(key.shape, len(records), np.int32))


def _scored_sample(network, sample, key, loss):
    drawn = sample(key.ravel()[0])
    if not isinstance(drawn, tuple | list) or len(drawn) != 2:
        raise ValueError(f"sample: found {type(drawn).__name__}, wanted a pair (inputs, labels)")
    inputs = checked_inputs("sample's inputs", drawn[0])
    classes, _, whole = scored(network, inputs, key)
    default = loss is optax.softmax_cross_entropy_with_integer_labels
    labels = as_targets("sample's labels", drawn[1], rows=len(inputs), classes=classes, default=default)
    return classes, whole, labels
