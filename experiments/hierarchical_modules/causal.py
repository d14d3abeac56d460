"""Whether ablation of a module changes the outputs with the signs that its role predicts."""

import numpy as np

from experiments.hierarchical_modules.clusters import split_roles
from experiments.hierarchical_modules.module_study import KINDS, members
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import ablation

STRONG = 0.1  # weaker correlations predict no sign


def write(study, section) -> None:
    """Signs predicted by the roles against the signs of the outputs' changes, on held-out rows."""
    shares = {kind: {"mean_ablation": [], "resample": []} for kind in KINDS}
    shown = None
    for kind in KINDS:
        bar = study.progress.task(f"ablation, {kind}", study.config.networks)
        for network, tree in zip(study.population(kind), study.trees(kind), strict=True):
            masks = np.concatenate([members(tree.expand(tree.cut(c), -1)) for c in study.task.resolutions])
            roles = np.concatenate([split_roles(study, tree.roles(c))[1] for c in study.task.resolutions])
            segments = study.segments(network)
            effects = ablation.module_effects(
                segments, study.ablated_rows, masks, tree.expand(tree.signs, 0), key=study.key(10)
            )
            shown = (roles, effects) if shown is None else shown
            for name, values in shares[kind].items():
                values.append(_agreeing(roles, np.asarray(getattr(effects, name))))
            bar.advance()
        bar.finish()
    _figure(study, section, *shown)
    section.table(
        ("networks", "mean ablation", "resample ablation"),
        [(kind, *(_shown(values) for values in shares[kind].values())) for kind in KINDS],
        "Share of pairs of a module and an output for which the sign of the change agrees with the role (roles of at "
        f"least {STRONG} in magnitude; all {sum(study.task.resolutions)} modules of all resolutions): mean ± standard "
        f"deviation over {study.config.networks} networks. Random signs would give 0.5; pairs without any change are "
        "omitted.",
        note="A correlation between a unit and an output need not be causal: both may depend on the same inputs. A "
        "high share shows that modules act as their roles predict; a share near one half, that roles describe the "
        "data only. The controls show the share that networks of this architecture have without learning.",
    )
    _sizes(study, section, *shown)
    section.metrics({"share_of_signs_as_predicted": shares})


def _agreeing(predicted, measured):
    clear = (np.abs(predicted) >= STRONG) & (measured != 0)
    return float(np.mean(np.sign(predicted[clear]) == np.sign(measured[clear]))) if clear.any() else np.nan


def _shown(values):
    known = [value for value in values if np.isfinite(value)]
    return mean_and_spread(known) if known else None


def _figure(study, section, roles, effects):
    coarse = study.task.resolutions[0]
    measured = {
        "mean ablation": np.asarray(effects.mean_ablation)[:coarse],
        "resample ablation": np.asarray(effects.resample)[:coarse],
    }
    names = [f"cluster {number}" for number in range(1, coarse + 1)]
    colors = figures.trees.cluster_colors(study.levels)[0]
    section.figure(
        "causal_check",
        figures.stability.causal_check(roles[:coarse], measured, names=names, colors=colors),
        f"Roles of clusters 1 to {coarse} with respect to each output, and measured effects of the ablation of the "
        f"cluster on {len(study.ablated_rows):,} held-out rows: one dot for each cluster and output.",
    )


def _sizes(study, section, roles, effects):
    """A table of the outputs that each coarse module changes most."""
    rows = []
    for module in range(study.task.resolutions[0]):
        size, follows = np.asarray(effects.mean_ablation_size)[module], np.asarray(effects.mean_ablation)[module]
        largest = np.argsort(-size)[:3]
        outputs = ", ".join(
            f"{study.task.output_names[j]} ({size[j]:.2f} sd, role {roles[module, j]:+.2f}, measured {follows[j]:+.2f})"
            for j in largest
        )
        rows.append((f"{module + 1}", outputs.replace("-", "−")))
    section.table(
        ("cluster", "outputs with the largest changes under mean ablation"),
        rows,
        "Mean absolute change in standard deviations of the output, the correlation of the role, and the measured one.",
    )
