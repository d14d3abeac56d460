"""Deletion and insertion curves: whether contribution maps rank pixels by their importance for the prediction."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import bootstrap

from experiments.identity_layers.layers_study import IDENTITY, NAMES, SHUFFLED
from interp_jax import figures
from interp_jax.methods import attribution, identity

MAP, MAGNITUDE, ALONE, RANDOM_INK = "contribution map", "|contribution map|", "|x| alone", "random ink"
CONTROLS = ("orthogonal", SHUFFLED)
CHOOSING = 300  # training rows for the choice of the layer, and held-out rows for its validation
LAYERS = 7  # candidate layers
STEPS = 10


def write(study, section) -> None:
    """Curves of all rankings, their areas, and the difference of the contribution map from each baseline."""
    task, config = study.task, study.config
    networks = study.trained(IDENTITY, config.depth)
    # The map of the last layer equals that of the layer before: its pixel units have no gradient and stay the identity.
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
        "The pixels of an image are blanked one after another (deletion), or an empty image is filled (insertion), in "
        "the order of a map, and the probability of the predicted class is recorded. Only ink (non-zero pixels) is "
        "ranked, because blanking a blank pixel has no effect. Maps keep their sign: pixels that support the class, or "
        f"that the layers increased most, come first. The contribution map is that of layer {layer + 1} of "
        f"{config.depth}, its magnitude that of layer {of_magnitude + 1}: among {len(tried)} layers, these have the "
        f"smallest deletion area on {CHOOSING} training rows. The map of the last layer equals that of layer "
        f"{config.depth - 1}, since its pixel units receive no gradient. Curves are computed on {len(held):,} held-out "
        f"rows and {len(networks)} networks."
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
    for part, sign, direction in zip(_AREAS, (1, -1), ("lower is better", "higher is better"), strict=True):
        better = [name for name, each in intervals.items() if min(sign * end for end in each[part][1:]) > 0]
        worse = [name for name, each in intervals.items() if max(sign * end for end in each[part][1:]) < 0]
        section.table(
            ("ranking", part.replace("_", " "), "difference from the map"),
            [
                (
                    name,
                    f"{of_name[part].mean():.3f}",
                    with_interval(intervals[name][part]) if name in intervals else None,
                )
                for name, of_name in areas.items()
            ],
            f"Area under the {part.partition('_')[0]} curve ({direction}), and the difference from the contribution "
            f"map with a 95 % interval over images, given these {len(networks)} networks.",
            note="By these intervals the contribution map is significantly better than: "
            f"{', '.join(better) or 'none'}; significantly worse than: {', '.join(worse) or 'none'}.",
        )
    weakened = float(np.mean([_weakened(network, held, of_magnitude) for network in networks]))
    against_random = _interval(areas[MAGNITUDE][_AREAS[0]] - areas[RANDOM_INK][_AREAS[0]], config.seed)
    comparison = "better than" if against_random[2] < 0 else "not better than"
    section.text(
        f"Under deletion the magnitude of the map is {comparison} random ink, {with_interval(against_random)}. A pixel "
        "unit is not negative, so that a map is at least −x but has no upper bound: a large magnitude means an erased "
        "or an increased pixel, which have opposite effects on the following layers. On the training rows the "
        f"magnitude of the map of layer {tried[0] + 1} has an area of {by_layer[MAGNITUDE][0].mean():.3f}, that of "
        f"layer {of_magnitude + 1} an area of {by_layer[MAGNITUDE].mean(axis=1).min():.3f}. Of the tenth of the ink "
        f"with the largest magnitude in the latter, {weakened:.0%} was decreased."
    )
    controls = {
        kind: _of_control(study, network, held, layer)
        for kind, network in [
            (IDENTITY, networks[0]),
            *((kind, study.trained(kind, config.depth)[0]) for kind in CONTROLS),
        ]
    }
    section.table(
        ("network", "contribution map", "random ink", "difference"),
        [
            (
                NAMES[kind],
                *(f"{each.mean():.3f}" for each in values),
                with_interval(_interval(values[0] - values[1], config.seed)),
            )
            for kind, values in controls.items()
        ],
        "Sanity controls: area under the deletion curve in one network each, ranked by its contribution map of layer "
        f"{layer + 1}. In a network with random initialization units do not correspond to pixels, and a network "
        "trained on shuffled labels predicts at chance level. Areas are comparable within a row only, because the "
        "confidence of the networks differs.",
    )
    shares = np.asarray(curves[0][MAP].shares)
    for part, action in (("deletion", "removed"), ("insertion", "inserted")):
        section.figure(
            part,
            figures.curves.against(
                shares,
                {
                    name: np.stack([np.mean(getattr(each[name], part), axis=0) for each in curves], axis=1)
                    for name in curves[0]
                },
                f"share of the ink {action}",
                "probability of the class",
                y_range=(0, 1.02),
            ),
            f"{part.capitalize()}: mean over the rows, one dot for each network.",
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
        "Area under the deletion curve by the layer of the map: mean, one dot for each network.",
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
            "controls": {
                kind: {"map": areas[0].mean(), "random_ink": areas[1].mean()} for kind, areas in controls.items()
            },
        }
    )


_AREAS = ("deletion_area", "insertion_area")


def _curves(study, network, inputs, layer, of_magnitude):
    """The `attribution.RemovalCurves` of every ranking."""
    read, target = _read(network, inputs)
    maps = read.maps
    rankings = {
        MAP: maps[layer],
        f"contribution map, layer {len(maps) - 1}": maps[-2],
        MAGNITUDE: np.abs(maps[of_magnitude]),
        "x · gradient": attribution.gradient_times_input(network, inputs, target),
        "|x · gradient|": np.abs(attribution.gradient_times_input(network, inputs, target)),
        "integrated gradients": attribution.integrated_gradients(network, inputs, target, nodes=study.config.nodes),
        ALONE: inputs,
        RANDOM_INK: jax.random.uniform(study.key(4), inputs.shape),
    }
    curves = {
        name: attribution.removal_curves(network, inputs, each, target, steps=STEPS) for name, each in rankings.items()
    }
    return {name: jax.tree.map(np.asarray, each) for name, each in curves.items()}


def _weakened(network, inputs, layer):
    """The share of negative values among the tenth of the ink with the largest magnitude in the map; mean over rows."""
    maps = np.asarray(_read(network, inputs)[0].maps[layer])
    shares = []
    for row, changes in zip(inputs, maps, strict=True):
        ink = changes[row != 0]
        greatest = np.argsort(-np.abs(ink), kind="stable")[: max(1, len(ink) // 10)]
        shares.append(np.mean(ink[greatest] < 0))
    return np.mean(shares)


def _of_control(study, network, inputs, layer):
    """Deletion areas of every row by the map and by random ink."""
    read, target = _read(network, inputs)
    return [
        np.asarray(attribution.removal_curves(network, inputs, each, target, steps=STEPS).deletion_area)
        for each in (read.maps[layer], jax.random.uniform(study.key(4), inputs.shape))
    ]


def _as_it_is(maps):
    return maps


@partial(jax.jit, static_argnames="change")
def _areas_by_layer(network, inputs, tried, change):
    """The mean deletion areas of the contribution maps of some layers, each transformed by ``change``."""
    read, target = _read(network, inputs)

    def area(layer):
        importance = change(read.maps[layer])
        return attribution.removal_curves(network, inputs, importance, target, steps=STEPS).deletion_area.mean()

    return jax.lax.map(area, tried)


@jax.jit
def _read(network, inputs):
    layers = network.layers(inputs)
    return identity.contributions(inputs, layers), layers[-1, :, inputs.shape[1] :].argmax(axis=1)


def _interval(differences, seed):
    """The mean and the ends of its 95 % bootstrap interval over rows."""
    resampled = bootstrap(
        (differences,), np.mean, n_resamples=2_000, method="percentile", rng=np.random.default_rng(seed)
    )
    return [float(differences.mean()), *(float(end) for end in resampled.confidence_interval)]


def with_interval(numbers):
    """The text ``mean (low … high)`` for three numbers."""
    mean, low, high = (f"{value:+.3f}".replace("-", "−") for value in numbers)
    return f"{mean}\u00a0({low}\u00a0…\u00a0{high})"
