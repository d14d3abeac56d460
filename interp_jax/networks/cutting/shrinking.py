"""The smaller network that remains when masked units are cut out."""

from collections.abc import Mapping
from functools import partial
from itertools import pairwise

import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import ArrayLike

from interp_jax._checks import Given, describe, renamed
from interp_jax.networks.chain import Chain
from interp_jax.networks.cutting.masks import as_bool_vector, as_values, check_masks
from interp_jax.networks.freezing import inference_view
from interp_jax.networks.models.response_norm import RADIUS, local_response_norm

_SIDE = 16  # of the maps that stages are tested on: room for the windows of usual poolings


@renamed(net="network")
def shrink(
    network: Given[Chain, "inputs -> scores"],
    masks: Given[Mapping[str, ArrayLike], "units"],
    values: Given[Mapping[str, ArrayLike] | None, "units"] = None,
) -> Chain:
    """The network without the units that masks switch off; its scores are those of ``gate(network, masks, values)``.

    Host-level; tests stages next to a gate on random rows. The layer before a gate loses the units, the layer after it
    the weights that led from them, also across a flatten. Response normalization keeps using the original channel
    indices; if it comes before the gate, units within its radius of a kept unit stay. The result is an inference view
    (dropout off) with the same stage names, so that it can be saved, gated and shrunk again.

    Values in place of zero become part of the next layer's bias. If that is a convolution with zeros around its input,
    where they would act at the border too, one more unit, which is the same everywhere, brings them to it.

    Args:
        network: a chain.
        masks: by stage name, which units of that stage's output are kept, bool [units]. The stages between a gate and
            the dense layers or convolutions around it must act on each channel alone, and those after it must map zero
            to zero, unless values are given.
        values: by the name of a masked stage, what its closed units are instead of zero: constants [units], or […,
            units] by place, such as ``core.replacement.constants`` of a `Selection`. Units that are taken from other
            rows have no constants, and cannot be cut.

    Returns:
        The smaller chain.

    Raises:
        ValueError: not a chain, an unknown stage, a mask that is not bool, does not fit or keeps nothing (the scores
            would be constant), a gate that is not between two layers without groups, an adjacent stage that cannot be
            cut, or values that do not fit, or differ from place to place before a layer that is applied at each.

    Example:
        >>> rngs = nnx.Rngs(0)
        >>> net = Chain(dense1=nnx.Linear(2, 3, rngs=rngs), relu=nnx.relu, dense2=nnx.Linear(3, 2, rngs=rngs))
        >>> shrink(net, {"relu": np.array([True, False, True])}).dense2.kernel.shape
        (2, 2)
    """
    if not isinstance(network, Chain):
        raise ValueError(f"network: found {describe(network)}, wanted a Chain")
    check_masks(masks)
    network, names = inference_view(network), network.stage_names
    stages = {name: getattr(network, name) for name in names}
    layers = [place for place, stage in enumerate(stages.values()) if type(stage) in (nnx.Linear, nnx.Conv)]
    masks = {name: as_bool_vector(f"masks[{name!r}]", mask) for name, mask in masks.items()}
    values = as_values(values, {name: len(mask) for name, mask in masks.items()})
    for name in masks:
        if name not in names:
            raise ValueError(f"masks: found {name!r}, wanted stages among {', '.join(map(repr, names))}")
        if not layers or not layers[0] <= names.index(name) < layers[-1]:
            raise ValueError(f"masks[{name!r}]: found no layer on one side of it, wanted it between two")
    for first, last in pairwise(layers):
        if masks.keys() & set(names[first:last]):
            stages |= _cut({name: stages[name] for name in names[first : last + 1]}, masks, values)
    return inference_view(Chain(**stages))


