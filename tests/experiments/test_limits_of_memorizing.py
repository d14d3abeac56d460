"""The study with small settings, its networks and labels, and its sentences."""

import dataclasses
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.limits_of_memorizing import (
    answers,
    deeper,
    descent,
    detection,
    limits_study,
    noise,
    regularizers,
    sensitivity,
    sizes,
    soft,
)
from experiments.limits_of_memorizing import study as study_main
from experiments.limits_of_memorizing.limits_study import SHUFFLED, TRUE, LimitsStudy, perceptron, task
from experiments.limits_of_memorizing.settings import PRESETS, Settings

SMALL = dataclasses.replace(
    PRESETS["quick"],
    name="small",
    train_rows=400,
    epochs=8,
    regularized_epochs=2,
    descent_epochs=8,
    stopped_epochs=3,
    near_rows=20,
)


@pytest.mark.slow
def test_every_section_is_written_and_shown_again_without_measuring(run, monkeypatch):
    report, metrics = run(study_main, SMALL)
    assert set(metrics) == set(study_main.SECTIONS)
    assert np.shape(metrics["noise"]["epochs"]) == (5, 2)
    assert metrics["sensitivity"]["stages"][TRUE] == [4, 8]
    assert np.shape(metrics["descent"]["deviation"]["cosine"]["memorizing"]["inner"]) == (4, 2)
    page = report.read_text(encoding="utf-8")
    for _, part in study_main.SECTIONS.values():
        monkeypatch.setattr(part, "measure", None)
    assert run(study_main, dataclasses.replace(SMALL, show=True))[1] == metrics
    assert report.read_text(encoding="utf-8") == page


@pytest.fixture(scope="module")
def study():
    return LimitsStudy(SMALL, None, None, task=task(SMALL))


def test_a_share_of_the_labels_is_permuted_among_its_rows(study):
    true = study.labels(0.0)
    np.testing.assert_array_equal(true, study.task.train.labels)
    changed = np.flatnonzero(study.labels(0.25) != true)
    assert set(changed) <= set(study.order[:100])
    assert 70 < len(changed) <= 100, "a tenth keeps its label by chance"
    assert set(changed) <= set(study.order[:200])
    np.testing.assert_array_equal(np.bincount(study.labels(1.0)), np.bincount(true))
    assert np.mean(study.labels(1.0) == true) < 0.2


def test_rows_of_the_task_do_not_overlap(study):
    parts = study.task.train, study.task.validation, study.task.held_out
    assert [len(each.labels) for each in parts] == [400, 200, 355]
    rows = {each.tobytes() for part in parts[:2] for each in np.asarray(part.inputs)}
    assert len(rows) > 595, "digits has hardly any equal images"


def test_regularizers_change_the_layers_and_nothing_in_inference():
    key, x = jax.random.key(0), jax.random.normal(jax.random.key(1), (3, 4))
    plain, dropped, normed = (
        perceptron(key, (4, 5, 6, 2), **options) for options in ({}, {"dropout": 0.5}, {"norm": True})
    )
    assert dropped.stage_names == ("dense1", "relu1", "dropout1", "dense2", "relu2", "dropout2", "dense3")
    assert normed.stage_names == ("dense1", "norm1", "relu1", "dense2", "norm2", "relu2", "dense3")
    view = limits_study.networks.inference_view
    np.testing.assert_array_equal(view(dropped)(x), plain(x))
    np.testing.assert_allclose(view(normed)(x), plain(x), rtol=1e-3, atol=1e-4)  # variance 1 before training


class _Trainer(LimitsStudy):
    """A study whose networks reach an error of 0 after some epochs, a different number for each."""

    reached: tuple

    def trained(self, name, labels, epochs, **options):
        error = np.arange(1, epochs + 1)[:, None] < np.array(self.reached)[None]
        return SimpleNamespace(network=epochs, history=SimpleNamespace(error=error))


def _until(reached, factor=2):
    trainer = _Trainer(dataclasses.replace(SMALL, epochs=32), None, None, task=None)
    trainer.reached = reached
    return trainer.until_fitted("it", None, factor=factor)


def test_training_is_repeated_for_longer_until_all_networks_fit():
    of = _until((3, 11))
    assert [*of.stages] == [4, 8, 16]
    assert of.network == 16
    assert of.epochs.tolist() == [3, 11]
    assert of.fitted.all()
    never = _until((3, 99), factor=4)
    assert [*never.stages] == [8, 32]
    assert never.epochs.tolist() == [3, 32]
    assert never.fitted.tolist() == [True, False]


