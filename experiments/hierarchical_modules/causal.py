"""Whether a module moves the outputs as its role says: its units are ablated."""

import numpy as np

from experiments.hierarchical_modules.clusters import split_roles
from experiments.hierarchical_modules.module_study import KINDS, members
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import ablation

STRONG = 0.1  # weaker correlations predict no sign


def write(study, section) -> None:
    """Signs predicted by the roles against the outputs' moves, on rows held out."""
    shares = {kind: {"mean_ablation": [], "resample": []} for kind in KINDS}
    shown = None
    for kind in KINDS:
        bar = study.progress.task(f"ablation, {kind}", study.config.networks)
        for network, tree in zip(study.population(kind), study.trees(kind), strict=True):
            masks = np.concatenate([members(tree.expand(tree.cut(c), -1)) for c in study.task.resolutions])
            roles = np.concatenate([split_roles(study, tree.roles(c))[1] for c in study.task.resolutions])
            segments = study.segments(network)
            found = ablation.module_effects(
                segments, study.ablated_rows, masks, tree.expand(tree.signs, 0), key=study.key(10)
            )
            shown = (roles, found) if shown is None else shown
            for name, values in shares[kind].items():
                values.append(_agreeing(roles, np.asarray(getattr(found, name))))
            bar.advance()
        bar.finish()
    _figure(study, section, *shown)
    section.table(
        ("networks", "units held at their means", "units taken from another row"),
        [(kind, *(_shown(values) for values in shares[kind].values())) for kind in KINDS],
        f"Share of pairs of a module and an output whose move has the sign that the role predicts (roles of at least "
        f"{STRONG} in magnitude; all {sum(study.task.resolutions)} modules of all resolutions): mean ± standard "
        f"deviation over {study.config.networks} networks. Coin flips would give 0.5; pairs without any move are left "
        "out.",
        note="A correlation between a unit and an output need not be the unit's doing: both may follow the same "
        "inputs. Where the share is high, modules do what their roles say; where it is near one half, roles describe "
        "the data. Networks that have learned nothing show how much of it any network of this shape has.",
    )
    _sizes(study, section, *shown)
    section.metrics({"share_of_signs_as_predicted": shares})


def _agreeing(predicted, measured):
    clear = (np.abs(predicted) >= STRONG) & (measured != 0)
    return float(np.mean(np.sign(predicted[clear]) == np.sign(measured[clear]))) if clear.any() else np.nan


def _shown(values):
    known = [value for value in values if np.isfinite(value)]
    return mean_and_spread(known) if known else None


def _figure(study, section, roles, found):
    coarse = study.task.resolutions[0]
    measured = {
        "held at their means": np.asarray(found.mean_ablation)[:coarse],
        "taken from another row": np.asarray(found.resample)[:coarse],
    }
    names = [f"cluster {number}" for number in range(1, coarse + 1)]
    colors = figures.trees.cluster_colors(study.levels)[0]
    section.figure(
        "causal_check",
        figures.stability.causal_check(roles[:coarse], measured, names=names, colors=colors),
        f"What the roles of clusters 1 to {coarse} say about each output, and how the outputs follow the cluster when "
        f"its units are replaced, on {len(study.ablated_rows):,} rows held out: one dot a cluster and output.",
    )


def _sizes(study, section, roles, found):
    """The outputs that each coarse module moves most."""
    rows = []
    for module in range(study.task.resolutions[0]):
        size, follows = np.asarray(found.mean_ablation_size)[module], np.asarray(found.mean_ablation)[module]
        moved = np.argsort(-size)[:3]
        said = ", ".join(
            f"{study.task.output_names[j]} ({size[j]:.2f} sd, role {roles[module, j]:+.2f}, measured {follows[j]:+.2f})"
            for j in moved
        )
        rows.append((f"{module + 1}", said.replace("-", "−")))
    section.table(
        ("cluster", "outputs that move most when it is held at its mean"),
        rows,
        "Mean absolute move in standard deviations of the output, the role's correlation, and the measured one.",
    )
