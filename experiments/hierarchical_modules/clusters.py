"""The tree at a few resolutions, and the roles of its clusters (paper sections 3.2 and 4)."""

import numpy as np

from experiments.hierarchical_modules.reading import outputs_in_words, picture_in_words, series_in_words
from interp_jax import figures


def write(study, section) -> None:
    """Figures 3 to 6 of the paper: the clusters in the tree and in the network, and their roles."""
    section.figure(
        "tree",
        figures.trees.resolutions(
            study.tree.linkage,
            study.tree.order,
            study.levels,
            numbers=study.numbers,
            support=[each.jaccard for each in study.support],
        ),
        f"The tree of {len(study.tree.vectors)} hidden units, and its clusters at "
        f"{_listed(study.task.resolutions)} clusters, numbered consecutively; lines connect clusters with their parts. "
        "Percentages are bootstrap support: the mean Jaccard similarity of the cluster with the most similar cluster "
        f"in the trees of {study.config.resamples} resamples of the rows (75 % or more usually counts as stable).",
    )
    entries = [_entries(study, level) for level in range(len(study.task.resolutions))]
    _coarse_clusters(study, section, entries[0])
    for level, c in enumerate(study.task.resolutions):
        roles = draw_roles(study, study.tree.roles(c), _titles(study, level))
        section.figure(f"roles_{c}", roles, _caption(study, level))
    _finer_clusters(study, section, [entry for level in entries[1:] for entry in level])
    if study.config.network != "cnn":
        for level, c in enumerate(study.task.resolutions):
            colors = figures.trees.cluster_colors(study.levels)[level]
            figure, caption = draw_network(
                study, study.tree.expand(study.levels[level], -1), study.numbers[level], colors
            )
            section.figure(
                f"network_{c}",
                figure,
                f"The network; units are colored by cluster ({c} clusters). {caption} (Figs 3, 5 of the paper).",
            )
    section.metrics(
        {"resolutions": study.task.resolutions, "clusters": [entry for level in entries for entry in level]}
    )


def draw_roles(study, roles, titles):
    """Roles as images or series, beside bars for the outputs; constant inputs are gray."""
    inputs, outputs = split_roles(study, roles)
    if study.task.is_images:
        return figures.roles.image_roles(inputs, outputs, titles=titles, output_names=study.task.output_names)
    return figures.roles.series_roles(inputs, outputs, titles=titles, item_names=study.task.output_names)


def split_roles(study, roles):
    """Roles [c, features] as inputs in their original shape, NaN where constant, and outputs [c, outputs]."""
    constant = np.asarray(study.shown.constant_inputs)
    inputs = np.where(constant, np.nan, roles[:, : len(constant)])
    return inputs.reshape(len(roles), *study.task.shape), roles[:, len(constant) :]


def _entries(study, level):
    """The record of every cluster of a resolution."""
    roles, labels, support = study.tree.roles(study.task.resolutions[level]), study.levels[level], study.support[level]
    outputs = split_roles(study, roles)[1]
    entries = []
    for cluster in range(study.task.resolutions[level]):
        units = np.flatnonzero(labels == cluster)
        above = None if level == 0 else study.numbers[level - 1] + int(study.levels[level - 1][units[0]])
        entries.append(
            {
                "number": study.numbers[level] + cluster,
                "part_of": above,
                "units": study.tree.units[units],
                "reversed": int(np.sum(study.tree.signs[units] < 0)),
                "support": support.jaccard[cluster],
                "recovered": support.recovered[cluster],
                "outputs": outputs[cluster],
            }
        )
    return entries


