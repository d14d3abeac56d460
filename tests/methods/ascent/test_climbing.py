import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from interp_jax import networks
from interp_jax.kernels import jumps
from interp_jax.methods import ascent
from interp_jax.methods.ascent import regularizers as regularizers
from tests import reference

LENGTH, CLASSES, LANES = 12, 5, 7
WEIGHTS = jax.random.normal(jax.random.key(0), (LENGTH, CLASSES))
NETWORK = jax.tree_util.Partial(lambda weights, x: jnp.matmul(x, weights, precision="highest"), WEIGHTS)
START = jax.random.uniform(jax.random.key(1), (LANES, LENGTH), minval=-0.05, maxval=0.05)
UNITS = np.arange(LANES) % CLASSES


def _probabilities(x):
    scores = np.asarray(x, np.float64) @ np.asarray(WEIGHTS, np.float64)
    odds = np.exp(scores - scores.max())
    return odds / odds.sum()


def _gradient(unit):
    def gradient(x):
        p = _probabilities(x)
        return p[unit] * (np.asarray(WEIGHTS, np.float64)[:, unit] - np.asarray(WEIGHTS, np.float64) @ p)

    return gradient


@pytest.mark.parametrize("decay", [0.0, 0.02])
def test_lanes_are_the_papers_iteration_one_by_one(decay):
    used = (regularizers.l2_decay(decay),) if decay else ()
    found = ascent.maximize(NETWORK, START, UNITS, rate=2.0, steps=60, regularizers=used)
    for lane, unit in enumerate(UNITS):
        x, activation, steps = reference.ascend(
            lambda x, unit=unit: _probabilities(x)[unit],
            _gradient(unit),
            START[lane],
            2.0,
            0.999,
            60,
            lambda x, slope, step: (1 - decay) * x,
        )
        np.testing.assert_allclose(found.inputs[lane], x, atol=2e-3)
        np.testing.assert_allclose(found.activation[lane], activation, atol=1e-4)
        assert abs(int(found.steps[lane]) - steps) <= 1, "rounding may decide the last step"
    np.testing.assert_array_equal(found.converged, found.activation > 0.999)
    np.testing.assert_array_equal(found.objective, found.activation)


def test_a_lane_that_stops_is_frozen_while_others_go_on():
    options = {"objective": "logit", "rate": 0.1, "steps": 2000}
    hard = jnp.zeros((1, LENGTH)).at[0].set(-3 * WEIGHTS[:, 1])
    both = ascent.maximize(NETWORK, jnp.concatenate([START[:1], hard]), np.array([UNITS[0], 1]), **options)
    alone = ascent.maximize(NETWORK, START[:1], UNITS[:1], **options)
    assert bool(both.converged.all())
    assert int(both.steps[0]) == int(alone.steps[0]) < int(both.steps[1])
    np.testing.assert_allclose(both.inputs[0], alone.inputs[0], atol=1e-6)


def test_lanes_do_not_depend_on_batches_or_on_others(assert_compiles):
    whole = ascent.maximize(NETWORK, START, UNITS, steps=30)
    for size in (3, 7, 100):
        batched = ascent.maximize(NETWORK, START, UNITS, steps=30, batch_size=size)
        for a, b in zip(whole, batched, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)
    twice = 2 * START
    with assert_compiles(0):
        ascent.maximize(NETWORK, twice, UNITS[::-1], steps=40, rate=3.0, threshold=0.9, tolerance=1e-3, patience=5)


def _of_all_kinds(lanes):
    """Starts that have passed, that take ever more steps, and that have no gradient, in no order; and their units."""
    units = np.arange(lanes) % CLASSES
    hardness = np.random.default_rng(0).permutation(np.linspace(-0.5, 2, lanes)).astype(np.float32)
    return jnp.asarray(np.resize(START, (lanes, LENGTH))) - hardness[:, None] * WEIGHTS.T[units], jnp.asarray(units)


