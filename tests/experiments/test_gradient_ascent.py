"""The study with small settings, and its measures of learned inputs."""

import dataclasses

import jax
import numpy as np
import pytest

from experiments.ascents import AT, LENGTH, Shares, largest_rise, shares
from experiments.gradient_ascent import classes, images, observer
from experiments.gradient_ascent import study as study_main
from experiments.gradient_ascent.images import REGULARIZERS, roughness
from experiments.gradient_ascent.observer import most_likely, plateau, probes
from experiments.gradient_ascent.settings import PRESETS, Settings
from experiments.jumps import FIRST, NETWORKS, POSITIONS
from interp_jax import data, networks
from interp_jax.methods import ascent
from interp_jax.methods.ascent import Ascent

CLASSES = len(POSITIONS)
SMALL = dataclasses.replace(
    PRESETS["quick"],
    name="small",
    seeds=1,
    starts=2,
    steps=20,
    train_signals=600,
    validation_signals=300,
    test_signals=500,
    epochs=2,
    patience=2,
    stages=(10, 20),
    batch=16,
    image_epochs=1,
    image_steps=5,
)


def _shown_again(report, settings, monkeypatch):
    page, figures = report.read_text(), {path: path.read_bytes() for path in report.parent.glob("figures/*.png")}
    for part in (classes, observer, images):
        monkeypatch.setattr(part, "measure", lambda study: pytest.fail("measured again"))
    assert study_main.main(dataclasses.replace(settings, show=True)).read_text() == page
    assert {path: path.read_bytes() for path in report.parent.glob("figures/*.png")} == figures
    return figures


@pytest.mark.slow
def test_every_section_of_signals_is_written_and_shown_again_from_its_results(run, monkeypatch):
    report, metrics = run(study_main, SMALL)
    assert set(metrics) == {"classes", "observer"}
    assert set(metrics["classes"]["classes"]) == set(NETWORKS)
    assert set(metrics["classes"]["stages"]["CNN, 2 convolutions"]) == {"input", "after conv1", "after conv2"}
    assert len(_shown_again(report, SMALL, monkeypatch)) == 6


@pytest.mark.slow
def test_every_regularizer_is_tried_on_images(run, monkeypatch):
    settings = dataclasses.replace(SMALL, data="digits")
    report, metrics = run(study_main, settings)
    assert set(metrics["images"]["regularizers"]) == set(REGULARIZERS)
    least, greatest = metrics["images"]["regularizers"]["box 0 to 1"]["extremes"]
    assert 0 <= least < greatest <= 1
    assert len(_shown_again(report, settings, monkeypatch)) == 1


def test_learned_signals_are_read_class_by_class():
    signals = np.zeros((CLASSES, 2, LENGTH))
    for place in range(CLASSES):
        signals[place, :, FIRST + place - 1 :] = 1
    signals[0, 1] = 0
    signals[0, 1, 50:] = 0.4
    lanes = 2 * CLASSES
    converged, steps = np.arange(lanes) >= 2, np.arange(lanes)
    unused = np.ones((CLASSES, 2))
    of_classes = Ascent(
        signals, unused, unused, steps.reshape(CLASSES, 2), converged.reshape(CLASSES, 2), unused.astype(bool)
    )
    never = of_classes._replace(converged=unused > 1)
    learned, none = zip(*shares([of_classes, never]), strict=True)
    assert np.isnan(Shares(*none).steps), "no ascent converged"
    learned = Shares(*learned)
    np.testing.assert_allclose(learned.correct_lanes, 1 - 1 / lanes)
    assert learned.correct_means == 1
    np.testing.assert_allclose(learned.converged, 1 - 2 / lanes)
    assert learned.steps == np.median(np.arange(2, lanes))


def test_probes_share_the_position_of_their_largest_rise_and_nothing_else():
    made = probes(3.0)
    assert all(largest_rise(signal) == AT for signal in made.values())
    assert len({signal.tobytes() for signal in made.values()}) == len(made)


