"""Deletion and insertion curves: whether what the maps point at is what the network decides by."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import bootstrap

from experiments.identity_layers.layers_study import IDENTITY, NAMES, SHUFFLED
from interp_jax import figures
from interp_jax.methods import identity

MAP, MAGNITUDE, ALONE, RANDOM_INK = "contribution map", "|contribution map|", "|x| alone", "random ink"
TWINS = ("orthogonal", SHUFFLED)
CHOOSING = 300  # training rows that the layer is chosen on, and held-out rows to see whether the choice holds
LAYERS = 7  # layers tried
STEPS = 10


def write(study, section) -> None:
    """The curves of all rankings, their areas, and the contribution map's distance from each rival."""
    task, config = study.task, study.config
    networks = study.trained(IDENTITY, config.depth)
    # The last layer's map is that of the one before: nothing reads its pixel units, their weights stay the identity.
    tried = np.unique(np.linspace(0, config.depth - 1, LAYERS).round().clip(max=config.depth - 2).astype(int))
    by_layer = {
        part: np.stack([_areas_by_layer(each, task.inputs[:CHOOSING], tried, change) for each in networks], axis=1)
        for part, change in ((MAP, _as_it_is), (MAGNITUDE, jnp.abs))
    }
    layer, of_magnitude = (int(tried[areas.mean(axis=1).argmin()]) for areas in by_layer.values())
    held = task.held_inputs[: config.removal_rows]
    held_by_layer = np.stack([_areas_by_layer(each, held[:CHOOSING], tried, _as_it_is) for each in networks], axis=1)
    curves = [_curves(study, network, held, layer, of_magnitude) for network in networks]
    section.text(
        "The pixels of an image are blanked one after the other, or an empty image is filled, in the order that a map "
        "gives them, and the probability of the class that the network decides for is watched. Only ink is ranked: to "
        "blank a blank pixel changes nothing. Maps keep their sign, what speaks for the class or was strengthened most "
        f"goes first. The contribution map is that of layer {layer + 1} of {config.depth}, its magnitude that of layer "
        f"{of_magnitude + 1}: each has the least deletion area on {CHOOSING} training rows among {len(tried)} layers. "
        f"The last layer's map is that of layer {config.depth - 1}, for nothing reads the last layer's pixel units and "
        f"they change nothing. Curves are of {len(held):,} held-out rows and {len(networks)} networks."
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
                (
                    name,
                    f"{of_name[part].mean():.3f}",
                    with_interval(intervals[name][part]) if name in intervals else None,
                )
                for name, of_name in areas.items()
            ],
            f"Area under the {part.partition('_')[0]} curve, {said}; the difference from the contribution map with its "
            f"95 % interval, which is over images, given these {len(networks)} networks.",
            note=f"The contribution map is surely better than: {', '.join(better) or 'none'}; surely worse than: "
            f"{', '.join(worse) or 'none'}.",
        )
    weakened = float(np.mean([_weakened(network, held, of_magnitude) for network in networks]))
    against_random = _interval(areas[MAGNITUDE][_AREAS[0]] - areas[RANDOM_INK][_AREAS[0]], config.seed)
    said = "better than" if against_random[2] < 0 else "no better than"
    section.text(
        f"Under deletion the map's magnitude is {said} random ink, {with_interval(against_random)}. A pixel unit "
        "cannot fall below 0, so that a map is never below −x while it may rise without bound: a great magnitude is a "
        "pixel erased or one strengthened, which are opposites to the layers after it. On the training rows the "
        f"magnitude of layer {tried[0] + 1}'s map has an area of {by_layer[MAGNITUDE][0].mean():.3f}, that of layer "
        f"{of_magnitude + 1}'s {by_layer[MAGNITUDE].mean(axis=1).min():.3f}; of the tenth of an image's ink with the "
        f"greatest magnitude in the latter {weakened:.0%} has been weakened."
    )
    twins = {
        kind: _of_twin(study, network, held, layer)
        for kind, network in [
            (IDENTITY, networks[0]),
            *((kind, study.trained(kind, config.depth)[0]) for kind in TWINS),
        ]
    }
    section.table(
        ("network", "contribution map", "random ink", "map less random ink"),
        [
            (
                NAMES[kind],
                *(f"{each.mean():.3f}" for each in found),
                with_interval(_interval(found[0] - found[1], config.seed)),
            )
            for kind, found in twins.items()
        ],
        f"Area under the deletion curve in one network each, ranked by its map of layer {layer + 1}: in a network from "
        "random weights units have no places in the image, and one that has learned shuffled labels decides by chance. "
        "Areas compare within a row: each network is as sure of its class as it is.",
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
            {"training rows": by_layer[MAP], "held-out rows": held_by_layer},
            "layer of the contribution map",
            "deletion area",
            {name: float(areas[name][_AREAS[0]].mean()) for name in (ALONE, RANDOM_INK)},
        ),
        "Area under the deletion curve by the layer whose map ranks the pixels: mean, a dot a network.",
    )
    section.metrics(
        {
            "layer": layer + 1,
            "layer_of_magnitude": of_magnitude + 1,
            "magnitude_less_random_ink": against_random,
            "weakened": weakened,
            "rows": len(held),
            "area": {
                name: {part: float(values.mean()) for part, values in each.items()} for name, each in areas.items()
            },
            "difference": intervals,
            "tried": tried + 1,
            "by_layer_training": by_layer[MAP],
            "by_layer_training_magnitude": by_layer[MAGNITUDE],
            "by_layer_held_out": held_by_layer,
            "twins": {kind: {"map": found[0].mean(), "random_ink": found[1].mean()} for kind, found in twins.items()},
        }
    )