def test_the_nearest_row_is_that_of_the_least_distance():
    draw = np.random.default_rng(0)
    rows, others = draw.normal(size=(30, 4)) + 100, draw.normal(size=(20, 4)) + 100
    wanted = np.linalg.norm(rows[None] - others[:, None], axis=2).argmin(axis=1)
    found = answers.nearest(jnp.asarray(rows, jnp.float32), jnp.asarray(others, jnp.float32))
    np.testing.assert_array_equal(found, wanted)
    assert answers.nearest(jnp.ones((3, 2)), jnp.ones((1, 2))).tolist() == [0], "the first of equals"


def _noise(epochs, fitted=True, first=True, held_out=(0.9, 0.8, 0.7, 0.5, 0.1)):
    epochs = np.array(epochs, float)[:, None]
    held_out = np.array(held_out)[:, None]
    fitted = np.array([first, *[fitted] * 4])[:, None]
    return noise.Noise(epochs, fitted, np.ones((5, 1)), held_out, 0.99, 64, 400, "rows", (4, 2))


def test_the_cost_of_shuffled_labels_is_a_lower_bound_if_they_are_not_fitted():
    assert noise.sentence(_noise([4, 8, 16, 24, 32])) == (
        "Fitting shuffled labels takes 8.0 times as many epochs as fitting true ones; from one share to the next the "
        "number rises. The gap between training and held-out accuracy is 10.0 points with true labels and 90.0 with "
        "shuffled ones, and rises in between."
    )
    words = noise.sentence(_noise([4, 8, 16, 64, 64], fitted=False, held_out=(0.9, 0.8, 0.9, 0.5, 0.1)))
    assert "takes at least 16.0 times" in words
    assert words.count("does not always rise") == 2
    unfitted = _noise([64] * 5, fitted=False, first=False)
    assert noise.sentence(unfitted).startswith("True labels are not fitted within 64 epochs; from")


def _regularizers(memorized, held_out):
    names = "none", "dropout 0.2", "batch norm"

    def by(values):
        return {name: np.array([value]) for name, value in zip(names, values, strict=True)}

    return regularizers.Regularizers({TRUE: by([1.0] * 3), SHUFFLED: by(memorized)}, {TRUE: by(held_out)}, 9, 1e-3)


def test_regularizers_that_prevent_memorizing_and_those_that_help_are_named():
    words = regularizers.sentence(_regularizers((1.0, 0.5, 0.995), (0.9, 0.89, 0.95)))
    assert "less than 99% with dropout 0.2 (50.0%). Trained" in words
    assert words.endswith("and more with batch norm (95.0%, in 1 of 1 networks).")
    words = regularizers.sentence(_regularizers((1.0, 0.822, 0.9894), (0.9, 0.8, 0.9)))
    assert "less than 99% with dropout 0.2 (82.2%), batch norm (98.9%). Trained" in words
    words = regularizers.sentence(_regularizers((1.0, 1.0, 0.9896), (0.9, 0.8, 0.9)))  # 99.0% in the table
    assert "with none of them. Trained" in words
    words = regularizers.sentence(_regularizers((1.0, 1.0, 1.0), (0.9, 0.8, 0.9)))
    assert "with none of them. Trained" in words
    assert words.endswith("and more with none.")


def test_errors_of_deeper_networks_are_compared_by_what_the_classes_are():
    by = {"4 layers": {"none": np.array([0.2]), "batch norm": np.array([0.1])}}
    twice = {"4 layers": {"none": np.array([0.2]), "batch norm": np.array([0.4])}}
    assert deeper.sentence(deeper.Deeper(twice, by, by, True, 0.01)).endswith(
        "mean |error| changes by -50% with batch norm (less in 1) in networks of 4 layers. In brackets: in how "
        "many of 1 networks."
    )
    assert deeper.sentence(deeper.Deeper(twice, by, by, False, 0.01)).endswith(
        "error changes by +100% with batch norm (less in 0) in networks of 4 layers. In brackets: in how "
        "many of 1 networks."
    )


