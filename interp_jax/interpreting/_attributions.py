"""Which values of an input a decision depends on, tested by deleting them, beside random order."""

from typing import Any, NamedTuple

import numpy as np

from interp_jax import figures, methods
from interp_jax.interpreting._budgets import Budget
from interp_jax.interpreting._subject import Subject

STEPS = 20
BATCH = 64  # rows at a time
MAPS = ("gradient × input", "integrated gradients")
LISTED = 10  # values of an input in the table
CONTROLS = ("size of the value", "random order")


class Attributions(NamedTuple):
    """Deletion curves of several orders of an input's values.

    Attributes:
        shares: [steps + 1] of the values deleted.
        curves: by order, [steps + 1] mean probability of the predicted class.
        areas: by order, [rows] areas under the curves; small is good.
        importance: by method, [values] mean magnitude of the maps.
        rows: number of rows.
    """

    shares: np.ndarray
    curves: dict[str, np.ndarray]
    areas: dict[str, np.ndarray]
    importance: dict[str, np.ndarray]
    rows: int


def maps(network: Any, rows: np.ndarray, target: np.ndarray, nodes: int) -> dict[str, np.ndarray]:
    """Attribution maps of the rows by method, a batch at a time."""
    attribution = methods.attribution
    parts = []
    for start in range(0, len(rows), BATCH):
        x, c = rows[start : start + BATCH], target[start : start + BATCH]
        first = attribution.gradient_times_input(network, x, c)
        parts.append((first, attribution.integrated_gradients(network, x, c, nodes=nodes)))
    return {
        name: np.concatenate(list(map(np.asarray, of))) for name, of in zip(MAPS, zip(*parts, strict=True), strict=True)
    }


def measure(subject: Subject, budget: Budget) -> Attributions:
    """The maps of held-out rows, their deletion curves, and those of other orders."""
    chosen = subject.parts[1][: budget.map_rows]
    rows, target = subject.inputs[chosen].astype(np.float32), subject.predictions[chosen]
    own = maps(subject.network, rows, target, budget.nodes)
    rng = np.random.default_rng(subject.seed)
    orders = {name: [np.abs(each)] for name, each in own.items()}
    orders[CONTROLS[0]] = [np.abs(rows)]
    orders[CONTROLS[1]] = [rng.random(rows.shape, np.float32) for _ in range(min(budget.random_sets, 5))]
    curves, areas, shares = {}, {}, np.zeros(0)
    for name, several in orders.items():
        runs = [_deletion(subject.network, rows, each, target) for each in several]
        shares = runs[0][0]
        curves[name] = np.mean([curve for _, curve, _ in runs], axis=0)
        areas[name] = np.mean([area for *_, area in runs], axis=0)
    importance = {name: np.abs(each).mean(axis=0) for name, each in own.items()}
    return Attributions(shares, curves, areas, importance, len(rows))


def _deletion(network, rows, importance, target):
    parts = [
        methods.attribution.removal_curves(
            network, rows[start : start + BATCH], importance[start : start + BATCH], target[start : start + BATCH],
            steps=STEPS,
        )
        for start in range(0, len(rows), BATCH)
    ]  # fmt: skip
    curve = np.concatenate([np.asarray(part.deletion) for part in parts]).mean(axis=0)
    return np.asarray(parts[0].shares), curve, np.concatenate([np.asarray(part.deletion_area) for part in parts])


def show(result: Attributions, page: Any, subject: Subject) -> None:
    """The curves, the areas, and the mean maps of images."""
    page.text(
        "Values of an input are set to 0, those of the greatest attribution first, and the probability of the class "
        "that the network predicted for the whole input is followed: the faster it falls, the better the order. "
        "Values that are 0 already do not count. Where 0 is no neutral value of these inputs, read this with care."
    )
    page.figure(
        "deletion",
        figures.curves.against(
            result.shares, result.curves, "share of values set to 0", "probability of the predicted class",
            y_range=(0, 1),
        ),
        f"Deletion curves, means over {result.rows} held-out rows.",
    )  # fmt: skip
    page.table(
        ("order", "area under the curve", "smaller than in random order for"),
        [
            (
                name,
                f"{areas.mean():.3f}",
                None if name == CONTROLS[1] else f"{np.mean(areas < result.areas[CONTROLS[1]]):.0%} of rows",
            )
            for name, areas in result.areas.items()
        ],
        "Areas under the deletion curves; small is good.",
        note=f"{CONTROLS[0].capitalize()}: the largest magnitude first, without the network.",
    )
    if subject.image_shape:
        shape = subject.image_shape
        pictures = {name: _scaled(each.reshape(shape)) for name, each in result.importance.items()}
        pictures["mean input"] = _scaled(np.abs(subject.inputs).mean(axis=0).reshape(shape))
        page.figure(
            "mean_maps",
            figures.images.strongest_inputs(np.stack(list(pictures.values()))[:, None], list(pictures)),
            "Mean magnitude of the attributions of all these rows, and the mean input; black is the greatest.",
        )
    elif subject.inputs.ndim == 2:
        names = subject.feature_names or [f"value {place}" for place in range(subject.inputs.shape[1])]
        first = np.argsort(-result.importance[MAPS[1]], kind="stable")[:LISTED]
        page.table(
            ("value of the input", *MAPS),
            [(names[place], *(f"{result.importance[each][place]:.3g}" for each in MAPS)) for place in first],
            f"Mean magnitude of the attributions over these rows: the {len(first)} values with the greatest.",
        )
    page.metrics({"areas": {name: float(areas.mean()) for name, areas in result.areas.items()}})


def sentence(result: Attributions, subject: Subject) -> str:
    """Whether the best map beats random order, and the order of magnitudes that needs no network."""
    del subject
    areas = {name: float(each.mean()) for name, each in result.areas.items()}
    best = min(MAPS, key=lambda name: areas[name])
    chance = areas[CONTROLS[1]]
    words = "faster" if areas[best] < 0.95 * chance else "no faster"
    size = "and" if areas[best] < areas[CONTROLS[0]] else "but not"
    return (
        f"Deleting values by {best} lowers the predicted class's probability {words} than random order (areas "
        f"{areas[best]:.2f} and {chance:.2f}), {size} faster than deleting the largest values "
        f"({areas[CONTROLS[0]]:.2f})."
    )


def _scaled(image: np.ndarray) -> np.ndarray:
    image = image.mean(axis=-1) if image.ndim == 3 and image.shape[-1] not in (1, 3) else image
    image = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    image = image.mean(axis=-1) if image.ndim == 3 else image
    return image / image.max() if image.max() > 0 else image
