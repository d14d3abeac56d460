"""The study's table of results, and its lines in the README."""

from pathlib import Path

from experiments.hierarchical_modules.settings import PRESETS
from experiments.provenance import data_name, provenance, table
from experiments.study import mean_and_spread


def lines(files: dict[Path, dict]) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    what, rows = "height of the tree of roles, before and after signs are aligned: MNIST", []
    for record in files.values():
        if _head(record["config"]) != "MNIST":
            continue
        heights = record["metrics"]["vectors"]["height_of_all_networks"]
        ours = " and ".join(mean_and_spread(heights[when], 1) for when in ("before", "after"))
        rows.append((what, ours, "figures", record["config"]["networks"]))
    return rows


def results_table(files: dict[Path, dict]) -> str:
    """A column for every data set and network of the stored runs."""
    columns = {_head(record["config"]): _column(record["config"], record["metrics"]) for record in files.values()}
    counts = " or ".join(map(str, sorted({record["config"]["networks"] for record in files.values()})))
    rows = [[name, *(column[name] for column in columns.values())] for name in next(iter(columns.values()))]
    return table((f"{counts} networks each", *columns), rows) + (
        "\n\nMean ± standard deviation over networks, or over pairs of them; the paper shows figures without numbers. "
        "Prices are Japan's consumer prices of taro, radish and carrot. A control on shuffled targets that does "
        "not fit its own rows is a weak one: those of the quotient networks have memorized what they can. "
        f"{provenance('hierarchical_modules', files, PRESETS)}"
    )


def _head(config):
    return data_name(config) if config["network"] == "lnn" else f"{data_name(config)}, {config['network'].upper()}"


def _column(config, metrics):
    vectors, agreement = metrics["vectors"], metrics["stability"]["agreement"]
    sums, heights = vectors["similarity_of_all_networks"], vectors["height_of_all_networks"]
    score = metrics["training"]["networks"]["trained"]["held out"]
    shuffled = metrics["training"]["networks"]["shuffled targets"]["training"]
    score, shuffled = (
        f"{mean_and_spread(each, 1)} points" if config["data"] == "prices" else mean_and_spread(each)
        for each in (score, shuffled)
    )
    coarse = str(metrics["clusters"]["resolutions"][0])
    roles = {kind: f"{every['roles'][coarse]:.2f}" for kind, every in agreement.items()}
    spread = f"{agreement['trained']['roles_spread'][coarse]:.2f}"
    signs = metrics["causal"]["share_of_signs_as_predicted"]
    confirmed = {kind: mean_and_spread(shares["resample"], 2) for kind, shares in signs.items()}
    return {
        "held-out accuracy (prices: root mean square error)": score,
        "… targets shuffled, on the rows trained on": shuffled,
        "sum of cosines of all pairs of units: as measured": mean_and_spread(sums["before"], 0),
        "… signs aligned": mean_and_spread(sums["greedy flips"], 0),
        "height of the Ward tree: as measured": mean_and_spread(heights["before"], 1),
        "… aligned": mean_and_spread(heights["after"], 1),
        "numbers of clusters over the longest ranges of height (first network)": ", ".join(
            map(str, metrics["choice"]["chosen"])
        ),
        "cosine of the coarsest roles of two networks": f"{roles['trained']}\u00a0±\u00a0{spread}",
        "… targets shuffled; untrained": f"{roles['shuffled targets']}; {roles['untrained']}",
        "signs of roles confirmed by ablation": confirmed["trained"],
        "… signs, targets shuffled; untrained": f"{confirmed['shuffled targets']}; {confirmed['untrained']}",
    }
