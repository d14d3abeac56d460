"""The study's table of results, and its lines in the README."""

import numpy as np

from experiments import published_cores
from experiments.certified_units.as_published import NEARLY
from experiments.certified_units.certificates import Certified, count_false
from experiments.certified_units.settings import PRESETS
from experiments.provenance import Files, data_name, provenance, table

HEADER = "data, layer (units)", "networks", "units, selected", "… certified", "from … to", "the paper's"
HEADER += "certified sets", "required rate", "rate on test images, selected", "… certified"
HEADER += ("certificates that test images contradict (to be expected at most)",)
ABLATED = "zero", "mean", "other images"
REPLACED = (
    "data, layer (units), selected with",
    "certified",
    "units",
    *(f"{side}, {name}" for side in ("kept alone", "removed alone") for name in ABLATED),
)

IN_README = -1  # MNIST's second layer


def file_name(config: dict) -> str:
    """The name of a run's file."""
    return f"certified_units_{config['data']}"


def lines(files: Files) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    return [
        (
            f"units certified to hold {config['holding']:.0%} on new rows, of {of['of']}: {data_name(config)}, {layer}",
            f"{_units(of)}{_replaced(all_of['replaced'], layer)}; {_as_published(all_of, layer)}",
            _published(config, layer, " (on the rows searched)"),
            config["seeds"],
        )
        for config, layer, of, all_of in _layers(files)
    ]


def results_table(files: Files) -> str:
    """A row for every data set and layer, and what stands in for the units left out."""
    rows = [
        (
            f"{data_name(config)}, {layer} ({of['of']})",
            config["seeds"],
            *(_mean(of, name, "{:.1f}") for name in ("units", "certified_units")),
            _range(of),
            _published(config, layer),
            f"{np.sum(of['certified'])} of {np.size(of['certified'])}",
            f"{config['holding']:.0%}",
            *(_mean(of, name, "{:.2%}") for name in ("test_rate", "certified_test_rate")),
            _contradicted(config, of),
        )
        for config, layer, of, _ in _layers(files)
    ]
    replaced = [row for config, layer, _, all_of in _layers(files) for row in _by_ablation(config, layer, all_of)]
    return (
        f"{table(HEADER, rows)}\n\nMeans over all networks and classes with a certificate, also of the sets selected "
        "without one. The required rate is certified for each class by itself, at 95% confidence, by images that "
        "neither trained the network nor served the search. Contradicted: the upper bound on the test images lies "
        "below the rate; to be expected: in 99 of 100 such studies if each certificate is false with a probability of "
        "5%. The paper's units, of three selections in one network, hold some 99.5% on the rows that were searched.\n\n"
        f"{table(REPLACED, replaced)}\n\nThe first network: sets certified with zero, with means or with values on "
        "other images in place of the units left out; and rates on the test images, by each, of the set kept alone and "
        f"of all other units, means over classes. {provenance('certified_units', files, PRESETS)}"
    )


def _by_ablation(config: dict, layer: str, all_of: dict) -> list[tuple]:
    """A row for each of the values that stand in for units left out."""
    of, size = all_of["replaced"][layer], all_of["certificates"][layer]["of"]
    rates = np.mean(of["rates"], axis=-1).reshape(len(of["units"]), -1)
    return [
        (
            f"{data_name(config)}, {layer} ({size}), {name}",
            f"{np.sum(certified)} of {len(certified)}",
            f"{np.mean(units):.1f}",
            *(f"{rate:.1%}" for rate in row),
        )
        for name, units, certified, row in zip(ABLATED, of["units"], of["certified"], rates, strict=True)
    ]


def _published(config: dict, layer: str, note: str = "") -> str:
    """The paper's mean number of units, and a note on it."""
    paper = published_cores.tables(config["data"], layer)
    return f"{paper[0].mean():.1f}{note}" if paper else "–"


def _contradicted(config: dict, of: dict) -> str:
    """How many certificates of a layer the test images contradict, and how many are to be expected at most."""
    arrays = {name: np.array(of[name]) for name in Certified._fields}
    n, false, most = count_false([Certified(**arrays)], config["holding"], config["confidence"])
    return f"{false} of {n} ({most})"


def _range(of: dict) -> str:
    """The fewest and the most units of a certified set, and how many sets are all units."""
    units = np.array(of["certified_units"])[np.array(of["certified"], bool)]
    if not units.size:
        return "–"
    whole = np.sum(units == of["of"])
    return f"{units.min():.0f} to {units.max():.0f}" + (f", all in {whole} of {units.size}" if whole else "")


def _replaced(of: dict, layer: str) -> str:
    """The further words on units where those left out have their values on other images in place of zero."""
    units, certified = (np.array(of[layer][name])[-1] for name in ("units", "certified"))
    return f"; with values of other images in place of zero {np.mean(units[certified]):.1f}" if certified.any() else ""


def _mean(of: dict, name: str, form: str) -> str:
    """The mean over the cases in which a set is certified."""
    certified = np.array(of["certified"], bool)
    return form.format(np.mean(np.array(of[name])[certified])) if certified.any() else "–"


def _units(of: dict) -> str:
    """Units with a certificate and without one, and in how many cases there is one if not in all."""
    few = "" if np.all(of["certified"]) else f"; {np.sum(of['certified'])} of {np.size(of['certified'])} certified"
    with_one, without = (_mean(of, name, "{:.1f}") for name in ("certified_units", "units"))
    return f"{with_one} ({_range(of)}; without a certificate {without}{few})"


def _as_published(all_of: dict, layer: str) -> str:
    """How often the published objective selects without a search, and how often it keeps nearly everything."""
    of = all_of["as_published"]["layers"][layer]
    selected, most = (np.mean(of[name]) for name in ("selected", "nearly all"))
    return (
        "the published objective alone, over many settings and all classes, gives a set that holds as much on the rows "
        f"searched in {selected:.0%} of cases, and keeps at least {NEARLY:.0%} of the units in {most:.0%} (one network)"
    )


def _layers(files):
    for record in files.values():
        for layer in record["config"]["layers"]:
            yield record["config"], layer, record["metrics"]["certificates"][layer], record["metrics"]
