"""How far apart rows of a class and classes are, layer by layer: the thesis' Figures 6.7 to 6.9 and 6.12 to 6.14."""

import numpy as np

from experiments.memorization import contrast
from experiments.memorization.memorization_study import KINDS, LEARNING, MEMORIZING, METRICS
from experiments.study import mean_and_spread
from interp_jax import figures

BY_TRUE = "memorizing, true labels"


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
    cases = {kind: (kind, study.labels(kind)) for kind in KINDS} | {BY_TRUE: (MEMORIZING, study.labels(LEARNING))}
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
    null = {kind: study.null(study.trained(kind)[0], study.labels(kind), "cosine") for kind in KINDS}
    _pictures(study, section, found)
    _null(study, section, found, null)
    contrast.write(section, found)
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
            cells = []
            for field, by_chance in zip(("inner", "inter"), values[:, :, number].T, strict=True):
                measured = found["cosine"][kind][field][number, 0]
                beyond = by_chance <= measured if field == "inner" else by_chance >= measured
                cells += [
                    f"{measured:.4f}",
                    mean_and_spread(by_chance, 4),
                    f"{(1 + beyond.sum()) / (1 + len(by_chance)):.2f}",
                ]
            rows.append((kind, layer, *cells))
    section.table(
        ("network", "layer", "inner-class", "by chance", "p", "inter-class", "by chance", "p"),
        rows,
        "Deviations by cosine distance of the first network of a kind by the labels it was taught, beside those of the "
        "same rows with their labels dealt out anew, mean ± standard deviation. p: how often chance brings an "
        "inner-class deviation at most, an inter-class one at least as large, the measured one counted in.",
    )
