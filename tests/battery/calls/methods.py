"""Valid calls of the methods."""

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax import methods
from tests.battery.arguments import CLASSES, FEATURES, HIDDEN, INPUTS, LABELS, PREDICTIONS, ROWS, UNITS, Fresh, normal
from tests.battery.calls.instances import IDS, INSTANCES, folder

LAYERS = np.abs(normal(2, ROWS, FEATURES + CLASSES, seed=8))
LIKELIHOOD = np.asarray(jax.nn.softmax(normal(2, ROWS, CLASSES, seed=9), axis=-1))
KERNELS = np.stack([np.eye(FEATURES + CLASSES, dtype=np.float32)] * 2) + normal(2, 7, 7, seed=10) / 10
STAGES = {"dense": lambda x: x @ normal(FEATURES, UNITS, seed=1), "relu": jax.nn.relu}
IMAGES = np.abs(normal(3, 4, 4, 1, seed=11))
SHORT = {"steps": 3}
TOKENS = np.random.default_rng(20).integers(0, 5, (ROWS, 9)).astype(np.int32)
TABLE = normal(5, 3, seed=21)
NESTED = np.arange(UNITS) < np.arange(UNITS, 0, -1)[:, None]


def _linkage():
    return methods.hierarchy.build(normal(UNITS, 4, seed=3)).linkage


def _rows():
    return methods.core_units.class_data(PREDICTIONS, 1, key=jax.random.key(2))


def _image_scores(x):
    return x.reshape(x.shape[0], -1) @ normal(16, CLASSES, seed=12)


def _next_layer(hidden):
    return hidden @ normal(UNITS, CLASSES, seed=17)


def _layer(kernel, x):
    return x @ kernel


def _biased(parameters, x):
    return x @ parameters[0] + parameters[1][None]


def _pairs(tokens):
    """Eight windows of two tokens, three units."""
    embedded = jnp.asarray(TABLE)[tokens]
    return embedded[:, 1:] - 2 * embedded[:, :-1]


def _token_scores(embedded):
    return jnp.tanh(embedded).sum(1) @ normal(3, CLASSES, seed=22)


def _windows():
    return methods.receptive.windows(_pairs, TOKENS, field=methods.receptive.sliding(9, 2))


def _saved():
    path = folder() / "explainer.npz"
    INSTANCES["Explainer"]().save(path)
    return path


