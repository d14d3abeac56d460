"""Compiled training: an epoch over shuffled rows, or some steps on new rows, for one network or a stack of them."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from interp_jax._readable import readable
from interp_jax._shards import fetched, map_rows
from interp_jax.networks.chain import Chain
from interp_jax.networks.freezing import inference_view, training_view
from interp_jax.networks.training._input import is_class_numbers


@readable()
class History(NamedTuple):
    """Curves of a training, NumPy float32 [epochs] or [epochs, seeds]; without a validation set its curves are NaN."""

    loss: np.ndarray
    error: np.ndarray
    validation_loss: np.ndarray
    validation_error: np.ndarray

    def _finding(self) -> str | None:
        if np.ndim(self.loss) != 1 or not len(self.loss):
            return None
        first, last = float(self.loss[0]), float(self.loss[-1])
        return f"{len(self.loss)} epochs; training loss {first:.4g} in the first, {last:.4g} in the last"


def curves(records: Sequence[History]) -> History:
    """One history from the records of single calls."""
    return jax.tree.map(lambda *values: np.stack(fetched(values)).astype(np.float32), *records)


class TrainingState(NamedTuple):
    """What one epoch passes to the next; for a stack every array has a leading axis of seeds."""

    parameters: Any
    statistics: Any
    optimizer: Any
    average: Any  # of the parameters over the steps, at least float32, or None
    best: Any  # parameters and statistics of the best epoch
    best_loss: jax.Array
    best_epoch: jax.Array
    stopped: jax.Array


class Setting(NamedTuple):
    """The static part of a training step; equal settings share a compilation."""

    graph: Any
    optimizer: optax.GradientTransformation
    loss: Callable
    takes_key: bool
    whole: Any  # the type in which a network takes integer and bool rows
    augment: Callable | None = None
    average: float | None = None


@functools.partial(
    jax.jit, static_argnames=("setting", "minibatch_size", "evaluation_batch_size"), donate_argnames="state"
)
def train_epoch(setting, state, key, epoch, train, held_out, patience, minibatch_size, evaluation_batch_size):
    """One epoch and its validation: the next state, and a `History` of this epoch's scalars per lane."""
    one_lane = functools.partial(
        _epoch_of_one, setting, minibatch_size=minibatch_size, evaluation_batch_size=evaluation_batch_size
    )
    arguments = (state, key, epoch, train, held_out, patience)
    return jax.vmap(one_lane, in_axes=(0, 0, None, None, None, None))(*arguments) if key.ndim else one_lane(*arguments)


def _epoch_of_one(setting, state, key, epoch, train, held_out, patience, *, minibatch_size, evaluation_batch_size):
    inputs, labels = train
    order_key, dropout_key, augment_key = jax.random.split(jax.random.fold_in(key, epoch), 3)
    rows, steps = len(inputs), len(inputs) // minibatch_size
    # One sort by random bits; jax.random.permutation sorts twice to break ties that hardly ever occur.
    order = jnp.argsort(jax.random.bits(order_key, (rows,)))[: steps * minibatch_size].reshape(steps, minibatch_size)

    def step(carry, batch):
        number, chosen = batch
        *carry, average = carry
        shown = as_shown(inputs[chosen], setting.whole)
        if setting.augment is not None:
            shown = setting.augment(jax.random.fold_in(augment_key, number), shown)
        carry, record = _step(setting, carry, shown, labels[chosen], jax.random.fold_in(dropout_key, number))
        if setting.average is not None:
            average = _averaged(average, carry[0], setting.average, epoch * steps + number)
        return (*carry, average), record

    carry = (state.parameters, state.statistics, state.optimizer, state.average)
    carry, (losses, errors) = jax.lax.scan(step, carry, (jnp.arange(steps), order))
    parameters, statistics, optimizer_state, average = carry
    shown = parameters if setting.average is None else _in_types_of(average, parameters)
    if held_out is None:
        validation_loss = validation_error = jnp.float32(jnp.nan)
        better = jnp.bool_(True)
    else:
        network, (held_inputs, held_labels) = nnx.merge(setting.graph, shown, statistics, copy=True), held_out
        network = inference_view(network)
        validation_loss, validation_error = _evaluate(network, setting, held_inputs, held_labels, evaluation_batch_size)
        better = (validation_loss < state.best_loss) & ~state.stopped
    best = jax.tree.map(lambda new, old: jnp.where(better, new, old), (shown, statistics), state.best)
    best_epoch = jnp.where(better, epoch + 1, state.best_epoch)
    best_loss = jnp.where(better, validation_loss, state.best_loss)
    stopped = state.stopped | (epoch + 1 - best_epoch >= patience)
    record = History._make((jnp.mean(losses), jnp.mean(errors), validation_loss, validation_error))
    return TrainingState(parameters, statistics, optimizer_state, average, best, best_loss, best_epoch, stopped), record


