import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax import networks
from interp_jax.methods import core_units
from interp_jax.methods.core_units._tails import GatedTail, LinearGatedTail, SubsetGatedTail, _open_units, gate_tail
from tests.methods.core_units.planted import TRAINING, UNITS, dense, planted

TAIL, HIDDEN, PREDICTIONS, USEFUL = planted()
FIRST, SECOND = TAIL.args[0]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class OwnTail:
    """A user's tail with a linear first layer: the four methods of the protocol, and nothing of this package."""

    first: jax.Array
    second: jax.Array

    def __call__(self, hidden):
        return jax.nn.relu(hidden @ self.first) @ self.second

    def lift_units(self, hidden):
        return hidden[:, :, None] * self.first[None]

    def combine_units(self, lifted, gates):
        return jax.nn.relu(jnp.einsum("u,ruf->rf", gates, lifted)) @ self.second

    def scores_of_units(self, hidden, units, gates):
        return jax.nn.relu((hidden[:, units] * gates[None]) @ self.first[units]) @ self.second


class Container:
    """A network that has methods called lift, combine, kept, gated and moved, all of which mean something else."""

    def __call__(self, hidden):
        return TAIL(hidden)

    def lift(self):
        raise AssertionError

    combine = kept = gated = moved = lift


def test_a_users_linear_tail_is_taken_through_its_methods_and_selects_the_same_units():
    own = OwnTail(FIRST, SECOND)
    assert isinstance(own, core_units.LinearTail)
    assert isinstance(gate_tail(own, HIDDEN), LinearGatedTail)
    options = {"key": jax.random.key(0), "starts": 1, **TRAINING}
    ours, plain = (core_units.select(tail, HIDDEN, PREDICTIONS, 0, **options) for tail in (own, TAIL))
    assert 0 < plain.units <= USEFUL.sum()
    np.testing.assert_array_equal(ours.mask, plain.mask)
    np.testing.assert_allclose(ours.gates, plain.gates, atol=1e-3)


def test_tails_of_this_package_have_the_protocols():
    plain = networks.freeze(networks.perceptron(jax.random.key(0), (4, UNITS, 3))).after("relu1")
    cifar = networks.cifar_cnn(jax.random.key(0), (8, 8, 3), channels=(4, 4)).after("max1")
    lifted, narrowed = networks.lift(plain, (UNITS,)), networks.narrow(cifar, (4, 4, 4))
    assert isinstance(lifted, core_units.LinearTail)
    assert not isinstance(lifted, core_units.SubsetTail)
    assert isinstance(narrowed, core_units.SubsetTail)
    assert not isinstance(narrowed, core_units.LinearTail)
    assert isinstance(gate_tail(narrowed, jnp.ones((2, 4, 4, 4))), SubsetGatedTail)
    # Gates of elements are no gates of units.
    assert type(gate_tail(narrowed, jnp.ones((2, 4, 4, 4)), (4, 4, 4))) is GatedTail


@pytest.mark.parametrize("first", [False, True])
def test_numbers_that_pad_the_open_units_open_none(first):
    """They are 0, the number of the first unit, which may be open itself."""
    masks = np.arange(UNITS)[None] % 3 == (0 if first else 1)
    units, gates = _open_units(masks)
    assert len(units) > masks.sum()
    np.testing.assert_array_equal(np.bincount(units, weights=gates[0], minlength=UNITS), masks[0])


def test_methods_of_other_names_are_not_called():
    assert type(gate_tail(Container(), HIDDEN)) is GatedTail
    assert float(core_units.holding_rate(Container(), HIDDEN, PREDICTIONS, 0, USEFUL)) == 1


def test_a_tail_with_the_methods_that_is_no_pytree_is_refused():
    class Plain(OwnTail):
        pass

    with pytest.raises(ValueError, match=r"^tail: found Plain, which is no pytree of arrays, wanted"):
        core_units.holding_rates(Plain(FIRST, SECOND), HIDDEN, PREDICTIONS, 0, USEFUL[None])


def _one_output(hidden):
    return TAIL(hidden)[:, :1]


def _softmax(hidden):
    return jax.nn.softmax(TAIL(hidden), axis=1)


