"""Valid calls of the figures."""

import functools

import numpy as np

from interp_jax import methods
from interp_jax.figures.comparison import ErrorRow
from interp_jax.figures.hypotheses import Panel
from interp_jax.figures.layers import LayerRow
from interp_jax.methods import hierarchy
from interp_jax.methods.ascent import Ascent
from interp_jax.methods.core_units import (
    Certificate,
    Likeness,
    Necessity,
    Resampled,
    Selection,
    SharedContributions,
)
from interp_jax.methods.core_units.decisions import ClassData
from interp_jax.methods.receptive import Ngrams
from tests.battery.arguments import CLASSES, FEATURES, HIDDEN, INPUTS, LABELS, ROWS, UNITS, normal
from tests.battery.calls import instances

SHARES = np.abs(normal(4, 3, seed=20)) / 4
TREE = hierarchy.build(normal(UNITS, 4, seed=3))
KEPT = np.arange(UNITS) % 2 == 0
SELECTION = Selection(
    mask=KEPT,
    gates=KEPT,
    units=int(KEPT.sum()),
    holding_rate=0.96,
    reached=True,
    gates_mask=KEPT,
    gates_units=int(KEPT.sum()),
    gates_holding_rate=0.96,
    weight=0.0,
    objective=np.zeros(1),
    trace=np.zeros((2, 1)),
    rows=ClassData(np.arange(4), np.arange(4, 8)),
    target=1,
    holding=0.95,
)
CERTIFICATE = Certificate(
    mask=KEPT,
    units=int(KEPT.sum()),
    certified=True,
    lower_bound=0.96,
    holding_rate=0.97,
    place=0,
    sizes=np.array([int(KEPT.sum()), 1]),
    holding_rates=np.array([0.97, 0.6]),
    lower_bounds=np.array([0.96, 0.5]),
    rows=SELECTION.rows,
    target=1,
    holding=0.95,
    confidence=0.9,
    level=0.1,
    joint=False,
)
RESAMPLED = Resampled(
    masks=np.stack([KEPT, KEPT]),
    frequency=KEPT * 1.0,
    core=KEPT,
    interchangeable=KEPT & ~KEPT,
    never=~KEPT,
    units=np.array([KEPT.sum(), KEPT.sum()]),
    holding_rates=np.array([0.97, 0.96]),
    held_out_rates=np.array([0.95, 0.94]),
    core_share=0.9,
    varied="rows",
    target=1,
)
LIKENESS = [Likeness(*np.full((3, *shape), 0.5)) for shape in ((1,), (1, 2), (1, 2))]
SHARED = SharedContributions(np.array([[0, 1]]), LIKENESS[0], np.zeros((1, 3)), *LIKENESS[1:], np.array([2, 2]))
NECESSITY = Necessity(0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
RISING = np.arange(1, 9, dtype=np.float32)
COLORS = np.tile(np.array([[0.2, 0.4, 0.6, 1.0]]), (2, 1))
NAMES = ["one", "two", "three"]


@functools.cache
def _explained():
    explainer = instances.explainer()
    return {"explainer": explainer, "explanation": explainer.explain(INPUTS[0])}


NGRAMS = Ngrams(((105, 109), (256, 3)), np.array([5, 2]), np.array([1.5, 1.8]), *[np.array([0.01, 0.7])] * 2, 6, 5)

CALLS = {
    "figures.certificate": lambda: {"certificate": CERTIFICATE},
    "figures.necessity": lambda: {"necessity": NECESSITY},
    "figures.contributions": lambda: {
        "contributions": methods.identity.contributions(INPUTS, normal(3, ROWS, FEATURES + CLASSES)),
        "inputs": INPUTS,
        "labels": LABELS,
        "class_names": NAMES,
        "feature_names": [*NAMES, "four"],
    },
    "figures.deviation": lambda: {
        "profiles": methods.deviation.profile({"input": INPUTS, "relu": HIDDEN}, LABELS, classes=CLASSES),
        "layer_names": NAMES[:2],
    },
    "figures.explanation": lambda: {**_explained(), "inputs": INPUTS, "class_names": NAMES},
    "aligned_vectors": lambda: {
        "before": normal(UNITS, 7),
        "after": normal(UNITS, 7, seed=1),
        "similarity": RISING,
        "split": 4,
    },
    "by_position": lambda: {"positions": RISING, "errors": {"one": RISING / 9, "two": RISING / 5}},
    "comparison.errors": lambda: {
        "rows": [ErrorRow("one", RISING), ErrorRow("two", RISING + 1, 3.0, "group")],
        "limits": {"best": 0.5},
    },
    "curves.against": lambda: {"x": RISING, "values": {"one": normal(8, 2), "two": RISING}, "references": {"r": 0.5}},
    "success_against_width": lambda: {
        "widths": RISING,
        "success": np.abs(normal(2, 8)) / 5,
        "noises": np.array([0.5, 1.0]),
    },
    "curves.training": lambda: {
        "loss": RISING,
        "validation_loss": RISING,
        "error": RISING / 9,
        "validation_error": RISING / 9,
        "best_epoch": 3,
    },
    "decision_tree.tree": lambda: {
        "children": {0: (1, 2)},
        "conditions": {0: "f1 ∈ {0}"},
        "shares": SHARES[:3],
        "class_names": NAMES,
        "path": (0, 1),
    },
    "filters.composition": lambda: {"parts": {"one": (RISING, RISING), "two": (RISING[:4], RISING[:4])}},
    "filters.gallery": lambda: {"positions": RISING, "rows": {"panel": {"one": normal(8)}}, "jumps": {"panel": 3.0}},
    "filters.profiles": lambda: {"positions": RISING, "filters": {"one": normal(8)}, "zero": 3.0},
    "heatmaps.class_averages": lambda: {"layers": {"one": normal(8, UNITS)}, "positions": RISING},
    "heatmaps.confusion": lambda: {"matrix": SHARES[:3], "names": NAMES, "rows": "true", "columns": "predicted"},
    "heatmaps.overlap": lambda: {"matrix": np.eye(3), "names": NAMES},
    "heatmaps.weights": lambda: {"layers": {"one": (normal(4, UNITS), normal(UNITS))}},
    "weights_and_averages": lambda: {
        "kernel": normal(4, UNITS),
        "averages": normal(8, UNITS),
        "positions": RISING,
    },
    "absolute_errors": lambda: {"errors": normal(40)},
    "figures.ascent": lambda: {
        "lanes": Ascent(normal(3, 6), RISING[:3], RISING[:3], np.arange(3), np.arange(3) < 2, np.arange(3) > 1),
        "names": NAMES,
        "feature_names": list("abcdef"),
    },
    "figures.core_units": lambda: {"selection": SELECTION, "class_names": NAMES},
    "figures.shared_contributions": lambda: {"shared": SHARED},
    "figures.ngrams": lambda: {"ngrams": NGRAMS},
    "figures.unit_frequencies": lambda: {"resampled": RESAMPLED},
    "figures.hierarchy": lambda: {"tree": TREE, "clusters": [2, 3]},
    "hypotheses.grid": lambda: {
        "columns": {"two": [Panel(normal(5, 2), normal(4, 2), 0.5, True)]},
        "levels": ["f1 ∈ {0}"],
        "mine": "one",
    },
    "images.learned": lambda: {"images": {"one": normal(3, 4, 4)}, "classes": NAMES},
    "pixel_gates": lambda: {"gates": {"one": np.abs(normal(4, 4)) / 5}, "images": {"one": np.abs(normal(4, 4)) / 5}},
    "strongest_inputs": lambda: {
        "images": np.abs(normal(2, 3, 4, 4)) / 5,
        "units": [0, 1],
        "labels": np.arange(6).reshape(2, 3),
    },
    "layers.grid": lambda: {
        "rows": [LayerRow("one", normal(4, UNITS), normal(8, UNITS), normal(UNITS), np.arange(UNITS))],
        "positions": RISING,
        "at": 3.0,
    },
    "layered_network": lambda: {
        "kernels": [normal(4, UNITS), normal(UNITS, 3)],
        "labels": [np.arange(UNITS) % 2],
        "threshold": 0.1,
        "colors": COLORS,
    },
    "with_intervals": lambda: {"x": RISING[:4], "rates": {"one": np.sort(SHARES, axis=1)[:, [1, 0, 2]]}},
    "resolution_choice.choice": lambda: {"counts": np.arange(1, 9), "lifetimes": RISING, "ess": RISING, "chosen": [2]},
    "image_roles": lambda: {
        "inputs": normal(2, 4, 4),
        "outputs": normal(2, CLASSES),
        "titles": NAMES[:2],
        "output_names": NAMES,
    },
    "series_roles": lambda: {
        "inputs": normal(2, 3, 6),
        "outputs": normal(2, 3),
        "titles": NAMES[:2],
        "item_names": NAMES,
    },
    "scatter.embedding": lambda: {"points": normal(ROWS, 2), "labels": LABELS},
    "scatter.embeddings": lambda: {"panels": {"one": (normal(ROWS, 2), LABELS)}, "label_name": "class"},
    "selected_units.by_class": lambda: {
        "classes": NAMES,
        "values": {"one": normal(3, 2), "two": normal(3)},
        "references": {"published": normal(3)},
    },
    "selected_units.positions": lambda: {"masks": {"one": np.arange(2 * UNITS).reshape(2, UNITS) % 3 == 0}},
    "signals.examples": lambda: {"signals": normal(3, 20), "positions": np.array([3, 8, 12])},
    "filter_steps": lambda: {
        "step": RISING,
        "noisy": RISING,
        "filters": {"one": normal(3)},
        "responses": {"one": RISING},
    },
    "stability.agreement": lambda: {"values": {"one": {"4": np.abs(SHARES[0])}}},
    "causal_check": lambda: {
        "predicted": normal(2, 3) / 4,
        "measured": normal(2, 3, seed=5) / 4,
        "names": NAMES[:2],
        "colors": COLORS,
    },
    "likelihood_paths": lambda: {
        "likelihood": np.full((2, 3, 3), 1 / 3),
        "class_names": NAMES,
        "titles": NAMES[:2],
        "images": np.abs(normal(2, 4, 4)) / 5,
    },
    "through_layers.shares": lambda: {"layers": {"one": RISING / 9}, "references": {"chance": 0.1}},
    "signed_maps": lambda: {
        "images": np.abs(normal(2, 4, 4)) / 5,
        "maps": normal(2, 3, 4, 4),
        "layers": NAMES,
        "names": NAMES[:2],
    },
    "trees.dendrograms": lambda: {"linkages": {"one": TREE.linkage}},
    "trees.resolutions": lambda: {
        "linkage": TREE.linkage,
        "order": TREE.order,
        "levels": [TREE.cut(2), TREE.cut(3)],
        "numbers": (1, 3),
        "support": [np.array([0.5, 0.6]), np.array([0.5, 0.6, 1.0])],
    },
}