def _coarse_clusters(study, section, entries):
    """Tables of the clusters of the coarsest resolution, in words, and of their members."""
    inputs, rows = split_roles(study, study.tree.roles(study.task.resolutions[0]))[0], []
    where = (
        "parts of a 3 × 3 grid on the image, by their means"
        if study.task.is_images
        else "months of the item with the strongest correlation"
    )
    for entry, role in zip(entries, inputs, strict=True):
        follows = picture_in_words(role) if study.task.is_images else series_in_words(role, study.task.output_names)
        outputs = outputs_in_words(entry["outputs"], study.task.output_names)
        rows.append((f"{entry['number']}", outputs, follows, f"{len(entry['units'])}", f"{entry['support']:.0%}"))
    section.table(
        ("cluster", "outputs", "inputs", "units", "support"),
        rows,
        "Roles of the coarsest clusters when they are active, by the mean correlations of their units: the outputs "
        f"with the strongest correlations, and {where}.",
        note="For an inactive cluster all signs are reversed. Correlations below 0.1 in magnitude are omitted.",
    )
    signs = study.tree.expand(study.tree.signs, 0)
    members = [", ".join(f"{'−' if signs[unit] < 0 else ''}{unit}" for unit in entry["units"]) for entry in entries]
    section.table(
        ("cluster", "units"),
        [(f"{entry['number']}", units) for entry, units in zip(entries, members, strict=True)],
        "Members of the coarsest clusters; units are numbered from 0 through all hidden layers. A minus marks reversed "
        "units, which are low when the cluster is active.",
    )


def _finer_clusters(study, section, entries):
    rows = []
    for entry in entries:
        units = f"{len(entry['units'])}, {entry['reversed']} reversed"
        outputs = outputs_in_words(entry["outputs"], study.task.output_names, most=2)
        rows.append((f"{entry['number']}", f"{entry['part_of']}", units, f"{entry['support']:.0%}", outputs))
    if rows:
        section.table(("cluster", "part of", "units", "support", "outputs"), rows, "The finer clusters.")


def _titles(study, level):
    sizes, support = np.bincount(study.levels[level]), study.support[level].jaccard
    return [
        f"Cluster {study.numbers[level] + cluster}: {size} unit{'' if size == 1 else 's'}, support "
        f"{support[cluster]:.0%}"
        for cluster, size in enumerate(sizes)
    ]


def _caption(study, level):
    numbers = study.numbers[level], study.numbers[level] + study.task.resolutions[level] - 1
    what, colors = "month of prices", "Above zero: higher when the cluster is active"
    if study.task.is_images:
        what, colors = "pixel", "Red: higher when the cluster is active; blue: lower; gray: constant pixels"
    return (
        f"Roles of clusters {numbers[0]} to {numbers[1]}: mean correlation of their units with every {what}, and with "
        f"every output (bars). {colors} (Figs 4, 6 of the paper)."
    )


def draw_network(study, labels, first_number, colors):
    """A figure of the network with units colored by cluster, dead ones (−1) gray, and a sentence on its contents."""
    dead = labels < 0
    labels = np.where(dead, len(colors), labels)
    if dead.any():
        colors = np.vstack([colors, [0.6, 0.6, 0.6, 1.0]])
    layers = [np.asarray(layer) for layer in _kernels(study)]
    threshold = study.task.threshold if study.config.network == "lnn" else _strong(layers)
    names = study.task.output_names
    figure = figures.networks.layered_network(
        layers,
        np.split(labels, np.cumsum(study.task.hidden)[:-1]),
        threshold=threshold,
        colors=colors,
        first_number=first_number,
        input_names=None if study.task.is_images else names,
        output_names=names,
    )
    drawn = sum(int(np.sum(np.abs(layer) >= threshold)) for layer in layers)
    return figure, (
        f"Weights of at least {threshold:.3g} in magnitude are drawn, {drawn:,} of {sum(x.size for x in layers):,}: "
        "positive ones red, negative ones blue"
        + (f"; {np.sum(dead)} dead units are gray, with the number {first_number + len(colors) - 1}" * bool(dead.any()))
    )


def _kernels(study):
    if study.config.network == "lnn":
        return study.network.weights
    return [getattr(study.network, f"dense{layer}").kernel[...] for layer in range(1, len(study.task.hidden) + 2)]


def _strong(layers):
    """The threshold above which 5 % of the weights lie, for networks without sparsity penalty."""
    return float(np.quantile(np.abs(np.concatenate([layer.ravel() for layer in layers])), 0.95))


def _listed(numbers) -> str:
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}"