def _cut(stages, masks, values):
    """The stages from a layer to the next without the units that are not needed."""
    (producer, first), *between, (consumer, last) = stages.items()
    for name, layer in ((producer, first), (consumer, last)):
        window = getattr(layer, "kernel_size", ())
        if getattr(layer, "feature_group_count", 1) > 1 or layer.kernel.ndim != len(window) + 2:
            raise ValueError(f"stage {name!r}: found a layer with groups or a stacked one, wanted a plain one")
    # Units that are not switched off after each stage, and which of those the next stage needs.
    alive = [_masked(producer, np.ones(first.kernel.shape[-1], bool), masks)]
    for name, stage in between:
        given = alive[-1][_Norm(stage, len(alive[-1])).kept] if _is_norm(stage) else alive[-1]
        alive.append(_masked(name, given, masks))
    needed = [alive[-1]]
    for (_, stage), before in zip(reversed(between), reversed(alive[:-1]), strict=True):
        reached = _Norm(stage, len(before)).reach(needed[0]) if _is_norm(stage) else needed[0]
        needed.insert(0, before & reached)
    if not needed[-1].any():
        gates = " and ".join(repr(name) for name in stages if name in masks)
        raise ValueError(f"masks: found no unit kept at {gates}, wanted at least one")
    smaller = [_cut_stage(stage, *sides) for (_, stage), sides in zip(between, pairwise(needed), strict=True)]
    _try(producer, first, between, smaller, alive, needed, masks, values)
    first, cut = _cut_outputs(first, needed[0]), _cut_inputs(consumer, last, needed[-1])
    if values.keys() & masks.keys() & set(stages) and not needed[-1].all():
        constants = _constants(producer, stages[producer], between, masks, values)
        output = _layer_of(consumer, last, constants, needed[-1])
        if np.ptp(output.reshape(-1, output.shape[-1]), axis=0).max() <= 1e-6 * np.abs(output).max():
            cut = _with_bias(cut, output.reshape(-1, output.shape[-1])[0])
        else:
            weights = np.einsum("u,...uo->...o", np.where(needed[-1], 0, constants[0]), _kernel(last))
            first, smaller, cut = _with_constant_unit(first, between, smaller, cut, weights)
    return {producer: first, **dict(zip(dict(between), smaller, strict=True)), consumer: cut}


def _masked(name, alive, masks):
    if name not in masks:
        return alive
    if masks[name].shape != alive.shape:
        raise ValueError(f"masks[{name!r}]: found {len(masks[name])} units, wanted {len(alive)}")
    return alive & masks[name]


def _closed(name, hidden, masks, values):
    """A stage's output with its masked units replaced."""
    mask = masks[name].reshape((1,) * (hidden.ndim - 1) + (-1,))
    return jnp.where(mask, hidden, jnp.asarray(np.broadcast_to(values.get(name, 0.0), hidden.shape), hidden.dtype))


def _try(producer, first, between, smaller, alive, needed, masks, values):
    """Refuses stages that act on the remaining units otherwise than they did among all units."""
    shape = (3, *[_SIDE] * len(getattr(first, "kernel_size", ())), len(alive[0]))
    # Large values too, which reveal a normalization with small constants.
    rows = np.random.default_rng(0).normal(size=shape) * np.reshape([1, 30, 1000], (3,) + (1,) * (len(shape) - 1))
    # Of constants by place those of the first: the sides of these maps are not the network's.
    values = {name: value.reshape(-1, value.shape[-1])[0] for name, value in values.items()}
    whole, small = jnp.asarray(rows, jnp.float32), jnp.asarray(rows[..., needed[0]], jnp.float32)
    whole = _closed(producer, whole, masks, values) if producer in masks else whole
    for (name, stage), cut, living, useful in zip(between, smaller, alive[1:], needed[1:], strict=True):
        try:
            whole, small = stage(whole), cut(small)
        except Exception as error:
            raise ValueError(f"stage {name!r}: it fails on fewer units or maps of side {_SIDE}: {error}") from error
        if not whole.size:
            raise ValueError(f"stage {name!r}: it leaves nothing of maps of side {_SIDE}, wanted a smaller window")
        copies = whole.shape[-1] // len(living)
        if name in masks:
            if copies != 1:
                raise ValueError(f"masks[{name!r}]: found a gate where units lie side by side, wanted it before")
            whole = _closed(name, whole, masks, values)
        wanted = np.asarray(whole)[..., np.tile(useful, copies)]
        noise = 1e-5 * np.abs(wanted).max(axis=tuple(range(1, wanted.ndim)), keepdims=True)
        if wanted.shape != small.shape or not (np.abs(wanted - small) <= noise).all():
            raise ValueError(f"stage {name!r}: found that units are mixed there, wanted a stage that takes each alone")
        gone = np.asarray(whole)[..., ~np.tile(living, copies)]
        if not values and gone.any():
            raise ValueError(
                f"stage {name!r}: found that it makes something of zeros, wanted zeros to stay after a gate, or values"
            )
        if (np.ptp(gone, axis=0) > 1e-5 * np.abs(gone).max(initial=0)).any():
            raise ValueError(
                f"stage {name!r}: found that closed units differ from row to row after it, wanted constants"
            )


