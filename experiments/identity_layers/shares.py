"""Which layers the score of the class decided for is due to, and whether the shares add up to it."""

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
    """Shares along the way from the identity, writes through the class blocks, and what ablation says of both."""
    config = study.config
    cases = [(IDENTITY, depth) for depth in config.depths] + [(kind, config.depth) for kind in RANDOM]
    section.text(
        "The score of the class that a network decides for, divided among its layers in two ways. By origin: all "
        "layers go together from the identity to what they are, and a layer's share is its own part of the score's "
        "slope on the way, propagated through the Jacobians of the layers after it; a Gauss-Legendre sum of "
        f"{config.nodes} terms. By writing: what a layer reads from the pixel units into the class units, carried to "
        "the end by the class blocks of the layers after it. Neither is made from differences of the layers' scores, "
        f"which would add up whatever the network is; by how much they fail to add up is measured on {ROWS} held-out "
        "rows. What ablation says: how much the score falls, on average, when one layer is replaced by the identity."
    )
    found = {case: [_shares(study, network) for network in study.trained(*case)] for case in cases}
    section.table(
        ("start", "layers", "by origin (%)", "… 95 % below", "by writing (%)", "ablation"),
        [
            (
                NAMES[kind],
                depth,
                mean_and_spread([100 * each["origin_error"].mean() for each in networks], 2),
                mean_and_spread([100 * np.quantile(each["origin_error"], 0.95) for each in networks], 2),
                f"{max(100 * each['written_error'].mean() for each in networks):.0e}",
                mean_and_spread([each["agreement"] for each in networks], 2),
            )
            for (kind, depth), networks in found.items()
        ],
        "What is missing, |sum of the shares − score| / |score|: mean over the rows, and what 95 % of them lie below; "
        "by writing that of the worst network, which is rounding. "
        "Ablation: correlation over the layers of the mean share by origin and the mean fall of the score. Mean ± "
        "standard deviation over the networks.",
    )
    section.figure(
        "shares_by_depth",
        figures.through_layers.shares(
            {f"{depth} layers": _relative(found[IDENTITY, depth], "origin") for depth in config.depths},
            "share of the score × number of layers",
            references={"equal shares": 1.0},
            percent=False,
        ),
        "Every layer's share of the score by origin, mean over the rows: mean and range over the networks from the "
        "identity. Times the number of layers, so that 1 is an equal share.",
    )
    ways = {"by origin": "origin", "by writing": "written", "fall under ablation": "ablated"}
    section.figure(
        "shares_by_way",
        figures.through_layers.shares(
            {name: _relative(found[IDENTITY, config.depth], part) for name, part in ways.items()},
            "part of the score × number of layers",
            references={"equal shares": 1.0},
            percent=False,
        ),
        f"The same for the networks of {config.depth} layers, in all three ways. Falls under ablation need not add up: "
        "what layers do together is lost with each of them.",
    )
    section.metrics(
        {
            f"{kind} {depth}": {
                name: np.stack([np.asarray(each[name]) for each in networks]).mean(axis=-1)
                if name.endswith("error")
                else np.stack([np.asarray(each[name]) for each in networks])
                for name in networks[0]
            }
            for (kind, depth), networks in found.items()
        }
    )


def _relative(networks, part):
    """[layers, networks], where 1 is an equal share."""
    return np.stack([len(each[part]) * each[part] for each in networks], axis=1)


def _shares(study, network):
    inputs = study.task.held_inputs[:ROWS]
    found = _compute(network, inputs, study.config.nodes)
    found = jax.tree.map(np.asarray, found)
    found["agreement"] = float(np.corrcoef(found["origin"], found["ablated"])[0, 1])
    return found


@partial(jax.jit, static_argnames="nodes")
def _compute(network, inputs, nodes):
    """Shares of the mean score of the classes decided for, a number a layer, and every row's error."""
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
