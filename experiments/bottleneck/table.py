"""The study's table of results, and its lines in the README."""

from experiments.bottleneck.settings import PRESETS
from experiments.provenance import Files, of_each_run, provenance, table
from experiments.study import mean_and_spread


def lines(files: Files) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    name, rows = "100-25-2-25-60", []
    for record in files.values():
        network = record["metrics"]["widths"]["networks"][name]
        ours, published = mean_and_spread(network["l1"]), f"{network['published_l1']:.3f}"
        what = f"location of a jump through two hidden units, mean |error| in samples: {name}"
        rows.append((what, ours, published, record["config"]["seeds"]))
    return rows


def results_table(files: Files) -> str:
    """A row for every network whose error the thesis publishes."""
    return of_each_run(files, _table)


def _table(files):
    (record,) = files.values()
    config, metrics = record["config"], record["metrics"]
    header = "bottleneck network, mean |error| in samples", f"median of {config['seeds']}"
    header += "mean ± standard deviation", "thesis (one network)", "dead units"
    networks, rows = metrics["widths"]["networks"], []
    for name in sorted(networks, key=lambda name: [-len(name), *map(int, name.split("-"))]):
        median, published, dead = (networks[name][field] for field in ("median_l1", "published_l1", "dead"))
        if published is not None:
            spread, units = mean_and_spread(networks[name]["l1"]), ", ".join(map(str, dead))
            rows.append((name, f"{median:.3f}", spread, f"{published:.3f}", units))
    wide, narrow = (metrics["embedding"]["dimensions"][case] for case in ("10, 50", "2, 10"))
    note = (
        f"{config['test_signals']:,} test signals. An affine pseudo-inverse separates 50 random points in 10 "
        f"dimensions with probability {wide['rate']:.3f} (thesis: above 0.1), and 10 points in 2 dimensions with "
        f"probability at most {narrow['high']:.1e} (95%; thesis: below 1e-5). "
    )
    return f"{table(header, rows)}\n\n{note}{provenance('bottleneck', files, PRESETS)}"
