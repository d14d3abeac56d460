"""The sentences of the study of a network in use, on both sides of what each depends on, from made-up results."""

import numpy as np
import pytest

from experiments.in_the_wild import explained, modules, smaller


@pytest.mark.parametrize(
    ("decisions", "least"),
    [((0.97, 0.99), "c least, 97.0%"), ((0.99, 0.8), "json least, 80.0%"), ((0.9, 0.9), "c least, 90.0%")],
)
@pytest.mark.parametrize("random", [0.6, 1.0])
def test_the_type_that_a_smaller_network_decides_worst_is_named_beside_a_network_of_random_units(
    decisions, least, random
):
    whole = smaller.Cut(512, 1000, 10.0, 1.0, np.ones(2))
    small = smaller.Cut(128, 250, 5.0, 1.2, np.array(decisions))
    networks = {smaller.WHOLE: whole, smaller.SMALL: small}
    networks[smaller.RANDOM] = small._replace(decisions=np.full(2, random))
    words = smaller.in_words(smaller.Smaller(networks, ["c", "json"], 0.1, 9))
    assert "For 2 types together, a network with 128 of 512 units, 25% of the parameters and 50% of the" in words
    assert f"operations, holds {np.mean(decisions):.1%} of the decisions on other packages ({least})" in words
    assert words.endswith(f"one with as many random units {random:.1%}.")


def _modules(best, own, beside=None, reached=0.5):
    names, none = ["c", "cpp", "png"], np.zeros((2, modules.MODULES), int)
    empty, few = np.zeros((1, 1)), np.zeros(2)
    return modules.Modules(
        empty, empty, np.zeros(1), names, names[:2], none, none[0], np.array(best), few, np.zeros((2, 2)),
        np.array([own, 0.0]), few, [], [], beside or {}, np.array([1, 0.5, reached]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("best", "named"), [((0, 0, 4), "c, cpp."), ((0, 1, 2), "no two types."), ((3, 3, 3), "c, cpp, png.")]
)
def test_types_that_share_a_module_are_named_if_there_are_any(best, named):
    words = modules.in_words(_modules(best, 0.7))
    assert f"rise with the same module: {named} Modules on two parts" in words, "no pairs without other networks"


@pytest.mark.parametrize(
    ("own", "words"),
    [(0.7, "agree (adjusted"), (0.5, "agree in part (adjusted"), (0.1, "hardly agree (adjusted"), (-0.1, "hardly agr")],
)
def test_modules_of_two_parts_agree_in_part_or_hardly(own, words):
    assert f"of the packages {words}" in modules.in_words(_modules((0, 1, 2), own))


@pytest.mark.parametrize(
    ("reached", "words"),
    [(0.05, "share more than by chance"), (0.06, "share no more than by chance"), (0.99, "share fewer than by chance")],
)
def test_pairs_of_types_share_more_than_chance_only_if_few_draws_reach_as_many(reached, words):
    beside = dict.fromkeys((modules.NETWORK, modules.WEIGHTS), np.zeros(3))
    assert f"of draws, so that they {words}." in modules.in_words(_modules((0, 0, 2), 0.7, beside, reached))


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ([], "with either)."),
        ([(0.1, -0.1, 0.3)], "; of trees that see bytes alone it is 0.10 (\N{MINUS SIGN}0.10 to 0.30)."),
        ([(0.1, 0.0, 0.2)] * 2, "alone it is 0.10 (0.00 to 0.20) and 0.10 (0.00 to 0.20)."),
    ],
)
def test_trees_that_see_bytes_alone_are_mentioned_only_where_they_were_measured(others, words):
    agreement = dict.fromkeys((explained.FORESTS, explained.SEES, explained.PLAIN, explained.CONTROL), 0.5)
    names = explained.FORESTS, explained.PLAIN
    specific = {explained.SEES: np.array([0.3, 0.1, 0.5])}
    specific |= {name: np.array(each) for name, each in zip(names, others, strict=False)}
    result = explained.Explained([], agreement, {}, [], np.array([9, 9]), ["v3", "v2"], 9, specific, [])
    assert explained.in_words(result).endswith(words)
