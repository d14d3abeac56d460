"""Networks that memorize permuted targets, as a control of roles and their signs."""

from typing import NamedTuple

import numpy as np

from experiments.quotient_networks.kinds import OWN, PERMUTED, UNTRAINED
from experiments.roles import as_predicted_by_roles
from experiments.sigmoid_networks import score
from experiments.study import mean_and_spread
from interp_jax import figures
from interp_jax.methods import hierarchy

KINDS = OWN, PERMUTED, UNTRAINED


class Memorized(NamedTuple):
    """By kind of network."""

    accuracy: bool
    rows: int
    passes: int
    resolutions: tuple[int, ...]
    own: dict[str, list[float]]  # score on the targets that were trained on
    held_out: dict[str, list[float]]  # score on held-out rows with their true targets
    constant: float  # the score of the best constant forecast of the permuted targets
    roles: dict[str, np.ndarray]  # [pairs, resolutions] cosine of matched roles
    rand: dict[str, np.ndarray]  # [pairs, resolutions]
    signs: dict[str, list[float]]  # share of signs as predicted by roles when units are resampled


def measure(study) -> Memorized:
    """How far each kind memorizes its rows, how much its networks agree, and how many signs of roles are confirmed."""
    task, key = study.task, study.key(10)
    own, held, agreement, signs = {}, {}, {}, {}
    for kind in KINDS:
        inputs, targets = study.rows(kind)
        nets, trees = study.networks(kind), study.trees(kind)
        own[kind] = [score(task, net(inputs), targets) for net in nets]
        held[kind] = [score(task, net(task.held_inputs), task.held_targets) for net in nets]
        agreement[kind] = hierarchy.tree_agreement(trees, task.resolutions)
        signs[kind] = [
            as_predicted_by_roles(net.segments(), tree, task.held_inputs, task.resolutions, key)[0]["resample"]
            for net, tree in zip(nets, trees, strict=True)
        ]
    _, targets = study.rows(PERMUTED)
    constant = score(task, np.repeat(targets.mean(axis=0, keepdims=True), len(targets), axis=0), targets)
    roles = {kind: each.roles for kind, each in agreement.items()}
    rand = {kind: each.adjusted_rand for kind, each in agreement.items()}
    about = task.features.images, len(targets), study.config.memorized_passes, task.resolutions
    return Memorized(*about, own, held, constant, roles, rand, signs)


def show(result: Memorized, page) -> None:
    """How far rows are memorized, and a table of agreement and signs."""
    what = "accuracy" if result.accuracy else "root mean square error (points)"
    page.text(
        f"Networks trained on {result.rows:,} rows in {result.passes:,} passes, with their true targets or with "
        "targets permuted among the rows, the same permutation for all networks. Only those that memorize permuted "
        "targets have learned as much as the others, so that what differs is due to what there is to learn. A constant "
        "forecast of "
        f"the permuted targets has the {what} {result.constant:.3f} on the trained rows."
    )
    page.finding(in_words(result))
    series = {kind: of.T for kind, of in result.roles.items()}
    names = [str(c) for c in result.resolutions]
    figure = figures.curves.against(
        np.array(result.resolutions), series, "number of clusters", "cosine of matched roles", x_names=names
    )
    page.figure("memorized_roles", figure, "Agreement of roles: mean ± standard deviation over pairs, a dot for each.")
    rows = [
        (
            kind,
            mean_and_spread(result.own[kind]),
            mean_and_spread(result.held_out[kind]),
            *(mean_and_spread(each, 2) for each in result.roles[kind].T),
            mean_and_spread(result.signs[kind], 2),
        )
        for kind in KINDS
    ]
    header = (
        "networks", f"{what}: own rows", "held-out rows, true targets",
        *(f"roles, {c} clusters" for c in result.resolutions), "signs as predicted",
    )  # fmt: skip
    page.table(header, rows, "Mean ± standard deviation over networks; of roles, over pairs of networks.")
    about = {
        "rows": result.rows,
        "passes": result.passes,
        "resolutions": result.resolutions,
        "constant": result.constant,
    }
    scores = {"own_rows": result.own, "held_out": result.held_out}
    page.metrics(about | scores | {"roles": result.roles, "adjusted_rand": result.rand, "signs": result.signs})


def in_words(result: Memorized) -> str:
    """The finding: how far permuted targets are memorized, and the coarsest roles of two networks."""
    own = [np.mean(result.own[kind]) for kind in KINDS]
    roles = [np.mean(result.roles[kind][:, 0]) for kind in KINDS]
    digits = 2 if result.accuracy else 1
    what = "accuracy" if result.accuracy else "error"
    return (
        f"On their own rows networks have the {what} {own[1]:.{digits}f} after training on permuted targets, "
        f"{own[0]:.{digits}f} on true ones. The roles of {result.resolutions[0]} clusters in two networks have a mean "
        f"cosine of {roles[1]:.2f} and {roles[0]:.2f}; before training {roles[2]:.2f}."
    )
