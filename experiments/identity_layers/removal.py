"""Deletion and insertion curves: whether what the maps point at is what the network decides by."""

import jax
import numpy as np
from scipy.stats import bootstrap

from experiments.identity_layers.layers_study import IDENTITY
from interp_jax import figures
from interp_jax.methods import identity

MAP, ALONE, RANDOM_INK = "contribution map", "|x| alone", "random ink"
CHOOSING = 300  # training rows that the layer is chosen on, and held-out rows to see whether the choice holds
LAYERS = 7  # layers tried
STEPS = 10


def write(study, section) -> None:
    """The curves of all rankings, their areas, and the contribution map's distance from each rival."""
    task, config = study.task, study.config
    networks = study.trained(IDENTITY, config.depth)
    tried = np.unique(np.linspace(0, config.depth - 1, LAYERS).round().astype(int))
    choice = np.stack([_areas_by_layer(each, task.inputs[:CHOOSING], tried) for each in networks], axis=1)
    layer = int(tried[choice.mean(axis=1).argmin()])
    held = task.held_inputs[: config.removal_rows]
    held_by_layer = np.stack([_areas_by_layer(each, held[:CHOOSING], tried) for each in networks], axis=1)
    curves = [_curves(study, network, held, layer) for network in networks]
    section.text(
        "The pixels of an image are blanked one after the other, or an empty image is filled, in the order that a map "
        "gives them, and the probability of the class that the network decides for is watched. Only ink is ranked: to "
        "blank a blank pixel changes nothing. Maps keep their sign, what speaks for the class or was strengthened most "
        f"goes first. The contribution map is that of layer {layer + 1} of {config.depth}, which has the least area on "
        f"{CHOOSING} training rows among {len(tried)} layers; curves are of {len(held):,} held-out rows and "
        f"{len(networks)} networks."
    )
    areas = {
        name: {part: np.stack([getattr(each[name], part) for each in curves]).mean(axis=0) for part in _AREAS}
        for name in curves[0]
    }
    intervals = {
        name: {part: _interval(of_name[part] - areas[MAP][part], config.seed) for part in _AREAS}
        for name, of_name in areas.items()
        if name != MAP
    }
    for part, sign, said in zip(_AREAS, (1, -1), ("small is good", "large is good"), strict=True):
        better = [name for name, found in intervals.items() if min(sign * end for end in found[part][1:]) > 0]
        worse = [name for name, found in intervals.items() if max(sign * end for end in found[part][1:]) < 0]
        section.table(
            ("ranking", part.replace("_", " "), "… less the map's"),
            [
                (name, f"{of_name[part].mean():.3f}", _said(intervals[name][part]) if name in intervals else None)
                for name, of_name in areas.items()
            ],
            f"Area under the {part.partition('_')[0]} curve, {said}; the difference from the contribution map with its "
            "95 % interval, resampling images.",
            note=f"The contribution map is surely better than: {', '.join(better) or 'none'}; surely worse than: "
            f"{', '.join(worse) or 'none'}.",
        )
    shares = np.asarray(curves[0][MAP].shares)
    for part, said in (("deletion", "removed"), ("insertion", "put back")):
        section.figure(
            part,
            figures.curves.against(
                shares,
                {
                    name: np.stack([np.mean(getattr(each[name], part), axis=0) for each in curves], axis=1)
                    for name in curves[0]
                },
                f"share of the ink {said}",
                "probability of the class",
                y_range=(0, 1.02),
            ),
            f"{part.capitalize()}: mean over the rows, a dot a network.",
        )
    section.figure(
        "deletion_by_layer",
        figures.curves.against(
            tried + 1,
            {"training rows": choice, "held-out rows": held_by_layer},
            "layer of the contribution map",
            "deletion area",
            {name: float(areas[name][_AREAS[0]].mean()) for name in (ALONE, RANDOM_INK)},
        ),
        "Area under the deletion curve by the layer whose map ranks the pixels: mean, a dot a network.",
    )
    section.metrics(
        {
            "layer": layer + 1,
            "rows": len(held),
            "area": {
                name: {part: float(values.mean()) for part, values in each.items()} for name, each in areas.items()
            },
            "difference": intervals,
            "tried": tried + 1,
            "by_layer": held_by_layer,
        }
    )


_AREAS = ("deletion_area", "insertion_area")


def _curves(study, network, inputs, layer):
    """`identity.RemovalCurves` of every ranking."""
    read, target = _read(network, inputs)
    maps = read.maps
    rankings = {
        MAP: maps[layer],
        "contribution map, last layer": maps[-1],
        "|contribution map|": np.abs(maps[layer]),
        "x · gradient": identity.gradient_times_input(network, inputs, target),
        "|x · gradient|": np.abs(identity.gradient_times_input(network, inputs, target)),
        "integrated gradients": identity.integrated_gradients(network, inputs, target, nodes=study.config.nodes),
        ALONE: inputs,
        RANDOM_INK: jax.random.uniform(study.key(4), inputs.shape),
    }
    found = {
        name: identity.removal_curves(network, inputs, each, target, steps=STEPS) for name, each in rankings.items()
    }
    return {name: jax.tree.map(np.asarray, each) for name, each in found.items()}


@jax.jit
def _areas_by_layer(network, inputs, tried):
    """The mean deletion area of the contribution maps of some layers."""
    read, target = _read(network, inputs)

    def area(layer):
        return identity.removal_curves(network, inputs, read.maps[layer], target, steps=STEPS).deletion_area.mean()

    return jax.lax.map(area, tried)


@jax.jit
def _read(network, inputs):
    layers = network.layers(inputs)
    return identity.contributions(inputs, layers), layers[-1, :, inputs.shape[1] :].argmax(axis=1)


def _interval(differences, seed):
    """Mean and the ends of its 95 % interval, resampling rows."""
    found = bootstrap((differences,), np.mean, n_resamples=2_000, method="percentile", rng=np.random.default_rng(seed))
    return [float(differences.mean()), *(float(end) for end in found.confidence_interval)]


def _said(interval):
    mean, low, high = (f"{value:+.3f}".replace("-", "−") for value in interval)
    return f"{mean}\u00a0({low}\u00a0…\u00a0{high})"
