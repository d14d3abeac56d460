import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax import networks
from interp_jax.methods import core_units
from interp_jax.methods.core_units import ClassData
from tests import reference
from tests.methods.core_units.planted import CLASSES, UNITS, dense, in_numpy

TAIL, HIDDEN, PREDICTIONS = dense(3)
DATA = core_units.class_data(PREDICTIONS, 1, key=jax.random.key(0))
MASKS = np.random.default_rng(0).random((5, UNITS)) < 0.7


@pytest.mark.parametrize(("classifier", "weight"), [("argmax", None), ("center", 2.0)])
@pytest.mark.parametrize("data", [None, DATA])
def test_rates_of_many_masks_are_the_transcriptions(classifier, weight, data):
    rows = np.arange(len(HIDDEN)) if data is None else data.rows
    options = {"classifier": classifier, "data": data, **({} if weight is None else {"weight": weight})}
    rates = core_units.holding_rates(TAIL, HIDDEN, PREDICTIONS, 1, MASKS, **options)
    wanted = [
        reference.holding_rate(in_numpy(TAIL), HIDDEN[rows], PREDICTIONS[rows], 1, mask, weight) for mask in MASKS
    ]
    assert rates.dtype == np.float64
    np.testing.assert_allclose(rates, wanted, atol=1e-9)


def test_rates_of_all_classes_at_once_and_of_a_class_never_predicted():
    scores = np.stack([in_numpy(TAIL)(np.asarray(HIDDEN) * mask).argmax(axis=1) for mask in MASKS])
    rates = core_units.holding_rates(TAIL, HIDDEN, PREDICTIONS, None, MASKS)
    np.testing.assert_allclose(rates, (scores == PREDICTIONS).mean(axis=1))
    never = np.where(PREDICTIONS == 1, 0, PREDICTIONS)
    rates = core_units.holding_rates(TAIL, HIDDEN, never, 1, MASKS)
    np.testing.assert_allclose(rates, (scores != 1).mean(axis=1))


def test_masks_may_have_the_form_of_the_layer_or_go_by_layer():
    wanted = core_units.holding_rates(TAIL, HIDDEN, PREDICTIONS, 1, MASKS)
    images, squares = HIDDEN.reshape(-1, 3, 3), MASKS.reshape(-1, 3, 3)
    np.testing.assert_array_equal(core_units.holding_rates(TAIL, images, PREDICTIONS, 1, squares), wanted)

    def by_layer(hidden, masks):
        return TAIL(hidden * jnp.concatenate([masks["first"], masks["rest"]])[None])

    masks = {"rest": MASKS[:, 4:], "first": MASKS[:, :4].astype(int)}
    np.testing.assert_array_equal(core_units.holding_rates(by_layer, HIDDEN, PREDICTIONS, 1, masks), wanted)


def test_lifted_tails_run_on_open_units_alone(monkeypatch):
    tail = networks.freeze(networks.perceptron(jax.random.key(0), (4, UNITS, CLASSES))).after("relu1")
    predictions = np.asarray(tail(HIDDEN)).argmax(axis=1)
    target = int(np.bincount(predictions).argmax())
    wanted = core_units.holding_rates(tail, HIDDEN, predictions, target, MASKS)

    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr(networks.LiftedTail, "combine_units", refuse)
    lifted = networks.lift(tail, (UNITS,))
    with pytest.raises(ValueError, match="^tail: found one that fails .*AssertionError"):
        core_units.holding_rates(lifted, HIDDEN, predictions, target, MASKS)
    monkeypatch.undo()
    np.testing.assert_array_equal(core_units.holding_rates(lifted, HIDDEN, predictions, target, MASKS), wanted)