CALLS = {
    "ablate_mean": lambda: {"replaced": [np.arange(UNITS) < 2]},
    "ablate_resample": lambda: {"replaced": [np.arange(UNITS) < 2]},
    "module_effects": lambda: {"modules": np.arange(2 * UNITS).reshape(2, UNITS) % 3 == 0, "signs": np.ones(UNITS)},
    "replace_units": lambda: {"values": [np.zeros(UNITS, np.float32)], "replaced": [np.arange(UNITS) < 2]},
    "unit_means": lambda: {"layer": HIDDEN},
    "ascent.box": lambda: {"least": 0.0, "greatest": 1.0},
    "ascent.clip_contribution": lambda: {"share": 0.5},
    "ascent.clip_norm": lambda: {"share": 0.5},
    "ascent.gaussian_blur": lambda: {"width": 0.6},
    "ascent.l2_decay": lambda: {"rate": 0.1},
    "ascent.maximize": lambda: {"start": INPUTS, "units": LABELS, "steps": 3, "rate": 0.1},
    "ascent.tokens": lambda: {
        "network": _token_scores,
        "start": TOKENS[:2],
        "units": np.arange(2),
        "embed": TABLE,
        "candidates": 4,
        "steps": 2,
    },
    "critical_rows": lambda: {"radius": 0.1, "steps": 2},
    "deconvnet": lambda: {"stages": STAGES, "stage": "relu", "unit": 1},
    "integrated_gradients": lambda: {"nodes": 3},
    "prediction_difference": lambda: {
        "network": _image_scores,
        "inputs": IMAGES,
        "reference": np.abs(normal(5, 4, 4, 1, seed=13)),
        "patch": 2,
        "stride": 2,
        "samples": 3,
        "key": jax.random.key(5),
    },
    "removal_curves": lambda: {"importance": np.abs(normal(ROWS, FEATURES, seed=14)), "steps": 2},
    "cnn_inte.boxes": lambda: {"tree": INSTANCES["Tree"](), "factors": 2},
    "cnn_inte.fit": lambda: {"factors": 2, "ids": 2, "depth": 2, "trees": 2, "draws": 1, "finalists": 1},
    "cnn_inte.grow": lambda: {"ids": IDS, "count": 3, "depth": 2},
    "cnn_inte.separability": lambda: {
        "points": INPUTS,
        "first": np.arange(ROWS) < ROWS // 2,
        "second": np.arange(ROWS) >= ROWS // 2,
        "shuffles": 2,
    },
    "cnn_inte.leaf_weights": lambda: {"tree": INSTANCES["Tree"](), "votes": np.full((ROWS, 2, 3), 1 / 3)},
    "learn_rules": lambda: {"ids": IDS, "count": 3},
    "cnn_inte.load": lambda: {"path": Fresh(_saved)},
    "cnn_inte.refine": lambda: {"tree": INSTANCES["Tree"](), "ids": IDS},
    "DecisionSet.predict": lambda: {"ids": IDS},
    "DecisionSet.confidence": lambda: {"ids": IDS},
    "Rule.covers": lambda: {"ids": IDS},
    "Tree.path": lambda: {"ids": IDS[0]},
    "Tree.apply": lambda: {"ids": IDS},
    "Tree.predict": lambda: {"ids": IDS},
    "Explainer.explain": lambda: {"instance": INPUTS[0], "label": 1},
    "Explainer.predict": lambda: {"inputs": INPUTS},
    "Explainer.shares": lambda: {"inputs": INPUTS},
    "Explainer.save": lambda: {"path": Fresh(lambda: folder() / "explainer.npz")},
    "Hierarchy.cut": lambda: {"c": 2},
    "Hierarchy.roles": lambda: {"c": 2},
    "Hierarchy.expand": lambda: {"values": np.arange(UNITS, dtype=np.float32), "fill": -1.0},
    "disjoint_sets": lambda: {"most": 2},
    "core_units.replacement": lambda: {"ablation": "resample", "key": jax.random.key(7), "donors": 5, "draws": 2},
    "core_units.masked": lambda: {"replacement": normal(UNITS)},
    "Necessity.bounds": lambda: {"confidence": 0.9},
    "certify": lambda: {"masks": NESTED, "holding": 0.3, "confidence": 0.75, "key": jax.random.key(7)},
    "rows_needed": lambda: {"holding": 0.9, "confidence": 0.95},
    "fewest": lambda: {"rates": np.array([0.5, 0.9, 1.0]), "holding": 0.9},
    "core_units.gate": lambda: {"x": normal(UNITS)},
    "greedy": lambda: {"data": _rows(), "direction": "forward"},
    "nested_holding": lambda: {"data": _rows(), "order": np.arange(UNITS)},
    "exhaustive_search": lambda: {"data": _rows(), "holding": 0.8},
    "buffet_log_prior": lambda: {"gamma": 1.0},
    "map_objective": lambda: {
        "center_scores": np.full(2, 0.5, np.float32),
        "decisions": np.arange(2, dtype=np.float32),
        "alpha": 0.1,
        "variance": 0.01,
    },
    "principal_angles": lambda: {"first": normal(ROWS, 3, seed=1), "second": normal(ROWS, 2, seed=2)},
    "linear_cka": lambda: {"first": normal(ROWS, 3, seed=1), "second": normal(ROWS, 2, seed=2)},
    "core_units.resampled": lambda: SHORT | {"alphas": (0.01,), "starts": 2, "resamples": 2},
    "core_units.shared_contributions": lambda: {"layer": _next_layer, "draws": 2},
    "hard_concrete": lambda: {"log_odds": normal(UNITS), "uniform": np.full(UNITS, 0.3, np.float32)},
    "core_units.objective": lambda: {
        "center_scores": np.full(ROWS, 0.5, np.float32),
        "decisions": (np.arange(ROWS) % 2).astype(np.float32),
        "gates": np.full(UNITS, 0.5, np.float32),
        "alpha": 0.1,
        "penalty": 0.01,
    },
    "open_probability": lambda: {"log_odds": normal(UNITS)},
    "outgoing_magnitude": lambda: {"kernel": normal(UNITS, CLASSES)},
    "rate_held": lambda: {"decisions": np.arange(ROWS) % 2 == 0},
    "relaxation_penalty": lambda: {"gates": np.full(UNITS, 0.3, np.float32)},
    "straight_through": lambda: {"gates": np.full(UNITS, 0.3, np.float32)},
    "core_units.select": lambda: SHORT | {"alphas": (0.01, 0.02), "starts": 2},
    "select_for_inputs": lambda: SHORT | {"alphas": (0.01, 0.02)},
    "core_units.sweep": lambda: SHORT | {"targets": [0, 1], "alphas": (0.01, 0.02), "repeats": 2},
    "deviation.profile": lambda: {"activations": {"input": INPUTS, "relu": HIDDEN}, "classes": CLASSES},
    "decodes": lambda: {"points": normal(4, 3)},
    "pseudo_inverse": lambda: {"points": normal(4, 3)},
    "success_rate": lambda: {"dimension": 2, "points": 3, "trials": 16, "batch_size": 16},
    "filters.agreement": lambda: {"reference": normal(FEATURES, CLASSES, seed=15)},
    "jump_profile": lambda: {"weights": normal(100, 60)},
    "smoothing_share": lambda: {"kernel": normal(7)},
    "specificity.specificity": lambda: {
        "explained": np.stack([LABELS, PREDICTIONS]),
        "predictions": np.stack([PREDICTIONS, LABELS]),
        "resamples": 5,
    },
    "bootstrap_weights": lambda: {"rows": ROWS, "resamples": 3},
    "hierarchy.lifetimes": lambda: {"linkage": _linkage()},
    "hierarchy.quotient": lambda: {"hidden": HIDDEN, "labels": np.arange(UNITS) % 2, "signs": np.ones(UNITS)},
    "match_units": lambda: {"first": normal(UNITS, 4, seed=3), "second": normal(UNITS + 1, 4, seed=16)},
    "partition_agreement": lambda: {
        "first": np.arange(UNITS) % 2,
        "second": np.arange(UNITS + 1) % 3,
        "matching": methods.hierarchy.match_units(normal(UNITS, 4, seed=3), normal(UNITS + 1, 4, seed=16)),
    },
    "partition_support": lambda: {
        "clusters": np.arange(2)[:, None] == np.arange(UNITS)[None] % 2,
        "partitions": np.arange(3 * UNITS).reshape(3, UNITS) % 3,
    },
    "representative_resolutions": lambda: {"linkage": _linkage(), "count": 2},
    "tree_agreement": lambda: {
        "hierarchies": [methods.hierarchy.build(normal(UNITS, 4, seed=seed)) for seed in (3, 16)],
        "resolutions": [2, 3],
    },
    "tree_clusters": lambda: {"linkage": _linkage().astype(np.float32)},
    "tree_support": lambda: {
        "clusters": np.arange(2)[:, None] == np.arange(UNITS)[None] % 2,
        "weights": np.ones((3, ROWS), np.float32),
    },
    "receptive.field": lambda: {"head": _pairs, "inputs": TOKENS},
    "receptive.ngrams": lambda: {
        "windows": _windows(),
        "unit": 1,
        "inputs": TOKENS,
        "groups": np.arange(ROWS) // 2,
        "lengths": (1, 2),
        "candidates": 3,
    },
    "Ngrams.texts": lambda: {
        "self": methods.receptive.Ngrams(((1, 2),), *[np.ones(1)] * 4, 3, 3),
    },
    "receptive.sliding": lambda: {"length": 9, "width": 2},
    "receptive.top": lambda: {"windows": _windows(), "unit": 1, "count": 3},
    "receptive.windows": lambda: {"head": _pairs, "inputs": TOKENS},
    "Field.behind": lambda: {
        "self": methods.receptive.sliding(4, 2),
        "earlier": methods.receptive.sliding(9, 3, stride=2),
    },
    "TopWindows.cut": lambda: {"self": methods.receptive.top(_windows(), 1, count=3), "inputs": TOKENS},
    "class_writes": lambda: {"layers": LAYERS, "kernels": KERNELS, "biases": np.zeros((2, 7), np.float32)},
    "completeness_error": lambda: {"shares": normal(2, ROWS), "whole": normal(ROWS, seed=17)},
    "identity.contributions": lambda: {"layers": LAYERS},
    "distance_to_identity": lambda: {"kernels": KERNELS},
    "layer_accuracy": lambda: {"scores": LIKELIHOOD},
    "neuron_shares": lambda: {
        "layer": _biased,
        "parameters": (KERNELS, normal(2, 7, seed=19) / 10),
        "identity": (np.eye(7, dtype=np.float32), np.zeros(7, np.float32)),
        "hidden": np.abs(normal(ROWS, 7, seed=18)),
        "nodes": 2,
    },
    "path_shares": lambda: {
        "layer": _layer,
        "parameters": KERNELS,
        "identity": np.eye(7, dtype=np.float32),
        "hidden": np.abs(normal(ROWS, 7, seed=18)),
        "nodes": 2,
    },
    "identity.prediction_depth": lambda: {"likelihood": LIKELIHOOD},
    "stop_when_confident": lambda: {"likelihood": LIKELIHOOD, "thresholds": np.array([0.5, 0.7, 0.8], np.float32)},
}
