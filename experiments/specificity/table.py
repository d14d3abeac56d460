"""The study's table of results, and its lines in the README."""

from experiments.explained_cnns import FULL, HALF
from experiments.provenance import Files, data_name, provenance, table
from experiments.specificity.explained import ORDER, WEIGHTED
from experiments.specificity.settings import PRESETS
from experiments.study import mean_and_spread


def lines(files: Files) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    rows = []
    for config, of in ((record["config"], record["metrics"]["disagreement"]) for record in files.values()):
        each = of[HALF][WEIGHTED]
        low, high = each["interval"]
        where = f"where two half-trained networks disagree: {data_name(config)}"
        what = f"an explanation's agreement with its own network minus that with the other, {where}"
        rows.append((what, f"{each['specific']:.2f} ({low:.2f} to {high:.2f})", "–", config["seeds"]))
    return rows


def results_table(files: Files) -> str:
    """Rows for every explanation, for every data set and kind of network."""
    columns = {
        f"{data_name(record['config'])}, {kind}": record["metrics"]["disagreement"][kind]
        for record in files.values()
        for kind in (HALF, FULL)
    }
    rows = [
        (
            name,
            *(
                f"{of[name]['specific']:.2f} ({of[name]['interval'][0]:.2f} to {of[name]['interval'][1]:.2f}); "
                f"{mean_and_spread([100 * each for each in of[name]['fidelity']], 1)}"
                for of in columns.values()
            ),
        )
        for name in ORDER
    ]
    text = (
        "How much more often an explanation agrees with its own network than with another one where the two disagree, "
        "with 95% interval over networks and images; then its agreement with its network on all images (%). All are "
        "trees of one depth."
    )
    return f"{table(('explanation', *columns), rows)}\n\n{text} {provenance('specificity', files, PRESETS)}"