_AREAS = ("deletion_area", "insertion_area")


def _curves(study, network, inputs, layer, of_magnitude):
    """`identity.RemovalCurves` of every ranking."""
    read, target = _read(network, inputs)
    maps = read.maps
    rankings = {
        MAP: maps[layer],
        f"contribution map, layer {len(maps) - 1}": maps[-2],
        MAGNITUDE: np.abs(maps[of_magnitude]),
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


def _weakened(network, inputs, layer):
    """Of the tenth of a row's ink with the greatest magnitude in the map, the share that is below 0; mean over rows."""
    maps = np.asarray(_read(network, inputs)[0].maps[layer])
    shares = []
    for row, changes in zip(inputs, maps, strict=True):
        ink = changes[row != 0]
        greatest = np.argsort(-np.abs(ink), kind="stable")[: max(1, len(ink) // 10)]
        shares.append(np.mean(ink[greatest] < 0))
    return np.mean(shares)


def _of_twin(study, network, inputs, layer):
    """Deletion areas by the map and by random ink, a number a row each."""
    read, target = _read(network, inputs)
    return [
        np.asarray(identity.removal_curves(network, inputs, each, target, steps=STEPS).deletion_area)
        for each in (read.maps[layer], jax.random.uniform(study.key(4), inputs.shape))
    ]


def _as_it_is(maps):
    return maps


@partial(jax.jit, static_argnames="change")
def _areas_by_layer(network, inputs, tried, change):
    """The mean deletion area of the contribution maps of some layers, or of what ``change`` makes of them."""
    read, target = _read(network, inputs)

    def area(layer):
        importance = change(read.maps[layer])
        return identity.removal_curves(network, inputs, importance, target, steps=STEPS).deletion_area.mean()

    return jax.lax.map(area, tried)


@jax.jit
def _read(network, inputs):
    layers = network.layers(inputs)
    return identity.contributions(inputs, layers), layers[-1, :, inputs.shape[1] :].argmax(axis=1)


def _interval(differences, seed):
    """Mean and the ends of its 95 % interval, resampling rows."""
    found = bootstrap((differences,), np.mean, n_resamples=2_000, method="percentile", rng=np.random.default_rng(seed))
    return [float(differences.mean()), *(float(end) for end in found.confidence_interval)]


def with_interval(found):
    """``mean (low … high)`` of the three numbers."""
    mean, low, high = (f"{value:+.3f}".replace("-", "−") for value in found)
    return f"{mean}\u00a0({low}\u00a0…\u00a0{high})"
