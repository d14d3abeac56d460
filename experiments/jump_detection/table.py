"""The study's table of results, and its lines in the README."""

from pathlib import Path

from experiments.jump_detection.settings import PRESETS
from experiments.jumps import PUBLISHED
from experiments.provenance import provenance
from experiments.study import mean_and_spread


def lines(files: dict[Path, dict]) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    (record,) = files.values()
    metrics, seeds = record["metrics"], record["config"]["seeds"]
    networks, optimum = metrics["networks"]["networks"], metrics["networks"]["optimum"]["mode"]["l1"]
    return [
        (
            f"location of a jump in noise, mean \\|error\\| in samples (optimum {optimum:.3f}): {name}",
            mean_and_spread(networks[name]["l1"]),
            f"{networks[name]['published_l1']:.3f}",
            seeds,
        )
        for name in ("CNN, 3 convolutions", "1-layer perceptron")
    ] + [("… with fresh signals at every step", mean_and_spread(metrics["optimum"]["fresh"]["l1"]), "–", seeds)]


def results_table(files: dict[Path, dict]) -> str:
    """The table of the study, from its stored run."""
    (record,) = files.values()
    metrics, config = record["metrics"], record["config"]
    detector, fresh = metrics["detectors"]["errors"]["Gaussian derivative"]["l1"], metrics["optimum"]["fresh"]["l1"]
    lines = [
        "| mean \\|error\\| of the jump position, samples | ours | thesis |",
        "|---|---|---|",
        f"| Gaussian-derivative detector | {detector:.3f} | {PUBLISHED['Gaussian derivative'][0]:.3f} |",
    ]
    for name, result in metrics["networks"]["networks"].items():
        dead = f" ({result['died']} died)" if result["died"] else ""
        lines.append(f"| {name} | {mean_and_spread(result['l1'])}{dead} | {result['published_l1']:.3f} |")
    optimum = metrics["networks"]["optimum"]["mode"]["l1"]
    return "\n".join(
        [
            *lines,
            f"| 1-layer perceptron, fresh signals at every step | {mean_and_spread(fresh)} | – |",
            f"| the optimum (mode of the exact posterior) | {optimum:.3f} | not computed |",
            "",
            f"Mean ± standard deviation over {config['seeds']} seeds, {config['test_signals']:,} test signals. "
            + provenance("jump_detection", files, PRESETS),
        ]
    )
