"""Certified sets: the bounds are the published ones, and false certificates are as rare as promised."""

import inspect
import itertools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from interp_jax.methods import core_units
from interp_jax.methods.core_units.bounds import balanced_limit, last_in_sequence, lower_limit, most_errors
from tests.methods.core_units.planted import UNITS, dense, planted

certify, rows_needed = map(inspect.unwrap, (core_units.certify, core_units.rows_needed))
KEY = jax.random.key(5)
# ---------------------------------------------------------------------------------------- bounds and numbers of rows


def test_bounds_are_those_of_clopper_and_pearson():
    for rows, level in itertools.product((2, 7, 300, 4000), (0.001, 0.05, 0.25)):
        held = np.arange(2, rows + 1)
        bounds = lower_limit(held, rows, level)
        np.testing.assert_allclose(bounds, scipy.stats.beta.ppf(level, held, rows - held + 1), rtol=1e-9)
        one_sided = scipy.stats.binomtest(int(held[-2:][0]), rows, alternative="greater").proportion_ci(1 - level)
        np.testing.assert_allclose(bounds[-2:][0], one_sided.low, rtol=1e-6)
        # The bound is the rate at which so many would hold with the allowed probability.
        np.testing.assert_allclose(scipy.stats.binom.sf(held - 1, rows, bounds), level, rtol=1e-6)


def test_no_or_one_decision_that_holds_bounds_nothing():
    assert lower_limit([0, 1, 2], 10, 0.05).tolist()[:2] == [0.0, 0.0]
    assert lower_limit([0, 1, 2], 10, 0.05)[2] > 0
    # One of two groups' rows may hold more often than one of a single group's with the same mean probability.
    either = 1 - (1 - 0.1) ** 5
    assert either > scipy.stats.binom.sf(0, 10, 0.05)


def test_more_rows_more_decisions_and_less_confidence_raise_a_bound():
    held = lower_limit(np.arange(201), 200, 0.05)
    assert (np.diff(held[1:]) > 0).all()
    assert (np.diff(lower_limit(np.arange(20, 400) - 3, np.arange(20, 400), 0.05)) > 0).all()
    assert (np.diff(lower_limit(190, 200, np.linspace(0.001, 0.25, 20))) > 0).all()


@pytest.mark.parametrize("counts", [(50, 50), (200, 40), (40, 200)])
def test_the_bound_of_two_groups_is_right_whatever_their_probabilities(counts):
    """By enumeration: the chance of a bound above the true rate, for probabilities that differ between the groups."""
    held = np.stack(np.meshgrid(*(np.arange(count + 1) for count in counts), indexing="ij"), axis=-1)
    for level in (0.05, 0.25):
        bounds = balanced_limit(held, counts, level)
        worst = 0.0
        for first, second in itertools.product((0.01, 0.3, 0.9, 0.98, 1.0), (0.02, 0.5, 0.9, 0.97, 1.0)):
            chances = [
                scipy.stats.binom.pmf(np.arange(count + 1), count, each)
                for count, each in zip(counts, (first, second), strict=True)
            ]
            wrong = bounds > (first + second) / 2 + 1e-12
            worst = max(worst, (chances[0][:, None] * chances[1][None] * wrong).sum())
        assert 0.2 * level < worst <= level


def test_rows_needed_are_just_enough():
    assert rows_needed(0.99, 0.95) == 299 == math.ceil(math.log(0.05) / math.log(0.99))
    for holding, confidence, errors, tests in itertools.product((0.5, 0.9, 0.995), (0.75, 0.99), (0, 1, 12), (1, 10)):
        rows = rows_needed(holding, confidence, errors, tests=tests)
        level = (1 - confidence) / tests
        assert scipy.stats.beta.ppf(level, rows - errors, errors + 1) >= holding
        assert scipy.stats.beta.ppf(level, rows - 1 - errors, errors + 1) < holding
        assert most_errors(rows, holding, level) == errors
        assert most_errors(rows - 1, holding, level) == errors - 1
    assert rows_needed(0.0, 0.95) == 1