def _constants(producer, first, between, masks, values):
    """What closed units are where the next layer takes them, [places, units]; of one place if the same at all."""
    hidden, started = jnp.zeros((1, *[_SIDE] * len(getattr(first, "kernel_size", ())), first.kernel.shape[-1])), False
    units = hidden.shape[-1]
    for name, stage in ((producer, None), *between):
        hidden = hidden if stage is None else stage(hidden)
        if name not in masks:
            continue
        value = values.get(name, np.zeros(units))
        if value.ndim > 1 and value.shape != hidden.shape[1:]:
            places = hidden.reshape(-1, units)
            if started and np.ptp(np.asarray(places), axis=0).any():
                raise ValueError(f"values[{name!r}]: found shape {value.shape}, wanted that of the gates before it")
            hidden = jnp.broadcast_to(places[0], (1, *value.shape))
        hidden, started = _closed(name, hidden, masks, values), True
    places = np.asarray(hidden, np.float64).reshape(-1, units)
    same = np.ptp(places, axis=0) <= 1e-6 * np.abs(places).max(axis=0)
    return places[:1] if same[~_open_at_end(between, producer, masks, units)].all() else places


def _open_at_end(between, producer, masks, units):
    alive = np.ones(units, bool)
    for name in (producer, *dict(between)):
        alive = alive & masks.get(name, True)
    return alive


def _kernel(layer):
    kernel = np.asarray(layer.kernel[...], np.float64)
    return kernel if getattr(layer, "mask", None) is None else kernel * np.asarray(layer.mask, np.float64)


def _layer_of(name, layer, constants, needed):
    """The layer's output, without bias, of the closed units alone: [1, …, outputs]."""
    closed = np.where(needed, 0, constants)
    if isinstance(layer, nnx.Linear):
        places = layer.kernel.shape[0] // len(needed)
        if len(closed) not in (1, places):
            raise ValueError(
                f"stage {name!r}: found closed units of {len(closed)} places, wanted {places}, or constants that are "
                "the same at all of them"
            )
        return np.broadcast_to(closed, (places, len(needed))).reshape(1, -1) @ _kernel(layer)
    if len(closed) > 1:
        raise ValueError(
            f"stage {name!r}: found closed units that differ from place to place before a convolution, wanted one "
            "constant a unit"
        )
    side = max(_SIDE, *(4 * size for size in layer.kernel_size))
    rows = jnp.broadcast_to(jnp.asarray(closed[0], jnp.float32), (1, *[side] * len(layer.kernel_size), len(needed)))
    plain = nnx.clone(layer)
    plain.bias, plain.use_bias = None, False
    return np.asarray(plain(rows), np.float64)


def _with_bias(layer, constants):
    layer = nnx.clone(layer)
    bias = 0.0 if layer.bias is None else np.asarray(layer.bias[...], np.float64)
    value = jnp.asarray(bias + constants, layer.kernel[...].dtype)
    layer.bias, layer.use_bias = nnx.Param(value) if layer.bias is None else layer.bias.replace(value), True
    return layer