KEY = jax.random.key(0)
DATA = core_units.class_data(PREDICTIONS, 0, key=KEY)
CALLS = {
    "select": lambda tail, **options: core_units.select(tail, HIDDEN, PREDICTIONS, 0, key=KEY, **options, **TRAINING),
    "sweep": lambda tail, **options: core_units.sweep(tail, HIDDEN, PREDICTIONS, [0], key=KEY, **options, **TRAINING),
    "disjoint_sets": lambda tail, **options: core_units.disjoint_sets(
        tail, HIDDEN, PREDICTIONS, 0, key=KEY, **options, **TRAINING
    ),
    "holding_rates": lambda tail, **options: core_units.holding_rates(
        tail, HIDDEN, PREDICTIONS, 0, USEFUL[None], **options
    ),
    "nested_holding": lambda tail, **options: core_units.nested_holding(
        tail, HIDDEN, PREDICTIONS, 0, np.arange(UNITS), **options
    ),
    "greedy": lambda tail, **options: core_units.greedy(
        tail, HIDDEN, PREDICTIONS, 0, data=DATA, direction="forward", **options
    ),
    "necessity": lambda tail, **options: core_units.necessity(tail, HIDDEN, PREDICTIONS, 0, USEFUL, key=KEY, **options),
    "gradient_times_activation": lambda tail, **options: core_units.gradient_times_activation(
        tail, HIDDEN, 0, **options
    ),
    "select_for_inputs": lambda tail, **options: core_units.select_for_inputs(
        tail, HIDDEN[:2], PREDICTIONS[:2], key=KEY, **options
    ),
    "holding_rate by the center": lambda tail, **options: core_units.holding_rate(
        tail, HIDDEN, PREDICTIONS, 0, USEFUL, classifier="center", **options
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_probabilities_and_single_outputs_are_refused(name):
    with pytest.raises(ValueError, match=r"^tail: found scores that are probabilities .* wanted logits"):
        CALLS[name](_softmax)
    with pytest.raises(ValueError, match="^tail: found .*(sum to 1|no probabilities)"):
        CALLS[name](TAIL, scores="probabilities")
    with pytest.raises(ValueError, match=r"^tail: found 1 output, wanted .* of a single score s make .* \[0, s\]"):
        CALLS[name](_one_output)
    with pytest.raises(ValueError, match="^scores: found 'odds', wanted one of 'logits', 'probabilities'"):
        CALLS[name](TAIL, scores="odds")


def test_probabilities_that_are_declared_give_what_their_logits_give():
    for name in ("holding_rates", "gradient_times_activation", "holding_rate by the center"):
        np.testing.assert_allclose(CALLS[name](_softmax, scores="probabilities"), CALLS[name](TAIL), atol=1e-5)
    rate = core_units.holding_rates(
        _softmax, HIDDEN, PREDICTIONS, 0, [USEFUL], classifier="center", weight=2.0, scores="probabilities"
    )
    wanted = core_units.holding_rate(TAIL, HIDDEN, PREDICTIONS, 0, USEFUL, classifier="center", weight=2.0)
    np.testing.assert_allclose(rate, [wanted], atol=1e-6)


def test_probabilities_of_0_are_the_least_number_and_not_infinite():
    sure = gate_tail(lambda hidden: jnp.eye(3)[jnp.zeros(len(hidden), int)], HIDDEN, scores="probabilities")
    scores = np.asarray(sure(HIDDEN[:2]))
    np.testing.assert_allclose(scores, [[0, *[np.log(np.finfo(np.float32).tiny)] * 2]] * 2, rtol=1e-6)


def test_two_columns_of_a_single_score_are_selected_from():
    """The remedy that the refusal names."""
    tail, hidden, _ = dense(4)

    def two(hidden):
        score = tail(hidden)[:, :1]
        return jnp.concatenate([0 * score, score], axis=1)

    predictions = np.asarray(two(hidden)).argmax(axis=1)
    core = core_units.select(two, hidden, predictions, 1, key=KEY, holding=0.9, starts=1, **TRAINING)
    assert core.units >= 1
    assert core.reached


def test_scores_of_nan_are_refused():
    with pytest.raises(ValueError, match="^tail: found scores of NaN"):
        CALLS["sweep"](lambda hidden: TAIL(hidden) * jnp.nan)
