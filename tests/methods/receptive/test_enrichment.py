import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from interp_jax.methods import receptive
from interp_jax.methods.receptive import enrichment

KEY = jax.random.key(0)
WIDTH = 6


def _planted(rows, *, share=1.0, seed=0, length=40, letters=6):
    """Random tokens with 11, 12, 13 somewhere in a share of the rows, and windows that lie around it."""
    generator = np.random.default_rng(seed)
    tokens = generator.integers(0, letters, (rows, length))
    for row in range(round(share * rows)):
        place = generator.integers(1, length - 5)
        tokens[row, place : place + 3] = 11, 12, 13
    return tokens


def _windows(tokens):
    """Two units: one greatest where 12 is in the middle of a window, one wherever noise puts it."""
    noise = jax.random.normal(jax.random.key(5), (tokens.shape[1] - WIDTH + 1,))

    def head(x):
        x = jnp.asarray(x)
        places = noise.shape[0]
        middle = (x[:, 2 : 2 + places] == 12) + 0.0
        shuffled = jnp.sin(1e3 * jnp.cumsum(x[:, :places] + noise[None], axis=1))
        return jnp.stack([middle, shuffled], axis=-1)

    return receptive.windows(head, tokens, field=receptive.sliding(tokens.shape[1], WIDTH))


def _slow_test(tokens, windows, unit, groups, held_out, ngram, ignored=()):
    """Groups with the n-gram, and the chance of each, by loops over all windows."""

    def holds(window):
        return any(tuple(window[i : i + len(ngram)]) == ngram for i in range(len(window) - len(ngram) + 1))

    observed, chances = 0, []
    for group in held_out:
        without, some = 1.0, False
        for row in np.flatnonzero(groups == group):
            cuts = [tokens[row, start : start + WIDTH].tolist() for start in range(tokens.shape[1] - WIDTH + 1)]
            cuts = [cut for cut in cuts if set(cut) - set(ignored)]
            without *= 1 - np.mean([holds(cut) for cut in cuts])
            some |= holds(tokens[row, windows.start[row, unit] : windows.stop[row, unit]].tolist())
        observed += some
        chances.append(1 - without)
    return observed, np.array(chances)


def _slow_tail(chances, least):
    total = 0.0
    for happens in itertools.product((0, 1), repeat=len(chances)):
        if sum(happens) >= least:
            total += np.prod(np.where(happens, chances, 1 - chances))
    return total


def test_the_test_of_every_ngram_is_that_of_loops_over_all_windows():
    tokens = _planted(24)
    groups = np.arange(24) // 2
    windows = _windows(tokens)
    found = receptive.ngrams(windows, 0, tokens, groups, key=KEY, candidates=5)
    order = np.asarray(jax.random.permutation(KEY, 12))
    assert (found.groups, found.choosing_groups) == (6, 6)
    for number, ngram in enumerate(found.ngrams):
        observed, chances = _slow_test(tokens, windows, 0, groups, order[6:], ngram)
        assert found.observed[number] == observed
        np.testing.assert_allclose(found.expected[number], chances.sum(), rtol=1e-9)
        np.testing.assert_allclose(found.p_value[number], _slow_tail(chances, observed), rtol=1e-9)


def test_a_planted_ngram_is_found_on_held_out_groups_and_its_parts_are_left_out():
    tokens = _planted(60)
    found = receptive.ngrams(_windows(tokens), 0, tokens, np.arange(60), key=KEY)
    assert found.ngrams[0] == (11, 12, 13)
    assert found.observed[0] == found.groups == 30
    assert found.adjusted[0] < 1e-6
    assert not {(11,), (12,), (13,), (11, 12), (12, 13)} & set(found.ngrams)
    np.testing.assert_array_equal(found.p_value, np.sort(found.p_value))


def test_of_ngrams_that_share_a_run_the_first_stays():
    given = [(1, 2, 3, 4), (2, 3), (3, 4, 5), (2, 3, 4, 9, 9), (4, 5), (4,), (5, 1, 2, 6, 7)]
    assert enrichment._apart(given, 10) == [(1, 2, 3, 4), (4, 5), (5, 1, 2, 6, 7)]
    assert enrichment._apart(given, 1) == given[:1]


