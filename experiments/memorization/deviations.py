"""How far apart rows of a class and classes are, layer by layer: the thesis' Figures 6.7 to 6.9 and 6.12 to 6.14."""

import numpy as np

from experiments.memorization.memorization_study import KINDS, LEARNING, MEMORISING, METRICS
from interp_jax import figures

BY_TRUE = "memorising, true labels"


def write(study, section) -> None:
    """Curves of every distance, for all kinds of networks and by both labels, with the null."""
    config = study.config
    section.text(
        "Inner-class deviation: the mean distance of two rows of a class, averaged over the classes. Inter-class "
        "deviation: the mean distance of the averages of "
        + ("adjacent classes" if study.task.pairs == "adjacent" else "all pairs of classes")
        + f". All are measured on the same number of rows a class, at most {config.rows_per_class}: averages of few "
        "rows differ by chance alone, and the null, the same rows with their labels dealt out anew "
        f"({config.permutations} times), says by how much. Bands are ± one standard deviation over {config.seeds} "
        "networks."
    )
    cases = {kind: (kind, study.labels(kind)) for kind in KINDS} | {BY_TRUE: (MEMORISING, study.labels(LEARNING))}
    found = {}
    bar = study.progress.task("deviations", len(METRICS) * len(cases))
    for metric in METRICS:
        found[metric] = {}
        for name, (kind, labels) in cases.items():
            profiles = [study.profile(network, labels, metric) for network in study.trained(kind)]
            found[metric][name] = {
                field: np.stack([np.asarray(getattr(profile, field)) for profile in profiles], axis=1)
                for field in ("inner", "inter", "level")
            }
            bar.advance(note=f"{metric}, {name}")
    bar.finish()
    null = {kind: study.null(study.trained(kind)[0], study.labels(kind), "cosine") for kind in (LEARNING, MEMORISING)}
    _pictures(study, section, found)
    _null(study, section, found, null)
    _contrast(study, section, found)
    section.metrics({"deviation": found, "null": null, "layers": study.layers})


def _pictures(study, section, found):
    x = np.arange(len(study.layers))
    for metric in METRICS:
        for field, said in (("inner", "inner-class"), ("inter", "inter-class")):
            section.figure(
                f"{metric.replace(' ', '_')}_{field}",
                figures.curves.against(
                    x,
                    {name: values[field] for name, values in found[metric].items()},
                    "layer",
                    f"{said} deviation ({metric})",
                    x_names=study.layers,
                ),
                f"{said.capitalize()} deviation by {metric} distance (Figs "
                + ("6.7 to 6.9, 6.13, 6.14)." if study.task.pairs == "adjacent" else "6.12)."),
            )
    section.figure(
        "activation_level",
        figures.curves.against(
            x,
            {name: values["level"] for name, values in found["euclidean"].items() if name != BY_TRUE},
            "layer",
            "activation level",
            log_y=True,
            x_names=study.layers,
        ),
        "Activation level: the mean over the rows of the sum of a layer's absolute activations (Figs 6.8a, 6.12b).",
    )


def _null(study, section, found, null):
    rows = []
    for kind, values in null.items():
        for number, layer in enumerate(study.layers):
            inter, by_chance = found["cosine"][kind]["inter"][number, 0], values[:, 1, number]
            rows.append(
                (
                    kind,
                    layer,
                    f"{inter:.4f}",
                    f"{by_chance.mean():.4f} ± {by_chance.std(ddof=1):.4f}" if len(by_chance) > 1 else None,
                    f"{np.mean(by_chance >= inter):.2f}",
                )
            )
    section.table(
        ("network", "layer", "inter-class (cosine)", "by chance", "share of null at least as large"),
        rows,
        "Inter-class deviation by cosine distance of the first network of a kind, beside that of the same rows with "
        "their labels dealt out anew.",
    )


def _contrast(study, section, found):
    """Whether learning shrinks the inner-class deviation and memorising keeps it high, network by network."""
    rows = []
    for metric in METRICS[1:]:
        learning, to_the_end, memorising = (found[metric][kind]["inner"] for kind in KINDS)
        rows.append(
            (
                metric,
                *(f"{np.sum(values[-1] < values[0])} of {values.shape[1]}" for values in (learning, to_the_end)),
                f"{np.sum(memorising[1] > memorising[0])} of {memorising.shape[1]}",
                f"{np.sum(memorising[-1][:, None] > to_the_end[-1][None])} of {memorising[-1].size ** 2}",
            )
        )
    section.table(
        (
            "distance",
            "learning: last layer below the input",
            "learning to the end",
            "memorising: first layer above the input",
            "pairs with memorising above learning to the end in the last layer",
        ),
        rows,
        "The thesis' contrast, network by network: inner-class deviation falls through a learning network, and rises "
        "at once in a memorising one.",
    )
