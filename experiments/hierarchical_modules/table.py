"""The study's table of results, and its lines in the README."""

from pathlib import Path

from experiments.study import mean_and_spread


def lines(files: dict[Path, dict]) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    (record,) = (record for record in files.values() if _head(record["config"]) == "mnist")
    heights = record["metrics"]["vectors"]["height_of_all_networks"]
    ours = " and ".join(mean_and_spread(heights[when], 1) for when in ("before", "after"))
    what = "height of the tree of roles, before and after signs are aligned: MNIST"
    return [(what, ours, "figures", record["config"]["networks"])]


def results_table(files: dict[Path, dict]) -> str:
    """A column for every data set and network of the stored runs."""
    columns = {_head(record["config"]): _column(record["config"], record["metrics"]) for record in files.values()}
    counts = sorted({record["config"]["networks"] for record in files.values()})
    lines = [
        f"| {' or '.join(map(str, counts))} networks each | {' | '.join(columns)} |",
        "|---" * (len(columns) + 1) + "|",
    ]
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    lines += [f"| {name} | {' | '.join(column.get(name, '–') for column in columns.values())} |" for name in names]
    links = ", ".join(f"[`{path.stem}`]({path.name})" for path in files)
    environment = next(iter(files.values()))["environment"]
    lines += [
        "",
        "Mean ± standard deviation over networks, or over pairs of them; the paper shows figures without numbers. "
        f"{environment['platform']}, jax {environment['versions']['jax']}, {environment['date']}. From {links}, "
        "computed by `python -m experiments.hierarchical_modules --preset paper --data mnist` (or `digits`, or `prices "
        "--csv FILE` with Japan's consumer prices of taro, radish and carrot) and stored by `python -m "
        "experiments.keep_results RUN`.",
    ]
    return "\n".join(lines)


def _head(config):
    return config["data"] if config["network"] == "lnn" else f"{config['data']}, {config['network'].upper()}"


def _column(config, metrics):
    networks, vectors, stability = metrics["training"]["networks"], metrics["vectors"], metrics["stability"]
    agreement, signs = stability["agreement"], metrics["causal"]["share_of_signs_as_predicted"]
    score = networks["trained"]["held out"]
    sums, heights = vectors["similarity_of_all_networks"], vectors["height_of_all_networks"]
    coarse = str(metrics["clusters"]["resolutions"][0])
    roles = {kind: every["roles"][coarse] for kind, every in agreement.items()}
    confirmed = {kind: mean_and_spread(shares["resample"], 2) for kind, shares in signs.items()}
    return {
        "held-out accuracy (prices: root mean square error)": (
            mean_and_spread(score) if config["data"] != "prices" else f"{mean_and_spread(score, 1)} points"
        ),
        "sum of cosines of all pairs of units: as measured": mean_and_spread(sums["before"], 0),
        "… signs aligned": mean_and_spread(sums["greedy flips"], 0),
        "height of the Ward tree: as measured": mean_and_spread(heights["before"], 1),
        "… aligned": mean_and_spread(heights["after"], 1),
        "representative resolutions (first network)": ", ".join(map(str, metrics["choice"]["chosen"])),
        "cosine of the coarsest roles of two networks": (
            f"{roles['trained']:.2f}\u00a0±\u00a0{agreement['trained']['roles_spread'][coarse]:.2f}"
        ),
        "… targets shuffled; untrained": f"{roles['shuffled targets']:.2f}; {roles['untrained']:.2f}",
        "signs of roles confirmed by ablation": confirmed["trained"],
        "… signs, targets shuffled; untrained": f"{confirmed['shuffled targets']}; {confirmed['untrained']}",
    }