def _averaged(average, parameters, decay, step):
    """The average, which follows quickly at first so that the starting weights leave no trace in it."""
    decay = jnp.minimum(decay, (1 + step) / (10 + step))
    parameters = _in_types_of(parameters, average)
    return jax.tree.map(lambda old, new: (decay * old + (1 - decay) * new).astype(old.dtype), average, parameters)


def _in_types_of(tree, other):
    return jax.tree.map(lambda leaf, like: leaf.astype(like.dtype), tree, other)


def as_shown(inputs, whole):
    """The rows as passed to the network: floating types as they are, all else in the type ``whole``."""
    return inputs if jnp.issubdtype(inputs.dtype, jnp.floating) else inputs.astype(whole)


@functools.partial(jax.jit, static_argnames=("setting", "sample", "steps"), donate_argnames="state")
def train_fresh(setting, state, key, first, sample, steps):
    """``steps`` steps on rows drawn by ``sample``: the next state, and a `History` of their means per lane."""

    def one_lane(state, key):
        def step(carry, number):
            sample_key, dropout_key = jax.random.split(jax.random.fold_in(key, first + number))
            inputs, labels = map(jnp.asarray, sample(sample_key))
            inputs = as_shown(inputs, setting.whole)
            labels = labels.astype(jnp.int32 if is_class_numbers(labels) else jnp.float32)
            return _step(setting, carry, inputs, labels, dropout_key)

        carry = (state.parameters, state.statistics, state.optimizer)
        carry, (losses, errors) = jax.lax.scan(step, carry, jnp.arange(steps))
        nothing = jnp.float32(jnp.nan)
        record = History._make((jnp.mean(losses), jnp.mean(errors), nothing, nothing))
        return state._replace(parameters=carry[0], statistics=carry[1], optimizer=carry[2]), record

    return jax.vmap(one_lane)(state, key) if key.ndim else one_lane(state, key)


def _step(setting, carry, inputs, labels, key):
    parameters, statistics, optimizer_state = carry

    def objective(parameters):
        network = training_view(nnx.merge(setting.graph, parameters, statistics, copy=True))
        scores = _at_least_float32(network(inputs, key=key) if setting.takes_key else network(inputs))
        wrong = jnp.mean(_is_wrong(scores, labels))
        return jnp.mean(setting.loss(scores, labels)), (nnx.state(network, nnx.Not(nnx.Param)), wrong)

    (loss, (statistics, wrong)), gradient = jax.value_and_grad(objective, has_aux=True)(parameters)
    # Line searches and plateau schedules ask for more than the gradient; other optimizers ignore it.
    update = optax.with_extra_args_support(setting.optimizer).update
    extra = {"value": loss, "grad": gradient, "value_fn": lambda parameters: objective(parameters)[0]}
    updates, optimizer_state = update(gradient, optimizer_state, parameters, **extra)
    return (optax.apply_updates(parameters, updates), statistics, optimizer_state), (loss, wrong)


def _evaluate(network, setting, inputs, labels, batch_size):
    def one_row(row):
        inputs, label = row
        scores = _at_least_float32(network(as_shown(inputs[None], setting.whole)))
        return jnp.mean(setting.loss(scores, label[None])), _is_wrong(scores, label[None])[0]

    losses, wrong = map_rows(one_row, (inputs, labels), batch_size=min(batch_size, len(inputs)))
    return jnp.mean(losses), jnp.mean(wrong)


def _at_least_float32(array):
    """The array in at least float32: in half precision a sum over rows or classes loses what a step changes."""
    return array.astype(jnp.promote_types(array.dtype, jnp.float32))


def _is_wrong(scores, labels):
    if not is_class_numbers(labels):
        return jnp.full(len(scores), jnp.nan)
    # Not by argmax, which costs XLA's CPU code as much as the layer before it; NaN scores count as wrong.
    own = jnp.take_along_axis(scores, labels[:, None], axis=1)[:, 0]
    return ~(own >= jnp.max(scores, axis=1))


def start(network, optimizer, loss, key, whole, augment=None, average=None):
    """The static setting and the first state of a training."""
    graph, parameters, statistics = nnx.split(network, nnx.Param, ...)
    # The compiled step gives its input buffers away; the caller's network must survive that.
    parameters, statistics = jax.tree.map(jnp.copy, (parameters, statistics))
    setting = Setting(graph, optimizer, loss, isinstance(network, Chain), whole, augment, average)
    initial = jax.vmap(optimizer.init) if key.ndim else optimizer.init
    # Copies throughout: an optimizer may keep the parameters themselves, and no buffer can be given away twice.
    optimizer_state, best = jax.tree.map(jnp.copy, (initial(parameters), (parameters, statistics)))
    best_loss = jnp.full(key.shape, jnp.inf, jnp.float32)
    best_epoch, stopped = jnp.zeros(key.shape, jnp.int32), jnp.zeros(key.shape, bool)
    # No copy by astype where the type is right already: the same buffer could not be given away twice.
    averages = None if average is None else jax.tree.map(jnp.copy, jax.tree.map(_at_least_float32, parameters))
    return setting, TrainingState(
        parameters, statistics, optimizer_state, averages, best, best_loss, best_epoch, stopped
    )