def test_rows_that_are_of_no_class_are_left_out_of_traced_rates():
    predictions = np.where(np.arange(len(PREDICTIONS)) % 3 == 0, CLASSES + 4, PREDICTIONS)
    predictions[1] = -2
    inside = (predictions >= 0) & (predictions < CLASSES)
    rate = jax.jit(lambda predictions: core_units.holding_rate(TAIL, HIDDEN, predictions, 1, MASKS[0]))(predictions)
    wanted = core_units.holding_rate(TAIL, HIDDEN[inside], PREDICTIONS[inside], 1, MASKS[0])
    np.testing.assert_allclose(rate, wanted, atol=1e-6)
    with pytest.raises(ValueError, match="^predictions: found -2 to 7, wanted whole numbers from 0 to 2"):
        core_units.holding_rate(TAIL, HIDDEN, predictions, 1, MASKS[0])


def test_numbers_of_every_type_give_the_same_rate():
    wanted = float(core_units.holding_rate(TAIL, HIDDEN, PREDICTIONS, 1, MASKS[0]))
    for target in (np.int8(1), np.uint64(1), jnp.array(1)):
        for dtype in (np.uint8, np.int64, np.uint64):
            predictions = PREDICTIONS.astype(dtype)
            assert float(core_units.holding_rate(TAIL, HIDDEN, predictions, target, MASKS[0].astype(dtype))) == wanted


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"masks": MASKS[:, 1:]}, r"masks: found shape \[8\], wanted the last axes of hidden, \[9\]"),
        ({"masks": MASKS[:0]}, r"masks: found leading axes \[\(0,\)\]"),
        ({"masks": True}, r"masks: found leading axes \[\(\)\]"),
        ({"masks": 0.5 * MASKS}, "masks: found numbers other than 0 and 1"),
        ({"masks": np.where(MASKS, np.nan, 0)}, "masks: found numbers other than 0 and 1"),
        ({"masks": {}}, "masks: found no layers"),
        ({"masks": {"a": MASKS, "b": MASKS[1:]}}, r"masks: found leading axes \[\(4,\), \(5,\)\]"),
        ({"masks": {"a": 0.5 * MASKS}}, r"masks\['a'\]: found numbers other"),
        ({"weight": float("nan"), "classifier": "center"}, "weight: found nan"),
        ({"weight": 0.0}, "weight: found 0.0, wanted a finite number, above 0"),
        ({"classifier": "center-based"}, "classifier: found 'center-based', wanted one of 'argmax', 'center'"),
        ({"target": True}, "target: found True, wanted a whole number from 0 to 2"),
        ({"target": 1.0}, "target: found 1.0"),
        ({"target": 2**32 + 1}, "target: found 4294967297"),
        ({"predictions": PREDICTIONS.astype(np.int64) + 2**32}, "predictions: found 4294967296 to 4294967298"),
        ({"predictions": np.eye(3)[PREDICTIONS]}, r"predictions: found float64 \[300, 3\]"),
        ({"hidden": HIDDEN.at[0, 0].set(jnp.nan)}, "hidden: found NaN or infinity"),
        ({"hidden": np.asarray(HIDDEN) + 1j}, r"hidden: found complex"),
        ({"hidden": HIDDEN[:, :0]}, r"hidden: found shape \[300, 0\]"),
        ({"data": ClassData(DATA.negatives, DATA.positives)}, "data: found rows of another class than target 1"),
        ({"data": ClassData(DATA.positives * 1.0, DATA.negatives)}, "data.positives: found float64"),
        ({"data": ClassData(np.array([-1]), DATA.negatives)}, "data.positives: found -1 to -1"),
        ({"data": (DATA.positives, DATA.negatives, 3)}, "data: found tuple"),
    ],
)
def test_bad_arguments_are_named(changes, message, monkeypatch):
    given = {"tail": TAIL, "hidden": HIDDEN, "predictions": PREDICTIONS, "target": 1, "masks": MASKS} | changes
    with pytest.raises(ValueError, match=f"^{message}"):
        _unchecked(core_units.holding_rates)(**given)


def _unchecked(function):
    """The function without the type checks that the tests' import hook adds: users have none."""
    return getattr(function, "__wrapped__", function)


def test_tracing_what_runs_on_the_host_is_refused():
    with pytest.raises(ValueError, match="^hidden: found a traced array"):
        jax.jit(lambda hidden: core_units.holding_rates(TAIL, hidden, PREDICTIONS, 1, MASKS))(HIDDEN)