def test_rows_needed_grow_with_what_is_asked():
    for numbers in (
        [rows_needed(holding, 0.95) for holding in (0.5, 0.9, 0.99, 0.999)],
        [rows_needed(0.99, confidence) for confidence in (0.75, 0.9, 0.99, 0.999)],
        [rows_needed(0.99, 0.95, errors) for errors in range(5)],
        [rows_needed(0.99, 0.95, tests=tests) for tests in (1, 2, 10)],
    ):
        assert (np.diff(numbers) > 0).all()


# ------------------------------------------------------------------------------------------------ the tests' sequence

TAIL, HIDDEN, PREDICTIONS, USEFUL = planted(seed=1, gap=1.0)
ORDER = np.argsort(~USEFUL, kind="stable")
NESTED = np.argsort(ORDER)[None] < np.arange(UNITS, -1, -1)[:, None]
OPTIONS = {"holding": 0.9, "confidence": 0.9, "key": KEY}


def _certified(target=0, masks=NESTED, **changes):
    return certify(TAIL, HIDDEN, PREDICTIONS, target, masks, **OPTIONS | changes)


def test_a_certificate_is_what_holding_rates_and_beta_say():
    for target in (0, 1, 2, None):
        found = _certified(target)
        rates = core_units.holding_rates(TAIL, HIDDEN, PREDICTIONS, target, NESTED, data=found.rows)
        tested = np.isfinite(found.lower_bounds)
        np.testing.assert_allclose(found.holding_rates[tested], rates[tested], atol=1e-12)
        rows = len(found.rows.rows)
        held = np.round(rates * rows)
        np.testing.assert_allclose(
            found.lower_bounds[tested], scipy.stats.beta.ppf(found.level, held, rows - held + 1)[tested]
        )
        passed = found.lower_bounds >= 0.9
        assert found.certified
        assert passed[: found.place + 1].all()
        assert not passed[found.place + 1]
        assert not tested[found.place + 2 :].any()
        np.testing.assert_array_equal(found.mask, NESTED[found.place])
        assert found.units == found.sizes[found.place] == found.mask.sum()
        assert (found.lower_bound, found.holding_rate) == (
            found.lower_bounds[found.place],
            found.holding_rates[found.place],
        )
        assert len(found.rows.positives) == len(found.rows.negatives) or target is None


def test_a_sequence_ends_at_its_first_failure():
    bounds = np.array([[0.95, 0.92, 0.89, 0.95], [0.8, 0.95, 0.95, 0.95], [0.9, 0.9, 0.9, 0.9], [0.95, np.nan, 1, 1]])
    assert last_in_sequence(bounds, 0.9).tolist() == [1, -1, 3, 0]
    empty, full = np.zeros(UNITS, bool), np.ones(UNITS, bool)
    found = _certified(masks=np.stack([empty, empty]))
    assert (found.certified, found.mask, found.units, found.place) == (False, None, None, -1)
    assert found.lower_bound == found.lower_bounds[0] < 0.9
    assert math.isnan(found.lower_bounds[1])
    # Equal masks after one another have equal bounds: the last is returned.
    assert _certified(masks=np.stack([full, full, empty])).place == 1


def test_a_required_rate_that_the_bound_just_reaches_is_certified():
    failing = _certified()
    (place,) = np.flatnonzero(failing.lower_bounds < 0.9)
    masks, bound = NESTED[place:][:1], failing.lower_bounds[place]
    assert _certified(holding=bound, masks=masks).certified
    assert not _certified(holding=np.nextafter(bound, 1), masks=masks).certified