def test_a_plateau_is_that_of_converged_lanes():
    positions = np.arange(FIRST, FIRST + CLASSES)
    steps = (np.arange(1, LENGTH + 1) >= positions[:, None]).astype(float)
    pulses = steps * (np.arange(1, LENGTH + 1) < positions[:, None] + 3)
    signals = np.stack([steps, pulses], axis=1)
    first, second = np.zeros((2, CLASSES, 2), bool)
    first[:, 0] = second[:, 1] = True
    assert plateau(signals, first) == 1
    assert plateau(signals, second) == 0
    np.testing.assert_allclose(plateau(signals, first | second), 0.5)
    assert np.isnan(plateau(signals, first & second))


def test_equally_likely_positions_are_given_by_their_range():
    flat = np.zeros((3, CLASSES))
    flat[1, 7] = flat[2, 5:9] = 1
    assert most_likely(flat) == [(FIRST, FIRST + CLASSES - 1), (FIRST + 7,), (FIRST + 5, FIRST + 8)]


@pytest.mark.slow
def test_every_class_of_a_trained_network_is_reached_from_every_start():
    train = data.jump_signals(jax.random.key(0), 12_000)
    network = networks.perceptron(jax.random.key(1), (LENGTH, 100, CLASSES))
    network = networks.fit(network, train.signals, train.labels, key=jax.random.key(2), epochs=150).network
    start = jax.random.uniform(jax.random.key(3), (CLASSES * 16, LENGTH), minval=-0.05, maxval=0.05)
    found = ascent.maximize(network, start, np.repeat(np.arange(CLASSES), 16), steps=5_000, patience=500)
    assert (
        float(jax.nn.softmax(network(found.inputs))[np.arange(len(start)), np.arange(len(start)) // 16].min()) > 0.999
    )
    means = np.asarray(found.inputs).reshape(CLASSES, 16, LENGTH).mean(axis=1)
    np.testing.assert_array_equal(largest_rise(means), np.arange(FIRST, FIRST + CLASSES))


def test_roughness():
    assert roughness(np.ones((1, 4, 4, 1))) == 0
    board = np.indices((6, 6)).sum(axis=0) % 2 * 2.0 - 1
    assert roughness(board[None, :, :, None]) == 4


def _shares(correct, converged=1.0):
    return Shares(*np.array([[converged], [9], [correct], [correct]], float))


def _several(*correct):
    return Shares(*np.array([correct] * 4, float))


def _classes(networks=None, stages=None):
    return classes.Classes(networks, stages, {}, {}, 2, 0.999)


def test_networks_are_compared_by_where_learned_inputs_rise_and_by_how_many_ascents_arrive():
    def finding(**networks):
        return classes.rises_in_words(_classes(networks=networks))

    assert finding(a=_shares(1.0), b=_shares(0.998)).endswith("in 100% of cases, whatever the kind of network.")
    assert finding(a=_shares(1.0), b=_shares(0.6, 0.5)).endswith(
        "in 100% of cases for the a and in 60% for the b, where 50% of the ascents reach a probability of 0.999."
    )
    assert "in 50% (± 71 over networks) for the b" in finding(a=_shares(1.0), b=_several(1.0, 0.0))


def test_shifts_of_signals_after_a_convolution_are_made_up_for_only_if_the_inputs_are_right():
    def finding(first, later, converged=1.0):
        stages = {"input": (1.0, first), "after conv1": (converged, later)}
        return classes.stages_in_words(_classes(stages={"network": stages}))

    assert finding(AT, AT).endswith("in 1 of 1 CNNs, one of each kind, as do all signals learned after a convolution.")
    assert finding(AT, AT - 4).endswith("up to 4 samples away, a shift for which later layers make up.")
    assert finding(AT, AT + 4, converged=0.2).endswith("up to 4 samples away.")
    wrong = finding(AT + 9, AT + 4)
    assert "in 0 of 1 CNNs" in wrong
    assert wrong.endswith("up to 4 samples away.")


def _observed(plateaus=(0.1, 0.3), places=(((AT,), (AT,)), ((AT,), (AT,)), ((AT,), (AT,)))):
    names = (observer.FIRST_KIND, observer.UNTRAINED, observer.EXACT)
    thesis, exact = (np.array([value]) for value in plateaus)
    ascents = [observer.Ascents(*[np.array([0.02])] * 3, each) for each in (thesis, thesis, exact)]
    predicted = dict(zip((observer.PROBED, "9 steps", observer.EXACT), map(list, places), strict=True))
    return observer.Observer(dict(zip(names, ascents, strict=True)), {}, {}, predicted, {"step": 0, "pulse": 0})


@pytest.mark.parametrize(
    ("plateaus", "shape", "whose"),
    [
        ((0.1, 0.19), "pulses", ", so that pulses are a property of the task."),
        ((0.1, 0.3), "pulses", " (between pulses and steps): the shape is not"),
        ((0.9, 0.1), "steps", " (pulses): the shape is not a property of the task alone."),
        ((0.9, 0.85), "steps", ", so that steps are a property of the task."),
        (
            (0.5, 0.9),
            "between pulses and steps",
            " (steps): the shape is not a property of the task alone.",
        ),
    ],
)
def test_the_shape_of_learned_inputs_is_the_tasks_if_the_posterior_has_it_too(plateaus, shape, whose):
    finding = observer.plateaus_in_words(_observed(plateaus))
    assert f"respond to most are {shape}: a few samples after the rise {plateaus[0]:.0%} of it is left" in finding
    assert f"{plateaus[1]:.0%} is left{whose}" in finding
    assert finding.endswith("untrained networks have their largest rise at the right position in 2% of cases.")


def test_no_shape_is_reported_if_no_ascent_converges():
    assert observer.plateaus_in_words(_observed((np.nan, 0.3))).startswith("Too few ascents")


def test_probes_that_networks_and_the_posterior_place_differently_are_named():
    same = observer.probes_in_words(_observed())
    assert same == (
        "2 artificial signals have their largest rise at 50. In none of them a network with 2 layers, as in the "
        "thesis, places the jump there and the exact posterior elsewhere or at several positions."
    )
    several = ((AT,), (AT, 80))
    apart = observer.probes_in_words(_observed(places=(((AT,), (AT,)), ((AT,), (AT,)), several)))
    assert "In 1 of them a network with 2 layers" in apart
    assert "elsewhere or at several positions (pulse): to go by" in apart
    assert apart.endswith("After 9 steps on fresh signals a one-layer network does so in 1 of them.")
    learned = observer.probes_in_words(_observed(places=(((AT,), (AT,)), several, several)))
    assert learned.endswith("does so in none of them.")


def _images(plain, blurred, roughness=1.9):
    measures = {
        "none": images.Measures(1.0, plain, roughness, (-3.0, 4.0)),
        "blur": images.Measures(1.0, blurred, 1.0, (0.0, 1.0)),
    }
    return images.Images((0.99, 0.97), measures, {}, tuple("0123456789"), "digits", 2)


def test_learned_images_are_compared_with_real_ones():
    assert images.agreement_in_words(_images(0.96, 1.0)).endswith(
        "trained apart, about as often as real test images: 96% and 97% (chance 10%); at best in 100% with a "
        "regularizer (“blur”)."
    )
    tied = _images(0.96, 1.0)
    tied.regularizers["box"] = tied.regularizers["blur"]
    assert images.agreement_in_words(tied).endswith("(“blur” or “box”).")
    assert "of one network, without a regularizer, are recognized" in images.agreement_in_words(tied)
    worse = images.agreement_in_words(_images(0.6, 0.5))
    assert "trained apart, less often than real test images: 60% and 97%" in worse
    assert worse.endswith("no regularizer helps.")
    assert images.looks_in_words(_images(0.6, 0.5)) == (
        "Without a regularizer the values of learned images are -3.0 to 4.0, where real ones are 0 to 1, and their "
        "roughness is 1.9 times that of real images. With “blur” it is at most 1.1 times."
    )
    rough = _images(0.6, 0.5)
    rough.regularizers["blur"] = rough.regularizers["none"]
    assert images.looks_in_words(rough).endswith("With none of the regularizers it is at most 1.1 times.")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": 0.0}, "noise: found 0.0"),
        ({"rate": float("inf")}, "rate: found inf"),
        ({"threshold": 1.0}, "threshold: found 1.0"),
        ({"stages": (30, 10)}, r"stages: found \(30, 10\)"),
        ({"starts": 0}, "starts: found 0"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)