def _with_constant_unit(first, between, smaller, last, weights):
    """The layers around a gate with one more unit, the same for all rows and places, which the second one weighs."""
    first, last = nnx.clone(first), nnx.clone(last)
    units = first.kernel.shape[-1]
    _set_kernel(first, lambda kernel: jnp.pad(kernel, [(0, 0)] * (kernel.ndim - 1) + [(0, 1)]))
    bias = jnp.zeros(units, first.kernel[...].dtype) if first.bias is None else first.bias[...]
    bias = jnp.append(bias, 1).astype(bias.dtype)
    first.bias, first.use_bias = nnx.Param(bias) if first.bias is None else first.bias.replace(bias), True
    wider = []
    hidden = jnp.ones((1, *[_SIDE] * len(getattr(first, "kernel_size", ())), units + 1))
    for (name, _), stage in zip(between, smaller, strict=True):
        if _is_norm(stage):
            raise ValueError(
                f"stage {name!r}: found a response normalization between closed units and a convolution with zeros "
                "around its input, wanted a plain stage"
            )
        if isinstance(stage, nnx.BatchNorm):
            stage = nnx.clone(stage)
            for part, value in (("scale", 1), ("bias", 0), ("mean", 0), ("var", 1)):
                if (variable := getattr(stage, part)) is not None:
                    setattr(stage, part, variable.replace(jnp.append(variable[...], value).astype(variable.dtype)))
            stage.num_features = units + 1
        hidden = stage(hidden)
        wider.append(stage)
    unit = np.asarray(hidden, np.float64)[..., -1]
    if np.ptp(unit) > 1e-6 * np.abs(unit).max() or not np.abs(unit).min() > 1e-6:
        raise ValueError(
            "values: found stages that make no constant of a unit that is 1 everywhere, wanted such as rectifiers and "
            "poolings before a convolution with zeros around its input"
        )
    weights = jnp.asarray(weights / unit.reshape(-1)[0], last.kernel[...].dtype)
    last.kernel = last.kernel.replace(jnp.concatenate([last.kernel[...], weights[..., None, :]], axis=-2))
    if getattr(last, "mask", None) is not None:
        last.mask = jnp.pad(last.mask, [(0, 0)] * (last.mask.ndim - 2) + [(0, 1), (0, 0)], constant_values=1)
    return _with_sizes(first), wider, _with_sizes(last)


def _cut_outputs(layer, mask):
    layer = nnx.clone(layer)
    _set_kernel(layer, lambda kernel: kernel[..., mask])
    if layer.bias is not None:
        layer.bias = layer.bias.replace(layer.bias[...][mask])
    return _with_sizes(layer)


def _cut_inputs(name, layer, mask):
    layer, (*window, inputs, outputs) = nnx.clone(layer), layer.kernel.shape
    if inputs % len(mask):
        raise ValueError(f"stage {name!r}: found {inputs} inputs, wanted a multiple of {len(mask)} units")

    # After a flatten the units lie side by side, position by position.
    def cut(kernel):
        return kernel.reshape(*window, -1, len(mask), outputs)[..., mask, :].reshape(*window, -1, outputs)

    _set_kernel(layer, cut)
    return _with_sizes(layer)


def _set_kernel(layer, cut):
    """Cuts a layer's kernel, and a convolution's mask on it if there is one."""
    layer.kernel = layer.kernel.replace(cut(layer.kernel[...]))
    if getattr(layer, "mask", None) is not None:
        layer.mask = cut(layer.mask)


def _with_sizes(layer):
    layer.in_features, layer.out_features = layer.kernel.shape[-2:]
    if isinstance(layer, nnx.Conv):
        layer.kernel_shape = layer.kernel.shape
    return layer


def _cut_stage(stage, before, after):
    if before.all() and after.all():
        return stage
    if _is_norm(stage):
        return _Norm(stage, len(before)).cut(before, after)
    if isinstance(stage, nnx.BatchNorm):
        stage = nnx.clone(stage)
        for name in ("scale", "bias", "mean", "var"):
            if (variable := getattr(stage, name)) is not None:
                setattr(stage, name, variable.replace(variable[...][before]))
        stage.num_features = int(before.sum())
    return stage


def _is_norm(stage):
    return getattr(stage, "function", stage) is local_response_norm


class _Norm:
    """A response normalization: the units that it returns, and those whose energies these need."""

    def __init__(self, stage, units):
        self.options = dict(getattr(stage, "keywords", ()))
        self.places = np.asarray(self.options.get("places") or range(units))
        self.given = np.asarray(self.options.get("outputs") or self.places)
        self.kept = np.searchsorted(self.places, self.given)

    def reach(self, needed):
        """The units within the norm's radius of those needed after it."""
        apart = np.abs(self.places[:, None] - self.given[needed])
        return (apart <= self.options.get("radius", RADIUS)).any(axis=1)

    def cut(self, before, after):
        """The stage for the units that remain before and after it."""
        places, given = tuple(self.places[before].tolist()), tuple(self.given[after].tolist())
        changes = {"places": places, "outputs": None if given == places else given}
        return partial(local_response_norm, **self.options | changes)
