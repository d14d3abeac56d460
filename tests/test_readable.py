"""Results say what they found in a few lines, wherever they are shown."""

import dataclasses
import inspect
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import interp_jax
from interp_jax import data, figures, kernels, methods, networks
from interp_jax._readable import readable
from interp_jax.methods.core_units.decisions import ClassData
from tests.surface import public_names


def _is_result(path, value):
    fields = hasattr(value, "_fields") or dataclasses.is_dataclass(value)
    return inspect.isclass(value) and fields and not path.startswith(("figures.", "reports."))


RESULTS = {path: value for path, value in public_names().items() if _is_result(path, value)}


def _selection(*, reached=True, target=3):
    mask = np.arange(30) < 10
    rows = ClassData(np.arange(4), np.arange(4, 8))
    lanes = np.zeros(1), np.zeros((2, 1)), rows
    return methods.core_units.Selection(mask, mask, 10, 0.96, reached, mask, 10, 0.96, 0.0, *lanes, target, 0.95)


def _certificate():
    sizes, rows = np.array([6, 3]), ClassData(np.arange(4), np.arange(4, 8))
    rates = sizes / 6, sizes / 7
    mask = np.arange(6) < 3
    return methods.core_units.Certificate(
        mask, 3, True, 0.955, 0.97, 1, sizes, *rates, rows, 3, 0.95, 0.9, 0.1, joint=False
    )


def _explanation(label):
    rows = np.arange(3)
    levels = (
        methods.cnn_inte.Level(0, 3, (1, 2), 1, 1.0, rows),
        methods.cnn_inte.Level(1, 0, (4,), 4, 1.0, rows),
    )
    hypotheses = tuple(
        methods.cnn_inte.Hypothesis(other, np.ones(2), np.ones(2), level) for other, level in ((7, None), (4, 1))
    )
    return methods.cnn_inte.Explanation(label, 0, np.zeros(4, int), levels, 1.0, np.ones(3) / 3, np.ones(2), hypotheses)


def _ascent(converged, stalled):
    lanes = len(converged)
    numbers = jnp.linspace(0.25, 0.75, lanes)
    steps = jnp.arange(lanes) + 5
    inputs = jnp.zeros((lanes, 4))
    return methods.ascent.Ascent(inputs, numbers, numbers, steps, jnp.array(converged), jnp.array(stalled))


def _verification(valid, excess):
    excess = np.array(excess)
    return kernels.ward.Verification(valid, excess <= 0, excess, np.arange(len(excess)))


def _fit(best, validation):
    errors = np.array([0.5, 0.25], np.float32), np.array(validation, np.float32)
    return networks.Fit(None, networks.History(errors[0], errors[0], errors[1], errors[1]), np.int32(best))


def _resampled():
    shares = np.array([1.0, 0.5, 0.0])
    kinds = shares >= 0.9, shares == 0.5, shares == 0
    rates = np.array([0.96, 0.98]), np.array([0.9, 0.92])
    masks = np.array([[1, 1, 0], [1, 0, 0]], bool)
    return methods.core_units.Resampled(masks, shares, *kinds, masks.sum(axis=1), *rates, 0.9, "rows", 3)


def _shared():
    parts = [methods.core_units.Likeness(*np.full((3, *shape), 0.5)) for shape in ((1,), (1, 4), (1, 4))]
    return methods.core_units.SharedContributions(
        np.array([[0, 1]]), parts[0], np.zeros((1, 2)), *parts[1:], np.array([2, 2])
    )


