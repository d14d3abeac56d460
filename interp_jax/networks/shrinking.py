"""The smaller network that is left when masked units are really cut out."""

import math
from collections.abc import Mapping
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from interp_jax.networks.chain import Chain
from interp_jax.networks.cifar_cnn import local_response_norm
from interp_jax.networks.freezing import inference_view

_LAYERS = nnx.Linear, nnx.Conv
# Large enough for the windows of usual pools.
_SIDE = 16


def shrink(net, masks: Mapping) -> Chain:
    """The network without the units that masks switch off: its scores are those of ``gate(net, masks)``.

    Host-level; runs the stages next to a gate on random rows. The layer before a gate loses the units' outputs, the
    layer after it the inputs that came from them, also through a flattening. Response normalisation keeps counting
    neighbours by their old numbers; where it lies before the gate, the units whose energy it still needs stay.
    The result is an inference view with the same stage names, so that it can be saved, gated and shrunk again.

    Args:
        net: a chain.
        masks: by stage name, which units of that stage's output are kept, bool [units]. Between a gate and the dense
            layers or convolutions around it, stages must treat channels one by one, and after the gate leave zero at
            zero.

    Returns:
        A chain with arrays of its own where they are smaller.

    Raises:
        ValueError: no chain, an unknown stage, a mask that is not bool, does not fit or keeps nothing (what follows
            would be a constant), a gate that is not between two plain layers, or a stage next to it that mixes
            channels.

    Example:
        >>> net = Chain(dense1=nnx.Linear(2, 3, rngs=nnx.Rngs(0)), relu=nnx.relu, dense2=nnx.Linear(3, 2, rngs=nnx.Rngs(1)))
        >>> shrink(net, {"relu": np.array([True, False, True])}).dense2.kernel.shape
        (2, 2)
    """
    if not isinstance(net, Chain):
        raise ValueError(f"net: found {type(net).__name__}, wanted a Chain")
    net = inference_view(net)
    masks = {name: np.asarray(mask) for name, mask in masks.items()}
    for name, mask in masks.items():
        if name not in net.stage_names:
            raise ValueError(f"masks: found {name!r}, wanted one of the stages {', '.join(map(repr, net.stage_names))}")
        if mask.dtype != bool or mask.ndim != 1:
            raise ValueError(f"masks[{name!r}]: found {mask.dtype} {mask.shape}, wanted a bool vector [units]")
    stages = {name: getattr(net, name) for name in net.stage_names}
    layers = [index for index, stage in enumerate(stages.values()) if type(stage) in _LAYERS]
    names = net.stage_names
    for name in masks:
        index = names.index(name)
        if not layers or not layers[0] <= index < layers[-1]:
            raise ValueError(f"masks[{name!r}]: found no dense layer or convolution on both sides of it, wanted two")
    for first, last in pairwise(layers):
        part = {name: stages[name] for name in names[first : last + 1]}
        if masks.keys() & set(names[first:last]):
            stages |= _cut(part, masks)
    return inference_view(Chain(**stages))


def _cut(stages, masks):
    """The stages from one layer to the next without the units that are of no use between them."""
    (producer, first), *between, (consumer, last) = stages.items()
    _check_layer(producer, first)
    _check_layer(consumer, last)
    units = first.kernel.shape[-1]
    alive = [_masked(producer, np.ones(units, bool), masks)]
    for name, stage in between:
        given = alive[-1] if not _is_norm(stage) else alive[-1][_given_on(stage, len(alive[-1]))]
        alive.append(_masked(name, given, masks))
    needed = [alive[-1]]
    for (_, stage), before in zip(reversed(between), reversed(alive[:-1]), strict=True):
        needed.insert(0, before & (_sources(stage, needed[0], len(before)) if _is_norm(stage) else needed[0]))
    if not needed[0].any():
        gated = [name for name in stages if name in masks]
        raise ValueError(f"masks: found no unit kept after {' and '.join(map(repr, gated))}, wanted at least one")
    smaller = {
        name: _cut_stage(stage, *kept) for (name, stage), kept in zip(between, pairwise(needed), strict=True)
    }
    _check(first, between, smaller, alive, needed, masks)
    return {producer: _cut_outputs(first, needed[0]), **smaller, consumer: _cut_inputs(consumer, last, needed[-1])}


def _masked(name, alive, masks):
    if name not in masks:
        return alive
    if masks[name].shape != alive.shape:
        raise ValueError(f"masks[{name!r}]: found {len(masks[name])} units, wanted {len(alive)}, those of the layer")
    return alive & masks[name]


def _cut_stage(stage, before, after):
    if _is_norm(stage):
        numbers, kept = _numbers(stage, len(before))
        options = dict(getattr(stage, "keywords", ())) | {"numbers": _ints(numbers[before]), "kept": _ints(kept[after])}
        return partial(local_response_norm, **options)
    if isinstance(stage, nnx.BatchNorm):
        stage = nnx.clone(stage)
        for value in jax.tree.leaves(nnx.state(stage)):
            ...
    return stage
