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
    networks, seeds = record["metrics"]["networks"], record["config"]["seeds"]
    fresh = record["metrics"]["optimum"]["fresh"]["l1"]
    detector = record["metrics"]["detectors"]["errors"]["Gaussian derivative"]["l1"]
    lines = [
        "| mean \\|error\\| of the jump position, samples | ours | thesis |",
        "|---|---|---|",
        f"| Gaussian-derivative detector | {detector:.3f} | {PUBLISHED['Gaussian derivative'][0]:.3f} |",
    ]
    for name, result in networks["networks"].items():
        dead = f" ({result['died']} died)" if result["died"] else ""
        lines.append(f"| {name} | {mean_and_spread(result['l1'])}{dead} | {result['published_l1']:.3f} |")
    lines.append(f"| 1-layer perceptron, fresh signals at every step | {mean_and_spread(fresh)} | – |")
    lines.append(
        f"| the optimum (mode of the exact posterior) | {networks['optimum']['mode']['l1']:.3f} | not computed |"
    )
    size = f"{record['config']['test_signals']:,}"
    lines.append("")
    lines.append(
        f"Mean ± standard deviation over {seeds} seeds, {size} test signals. "
        + provenance("jump_detection", files, PRESETS)
    )
    return "\n".join(lines)
