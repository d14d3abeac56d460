"""Which of several clusterings an explainer is made of, with clusterings whose IDs are known."""

import jax
import numpy as np
import pytest

from interp_jax.methods import cnn_inte
from interp_jax.methods.cnn_inte import fitting
from interp_jax.methods.cnn_inte.factors import Factors

KEY, ROWS, COUNT = jax.random.key(0), 300, 4
RANDOM = np.random.default_rng(0)
PAIRS = RANDOM.integers(0, COUNT, (ROWS, 2))
LABELS = ((PAIRS[:, 0] > 1) ^ (PAIRS[:, 1] > 1)).astype(int)
# The IDs of each draw: of no use, the class, random, the class to refined splits alone, the other class.
IDS = [np.stack([column, 0 * LABELS], axis=1) for column in (0 * LABELS, LABELS)]
IDS += [RANDOM.integers(0, COUNT, (ROWS, 2)), PAIRS, 1 - IDS[1]]


@pytest.fixture
def fitted(monkeypatch):
    """An explainer of these draws, whose inputs are their IDs, and whether each draw was standardized."""
    standardized = []

    def find_factors(hidden, **options):
        standardized.append(options["standardized"])
        return Factors(np.arange(2), np.full((2, COUNT, 2), len(standardized) - 1, np.float32))

    monkeypatch.setattr(fitting, "find_factors", find_factors)
    monkeypatch.setattr(fitting, "assign", lambda factors, *_: IDS[int(factors.centers[0, 0, 0])])
    inputs = np.concatenate(IDS, axis=1).astype(np.float32)
    options = {"factors": 2, "ids": COUNT, "depth": 2, "draws": 5, "finalists": 2, "trees": 5}
    return cnn_inte.fit(inputs, np.zeros((ROWS, 2)), LABELS, key=KEY, validation_fraction=0.3, **options), standardized


def test_every_second_draw_standardizes_the_units(fitted):
    assert fitted[1] == [False, True, False, True, False]


def test_scores_are_those_of_refined_trees_on_rows_held_out_from_them(fitted):
    order = np.asarray(jax.random.permutation(jax.random.split(KEY, 3)[0], ROWS))
    validation, training = order[:90], order[90:]
    wanted, unrefined, seen = [], [], []
    for ids in IDS:
        grown = cnn_inte.grow(ids[training], LABELS[training], count=COUNT, classes=2, depth=2)
        refined = cnn_inte.refine(grown, ids[training], LABELS[training])
        for scores, tree, rows in (
            (wanted, refined, validation),
            (unrefined, grown, validation),
            (seen, refined, training),
        ):
            scores.append(np.mean(tree.predict(ids[rows]) == LABELS[rows]))
    np.testing.assert_allclose(fitted[0].scores, wanted)
    assert wanted[3] > unrefined[3] + 0.1
    assert wanted[2] < seen[2] - 0.02


def test_the_first_of_the_best_draws_is_kept(fitted):
    explainer, _ = fitted
    assert np.flatnonzero(explainer.scores == 1).tolist() == [1, 3, 4]
    assert explainer.factors.centers[0, 0, 0] == 1
