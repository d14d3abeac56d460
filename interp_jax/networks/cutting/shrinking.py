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
from interp_jax.networks.cutting.masks import as_bool_vector, check_masks
from interp_jax.networks.freezing import inference_view
from interp_jax.networks.models.response_norm import RADIUS, local_response_norm

_SIDE = 16  # of the maps that stages are tested on: room for the windows of usual poolings


@renamed(net="network")
def shrink(network: Given[Chain, "inputs -> scores"], masks: Given[Mapping[str, ArrayLike], "units"]) -> Chain:
    """The network without the units that masks switch off; its scores are those of ``gate(network, masks)``.

    Host-level; tests stages next to a gate on random rows. The layer before a gate loses the units, the layer after it
    the weights that led from them, also across a flatten. Response normalization keeps using the original channel
    indices; if it comes before the gate, units within its radius of a kept unit stay. The result is an inference view
    (dropout off) with the same stage names, so that it can be saved, gated and shrunk again.

    Args:
        network: a chain.
        masks: by stage name, which units of that stage's output are kept, bool [units]. The stages between a gate and
            the dense layers or convolutions around it must act on each channel alone, and those after it must map zero
            to zero.

    Returns:
        The smaller chain.

    Raises:
        ValueError: not a chain, an unknown stage, a mask that is not bool, does not fit or keeps nothing (the scores
            would be constant), a gate that is not between two layers without groups, or an adjacent stage that cannot
            be cut.

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
    for name in masks:
        if name not in names:
            raise ValueError(f"masks: found {name!r}, wanted stages among {', '.join(map(repr, names))}")
        if not layers or not layers[0] <= names.index(name) < layers[-1]:
            raise ValueError(f"masks[{name!r}]: found no layer on one side of it, wanted it between two")
    for first, last in pairwise(layers):
        if masks.keys() & set(names[first:last]):
            stages |= _cut({name: stages[name] for name in names[first : last + 1]}, masks)
    return inference_view(Chain(**stages))


def _cut(stages, masks):
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
    _try(first, between, smaller, alive, needed, masks)
    return {
        producer: _cut_outputs(first, needed[0]),
        **dict(zip(dict(between), smaller, strict=True)),
        consumer: _cut_inputs(consumer, last, needed[-1]),
    }


def _masked(name, alive, masks):
    if name not in masks:
        return alive
    if masks[name].shape != alive.shape:
        raise ValueError(f"masks[{name!r}]: found {len(masks[name])} units, wanted {len(alive)}")
    return alive & masks[name]


def _try(first, between, smaller, alive, needed, masks):
    """Refuses stages that act on the remaining units otherwise than they did among all units."""
    shape = (3, *[_SIDE] * len(getattr(first, "kernel_size", ())), len(alive[0]))
    # Large values too, which reveal a normalization with small constants.
    rows = np.random.default_rng(0).normal(size=shape) * np.reshape([1, 30, 1000], (3,) + (1,) * (len(shape) - 1))
    whole, small = jnp.asarray(rows * alive[0], jnp.float32), jnp.asarray(rows[..., needed[0]], jnp.float32)
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
            whole = whole * jnp.asarray(living, whole.dtype).reshape((1,) * (whole.ndim - 1) + (-1,))
        wanted = np.asarray(whole)[..., np.tile(useful, copies)]
        noise = 1e-5 * np.abs(wanted).max(axis=tuple(range(1, wanted.ndim)), keepdims=True)
        if wanted.shape != small.shape or not (np.abs(wanted - small) <= noise).all():
            raise ValueError(f"stage {name!r}: found that units are mixed there, wanted a stage that takes each alone")
        if np.asarray(whole)[..., ~np.tile(living, copies)].any():
            raise ValueError(
                f"stage {name!r}: found that it makes something of zeros, wanted zeros to stay after a gate"
            )


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