def test_sensitivity_and_boundaries_are_compared_between_kinds_of_labels():
    def of(gini, critical):
        each = {TRUE: np.array([[0.9], [critical[0]]]), SHUFFLED: np.array([[0.9], [critical[1]]])}
        concentration = {TRUE: np.array([gini[0]]), SHUFFLED: np.array([gini[1]])}
        return sensitivity.Sensitivity({}, each, concentration, each, np.zeros(1), 0.1, 20)

    words = sensitivity.sentence(of((0.4, 0.2), (0.1, 0.3)))
    assert "is more concentrated in few rows with true labels (Gini coefficient 0.40)" in words
    assert "are denser: 30.0% of the held-out rows are critical, 10.0% with true labels, 0.0% before training." in words
    words = sensitivity.sentence(of((0.2, 0.4), (0.3, 0.1)))
    assert "less concentrated" in words
    assert "not denser" in words


def test_the_slowdown_by_rows_is_counted_in_steps():
    epochs = {kind: {"width": np.array([[8.0 * k], [4.0]]), "rows": np.array([[4.0], [2.0 * k]])}
              for kind, k in ((TRUE, 1), (SHUFFLED, 4))}  # fmt: skip
    fitted = {kind: dict.fromkeys(("width", "rows"), np.ones((2, 1), bool)) for kind in epochs}
    words = sizes.sentence(sizes.Sizes(epochs, fitted, [50, 100], [200, 400], 64))
    assert "the number of epochs is multiplied by 8.0 with shuffled labels and 2.0 with true ones" in words
    assert words.endswith("from 200 to 400 rows the number of steps by 4.0 and 1.0.")


def test_most_answers_of_memorizing_networks_are_those_of_the_nearest_row_or_not():
    def of(share):
        by = {name: np.array([share]) for name in (*answers.NEAREST, "chance")}
        return answers.sentence(answers.Answers({"learning": by, "memorizing": by}, {}, 20))

    assert of(0.6).startswith("Memorizing networks answer most of the held-out rows")
    assert of(0.4).startswith("Memorizing networks answer a minority of the held-out rows")


def test_soft_answers_are_better_only_if_their_students_are():
    def of(first, second):
        each = {"soft answers": np.array(first), "hard answers": np.array(second), "labels": np.array([0.9, 0.9])}
        return soft.sentence(soft.Soft(each, "rows"))

    assert "is higher than" in of([0.9, 0.8], [0.8, 0.8])
    assert of([0.9, 0.8], [0.8, 0.8]).endswith("(1 of 2 teachers).")
    assert "is not higher than" in of([0.8, 0.8], [0.8, 0.8])


def test_plain_descent_that_does_not_memorize_gives_lower_bounds():
    def of(fitted):
        epochs = {"learning": np.array([2.0]), "fully trained": np.array([4.0]), "memorizing": np.array([16.0])}
        accuracy = {"memorizing": {"training_labels": np.array([0.5])}}
        fits = {"memorizing": np.array([fitted]), "fully trained": np.array([True])}
        return descent.sentence(descent.Descent(epochs, fits, accuracy, {}, 16, 0.01, 0.99))

    assert "1 of 1 networks fit 99% of the shuffled labels within 16 epochs" in of(True)
    assert "after 4.0 times as many" in of(True)
    assert "and at least 8.0 times as many" in of(False)


def test_networks_above_the_threshold_are_counted():
    ratios = {
        name: np.array([1.2, 1.3]) for name in ("0% shuffled", "100% shuffled", detection.STOPPED, detection.UNTRAINED)
    }
    change = {name: np.array([-0.5]) for name in ratios}
    words = detection.sentence(detection.Detection(ratios, change, "rows"))
    assert (
        "flags 1 of 2 networks with all labels shuffled, and wrongly 1 of 2 with true ones (early stopped: 1" in words
    )
    assert "-50% in networks with early stopping" in words


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 100}, "epochs: found 100, wanted a power of two"),
        ({"descent_epochs": 100}, "descent_epochs: found 100, wanted a power of two"),
        ({"fitted": 1.0}, "fitted: found 1.0, wanted a share below 1"),
        ({"dropout": (0.2, 1.0)}, "dropout: found"),
        ({"decay": (0.1, 0.01)}, "decay: found"),
        ({"depths": (2, 5)}, "depths: found"),
        ({"parts": (0.25, 0.5)}, "parts: found"),
        ({"widths": ()}, "widths: found"),
        ({"train_rows": 10}, "train_rows: found 10"),
    ],
)
def test_settings_that_no_run_can_use_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Settings(**options)