SAYS = [
    (
        lambda: methods.core_units.SmallestSets(
            np.eye(3, dtype=bool)[:2], 1, np.array([0.97, 0.96]), 4, ClassData(np.arange(2), np.arange(2)), 3, 0.95
        ),
        "SmallestSets: 1 unit is the fewest to hold 95% of class 3's decisions: 2 sets of this size do (4 sets tried)",
    ),
    (
        _resampled,
        "Resampled: sets of 1 to 2 units for class 3 from 2 resamples of rows\n"
        "core (in at least 90% of the sets): 1 of 3 units; interchangeable (in some): 1; in none: 1\n"
        "decisions that hold: 97.0% of the rows drawn, 91.0% of those left out",
    ),
    (
        lambda: methods.core_units.Likeness(*np.full((3, 2), 0.5)),
        "Likeness: means: Jaccard index 0.50, linear CKA 0.50, squared cosine of principal angles 0.50",
    ),
    (
        _shared,
        "SharedContributions: 2 sets of 2 units, means over all pairs:\n"
        "Jaccard index 0.50; 0.50 with random sets, 0.50 with sets that share as many units\n"
        "linear CKA of contributions 0.50; 0.50 with random sets, 0.50 with sets that share as many units\n"
        "mean squared cosine of principal angles 0.50; 0.50 with random sets, 0.50 with sets that share as many units",
    ),
    (lambda: interp_jax.PlannedMethod("rules", None, 3e6, 12.4), "PlannedMethod: rules, 12 s, 3 MB"),
    (
        lambda: interp_jax.PlannedMethod("deviations", "it needs labels", 0.0, 0.0),
        "PlannedMethod: deviations is left out: it needs labels",
    ),
    (
        lambda: interp_jax.Interpretation("report.html", ("Units act alike.",), {}, {"ascent": "integers"}, None),
        "Interpretation: report.html\nUnits act alike.\nleft out: ascent",
    ),
    (
        lambda: networks.Layer("conv", "Conv", (6, 4, 4, 3), 1230, None),
        "Layer: 'conv', Conv, output [6, 4, 4, 3], 1,230 parameters; split can cut there",
    ),
    (lambda: _selection(), "Selection: 10 of 30 units (0, 1, 2, 3, 4, 5, 6, 7, 8, 9) hold 96.0% of"),
    (lambda: _selection(), " hold 96.0% of class 3's decisions (required: 95%)"),
    (lambda: _selection(reached=False, target=None), "all classes' decisions (required: 95%, not reached)"),
    (
        lambda: _selection()._replace(certified=True, lower_bound=0.9512, confidence=0.9),
        "(required: 95%)\nat least 95% on new rows, with 90% confidence (pointwise lower bound 95.12%), if the",
    ),
    (
        lambda: _certificate(),
        "Certificate: 3 of 6 units (0, 1, 2) hold at least 95% of class 3's decisions on new rows, with 90%",
    ),
    (lambda: _certificate(), "of 8 calibration rows they hold 97.00% (pointwise lower bound 95.50%)\nassumed: rows"),
    (
        lambda: _explanation(0),
        "Explanation: path f3 ∈ {1, 2} → f0 ∈ {4} → class 0\nclass 4 ruled out at level 2; class 7 not ruled out",
    ),
    (lambda: _explanation(7), "the tree's class is not the given class 7, with which others are compared"),
    (
        lambda: _ascent([True, False, False], [False, True, False]),
        "1 of 3 lanes passed the threshold, 1 stalled, 1 ran",
    ),
    (lambda: _ascent([True, False, False], [False, True, False]), "activations 0.25 to 0.75 after 5 to 7 steps"),
    (
        lambda: methods.ascent.TokenAscent(
            jnp.zeros((2, 4), int),
            jnp.ones(2),
            jnp.ones(2),
            jnp.array([[0.0, 1.0], [0.5, 1.0]]),
            jnp.array([1, 3]),
            jnp.ones(2, int),
            jnp.ones(2, int),
            jnp.array([True, False]),
            jnp.array([False, True]),
        ),
        "TokenAscent: 1 of 2 lanes passed the threshold, 1 stalled, 0 ran out of steps\nobjectives 0 to 0.5 before, "
        "1 to 1 after 1 to 3 changed tokens",
    ),
    (
        lambda: methods.receptive.Ngrams(
            ((100, 58), (256,)), np.array([9, 2]), np.array([1.5, 2.0]), np.ones(2), np.array([0.01, 0.8]), 10, 8
        ),
        "Ngrams: 1 of 2 n-grams are enriched (p ≤ 0.05 by Holm's method) in the windows of 10 held-out groups\n"
        "b'd:' in 9 groups, 1.5 at random\n(256,) in 2",
    ),
    (lambda: methods.receptive.sliding(9, 2), "Field: 8 positions; fields of 2 of 9 inputs"),
    (
        lambda: methods.receptive.windows(lambda x: x[..., None], np.array([[1, 3, 3], [2, 0, 1]])),
        "Windows: windows of 1 units in 2 rows; 50.0% of the maxima lie at several positions",
    ),
    (
        lambda: methods.receptive.TopWindows(np.arange(2), np.arange(2), np.arange(2) + 3, np.array([2.5, 1.0])),
        "TopWindows: 2 windows of values 2.5 to 1",
    ),
    (
        lambda: _verification(True, [0.0, 0.0]),
        "a valid tree; 2 of 2 checked merges are of least ΔESS (greatest excess: 0)",
    ),
    (
        lambda: _verification(False, [0.0, 0.5]),
        "not a valid tree; 1 of 2 checked merges are of least ΔESS (greatest excess: 0.5)",
    ),
    (lambda: _verification(False, []), "not a valid tree; 0 of 0 checked merges"),
    (lambda: _fit(2, [0.5, 0.125]), "Fit: weights of epoch 2 of 2: training error 25.00%, validation error 12.50%"),
    (lambda: _fit(2, [np.nan, np.nan]), "Fit: weights of epoch 2 of 2: training error 25.00%"),
    (lambda: _fit(0, [np.nan, np.nan]), "Fit: weights of epoch 0 of 2"),
    (lambda: networks.Cost(1234, 5000.0, 0.001), "Cost: 1,234 parameters; 5000 operations and 0.001 s per row"),
    (
        lambda: methods.hierarchy.Support(jnp.array([0.75, 0.6, 0.5, 0.9, jnp.nan]), jnp.zeros(5)),
        "of 5 clusters 2 are stable (Jaccard ≥ 0.75), 1 dissolved (≤ 0.5)",
    ),
    (
        lambda: methods.core_units.Necessity(*map(jnp.float32, (1.0, 0.9, 0.8, 0.5, 0.6, 0.7))),
        "100.0%, 90.0%, 80.0% with the core alone kept\n50.0%, 60.0%, 70.0% with the core alone removed",
    ),
    (
        lambda: methods.core_units.Sweep(*[None] * 2, *_lanes(), *[None] * 3),
        "targets[0]: 90.0% by 2 units\ntargets[1]: 50.0% by 5 units",
    ),
    (
        lambda: methods.core_units.InputSelection(
            jnp.zeros((2, 3), bool), None, jnp.array([0, 1]), None, jnp.array([True, False])
        ),
        "0 to 1 of 3 units (median 0.5) are kept; they hold the predicted class of 1 of 2 inputs",
    ),
    (
        lambda: methods.embedding.SuccessRate(0.25, 0.1, 0.5, 8, 2, 1.0),
        "2 of 8 point sets decoded: 0.25 (interval 0.1 to 0.5)",
    ),
    (
        lambda: methods.ablation.ModuleEffects(*(jnp.array([[0.1, -0.9], [0.5, jnp.nan]]) * k for k in (1, 0.5, 2, 1))),
        "module 0 with output 1, -0.900\nthe same when resampled: -0.450",
    ),
    (
        lambda: methods.identity.contributions(
            np.zeros((2, 1)), np.array([[[0, 1, 0], [0, 0, 1]], [[0, 1, 0], [0, 1, 0]]])
        ),
        "2 layers, 2 rows\n% of rows with the last layer's class, by layer: 50, 100",
    ),
    (
        lambda: methods.sensitivity.CriticalRows(np.array([True, False, True, False]), np.zeros((4, 2)), np.zeros(4)),
        "2 of 4 rows (50.0%) have another answer nearby",
    ),
    (
        lambda: methods.attribution.RemovalCurves(*[jnp.zeros(1)] * 3, jnp.array([0.0, 0.5]), jnp.array([0.5, 1.0])),
        "mean areas over 2 rows: deletion 0.250, insertion 0.750",
    ),
    (
        lambda: kernels.kmeans.Clustering(
            jnp.zeros((3, 2)), jnp.array([0, 0, 2]), *map(jnp.asarray, (1.5, False, 7, [1.5, 2.0]))
        ),
        "3 clusters of 0 to 2 rows; inertia 1.5, the best of 2 starts, not at rest after 7 iterations",
    ),
    (
        lambda: methods.hierarchy.build(np.array([[1.0, 0.1], [0.0, 0.0], [0.9, 0.1], [0.1, 1.0]])),
        "a Ward tree of 3 units by 2 features, 1 dead unit left out\ncluster sizes when cut into 2 to 3: 2, 1; 1, 1, 1",
    ),
    (
        # One input, then three outputs: units 0 and 1 are alike, and so are 2 and 3.
        lambda: methods.hierarchy.build(
            methods.hierarchy.FeatureVectors(
                jnp.array([[0.9, 0.8, 0.4, 0.05], [0.9, 0.6, 0.2, 0.05], [0.1, -0.3, 0.2, 0.9], [0.1, -0.3, 0.2, 0.8]]),
                jnp.zeros(1, bool),
                jnp.zeros(3, bool),
                jnp.zeros(4, bool),
            )
        ),
        "a Ward tree of 4 units by 4 features\ncluster 1, 1 unit: with outputs 0, 1\n"
        "cluster 2, 1 unit: with outputs 0, 1\ncluster 3, 1 unit: with outputs 2, 1; against output 0\n"
        "cluster 4, 1 unit: with outputs 2, 1; against output 0",
    ),
    (
        lambda: methods.cnn_inte.Rule(np.array([[True, False], [True, True]]), 4, 0.75, 12),
        "f0 ∈ {0} → 4 (precision 0.750, 12 rows)",
    ),
    (
        lambda: kernels.alignment.align_signs(np.array([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0]])),
        "1 flip; sum of cosines -1 before, 3 after; no single flip raises it further",
    ),
    (
        lambda: kernels.distances.WithinGroups(jnp.array([2.0, jnp.nan, 1.5]), jnp.arange(3), jnp.zeros(3, int)),
        "mean distances within 3 groups: 1.5 (group 2) to 2 (group 0)",
    ),
    (
        lambda: kernels.nmf.Factorization(
            jnp.ones((4, 2)), jnp.ones((2, 3)), jnp.float32(0.5), jnp.array([2.0, 0.5, 1.0]), 1
        ),
        "rank 2: error 0.5, the least of 3 starts (the greatest: 2)",
    ),
    (
        lambda: kernels.location_errors.location_errors(np.array([1, 2, 3, 14]), np.array([1, 2, 7, 4]), best=0.75),
        "mean absolute error 3.5 samples, root mean square 5.385; over the rows of least error 1.333 and 2.309",
    ),
    (
        lambda: methods.identity.stop_when_confident(
            np.array([[[0.6, 0.4], [0.1, 0.9]], [[0.3, 0.7], [0.0, 1.0]]]), np.array([1, 1]), np.array([0.5, 0.8])
        ),
        "accuracy 50.0 to 100.0%, agreement with the last layer 50.0 to 100.0%, layers computed 50.0 to 75.0%",
    ),
    (
        lambda: methods.identity.Shares(
            jnp.array([[0.1, 0.3], [0.5, 0.7]]), jnp.ones(2), jnp.zeros(2), jnp.array([0.0, 0.5])
        ),
        "of 2 layers over 2 rows: 0.6, of layer 2\nrelative error of the sum of shares: at most 0.5",
    ),
    (
        lambda: methods.hierarchy.Agreement(
            np.array([[0.0, 1.0], [0.5, 0.5]]), np.full((2, 2), 0.25), np.array([0.0, 0.5]), np.array([1.0, 0.5])
        ),
        "over 2 pairs of networks: adjusted Rand index 0.500, cosine of roles 0.250\n"
        "correlation of merge heights 0.250, cosine of matched units 0.750",
    ),
    (lambda: methods.hierarchy.Quotient(jnp.zeros(3), jnp.eye(3) / 1.5), "3 units that act as 2"),
    (lambda: methods.hierarchy.Matching(np.arange(3), np.arange(3), 0.9), "3 pairs of units, mean cosine 0.900"),
    (
        lambda: methods.hierarchy.FeatureVectors(
            jnp.zeros((2, 4)), jnp.array([True, False]), jnp.array([True, True]), jnp.array([False, False])
        ),
        "2 units by 4 features; constant units: 0, inputs: 1, outputs: 2",
    ),
    (
        lambda: methods.deviation.Profile(
            jnp.array([0.5, 0.25]), jnp.array([1.0, 4.0]), *[jnp.zeros(2)] * 4, jnp.array([3, 3, 3])
        ),
        "2 layers, 3 classes\ninner-class deviation 0.5 in the first layer, 0.25 in the last\n"
        "inter-class deviation 1 in the first layer, 4 in the last",
    ),
    (
        lambda: methods.filters.Profile(np.array([-1, 0, 1]), jnp.array([-2.0, 3.0, 0.0]), jnp.zeros(3)),
        "mean weights -2 at offset -1 to 3 at offset 0",
    ),
    (
        lambda: methods.averages.ClassMeans(jnp.zeros((3, 2)), jnp.array([4, 0, 2])),
        "means of 3 classes of 0 to 4 rows; 1 without rows",
    ),
    (lambda: ClassData(np.arange(4), np.arange(3)), "4 rows predicted as the class and 3 others"),
    (
        lambda: methods.cnn_inte.Separability(*map(jnp.float32, (0.5, 0.75, 0.5)), jnp.zeros(2)),
        "score 0.500: Youden's index 0.750, by chance 0.500",
    ),
    (
        lambda: _grown(),
        "Tree: 2 leaves from 4 training rows of 2 classes; the first split is on f1",
    ),
    (
        lambda: methods.cnn_inte.DecisionSet((methods.cnn_inte.Rule(np.eye(2, dtype=bool), 1, 0.9, 8),), 2, 3),
        "1 rule for 3 classes, otherwise class 2\nf0 ∈ {0} and f1 ∈ {1} → 1 (precision 0.900, 8 rows)",
    ),
    (
        lambda: methods.cnn_inte.Factors(np.array([0, 1, 1]), np.zeros((2, 4, 3), np.float32)),
        "2 factors of 1 to 2 of 3 units, 4 clusters of rows in each",
    ),
    (lambda: _forests(), "2 forests of 5 trees, at most 3 splits deep"),
    (
        lambda: _explainer(),
        "2 factors of 4 IDs, a tree of 2 leaves, 2 classes, soft votes\n"
        "fidelity: by the clusters of the activations, a tree gives 90.0% of the validation rows the class that it was "
        "fitted to, best of 3 clusterings",
    ),
    (
        lambda: methods.cnn_inte.Level(0, 3, (1, 2), 5, 0.9, np.arange(7)),
        "f3 ∈ {1, 2}, the instance's ID is 5; 7 reference rows remain",
    ),
    (lambda: methods.cnn_inte.Hypothesis(4, np.ones(2), np.ones(2), 1), "class 4 ruled out at level 2"),
    (
        lambda: data.JumpSignals(jnp.zeros((2, 100)), jnp.array([70, 30])),
        "2 signals of 100 samples, jumps at 30 to 70",
    ),
    (
        lambda: data.PriceSeries(("2001-01", "2001-02"), np.zeros((2, 3)), ("a", "b", "c")),
        "2 months, 2001-01 to 2001-02, of 3 items",
    ),
    (
        lambda: data.PriceWindows(
            np.zeros((2, 36), np.float32), np.zeros((2, 3), np.float32), ("2002-01", "2002-02"), ("a", "b", "c"), 12
        ),
        "2 windows of 12 months of 3 items, before 2002-01 to 2002-02",
    ),
    (
        lambda: data.Scaling(np.array([0.0, 1.0]), np.array([0.0, 2.0]), -1.0, 1.0),
        "2 columns are scaled to [-1, 1]; 1 of them constant",
    ),
    (
        lambda: networks.History(*[np.array([0.5, 0.25], np.float32)] * 4),
        "2 epochs; training loss 0.5 in the first, 0.25 in the last",
    ),
    (
        lambda: networks.lnn.Trained(networks.lnn.init(jax.random.key(0), (2, 1)), jnp.array([4.0, 2.0, 1.0])),
        "squared error 4 in the first stretch of rows, 1 in the last",
    ),
]