def test_masks_without_an_order_results_compared_and_classes_together_share_the_confidence():
    alone = _certified().level
    np.testing.assert_allclose(alone, 0.1)
    for changes, tests in (
        ({"ordered": False}, len(NESTED)),
        ({"compared": 4}, 4),
        ({"joint": True}, 3),
        ({"ordered": False, "compared": 2, "joint": True}, 2 * 3 * len(NESTED)),
    ):
        found = _certified(holding=0.8, **changes)
        np.testing.assert_allclose(found.level, 0.1 / tests)
        assert found.lower_bounds[0] < _certified(holding=0.8).lower_bounds[0]
    shuffled = np.random.default_rng(0).permutation(len(NESTED))
    ordered, unordered = _certified(holding=0.8), _certified(masks=NESTED[shuffled], ordered=False, holding=0.8)
    assert unordered.units == unordered.sizes[unordered.lower_bounds >= 0.8].min() >= ordered.units
    assert np.isfinite(unordered.lower_bounds).all()
    assert not _certified(masks=NESTED[-1:], ordered=False).certified


def test_groups_of_unequal_size_have_a_bound_each():
    found = _certified(holding=0.8, key=None)
    counts = len(found.rows.positives), len(found.rows.negatives)
    assert counts[0] < counts[1]
    assert sum(counts) == len(HIDDEN)
    np.testing.assert_allclose(
        found.lower_bounds[0], np.mean([scipy.stats.beta.ppf(0.05, count, 1) for count in counts])
    )
    rates = core_units.holding_rates(TAIL, HIDDEN, PREDICTIONS, 0, NESTED)
    tested = np.isfinite(found.holding_rates)
    np.testing.assert_allclose(found.holding_rates[tested], rates[tested], atol=1e-12)
    # Equal groups need no key.
    rows = _certified(holding=0.8).rows.rows
    equal = certify(TAIL, HIDDEN[rows], PREDICTIONS[rows], 0, NESTED, holding=0.8, confidence=0.9)
    np.testing.assert_array_equal(equal.lower_bounds, _certified(holding=0.8).lower_bounds)


def test_the_key_draws_the_larger_groups_rows_alone():
    first, again, other = _certified(), _certified(), _certified(key=jax.random.key(8))
    jax.tree.map(np.testing.assert_array_equal, first, again)
    np.testing.assert_array_equal(first.rows.positives, np.flatnonzero(PREDICTIONS == 0))
    np.testing.assert_array_equal(first.rows.positives, other.rows.positives)
    assert (first.rows.negatives != other.rows.negatives).any()
    assert (PREDICTIONS[first.rows.negatives] != 0).all()
    # The rows of the target may be the larger group.
    merged = (PREDICTIONS > 0).astype(np.int32)
    rows = certify(TAIL, HIDDEN, merged, 1, NESTED, **OPTIONS | {"holding": 0.5}).rows
    assert len(rows.positives) == len(rows.negatives) == np.sum(merged == 0)


def test_positives_alone_are_certified_when_asked_for():
    found = _certified(negatives=False)
    np.testing.assert_array_equal(found.rows.positives, np.flatnonzero(PREDICTIONS == 0))
    assert not len(found.rows.negatives)
    np.testing.assert_allclose(found.lower_bounds[0], scipy.stats.beta.ppf(0.1, len(found.rows.positives), 1))


def test_several_layers_have_one_certificate():
    first, second = TAIL.args[0]

    def by_layer(hidden, masks):
        inner = jnp.matmul(hidden * masks["units"][None], first, precision="highest")
        return jnp.matmul(jax.nn.relu(inner) * masks["inner"][None], second, precision="highest")

    inner = np.ones((len(NESTED), 7), bool)
    found = certify(by_layer, HIDDEN, PREDICTIONS, 0, {"units": NESTED, "inner": inner}, **OPTIONS)
    alone = _certified()
    np.testing.assert_array_equal(found.lower_bounds, alone.lower_bounds)
    np.testing.assert_array_equal(found.mask["units"], alone.mask)
    assert found.units == alone.units + 7 == found.mask["units"].sum() + found.mask["inner"].sum()