def test_chance_windows_enrich_nothing_more_often_than_their_level():
    passed = 0
    for seed in range(20):
        tokens = _planted(30, seed=seed)
        field = receptive.sliding(40, WIDTH)
        start = np.random.default_rng(100 + seed).integers(0, 35, (30, 1))
        windows = receptive.Windows(start, start + WIDTH, np.zeros((30, 1)), start, np.ones((30, 1), int), field)
        found = receptive.ngrams(windows, 0, tokens, np.arange(30), key=jax.random.key(seed), lengths=(1, 3))
        passed += bool((found.adjusted <= 0.05).any())
    assert passed <= 3  # of 20 draws at 5%, four or more with a probability of 1.6%


def test_copies_in_one_group_count_once():
    others = _planted(10, share=0.0, seed=1)
    others[:, 20] = 12
    tokens = np.concatenate([np.repeat(_planted(1), 30, axis=0), others])
    groups = np.array([0] * 30 + list(range(1, 11)))
    found = receptive.ngrams(_windows(tokens), 0, tokens, groups, key=KEY)
    assert (11, 12, 13) not in found.ngrams
    assert (found.observed <= found.groups).all()


def test_a_unit_that_is_off_has_no_windows():
    tokens = np.random.default_rng(0).integers(0, 5, (40, 30))
    tokens[:, :2] = 8, 9  # at the first of all positions, which are equally good
    windows = receptive.windows(lambda x: jnp.zeros((len(x), 29, 1)), tokens)
    with pytest.raises(ValueError, match="found 0 with windows in the rows that take part"):
        receptive.ngrams(windows, 0, tokens, np.arange(40), key=KEY)


def test_padding_is_neither_counted_nor_a_window():
    tokens = _planted(20)
    tokens[:, 30:] = 256
    windows = _windows(tokens)
    found = receptive.ngrams(windows, 1, tokens, np.arange(20), key=KEY, ignored=[256], candidates=4)
    assert found.ngrams
    assert not any(256 in ngram for ngram in found.ngrams)
    data = enrichment._Rows.of(windows, 1, tokens, np.arange(20), np.ones(20, bool), (256,))
    ngram = found.ngrams[0]
    observed, chances = _slow_test(tokens[np.asarray(data.groups)], windows, 1, data.groups, data.groups, ngram, (256,))
    np.testing.assert_allclose(data.test(ngram)[1], chances.sum(), rtol=1e-9)
    del observed


def test_the_tail_of_equal_chances_is_the_binomials():
    for least in range(8):
        np.testing.assert_allclose(enrichment._tail(np.full(7, 0.3), least), stats.binom.sf(least - 1, 7, 0.3))


def test_holms_method():
    np.testing.assert_allclose(enrichment._holm(np.array([0.01, 0.02, 0.02, 0.4])), [0.04, 0.06, 0.06, 0.4])
    np.testing.assert_allclose(enrichment._holm(np.array([0.4, 0.6])), [0.8, 0.8])


def test_no_shared_ngram_is_no_result():
    tokens = np.arange(4 * 40).reshape(4, 40)
    found = receptive.ngrams(_windows(tokens), 1, tokens, np.arange(4), key=KEY)
    assert found.ngrams == ()
    assert found.p_value.shape == (0,)
    assert found.groups == found.choosing_groups == 2
    assert "0 of 0 n-grams" in repr(found)


def test_wrong_arguments_are_named():
    tokens = _planted(6)
    windows, groups = _windows(tokens), np.arange(6)
    with pytest.raises(ValueError, match="inputs: found"):
        receptive.ngrams(windows, 0, tokens[:, 1:], groups, key=KEY)
    with pytest.raises(ValueError, match="inputs: found"):
        receptive.ngrams(windows, 0, tokens * 1.0, groups, key=KEY)
    with pytest.raises(ValueError, match="groups: found 1 with windows"):
        receptive.ngrams(windows, 0, tokens, 0 * groups, key=KEY)
    with pytest.raises(ValueError, match="lengths: found 3 and 2"):
        receptive.ngrams(windows, 0, tokens, groups, key=KEY, lengths=(3, 2))
    with pytest.raises(ValueError, match="rows: found shape"):
        receptive.ngrams(windows, 0, tokens, groups, key=KEY, rows=np.ones(5, bool))