def _grown():
    ids, labels = np.array([[0, 0], [0, 1], [0, 0], [0, 1]]), np.array([0, 1, 0, 1])
    return methods.cnn_inte.grow(ids, labels, count=2, classes=2, depth=1)


def _forests():
    return methods.cnn_inte.Forests(*[np.zeros((2, 5, 8))] * 5, np.array(3))


def _explainer():
    factors = methods.cnn_inte.Factors(np.array([0, 1, 1]), np.zeros((2, 4, 3), np.float32))
    rows = np.zeros((2, 3)), np.zeros((2, 2), int), np.zeros(2, int)
    scores = np.array([0.5, 0.9, np.nan])
    return methods.cnn_inte.Explainer(factors, "means", "soft", _grown(), _forests(), *rows, scores, np.arange(2))


def _lanes():
    return np.array([[[3, 2]], [[5, 6]]]), np.array([[[0.9, 0.9]], [[0.5, 0.25]]])


@pytest.mark.parametrize("path", RESULTS)
def test_every_public_result_is_readable(path):
    assert "_repr_html_" in vars(RESULTS[path]), f"{path} lacks @readable()"
    assert RESULTS[path].__repr__.__module__ == "interp_jax._readable"


@pytest.mark.parametrize("path", RESULTS)
def test_a_named_figure_exists(path):
    figure = inspect.getclosurevars(RESULTS[path]._repr_html_).nonlocals["figure"]
    assert figure is None or hasattr(figures, figure)


