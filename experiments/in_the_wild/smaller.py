"""The network cut to what some types need: its size and time, and what it decides."""

from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from experiments.in_the_wild import detector
from experiments.in_the_wild.detector import EPSILON
from experiments.in_the_wild.needed import core
from experiments.in_the_wild.wild_study import CHECK, ROWS, SEARCH
from interp_jax import networks


class Cut(NamedTuple):
    """Of a network.

    Attributes:
        units: of the convolution.
        parameters: number of them.
        flops: operations a file.
        seconds: a file.
        decisions: [types] share of decisions (this type or not) as the whole network's, half of the type's files.
    """

    units: int
    parameters: int
    flops: float
    seconds: float
    decisions: np.ndarray


class Smaller(NamedTuple):
    """Networks by name, the types that they are for, and the difference of the cut one from the gated one.

    Attributes:
        networks: by name.
        types: names.
        apart: greatest difference of scores from the network whose other units are set to their means after the
            normalization, relative to the greatest score.
        rows: files they are compared on.
    """

    networks: dict[str, Cut]
    types: list[str]
    apart: float
    rows: int


WHOLE, SMALL, RANDOM = "whole network", "cut to the types' units", "cut to as many random units"


def measure(study) -> Smaller:
    """The whole network, the cut one, and one of as many random units, on the third part of the packages."""
    numbers = study.types
    mask = np.any([core(study, number, "mean").mask for number in numbers], axis=0)
    shuffled = np.random.default_rng(study.config.seed).permutation(mask)
    rows = study.part(CHECK)
    tokens, before = study.files.tokens[rows].astype(np.int32), study.predictions[rows]
    every = {WHOLE: study.network}
    every |= {name: cut(study, each) for name, each in ((SMALL, mask), (RANDOM, shuffled))}
    result, scores = {}, {WHOLE: study.seen.scores[rows]}
    for name, network in study.counted("cutting", every.items()):
        if name != WHOLE:
            scores[name] = networks.apply(network, tokens, batch_size=ROWS)
        cost = networks.cost(network, tokens[:ROWS])
        units = network.conv.kernel.shape[-1]
        result[name] = Cut(units, *cost, decisions(scores[name].argmax(axis=1), before, numbers))
    means = study.hidden[study.part(SEARCH)].mean(axis=0)
    gated = np.asarray(study.detector.network.dense(np.where(mask, study.hidden[rows], means)))
    apart = float(np.abs(gated - scores[SMALL]).max() / np.abs(gated).max())
    return Smaller(result, [study.detector.types[number] for number in numbers], apart, len(rows))


def decisions(after: np.ndarray, before: np.ndarray, numbers: list[int]) -> np.ndarray:
    """[types] half the share of the type's files that still are, and half that of the others that still are not."""
    return np.array(
        [
            np.mean([np.mean((after == number)[group] == side) for side in (True, False)
                     if (group := (before == number) == side).any()])
            for number in numbers
        ]
    )  # fmt: skip


def cut(study, mask: np.ndarray) -> networks.Chain:
    """The network with some units of its convolution; the others' part of norm and scores is that of their means.

    The normalization takes its mean and variance over all units, so that units cannot simply be left out
    (`networks.shrink` refuses): the sums of the others and of their squares are constants here, their means over the
    search's files, and so is what they add to the scores.
    """
    whole, search = study.detector.network, study.part(SEARCH)
    pooled, hidden = study.seen.pooled[search][:, ~mask], study.hidden[search].mean(axis=0)
    kernel, bias = (study.detector.weights["dense", name] for name in ("kernel", "bias"))
    scale, shift = (study.detector.weights["norm2", name] for name in ("scale", "bias"))
    weights = {
        "scale": jnp.asarray(scale[mask]),
        "bias": jnp.asarray(shift[mask]),
        "sum": jnp.asarray(pooled.sum(axis=1).mean()),
        "squares": jnp.asarray((pooled**2).sum(axis=1).mean()),
    }
    stages = dict(whole.stages)
    stages["conv"] = detector.convolution(
        np.asarray(whole.conv.kernel[...])[..., mask], np.asarray(whole.conv.bias[...])[mask]
    )
    stages["norm2"] = partial(partial_norm, weights, len(mask))
    stages["dense"] = detector.dense(kernel[mask], bias + np.where(mask, 0, hidden) @ kernel)
    return networks.inference_view(networks.Chain(**stages))


def partial_norm(weights, units, x):
    """The normalization over all units, of which only some are given."""
    scale, bias = (weights[name][None] for name in ("scale", "bias"))
    mean = (jnp.sum(x, axis=1, keepdims=True) + weights["sum"]) / units
    squares = (jnp.sum(x * x, axis=1, keepdims=True) + weights["squares"]) / units
    return (x - mean) / jnp.sqrt(jnp.maximum(squares - mean * mean, 0) + EPSILON) * scale + bias


def show(result: Smaller, page) -> None:
    """A table of the networks."""
    page.finding(in_words(result))
    whole = result.networks[WHOLE]
    page.table(
        ("network", "units", "parameters", "operations a file", "time a file", "decisions held, mean", "… least"),
        [
            (
                name,
                each.units,
                f"{each.parameters:,}",
                f"{each.flops / whole.flops:.2f}",
                f"{1e3 * each.seconds:.2f} ms ({each.seconds / whole.seconds:.2f})",
                f"{each.decisions.mean():.1%}",
                f"{each.decisions.min():.1%} ({result.types[each.decisions.argmin()]})",
            )
            for name, each in result.networks.items()
        ],
        f"Networks for {', '.join(result.types)}, on {result.rows:,} files of the third part of the packages; "
        "operations, and in brackets times, relative to the whole network.",
        "Units outside are at their means. The normalization before the scores is over all units: what it needs of the "
        "units left out, two sums, are constants, so that scores differ from those of the whole network with these "
        f"units at their means, by at most {result.apart:.1%} of the greatest.",
    )
    page.metrics(
        {
            name: {
                "units": each.units,
                "parameters": each.parameters,
                "flops": each.flops / whole.flops,
                "seconds": each.seconds,
                "decisions": each.decisions,
            }
            for name, each in result.networks.items()
        }
        | {"apart": result.apart}
    )


def in_words(result: Smaller) -> str:
    """The finding: what a smaller network saves and loses."""
    whole, small, random = (result.networks[name] for name in (WHOLE, SMALL, RANDOM))
    return (
        f"For {len(result.types)} types together, a network with {small.units} of {whole.units} units, "
        f"{small.parameters / whole.parameters:.0%} of the parameters and {small.flops / whole.flops:.0%} of the "
        f"operations, holds {small.decisions.mean():.1%} of the "
        f"decisions on other packages ({result.types[small.decisions.argmin()]} least, {small.decisions.min():.1%}); "
        f"one with as many random units {random.decisions.mean():.1%}."
    )
