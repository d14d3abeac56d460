"""Inner-class and inter-class deviations of every layer: Figures 6.7 to 6.9 and 6.12 to 6.14 of the thesis."""

import numpy as np

from experiments.memorization import contrast
from experiments.memorization.memorization_study import KINDS, LEARNING, MEMORIZING, METRICS
from experiments.study import mean_and_spread
from interp_jax import figures

BY_TRUE = "memorizing, true labels"


def write(study, section) -> None:
    """Curves for every distance, all kinds of networks and both kinds of labels, with the null distribution."""
    config = study.config
    section.text(
        "The inner-class deviation is the mean distance between two rows of a class, averaged over the classes. The "
        "inter-class deviation is the mean distance between the averages of "
        + ("adjacent classes" if study.task.pairs == "adjacent" else "two classes")
        + f". Both use the same number of rows for each class, at most {config.rows_per_class}. Averages of few rows "
        "differ by chance; the null distribution is obtained from the same rows with randomly permuted labels "
        f"({config.permutations} permutations). Bands are ± one standard deviation over {config.seeds} networks."
    )
    cases = {kind: (kind, study.labels(kind)) for kind in KINDS} | {BY_TRUE: (MEMORIZING, study.labels(LEARNING))}
    deviation = {}
    bar = study.progress.task("deviations", len(METRICS) * len(cases))
    for metric in METRICS:
        deviation[metric] = {}
        for name, (kind, labels) in cases.items():
            profiles = [study.profile(network, labels, metric) for network in study.trained(kind)]
            deviation[metric][name] = {
                field: np.stack([np.asarray(getattr(profile, field)) for profile in profiles], axis=1)
                for field in ("inner", "inter", "level")
            }
            bar.advance(note=f"{metric}, {name}")
    bar.finish()
    null = {kind: study.null(study.trained(kind)[0], study.labels(kind), "cosine") for kind in KINDS}
    _figures(study, section, deviation)
    _null(study, section, deviation, null)
    contrast.write(section, deviation)
    section.metrics({"deviation": deviation, "null": null, "layers": study.layers})


def _figures(study, section, deviation):
    x = np.arange(len(study.layers))
    for metric in METRICS:
        for field, title in (("inner", "inner-class"), ("inter", "inter-class")):
            section.figure(
                f"{metric.replace(' ', '_')}_{field}",
                figures.curves.against(
                    x,
                    {name: values[field] for name, values in deviation[metric].items()},
                    "layer",
                    f"{title} deviation ({metric})",
                    x_names=study.layers,
                ),
                f"{title.capitalize()} deviation by {metric} distance (Figs "
                + ("6.7 to 6.9, 6.13, 6.14)." if study.task.pairs == "adjacent" else "6.12)."),
            )
    section.figure(
        "activation_level",
        figures.curves.against(
            x,
            {name: values["level"] for name, values in deviation["euclidean"].items() if name != BY_TRUE},
            "layer",
            "activation level",
            log_y=True,
            x_names=study.layers,
        ),
        "Activation level: the mean over the rows of the sum of a layer's absolute activations (Figs 6.8a, 6.12b).",
    )


def _null(study, section, deviation, null):
    rows = []
    for kind, values in null.items():
        for number, layer in enumerate(study.layers):
            cells = []
            for field, by_chance in zip(("inner", "inter"), values[:, :, number].T, strict=True):
                measured = deviation["cosine"][kind][field][number, 0]
                beyond = by_chance <= measured if field == "inner" else by_chance >= measured
                cells += [
                    f"{measured:.4f}",
                    mean_and_spread(by_chance, 4),
                    f"{(1 + beyond.sum()) / (1 + len(by_chance)):.2f}",
                ]
            rows.append((kind, layer, *cells))
    section.table(
        ("network", "layer", "inner-class", "null", "p", "inter-class", "null", "p"),
        rows,
        "Deviations by cosine distance of the first network of each kind, by its training labels, and under permuted "
        "labels (null, mean ± standard deviation). p: one-sided permutation p-value, for a small inner-class and a "
        "large inter-class deviation.",
    )