@pytest.mark.parametrize(("example", "text"), SAYS, ids=[text[:40] for _, text in SAYS])
def test_a_result_states_its_finding(example, text):
    shown = repr(example())
    assert text in shown
    assert shown == str(example())
    assert len(shown) <= 600
    assert shown.count("\n") < 5


@pytest.mark.parametrize("path", [path for path, cls in RESULTS.items() if hasattr(cls, "_fields")])
@pytest.mark.parametrize("held", ["NaN", "nothing", "axes", "empty", "long"])
def test_a_repr_never_fails_and_stays_short(path, held):
    filled = {
        "NaN": np.float32(np.nan),
        "nothing": None,
        "axes": 0,
        "empty": np.zeros((0, 0)),
        "long": "name " * 1000,
    }[held]
    result = RESULTS[path](*[filled] * len(RESULTS[path]._fields))
    assert len(repr(result)) <= 600
    assert repr(result).count("\n") < 5


@pytest.mark.parametrize("path", ["methods.hierarchy.Support", "methods.deviation.Profile", "kernels.jumps.Estimates"])
def test_a_traced_result_shows_types_and_shapes(path):
    fields = [jnp.zeros(3)] * len(RESULTS[path]._fields)
    shown = []

    def traced(*values):
        shown.append(repr(RESULTS[path](*values)))
        return RESULTS[path](*values)

    shown += [repr(jax.jit(traced).eval_shape(*fields)), repr(jax.eval_shape(lambda *a: RESULTS[path](*a), *fields))]
    assert all(text.startswith(f"{RESULTS[path].__name__}(") and "float32[3]" in text for text in shown)