@pytest.mark.parametrize(
    ("lanes", "optimizer"), [pytest.param(256, None, marks=pytest.mark.slow), (259, optax.adam(0.05))]
)
def test_lanes_that_stop_at_very_different_times_are_as_in_batches_too_small_to_part(lanes, optimizer):
    start, units = _of_all_kinds(lanes)
    options = {"rate": 0.5, "steps": 120, "patience": 7, "optimizer": optimizer}
    options["regularizers"] = (lambda x, gradient, step: x * (1 - 1e-3 / (1 + step)),)
    whole = ascent.maximize(NETWORK, start, units, **options)
    parts = ascent.maximize(NETWORK, start, units, batch_size=50, **options)
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)
    ends = np.sort(whole.steps)
    assert ends[0] == 0 < ends[lanes // 4 + 1] < ends[5 * lanes // 8 + 1], "lanes are left behind twice"
    assert whole.converged.any()
    assert whole.stalled.any()


def test_many_lanes_under_vmap_and_with_a_callable_objective():
    start, units = _of_all_kinds(261)

    def objective(outputs, units):
        return jnp.take_along_axis(outputs, units["unit"][:, None], 1)[:, 0]

    def climb(start, **options):
        given = {"unit": units}
        return ascent.maximize(
            NETWORK, start, given, objective=objective, rate=0.02, threshold=5.0, steps=300, **options
        )

    starts = jnp.stack([start, 0.5 * start[::-1]])
    found = jax.vmap(climb)(starts)
    for lane, start in enumerate(starts):
        for a, b in zip(found, climb(start, batch_size=87), strict=True):
            np.testing.assert_allclose(a[lane], b, atol=1e-3)


def test_units_known_before_tracing_serve_and_are_checked_under_jit():
    known, wrong = jnp.asarray(UNITS), jnp.asarray([0, 5, 0, 0, 0, 0, 0])
    found = jax.jit(lambda start: ascent.maximize(NETWORK, start, known, steps=3))(START)
    np.testing.assert_allclose(found.inputs, ascent.maximize(NETWORK, START, UNITS, steps=3).inputs, atol=1e-6)
    with pytest.raises(ValueError, match="units: found 0 to 5, wanted 0 to 4"):
        jax.jit(lambda start: ascent.maximize(NETWORK, start, wrong))(START)


def test_a_start_that_passes_already_is_kept():
    sure = 30 * WEIGHTS[:, 2][None]
    found = ascent.maximize(NETWORK, sure, 2)
    np.testing.assert_array_equal(found.inputs, sure)
    assert (int(found.steps[0]), bool(found.converged[0]), bool(found.stalled[0])) == (0, True, False)


def test_a_saturated_start_stalls_by_probability_and_climbs_by_log_probability_and_logit():
    hopeless = 40 * WEIGHTS[:, 2][None] - 40 * WEIGHTS[:, 1][None]
    stuck = ascent.maximize(NETWORK, hopeless, 1, patience=10)
    assert (bool(stuck.stalled[0]), bool(stuck.converged[0]), float(stuck.activation[0])) == (True, False, 0.0)
    np.testing.assert_array_equal(stuck.inputs, hopeless)
    for objective in ("log_probability", "logit"):
        found = ascent.maximize(NETWORK, hopeless, 1, objective=objective, rate=1.0)
        assert bool(found.converged[0]), objective
        assert float(found.activation[0]) > 0.999, objective


def test_a_value_is_climbed_without_a_softmax_and_places_are_averaged():
    def layer(x):
        return jnp.stack([x, 2 * x, -x], axis=-1)

    found = ascent.maximize(layer, jnp.zeros((2, 4)), [1, 2], objective="value", rate=1.0, threshold=2.9)
    np.testing.assert_allclose(found.activation, found.inputs.mean(axis=1) * jnp.array([2.0, -1.0]), rtol=1e-5)
    assert bool(found.converged.all())
    # A step adds the mean's slope, 2 / 4 and −1 / 4, to every element.
    np.testing.assert_allclose(found.inputs[:, 0], [1.5, -3.0])
    np.testing.assert_array_equal(found.steps, [3, 12])


def test_combinations_and_callables_of_all_layers():
    weights = jnp.zeros((LANES, CLASSES)).at[:, 0].set(1.0).at[:, 3].set(-1.0)
    found = ascent.maximize(NETWORK, START, weights, objective="value", rate=0.1, threshold=5.0)
    np.testing.assert_allclose(found.activation, found.inputs @ (WEIGHTS[:, 0] - WEIGHTS[:, 3]), rtol=1e-4)
    assert bool(found.converged.all())
    net = networks.perceptron(jax.random.key(2), (LENGTH, 6, CLASSES))

    def two_layers(activations, units):
        return activations["relu1"][:, 4] + jnp.take_along_axis(activations["dense2"], units[:, None], 1)[:, 0]

    found = ascent.maximize(net.activations, START, jnp.asarray(UNITS), objective=two_layers, rate=0.1, threshold=3.0)
    wanted = two_layers(net.activations(found.inputs), jnp.asarray(UNITS))
    np.testing.assert_allclose(found.activation, wanted, atol=1e-5)
    # A ReLU unit that is shut has no gradient.
    assert np.sum(found.converged) >= LANES - 2


def test_optimizers_have_a_state_a_lane():
    optimizer = optax.chain(optax.clip_by_global_norm(0.5), optax.adam(0.05))
    whole = ascent.maximize(NETWORK, START, UNITS, objective="logit", optimizer=optimizer, steps=200)
    assert bool(whole.converged.all())
    for lane in (0, 3):
        alone = ascent.maximize(
            NETWORK, START[lane : lane + 1], UNITS[lane], objective="logit", optimizer=optimizer, steps=200
        )
        np.testing.assert_allclose(whole.inputs[lane], alone.inputs[0], atol=1e-4)


@pytest.mark.parametrize(("steps", "wanted"), [(2, (2, False, False)), (9, (3, True, False))])
def test_a_lane_at_the_threshold_goes_on_as_long_as_there_are_steps(steps, wanted):
    options = {"objective": "value", "rate": 1.0, "threshold": 2.0, "steps": steps}
    found = ascent.maximize(lambda x: x, jnp.zeros((1, 2)), 0, **options)
    assert (int(found.steps[0]), bool(found.converged[0]), bool(found.stalled[0])) == wanted


def test_a_lane_that_only_returns_to_its_best_stalls():
    def to_and_fro(x, gradient, step):
        return jnp.full_like(x, -((step + 1) % 2))

    options = {"objective": "value", "threshold": 1.0, "patience": 10, "steps": 50, "tolerance": 0.0}
    found = ascent.maximize(lambda x: x, jnp.zeros((1, 2)), 0, regularizers=(to_and_fro,), **options)
    assert (int(found.steps[0]), bool(found.stalled[0])) == (10, True)


@pytest.mark.parametrize("tolerance", [0.0, 1e-6])
def test_small_gains_add_up(tolerance):
    found = ascent.maximize(
        lambda x: x, jnp.zeros((1, 2)), 0, objective="value", rate=9e-7, threshold=4e-4, tolerance=tolerance
    )
    assert bool(found.converged[0]), found
    standing = ascent.maximize(
        lambda x: x, jnp.zeros((1, 2)), 0, objective="value", rate=1e-9, threshold=1.0, tolerance=1e-6
    )
    assert (bool(standing.stalled[0]), int(standing.steps[0])) == (True, 100)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision_starts_keep_their_precision(dtype):
    used = (regularizers.l2_decay(0.1), regularizers.box(-1.0, 1.0), lambda x, gradient, step: x.astype(jnp.float32))
    found = ascent.maximize(NETWORK, START.astype(dtype), UNITS, objective="logit", regularizers=used, steps=3)
    assert found.inputs.dtype == dtype


def test_a_lane_that_would_overflow_stalls_with_finite_inputs():
    found = ascent.maximize(lambda x: x**3, jnp.ones((1, 2)), 0, objective="value", rate=1e3, threshold=np.inf)
    assert bool(found.stalled[0])
    assert bool(jnp.isfinite(found.inputs).all())


def test_the_exact_posterior_is_climbed_in_every_class():
    posterior = jax.tree_util.Partial(jumps.log_posterior)
    start = jax.random.uniform(jax.random.key(3), (60, 100), minval=-0.05, maxval=0.05)
    found = ascent.maximize(posterior, start, np.arange(60), objective="log_probability", rate=1.0)
    assert bool(found.converged.all())
    rises = np.diff(np.asarray(found.inputs), axis=1).argmax(axis=1) + 2
    # The first and the last class are told by samples on one side only.
    np.testing.assert_array_equal(rises[1:-1], np.arange(22, 80))


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((NETWORK, START, 5), {}, "units: found 5 to 5, wanted 0 to 4"),
        ((NETWORK, START, -1), {}, "units: found -1 to -1, wanted 0 to 4"),
        ((NETWORK, START, UNITS[:3]), {}, r"units: found shape \(3,\), wanted one unit, or one for each of 7 lanes"),
        ((NETWORK, START, np.ones((2, 2))), {}, r"units: found weights of shape \(2, 2\), wanted \(7, 5\)"),
        ((NETWORK, START), {}, "units: found none"),
        ((NETWORK, START, np.array(True)), {}, "units: found bool, wanted whole numbers"),
        (
            (NETWORK, START, np.arange(2)),
            {"objective": lambda outputs, units: outputs[:, 0]},
            r"units: found shape \(2,\), wanted an entry for each of 7 lanes",
        ),
        ((NETWORK, START[0], 0), {}, r"start: found shape \[12\]"),
        ((NETWORK, START[:0], 0), {}, r"start: found shape \[0, 12\]"),
        ((NETWORK, START, 0), {"objective": "loss"}, "objective: found 'loss', wanted a callable or one of"),
        ((NETWORK, START, 0), {"steps": 0}, "steps: found 0"),
        ((NETWORK, START, 0), {"batch_size": 0}, "batch_size: found 0"),
        ((lambda x: {"a": x, "b": x}, START, 0), {}, "network: found outputs of shape"),
        ((lambda x: x.sum(), START, 0), {"objective": "value"}, "network: found outputs of shape"),
        ((lambda x: x @ jnp.ones((3, 2)), START, 0), {}, "network: found a failure on inputs"),
        ((lambda x: x @ jnp.ones((3, 2)), START, 0), {"objective": "value"}, "network: found a failure on inputs"),
        ((NETWORK, 1j * START, 0), {}, "start: found complex64"),
        ((NETWORK, START, np.full((LANES, CLASSES), np.nan)), {}, "units: found NaN or infinity"),
        ((NETWORK, START, np.array(["a"] * LANES)), {}, "units: found"),
        ((NETWORK, START, np.full(LANES, 2**32)), {}, "units: found 4294967296 to 4294967296, wanted 0 to 4"),
        ((NETWORK, START, 0), {"threshold": np.nan}, "threshold: found nan"),
        ((NETWORK, START, 0), {"tolerance": np.nan}, "tolerance: found nan"),
        ((NETWORK, START, 0), {"rate": np.inf}, "rate: found inf"),
        ((NETWORK, START, 0), {"patience": 0}, "patience: found 0"),
        ((NETWORK, START, 0), {"scores": "odds"}, "scores: found 'odds', wanted one of 'logits', 'probabilities'"),
        ((NETWORK, START, 0), {"scores": "probabilities"}, "network: found scores that are no probabilities"),
    ],
)
def test_bad_arguments_are_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        ascent.maximize(*arguments, **options)


