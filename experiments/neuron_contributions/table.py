"""The study's table of results, and its lines in the README."""

from experiments.neuron_contributions.maps import GRADIENT, INTEGRATED, MAP, NEURONS, RANDOM_INK
from experiments.neuron_contributions.settings import PRESETS
from experiments.provenance import Files, data_name, provenance, table
from experiments.study import mean_and_spread


def lines(files: Files) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    rows = []
    for config, metrics in ((record["config"], record["metrics"]) for record in files.values()):
        what = f"rank correlation of neurons' shares with the change of the score without them: {data_name(config)}"
        rows.append((what, mean_and_spread(metrics["split"]["order_of_networks"], 2), "–", config["seeds"]))
    return rows


def results_table(files: Files) -> str:
    """A column for every data set."""
    columns = {data_name(record["config"]): record["metrics"] for record in files.values()}
    of_split = {
        "Σ |missing| / Σ |score| (%)": ("missing", 100),
        "rank correlation of share and change": ("order_of_networks", 1),
    }
    rows = [
        (name, *(mean_and_spread([scale * each for each in of["split"][key]], 2) for of in columns.values()))
        for name, (key, scale) in of_split.items()
    ]
    rows += [
        (f"deletion area: {name}", *(mean_and_spread(of["maps"]["deletion"][name]) for of in columns.values()))
        for name in (NEURONS, GRADIENT, INTEGRATED, MAP, RANDOM_INK)
    ]
    text = "Mean ± standard deviation over networks that start at the identity."
    header = "a class's score as a sum over neurons", *columns
    return f"{table(header, rows)}\n\n{text} {provenance('neuron_contributions', files, PRESETS)}"
