"""Loss sensitivity and density of decision boundaries during training (section 7.3, after Arpit et al.)."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.limits_of_memorizing.limits_study import KINDS
from interp_jax import figures
from interp_jax.kernels.inequality import gini
from interp_jax.methods.sensitivity import critical_rows, loss_sensitivity

STEPS = 20  # of the search for other answers


class Sensitivity(NamedTuple):
    """By kind of labels."""

    stages: dict[str, list[int]]
    mean: dict[str, np.ndarray]  # [stages, networks] loss sensitivity, mean over training rows
    gini: dict[str, np.ndarray]  # [networks] of each row's sensitivity, averaged over the stages
    critical: dict[str, np.ndarray]  # [stages, networks] share of held-out rows with another answer nearby
    untrained: np.ndarray  # [networks] the same before training
    radius: float
    rows: int


def measure(study) -> Sensitivity:
    """Both measures after 4, 8, 16, … epochs, until the rows are fitted."""
    task, stages, means, concentration, critical = study.task, {}, {}, {}, {}
    near = jnp.asarray(task.held_out.inputs[: study.config.near_rows])
    search = partial(_critical_share, inputs=near, key=study.key(3), radius=task.radius)
    for kind in study.counted("sensitivity", KINDS):
        of, labels = study.noisy(KINDS[kind]), jnp.asarray(study.labels(KINDS[kind]))
        slopes = [_sensitivities(each, jnp.asarray(task.train.inputs), labels) for each in of.stages.values()]
        means[kind] = np.stack([each.mean(axis=1) for each in slopes])
        concentration[kind] = np.asarray(jax.vmap(gini)(jnp.mean(jnp.stack(slopes), axis=0)))
        critical[kind] = np.stack([search(each) for each in of.stages.values()])
        stages[kind] = [*of.stages]
    before, _ = study.stacked(study.constructor, study.config.seeds)
    untrained = np.asarray(search(before))
    return Sensitivity(stages, means, concentration, critical, untrained, task.radius, len(near))


@jax.jit
def _sensitivities(stacked, inputs, labels):
    return jax.lax.map(lambda network: loss_sensitivity(network, inputs, labels), stacked)


@partial(jax.jit, static_argnames="radius")
def _critical_share(stacked, inputs, key, radius):
    def share(network):
        return jnp.mean(critical_rows(network, inputs, radius=radius, key=key, steps=STEPS).critical)

    return jax.lax.map(share, stacked)


def show(result: Sensitivity, page) -> None:
    """Curves, and a table of the last stage."""
    page.text(
        "The loss sensitivity of a training row is the L1 norm of the gradient of its loss by its input, by its label "
        "in the training; it is averaged over the epochs at which it is measured, and its Gini coefficient says how "
        f"few rows account for it. A row is critical if a search of {STEPS} steps finds another answer within "
        f"±{result.radius:g} of each of its values ({result.rows:,} held-out rows); their share is a lower bound. "
        f"Before training it is {result.untrained.mean():.1%}."
    )
    page.finding(sentence(result))
    for name, title, values in (
        ("loss_sensitivity", "mean loss sensitivity", result.mean),
        ("critical_rows", "share of critical rows", result.critical),
    ):
        longest = max(result.stages.values(), key=len)
        curves = {
            kind: np.concatenate([each.mean(axis=1), np.full(len(longest) - len(each), np.nan)])
            for kind, each in values.items()
        }
        figure = figures.curves.against(
            np.arange(len(longest)), curves, "epochs", title, x_names=[f"{epochs}" for epochs in longest]
        )
        page.figure(name, figure, f"{title.capitalize()} during training until the rows are fitted.")
    rows = [
        (kind, result.stages[kind][-1], *(f"{np.mean(each):.3f}" for each in (gini, mean[-1], critical[-1])))
        for (kind, gini), mean, critical in zip(
            result.gini.items(), result.mean.values(), result.critical.values(), strict=True
        )
    ]
    header = "trained on", "epochs", "Gini coefficient", "mean loss sensitivity at the end", "critical rows at the end"
    page.table(header, rows, "Means over networks.")
    page.metrics(result._asdict())


def sentence(result: Sensitivity) -> str:
    """The finding: both measures, true against shuffled labels."""
    gini = [each.mean() for each in result.gini.values()]
    critical = [each[-1].mean() for each in result.critical.values()]
    which = "more" if gini[0] > gini[1] else "less"
    denser = "denser" if critical[1] > critical[0] else "not denser"
    return (
        f"Loss sensitivity is {which} concentrated in few rows with true labels (Gini coefficient {gini[0]:.2f}) than "
        f"with shuffled ones ({gini[1]:.2f}). Decision boundaries of networks trained on shuffled labels are {denser}: "
        f"{critical[1]:.1%} of the held-out rows are critical, {critical[0]:.1%} with true labels, "
        f"{result.untrained.mean():.1%} before training."
    )
