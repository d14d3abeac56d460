"""The sentence of the study of gradient ascent on stages, on both sides of what it depends on, from made-up results."""

import pytest

from experiments.ascents import AT
from experiments.gradient_ascent import classes


def _words(*networks, converged=1.0):
    """The sentence for networks whose learned input and signals after convolutions rise at these positions."""
    stages = {}
    for number, (first, *later) in enumerate(networks):
        signals = {f"after conv{each}": (converged, rise) for each, rise in enumerate(later, 1)}
        stages[f"network {number}"] = {"input": (1.0, first)} | signals
    return classes.stages_in_words(classes.Classes({}, stages, {}, {}, 2, 0.999))


def test_without_a_shift_all_signals_are_mentioned_with_the_inputs_or_apart_from_them():
    lead = f"Inputs learned for a jump at {AT} rise most there in "
    assert _words((AT, AT), (AT, AT, AT)) == (
        f"{lead}2 of 2 CNNs, one of each kind, as do all signals learned after a convolution."
    )
    assert _words((AT, AT), (AT + 3, AT, AT)) == (
        f"{lead}1 of 2 CNNs, one of each kind; all signals learned after a convolution do."
    )


@pytest.mark.parametrize(("rises", "shift"), [((AT + 2, AT - 7), 7), ((AT + 4, AT), 4), ((AT, AT - 2), 2)])
def test_the_largest_shift_is_given_in_either_direction(rises, shift):
    assert f"after a convolution do so up to {shift} sample{'s' * (shift > 1)} away" in _words((AT, AT), (AT, *rises))


def test_later_layers_make_up_for_a_shift_only_if_all_inputs_are_right_and_most_ascents_arrive():
    made_up = ", a shift for which later layers make up."
    right = _words((AT, AT + 2), (AT, AT))
    assert "in 2 of 2 CNNs, one of each kind; signals learned after a convolution do so up to 2 samples away" in right
    assert right.endswith(made_up)
    assert _words((AT, AT + 2), (AT + 1, AT)).endswith("up to 2 samples away.")
    assert _words((AT, AT + 2), (AT, AT), converged=0.5).endswith("up to 2 samples away.")
    assert _words((AT, AT + 2), (AT, AT), converged=0.51).endswith(made_up)