def test_the_center_based_classifier_is_asked_with_its_weight():
    tail, hidden, predictions = dense(3)
    masks = np.ones((1, UNITS), bool)
    options = OPTIONS | {"holding": 0.5, "classifier": "center"}
    for weight in (0.5, 5.0):
        found = certify(tail, hidden, predictions, 1, masks, **options, weight=weight)
        wanted = core_units.holding_rates(
            tail, hidden, predictions, 1, masks, data=found.rows, classifier="center", weight=weight
        )
        np.testing.assert_allclose(found.holding_rate, wanted[0])


def test_a_certificate_says_what_is_guaranteed_and_what_is_assumed():
    text = repr(_certified())
    assert "hold at least 90% of class 0's decisions on new rows, with 90% confidence\n" in text
    assert "pointwise lower bound" in text
    assert "neither trained the network nor served the search" in text
    assert "for all classes together" in repr(_certified(joint=True, holding=0.8))
    assert "no set of units is certified to hold at least 90%" in repr(_certified(masks=NESTED[-1:]))
    assert "of all classes' decisions" in repr(_certified(None))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"holding": 1.0}, "holding: found 1.0, wanted a finite number, at least 0 and below 1"),
        ({"confidence": 0.5}, "confidence: found 0.5, wanted a finite number, at least 0.75 and below 1"),
        ({"confidence": 1.0}, "confidence: found 1.0"),
        ({"confidence": None}, "confidence: found None"),
        ({"compared": 0}, "compared: found 0, wanted a whole number of at least 1"),
        ({"key": 0}, "key: found 0, wanted a JAX random key"),
        ({"masks": NESTED[::-1]}, r"masks: found masks\[1\] with units that masks\[0\] has not, wanted nested masks"),
        ({"masks": NESTED[:, 1:]}, r"masks: found shape \[8\]"),
        ({"masks": NESTED[:0]}, r"masks: found leading axes"),
        ({"target": None, "joint": True}, "joint: found True for all classes at once, wanted False"),
        ({"classifier": "loss"}, "classifier: found 'loss'"),
        ({"hidden": HIDDEN.at[0, 0].set(jnp.nan)}, "hidden: found NaN or infinity"),
        (
            {"holding": 0.99, "confidence": 0.95},
            r"hidden: found (\d+) rows predicted as 0 and \1 others, wanted at least 150 of each to certify a "
            r"holding rate of 0.99 with confidence 0.95$",
        ),
        ({"holding": 0.987, "key": None}, r"hidden: found .*; equal numbers, which a key draws, are enough$"),
        ({"holding": 0.97, "compared": 99}, r"hidden: found .* with confidence 0.9, 99 tests sharing it$"),
        ({"target": None, "holding": 0.999}, r"hidden: found 300 rows, wanted at least 2302 to certify"),
        ({"negatives": False, "holding": 0.99}, r"hidden: found \d+ rows predicted as 0, wanted at least 230 to "),
        (
            {"predictions": 0 * PREDICTIONS, "key": None},
            r"hidden: found 300 rows predicted as 0 and 0 others, wanted at",
        ),
        ({"predictions": 0 * PREDICTIONS + 1, "key": None}, r"hidden: found 0 rows predicted as 0 and 300 others"),
    ],
)
def test_what_cannot_be_certified_is_refused(changes, message):
    given = {"tail": TAIL, "hidden": HIDDEN, "predictions": PREDICTIONS, "target": 0, "masks": NESTED} | OPTIONS
    with pytest.raises(ValueError, match=f"^{message}"):
        certify(**given | changes)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((1.0, 0.95), "holding: found 1.0, wanted a finite number, at least 0 and below 1"),
        ((0.9, 0.7), "confidence: found 0.7"),
        ((0.9, 0.95, -1), "errors: found -1"),
        ((0.9, 0.95, 0.5), "errors: found 0.5"),
    ],
)
def test_numbers_of_rows_that_do_not_exist_are_refused(given, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        rows_needed(*given)


# ---------------------------------------------------------------------------------------------------- how often it errs


class Kinds(NamedTuple):
    """A planted problem: hidden layers of a finite number of kinds, with how often each comes in either group.

    Which decisions hold under a mask is known for each kind, so that a mask's true rate is a sum.
    """

    hidden: np.ndarray
    chances: np.ndarray
    masks: np.ndarray

    @property
    def groups(self):
        """Whether a kind is predicted as class 0."""
        return np.argmax(_sums(self.hidden), axis=1) == 0

    @property
    def held(self):
        """Whether each kind's decision holds under each mask: [masks, kinds]."""
        decided = np.argmax(_sums(self.hidden[None] * self.masks[:, None]), axis=-1) == 0
        return decided == self.groups

    @property
    def rates(self):
        """Each mask's true rate: the average of both groups."""
        return (self.held * self.chances).sum(axis=1) / 2

    def draw(self, random, rows):
        """The kinds of as many rows of either group, chosen independently."""
        groups = (np.flatnonzero(self.groups), np.flatnonzero(~self.groups))
        return np.concatenate([random.choice(group, rows, p=self.chances[group]) for group in groups])

    def counts(self, random, rows, draws):
        """How many decisions of each group hold, for many draws at once: [draws, masks, 2]."""
        drawn = []
        for group in (self.groups, ~self.groups):
            kinds = random.multinomial(rows, self.chances[group], size=draws)
            drawn.append(kinds @ self.held[:, group].T)
        return np.stack(drawn, axis=-1)


def _sums(hidden):
    """The scores: the sum of the first half of the units, and that of the others with ½ added."""
    half = hidden.shape[-1] // 2
    first, second = (np.add.reduce(part, axis=-1) for part in (hidden[..., :half], hidden[..., half:]))
    return np.stack([first, second + 0.5], axis=-1)


def _tail(hidden):
    half = hidden.shape[-1] // 2
    return jnp.stack([hidden[..., :half].sum(-1), hidden[..., half:].sum(-1) + 0.5], axis=-1)


def _kinds(seed, holding):
    """A row of class 0 has one unit of the first half; another has the last of these and one that says it is not.

    Units are closed from the least often needed on, at first two at a time. After masks that certainly hold enough
    comes one whose true rate is just below the required one: the hardest case.
    """
    random = np.random.default_rng(seed)
    half = int(random.integers(5, 9))
    units = np.eye(2 * half, dtype=np.float32)
    hidden = np.concatenate([units[:half], units[half - 1] + 2 * units[half:]])
    # All units but one of each half are rarely needed, in one group more often than in the other.
    share = random.uniform(0.2, 0.8)
    rare = np.concatenate([part * random.dirichlet(np.full(half - 1, 3.0)) for part in (share, 1 - share)])
    closed = int(random.integers(half - 1, len(rare)))
    rare *= 2 * (1 - holding) * 1.002 / np.sort(rare)[:closed].sum()
    first, second = (np.append(part, 1 - part.sum()) for part in np.split(rare, 2))
    chances = np.concatenate([first, second])
    rank = np.argsort(np.argsort(chances))
    numbers = np.concatenate([np.arange(0, closed // 2, 2), np.arange(closed, 2 * half + 1)])
    return Kinds(hidden, chances, rank[None] >= numbers[:, None])


def _false(problem, places, holding):
    return (places >= 0) & (problem.rates[places] < holding)


def _most_false(draws, level):
    """The 99% quantile of the number of false certificates, were each as likely as is allowed."""
    return scipy.stats.binom.ppf(0.99, draws, level)


def test_planted_rates_are_those_of_many_drawn_rows():
    problem = _kinds(0, 0.98)
    np.testing.assert_allclose(problem.chances[problem.groups].sum(), 1)
    np.testing.assert_allclose(problem.chances[~problem.groups].sum(), 1)
    kinds = problem.draw(np.random.default_rng(0), 6000)
    predictions = np.where(problem.groups[kinds], 0, 1)
    rates = core_units.holding_rates(_tail, problem.hidden[kinds], predictions, 0, problem.masks)
    np.testing.assert_allclose(rates, problem.rates, atol=0.01)
    np.testing.assert_allclose(problem.rates[0], 1)
    assert problem.rates.min() < 0.98


@pytest.mark.parametrize(("rows", "holding", "confidence"), [(2000, 0.99, 0.95), (300, 0.97, 0.8), (60, 0.9, 0.95)])
def test_false_certificates_are_as_rare_as_promised(rows, holding, confidence):
    """20 problems, 500 draws of calibration rows each; the tests' sequence on counts of decisions that hold."""
    level, draws = 1 - confidence, 500
    false = []
    for seed in range(20):
        problem = _kinds(seed, holding)
        counts = problem.counts(np.random.default_rng(100 + seed), rows, draws)
        places = last_in_sequence(balanced_limit(counts, (rows, rows), level), holding)
        assert np.mean(places >= 0) > 0.99  # all units hold all decisions
        false.append(_false(problem, places, holding).sum())
    # Bonferroni over the problems for the worst of them.
    assert max(false) <= scipy.stats.binom.ppf(1 - 0.01 / 20, draws, level)
    assert sum(false) <= _most_false(20 * draws, level)
    # The simulation could see an error: the problems come near what is allowed.
    assert sum(false) > 0.5 * 20 * level * draws


def test_a_simulation_would_notice_bounds_that_are_too_high():
    """The observed rate in place of a bound is above the true rate about half the time."""
    false = []
    for seed in range(5):
        problem = _kinds(seed, 0.99)
        counts = problem.counts(np.random.default_rng(seed), 2000, 500)
        false.append(_false(problem, last_in_sequence(counts.mean(axis=-1) / 2000, 0.99), 0.99).sum())
    assert sum(false) > 3 * _most_false(5 * 500, 0.05)


def test_a_sequence_chosen_by_the_calibration_rows_would_err_too_often():
    """Masks in the order of the rows' own rates, best bound last, are not fixed beforehand: hence Bonferroni."""
    random, rows, masks, holding = np.random.default_rng(0), 500, 40, 0.95
    held = random.binomial(rows, 0.949, size=(4000, masks))
    bounds = lower_limit(held, rows, 0.05)
    assert np.mean((bounds >= holding).any(axis=1)) > 0.3
    corrected = lower_limit(held, rows, 0.05 / masks)
    assert np.mean((corrected >= holding).any(axis=1)) <= 0.05
    assert np.mean(last_in_sequence(bounds, holding) >= 0) <= 0.06


def _end_to_end(problems, draws, rows, holding, confidence, **options):
    """False certificates of `certify` itself; the same as those of the counts."""
    false, total = 0, 0
    for seed in range(problems):
        problem = _kinds(seed, holding)
        random = np.random.default_rng(200 + seed)
        for _ in range(draws):
            kinds = problem.draw(random, rows)
            predictions = np.where(problem.groups[kinds], 0, 1)
            found = certify(
                _tail, problem.hidden[kinds], predictions, 0, problem.masks, holding=holding, confidence=confidence
            )
            held = problem.held[:, kinds].reshape(len(problem.masks), 2, rows).sum(axis=2)
            assert found.place == last_in_sequence(balanced_limit(held, (rows, rows), 1 - confidence), holding)
            false += int(_false(problem, np.array(found.place), holding))
            total += 1
    return false, total


@pytest.mark.parametrize(
    ("problems", "draws", "rows"), [(2, 10, 200), pytest.param(20, 25, 2000, marks=pytest.mark.slow, id="many")]
)
def test_false_certificates_of_whole_calls_are_as_rare_as_promised(problems, draws, rows):
    false, total = _end_to_end(problems, draws, rows, 0.98 if rows < 2000 else 0.99, 0.95)
    assert false <= _most_false(total, 0.05)
