"""Attribution of the predicted class's score to layers, and the completeness of the shares."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from experiments.identity_layers.layers_study import IDENTITY, NAMES, RANDOM
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import identity

ROWS = 200


def write(study, section) -> None:
    """Shares by a path integral from the identity, by writes to the class units, and comparison with ablation."""
    config = study.config
    cases = [(IDENTITY, depth) for depth in config.depths] + [(kind, config.depth) for kind in RANDOM]
    section.text(
        "The score of the predicted class is attributed to layers in two ways. By path: the weights of all layers move "
        "together from the identity to their trained values, and the share of a layer is the integral of its part of "
        "the derivative of the score, propagated through the Jacobians of the following layers (Gauss-Legendre "
        f"quadrature with {config.nodes} nodes). By writes: the contribution of a layer from the pixel units to the "
        "class units, propagated by the class blocks of the following layers. Neither uses differences of the layers' "
        "scores, which would be complete for any network; the completeness of the shares is measured on "
        f"{ROWS} held-out rows. For comparison, ablation: the mean decrease of the score when one layer is replaced by "
        "the identity."
    )
    shares = {case: [_shares(study, network) for network in study.trained(*case)] for case in cases}
    section.table(
        ("initialization", "layers", "by path (%)", "… 95 % quantile", "by writes (%)", "correlation with ablation"),
        [
            (
                NAMES[kind],
                depth,
                mean_and_spread([100 * each["origin_error"].mean() for each in networks], 2),
                mean_and_spread([100 * np.quantile(each["origin_error"], 0.95) for each in networks], 2),
                f"{max(100 * each['written_error'].mean() for each in networks):.0e}",
                mean_and_spread([each["agreement"] for each in networks], 2),
            )
            for (kind, depth), networks in shares.items()
        ],
        "Completeness error |sum of the shares − score| / |score|: mean over the rows, and its 95 % quantile; for "
        "writes the largest mean of any network, which is due to rounding. Last column: correlation over the layers "
        "between the mean share by path and the mean decrease of the score under ablation. Mean ± standard deviation "
        "over the networks.",
    )
    section.figure(
        "shares_by_depth",
        figures.through_layers.shares(
            {f"{depth} layers": _relative(shares[IDENTITY, depth], "origin") for depth in config.depths},
            "share of the score × number of layers",
            references={"equal shares": 1.0},
            percent=False,
        ),
        "Share of every layer by path, mean over the rows: mean and range over the networks initialized at the "
        "identity, multiplied by the number of layers, so that equal shares have the value 1.",
    )
    ways = {"by path": "origin", "by writes": "written", "decrease under ablation": "ablated"}
    section.figure(
        "shares_by_way",
        figures.through_layers.shares(
            {name: _relative(shares[IDENTITY, config.depth], part) for name, part in ways.items()},
            "part of the score × number of layers",
            references={"equal shares": 1.0},
            percent=False,
        ),
        f"The same for the networks of {config.depth} layers, by all three measures. Decreases under ablation need not "
        "sum to the score, because layers interact.",
    )
    section.metrics(
        {
            f"{kind} {depth}": {
                name: np.stack([np.asarray(each[name]) for each in networks]).mean(axis=-1)
                if name.endswith("error")
                else np.stack([np.asarray(each[name]) for each in networks])
                for name in networks[0]
            }
            for (kind, depth), networks in shares.items()
        }
    )


def _relative(networks, part):
    """Shares [layers, networks] multiplied by the number of layers."""
    return np.stack([len(each[part]) * each[part] for each in networks], axis=1)


def _shares(study, network):
    inputs = study.task.held_inputs[:ROWS]
    shares = jax.tree.map(np.asarray, _compute(network, inputs, study.config.nodes))
    return shares | {"agreement": float(np.corrcoef(shares["origin"], shares["ablated"])[0, 1])}


@partial(jax.jit, static_argnames="nodes")
def _compute(network, inputs, nodes):
    """Shares of the mean score of the predicted classes for every layer, and the completeness error of every row."""
    layers, stack, start = network.layers(inputs), network.stack(), network.pad(inputs)
    features = inputs.shape[1]
    scores = layers[-1, :, features:]
    target = jnp.argmax(scores, axis=1)
    origin = identity.path_shares(*stack, start, target, classes=scores.shape[1], nodes=nodes)
    written = identity.class_writes(inputs, layers, *stack.parameters, scale=network.scale)
    written = jnp.take_along_axis(written, target[None, :, None], axis=2)[..., 0]

    def without(layer):
        parameters = jax.tree.map(lambda all, one: all.at[layer].set(one), stack.parameters, stack.identity)
        changed = stack._replace(parameters=parameters).last(start)[:, features:]
        return jnp.mean(origin.score - jnp.take_along_axis(changed, target[:, None], axis=1)[:, 0])

    mean = jnp.mean(origin.score)
    return {
        "origin": jnp.mean(origin.shares, axis=1) / mean,
        "origin_error": origin.error,
        "written": jnp.mean(written, axis=1) / mean,
        "written_error": identity.completeness_error(written, origin.score),
        "ablated": jax.lax.map(without, jnp.arange(len(layers))) / mean,
    }
