"""Attribution of the predicted class's score to layers, and the completeness of the shares."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, RANDOM, title
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import identity

ROWS = 200
WAYS = {"by path": "origin", "by writes": "written", "decrease under ablation": "ablated"}


class Shares(NamedTuple):
    """By initialization and depth, the arrays of `_parts` [networks, …] and their ``agreement``, by name."""

    parts: dict[str, dict[str, np.ndarray]]
    depth: int


def measure(study) -> Shares:
    """The shares in all networks, and the correlation over the layers of shares by path with ablation."""
    read, parts = partial(_parts, inputs=study.task.held_inputs[:ROWS], nodes=study.config.nodes), {}
    for kind, depth in study.cases:
        several = [jax.tree.map(np.asarray, read(network)) for network in study.networks(kind, depth)]
        agreement = [np.corrcoef(each["origin"], each["ablated"])[0, 1] for each in several]
        arrays = {name: np.stack([each[name] for each in several]) for name in several[0]}
        parts[f"{kind} {depth}"] = arrays | {"agreement": np.array(agreement)}
    return Shares(parts, study.config.depth)


def show(result: Shares, page) -> None:
    """A table of completeness errors and correlations, and the shares of every layer."""
    page.text(
        "The score of the predicted class is attributed to layers in two ways, both of which sum to it. By path: all "
        "weights move together from the identity to their trained values, and a layer's share is the integral of its "
        "part of the derivative. By writes: what a layer passes from the pixel units to the class units. Ablation, for "
        "comparison, is the mean decrease of the score when one layer is replaced by the identity."
    )
    page.finding(completeness(result))
    page.table(
        ("initialization", "by path (%)", "by writes (%)", "correlation with ablation"),
        [
            (
                title(name),
                mean_and_spread(100 * each["origin_error"].mean(axis=1), 2),
                f"{100 * each['written_error'].mean(axis=1).max():.0e}",
                mean_and_spread(each["agreement"], 2),
            )
            for name, each in result.parts.items()
        ],
        f"Completeness error |sum of the shares − score| / |score|, mean over {ROWS} held-out rows (by writes: the "
        "largest of any network), and correlation over the layers of the share by path with the decrease under "
        "ablation: mean ± standard deviation over the networks.",
    )
    own = result.parts[f"{IDENTITY} {result.depth}"]
    shares = {way: result.depth * own[part].T for way, part in WAYS.items()}
    label, equal = "part of the score × number of layers", {"equal shares": 1.0}
    figure = figures.through_layers.shares(shares, label, references=equal, percent=False)
    page.figure("shares_by_way", figure, "Shares in networks that start at the identity: mean and range.")
    errors = "origin_error", "written_error"
    means = {name: {error: each[error].mean(axis=1) for error in errors} for name, each in result.parts.items()}
    page.metrics({name: each | means[name] for name, each in result.parts.items()})


def completeness(result: Shares) -> str:
    """The finding: how well shares sum to the score, and whether they agree with ablation."""
    of_kinds = [result.parts[f"{kind} {result.depth}"] for kind in (IDENTITY, *RANDOM)]
    error, *errors = (each["origin_error"].mean() for each in of_kinds)
    agreement, *random = (each["agreement"].mean().round(2) for each in of_kinds)
    more = "more" if agreement > max(random) else "no more"
    return (
        f"In a network of {result.depth} layers that starts at the identity, the layers' shares by path sum to the "
        f"score of the predicted class within {error:.2%} (from random weights {min(errors):.2%} to "
        f"{max(errors):.2%}), and agree {more} closely with what is lost without a layer than from random weights: "
        f"their correlation is {agreement:.2f} against at most {max(random):.2f}."
    )


@partial(jax.jit, static_argnames="nodes")
def _parts(network, inputs, nodes):
    """Parts of the mean score of the predicted classes for every layer, and the completeness error of every row."""
    layers, stack, start = network.layers(inputs), network.stack(), network.pad(inputs)
    features = inputs.shape[1]
    scores = layers[-1, :, features:]
    target, rows = jnp.argmax(scores, axis=1), jnp.arange(len(scores))
    origin = identity.path_shares(*stack, start, target, classes=scores.shape[1], nodes=nodes)
    written = identity.class_writes(inputs, layers, *stack.parameters, scale=network.scale)[:, rows, target]

    def without(layer):
        parameters = jax.tree.map(lambda all, one: all.at[layer].set(one), stack.parameters, stack.identity)
        changed = stack._replace(parameters=parameters).last(start)[:, features:]
        return jnp.mean(origin.score - changed[rows, target])

    mean = jnp.mean(origin.score)
    return {
        "origin": jnp.mean(origin.shares, axis=1) / mean,
        "origin_error": origin.error,
        "written": jnp.mean(written, axis=1) / mean,
        "written_error": identity.completeness_error(written, origin.score),
        "ablated": jax.lax.map(without, jnp.arange(len(layers))) / mean,
    }