def test_a_result_of_vmap_shows_types_and_shapes():
    stacked = jax.vmap(lambda x: methods.hierarchy.Support(x, x))(jnp.zeros((2, 3)))
    assert repr(stacked) == "Support(jaccard=float32[2, 3], recovered=float32[2, 3])"


def test_a_deleted_array_shows_its_type_and_shape():
    values = jnp.zeros(3) + 1
    values.delete()
    assert repr(methods.hierarchy.Support(values, values)).startswith("Support(jaccard=float32[3]")


def test_long_fields_are_cut():
    images = data.Images(np.zeros((100, 28, 28, 1), np.float32), np.zeros(100, np.int32), ("class",) * 1000)
    assert repr(images) == "Images: 100 images of 28 × 28 × 1 in 1000 classes"
    assert len(images._repr_html_()) < 600


def test_a_page_holds_the_finding_and_the_fields():
    page = methods.hierarchy.Support(jnp.ones(2), jnp.ones(2))._repr_html_()
    assert "of 2 clusters 2 are stable" in page
    assert "<td>jaccard</td><td>float32[2]</td>" in page


def test_a_page_escapes_what_it_shows():
    @readable()
    class Named(NamedTuple):
        name: str

        def _finding(self):
            return "<b>"

    page = Named("<script>")._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<script>" not in page


def test_a_page_shows_the_named_figure(monkeypatch):
    @readable(figure="of_names")
    class Named(NamedTuple):
        name: str

        def _finding(self):
            return self.name

    class Picture:
        def _repr_html_(self):
            return "<img/>"

    def draw(named):
        if named.name == "refused":
            raise ValueError("named: found refused, wanted another")
        return Picture()

    monkeypatch.setattr(figures, "of_names", draw, raising=False)
    assert Named("drawn")._repr_html_().endswith("</table><img/>")
    assert Named("refused")._repr_html_().endswith("</table>")
