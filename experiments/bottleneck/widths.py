"""Errors against the width of the bottleneck, and dead units: Table 4.1 and Figures 4.3 to 4.5 of the thesis."""

import numpy as np

from experiments.bottleneck.bottleneck_study import KINDS, PUBLISHED, sizes
from experiments.jump_detection.jump_study import died
from experiments.study import mean_and_spread
from interp_jax import figures

MEASURES = {"l1": "L1", "l2": "L2", "l1_best": "L1, best 99 %", "l2_best": "L2, best 99 %"}


def write(study, section) -> None:
    """A table of all widths, error curves, and the numbers of active units."""
    config = study.config
    section.text(
        "Bottleneck networks have a layer of p ReLU units: 100-p-60 (shallow) or 100-25-p-25-60 (deep), trained as in "
        f"the thesis. {config.seeds} networks of each kind and width; errors on {config.test_signals:,} test signals."
    )
    rows, metrics = [], {}
    errors, dead = ({kind: {} for kind in KINDS} for _ in range(2))
    bar = study.progress.task("bottlenecks", len(KINDS) * len(config.widths))
    for kind in KINDS:
        for width in config.widths:
            fit = study.bottleneck(kind, width)
            measured = study.errors(study.predictions(fit.network))
            errors[kind][width] = {measure: np.asarray(getattr(measured, measure)) for measure in MEASURES}
            codes = [study.codes(kind, width, seed, study.train.signals) for seed in range(config.seeds)]
            dead[kind][width] = [int(np.sum(each.max(axis=0) <= 0)) for each in codes]
            failed = died(errors[kind][width]["l1"])
            median = float(np.median(errors[kind][width]["l1"]))
            paper = PUBLISHED.get((kind, width))
            rows.append(
                (
                    "-".join(map(str, sizes(kind, width))),
                    *(mean_and_spread(errors[kind][width][measure]) for measure in MEASURES),
                    f"{median:.3f}",
                    f"{paper[0]:.3f} ({median / paper[0]:.2f})" if paper else None,
                    ", ".join(map(str, dead[kind][width])),
                    str(int(failed.sum())),
                    f"{fit.best_epoch.min()}–{fit.best_epoch.max()}",
                )
            )
            metrics["-".join(map(str, sizes(kind, width)))] = {
                **errors[kind][width],
                "median_l1": median,
                "published_l1": paper[0] if paper else None,
                "dead": dead[kind][width],
                "failed": failed.tolist(),
                "least_firing_share": [float((each > 0).mean(axis=0).min()) for each in codes],
                "best_epoch": fit.best_epoch,
            }
            bar.advance(note=f"{kind}, {width}")
    bar.finish()
    section.table(
        ("network", *MEASURES.values(), "median L1", "thesis (ratio)", "dead", "failed", "best epoch"),
        rows,
        f"Errors in samples, mean ± standard deviation over {config.seeds} networks; beside our median the single run "
        "of the thesis, and in brackets the ratio of our median to it.",
        note="Dead: number of bottleneck units of each network that are inactive for all training signals. Failed: "
        f"networks with a mean error above 10, close to that of a constant prediction. {_dead(dead)}",
    )
    for kind, number in zip(KINDS, ("4_3", "4_4"), strict=True):
        series = {name: _without_failed(errors[kind].values(), measure) for measure, name in MEASURES.items()}
        section.figure(
            f"fig_{number}_{kind}",
            figures.curves.against(
                np.array(config.widths), series, "units of the bottleneck", "error (samples)", extremes=True
            ),
            f"{kind.capitalize()} networks: errors against the width of the bottleneck "
            f"(Fig. {number.replace('_', '.')}); means, and ranges over the networks that have not failed. "
            f"{_trend(errors[kind])}",
        )
    living = {
        kind: np.stack([width - np.array(dead[kind][width]) for width in config.widths]).astype(float) for kind in KINDS
    }
    section.figure(
        "fig_4_5_living_units",
        figures.curves.against(
            np.array(config.widths), living, "units of the bottleneck", "active units", extremes=True
        ),
        "Units of the bottleneck that are active for at least one training signal (Fig. 4.5): mean and range over the "
        "networks.",
    )
    section.metrics({"networks": metrics})


def _without_failed(by_width, measure):
    """Errors [widths, seeds], with NaN for failed networks unless all have failed."""
    failed = np.stack([died(errors["l1"]) for errors in by_width])
    return np.where(failed & ~failed.all(), np.nan, np.stack([errors[measure] for errors in by_width]))


def _dead(by_kind):
    """The number of networks with dead units, which the thesis observes in narrow deep networks."""
    counts = []
    for kind, by_width in by_kind.items():
        networks = [number for numbers in by_width.values() for number in numbers]
        counts.append(f"{sum(number > 0 for number in networks)} of {len(networks)} {kind} networks")
    return f"Networks with a dead unit: {' and '.join(counts)}."


def _trend(by_width):
    l1 = [float(np.median(errors["l1"])) for errors in by_width.values()]
    widths = list(by_width)
    rises = [f"{a} to {b}" for a, b, x, y in zip(widths, widths[1:], l1, l1[1:], strict=False) if y > x]
    return (
        f"The median L1 decreases with the width, except from {', '.join(rises)}."
        if rises
        else "The median L1 decreases."
    )
