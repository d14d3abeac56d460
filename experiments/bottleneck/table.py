"""The study's table of results, and its lines in the README."""

from pathlib import Path

from experiments.bottleneck.settings import PRESETS
from experiments.provenance import provenance
from experiments.study import mean_and_spread


def lines(files: dict[Path, dict]) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    (record,) = files.values()
    name = "100-25-2-25-60"
    network = record["metrics"]["widths"]["networks"][name]
    ours, published = mean_and_spread(network["l1"]), f"{network['published_l1']:.3f}"
    return [(f"… with a bottleneck of two units: {name}", ours, published, record["config"]["seeds"])]


def results_table(files: dict[Path, dict]) -> str:
    """A row for every network whose error the thesis publishes."""
    (record,) = files.values()
    seeds, metrics = record["config"]["seeds"], record["metrics"]
    lines = [
        f"| bottleneck network, mean \\|error\\| in samples | median of {seeds} | mean ± standard deviation | thesis "
        "(one network) | dead units |",
        "|---|---|---|---|---|",
    ]
    networks = metrics["widths"]["networks"]
    for name, network in sorted(networks.items(), key=lambda item: [-len(item[0]), *map(int, item[0].split("-"))]):
        if network["published_l1"] is not None:
            lines.append(
                f"| {name} | {network['median_l1']:.3f} | {mean_and_spread(network['l1'])} | "
                f"{network['published_l1']:.3f} | {', '.join(map(str, network['dead']))} |"
            )
    embedding = metrics["embedding"]["dimensions"]
    wide, narrow = embedding["10, 50"], embedding["2, 10"]
    lines += [
        "",
        f"{record['config']['test_signals']:,} test signals. An affine pseudo-inverse separates 50 random points in 10 "
        f"dimensions with probability {wide['rate']:.3f} (thesis: above 0.1), and 10 points in 2 dimensions with "
        f"probability at most {narrow['high']:.1e} (95 %; thesis: below 1e-5). "
        + provenance("bottleneck", files, PRESETS),
    ]
    return "\n".join(lines)