@pytest.mark.parametrize("objective", ["probability", "log_probability", "logit"])
def test_a_network_that_ends_in_a_softmax_is_refused_or_climbed_by_its_logarithm(objective):
    network = jax.tree_util.Partial(lambda weights, x: jax.nn.softmax(jnp.matmul(x, weights)), WEIGHTS)
    with pytest.raises(ValueError, match="^network: found scores that are probabilities"):
        ascent.maximize(network, START, UNITS, objective=objective)
    options = {"objective": objective, "rate": 2.0, "steps": 100}
    found = ascent.maximize(network, START, UNITS, scores="probabilities", **options)
    assert bool(found.converged.all())
    if objective != "logit":
        wanted = ascent.maximize(NETWORK, START, UNITS, **options)
        np.testing.assert_allclose(found.activation, wanted.activation, atol=1e-4)


def test_a_softmax_can_be_climbed_as_a_value():
    found = ascent.maximize(lambda x: jax.nn.softmax(x), jnp.zeros((1, 3)), 1, objective="value", rate=5.0)
    assert float(found.activation[0]) > 0.99


def test_a_second_network_of_probabilities_compiles_nothing(assert_compiles):
    def probable(weights):
        return jax.tree_util.Partial(_softmax_of_product, weights)

    ascent.maximize(probable(WEIGHTS), START, UNITS, scores="probabilities", steps=3)
    again = probable(2 * WEIGHTS)
    with assert_compiles(0):
        ascent.maximize(again, START, UNITS, scores="probabilities", steps=3)


def _softmax_of_product(weights, x):
    return jax.nn.softmax(jnp.matmul(x, weights))


@pytest.mark.parametrize("rows", [np.eye(3, dtype=np.float32), np.full((2, 3), 1 / 3, np.float32)])
def test_a_linear_network_on_rows_that_are_probabilities_is_taken(rows):
    assert ascent.maximize(lambda x: x, rows, 1, steps=3, rate=0.1).inputs.shape == rows.shape


def test_whole_numbers_start_as_floats_and_nan_stalls_where_it_is():
    found = ascent.maximize(NETWORK, np.ones((1, LENGTH), np.uint8), 1, steps=2)
    np.testing.assert_allclose(found.inputs, ascent.maximize(NETWORK, np.ones((1, LENGTH)), 1, steps=2).inputs)
    nowhere = ascent.maximize(NETWORK, np.full((1, LENGTH), np.nan), 1, steps=5)
    assert (bool(nowhere.stalled[0]), int(nowhere.steps[0])) == (True, 0)


def test_the_old_spelling_names_the_new_one():
    with pytest.raises(TypeError, match="found an argument of this name, wanted regularizers"):
        ascent.maximize(NETWORK, START, UNITS, **{"regulari" + "sers": ()})
