"""The study's table of results, and its lines in the README."""

from experiments.jump_detection.settings import PRESETS
from experiments.jumps import PUBLISHED
from experiments.provenance import Files, of_each_run, provenance, table
from experiments.study import mean_and_spread

PICTURE = "networks_against_optimum"  # a figure that is stored with the results


def lines(files: Files) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    return [line for record in files.values() for line in _lines(record)]


def _lines(record):
    metrics, seeds = record["metrics"], record["config"]["seeds"]
    networks, optimum = metrics["networks"]["networks"], metrics["networks"]["optimum"]["mode"]["l1"]
    return [
        (
            f"location of a jump in noise, mean |error| in samples (optimum {optimum:.3f}): {name}",
            mean_and_spread(networks[name]["l1"]),
            f"{networks[name]['published_l1']:.3f}",
            seeds,
        )
        for name in ("CNN, 3 convolutions", "1-layer perceptron")
    ] + [("… with fresh signals at every step", mean_and_spread(metrics["optimum"]["fresh"]["l1"]), "–", seeds)]


def results_table(files: Files) -> str:
    """The table of the study."""
    return of_each_run(files, _table)


def _table(files):
    (record,) = files.values()
    metrics, config = record["metrics"], record["config"]
    detector, fresh = metrics["detectors"]["errors"]["Gaussian derivative"]["l1"], metrics["optimum"]["fresh"]["l1"]
    rows = [("Gaussian-derivative detector", f"{detector:.3f}", f"{PUBLISHED['Gaussian derivative'][0]:.3f}")]
    for name, result in metrics["networks"]["networks"].items():
        dead = f" ({result['died']} died)" if result["died"] else ""
        rows.append((name, f"{mean_and_spread(result['l1'])}{dead}", f"{result['published_l1']:.3f}"))
    rows.append(("1-layer perceptron, fresh signals at every step", mean_and_spread(fresh), "–"))
    optimum = metrics["networks"]["optimum"]["mode"]["l1"]
    rows.append(("the optimum (mode of the exact posterior)", f"{optimum:.3f}", "not computed"))
    return table(("mean |error| of the jump position, samples", "ours", "thesis"), rows) + (
        f"\n\nMean ± standard deviation over {config['seeds']} seeds, {config['test_signals']:,} test signals. "
        f"{provenance('jump_detection', files, PRESETS)}"
    )
