"""The study's table of results, and its lines in the README."""

from pathlib import Path

from experiments.bottleneck.settings import PRESETS
from experiments.provenance import provenance
from experiments.study import mean_and_spread


def lines(files: dict[Path, dict]) -> list[tuple]:
    """What the README says of this study: what was measured, ours, published, how many networks."""
    (kept,) = files.values()
    name = "100-25-2-25-60"
    found = kept["metrics"]["widths"]["networks"][name]
    ours, published = mean_and_spread(found["l1"]), f"{found['published_l1']:.3f}"
    return [(f"… through two units: {name}", ours, published, kept["config"]["seeds"])]


def results_table(files: dict[Path, dict]) -> str:
    """A row for every network whose error is printed in the thesis."""
    (kept,) = files.values()
    seeds, metrics = kept["config"]["seeds"], kept["metrics"]
    lines = [
        f"| bottleneck network, mean \\|error\\| in samples | median of {seeds} | mean ± spread | thesis (one network) "
        "| units that never fire |",
        "|---|---|---|---|---|",
    ]
    networks = metrics["widths"]["networks"]
    for name, found in sorted(networks.items(), key=lambda item: [-len(item[0]), *map(int, item[0].split("-"))]):
        if found["published_l1"] is not None:
            lines.append(
                f"| {name} | {found['median_l1']:.3f} | {mean_and_spread(found['l1'])} | {found['published_l1']:.3f} | "
                f"{', '.join(map(str, found['dead']))} |"
            )
    embedding = metrics["embedding"]["dimensions"]
    wide, narrow = embedding["10, 50"], embedding["2, 10"]
    lines += [
        "",
        f"{kept['config']['test_signals']:,} test signals. An affine pseudo-inverse tells 50 random points of 10 "
        f"dimensions apart with probability {wide['rate']:.3f} (thesis: above 0.1), 10 points of 2 dimensions with at "
        f"most {narrow['high']:.1e} (95 %; thesis: below 1e-5). " + provenance("bottleneck", files, PRESETS),
    ]
    return "\n".join(lines)
