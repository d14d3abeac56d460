"""The study's table of results, and its lines in the README."""

import numpy as np

from experiments.certified_units.settings import PRESETS
from experiments.provenance import Files, data_name, provenance, table

HEADER = "data, layer (units)", "networks", "units, selected", "… certified", "certified sets", "required rate"
HEADER += "rate on test images, selected", "… certified", "certificates that test images contradict (by chance at most)"


def file_name(config: dict) -> str:
    """The name of a run's file."""
    return f"certified_units_{config['data']}"


def lines(files: Files) -> list[tuple]:
    """The study's rows in the README: quantity, ours, published, number of networks."""
    return [
        (
            f"units certified to hold {config['holding']:.0%} on new rows, of {of['of']}: {data_name(config)}, {layer}",
            f"{_units(of)}; {_as_published(all_of, layer)}",
            "–",
            config["seeds"],
        )
        for config, layer, of, all_of in _layers(files)
    ]


def results_table(files: Files) -> str:
    """A row for every data set and layer."""
    rows = [
        (
            f"{data_name(config)}, {layer} ({of['of']})",
            config["seeds"],
            *(_mean(of, name, "{:.1f}") for name in ("units", "certified_units")),
            f"{np.sum(of['certified'])} of {np.size(of['certified'])}",
            f"{config['holding']:.0%}",
            *(_mean(of, name, "{:.2%}") for name in ("test_rate", "certified_test_rate")),
            "{false} of {certificates} ({most_false_by_chance})".format(**all_of["certificates"]),
        )
        for config, layer, of, all_of in _layers(files)
    ]
    return (
        f"{table(HEADER, rows)}\n\nMeans over all networks and classes with a certificate, also of the sets selected "
        "without one. The required rate is certified for each "
        "class by itself, at 95% confidence, by images that neither trained the network nor served the search. "
        f"{provenance('certified_units', files, PRESETS)}"
    )


def _mean(of: dict, name: str, form: str) -> str:
    """The mean over the cases in which a set is certified."""
    certified = np.array(of["certified"], bool)
    return form.format(np.mean(np.array(of[name])[certified])) if certified.any() else "–"


def _units(of: dict) -> str:
    """Units with a certificate and without one, and in how many cases there is one if not in all."""
    few = "" if np.all(of["certified"]) else f"; {np.sum(of['certified'])} of {np.size(of['certified'])} certified"
    with_one, without = (_mean(of, name, "{:.1f}") for name in ("certified_units", "units"))
    return f"{with_one} (without a certificate {without}{few})"


def _as_published(all_of: dict, layer: str) -> str:
    """In how many settings and classes the published objective selects without a search, and its units at best."""
    selected, units = (np.array(all_of["as_published"]["layers"][layer][name]) for name in ("selected", "units"))
    whole = units[selected == 1]
    words = "units on average in the best setting that succeeds for every class"
    best = f", of {whole.min():.1f} {words}" if whole.size else ""
    share = f"{np.mean(selected):.0%} of settings and classes"
    return f"by the published objective alone, {share} give a set that holds as much on the rows searched{best}"


def _layers(files):
    for record in files.values():
        for layer in record["config"]["layers"]:
            yield record["config"], layer, record["metrics"]["certificates"][layer], record["metrics"]
