"""The sentences of the study of limits of memorizing, on both sides of what each depends on, from made-up results."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.limits_of_memorizing import deeper, detection, sizes
from experiments.limits_of_memorizing.detection import STOPPED, THRESHOLD, UNTRAINED
from experiments.limits_of_memorizing.limits_study import SHUFFLED, TRUE

FULL = "0% shuffled"


def _page(sentences, tables):
    return SimpleNamespace(
        text=lambda _: None,
        finding=sentences.append,
        table=lambda *each: tables.append(each),
        metrics=lambda _: None,
    )


def _sizes(*fitted):
    """Two networks of two widths and on two numbers of rows; whether the narrow ones fit their rows."""
    epochs = {
        kind: {"width": np.array([[8.0 * k] * 2, [4.0] * 2]), "rows": np.array([[4.0] * 2, [2.0 * k] * 2])}
        for kind, k in ((TRUE, 1), (SHUFFLED, 4))
    }
    fits = {kind: {what: np.ones((2, 2), bool) for what in ("width", "rows")} for kind in (TRUE, SHUFFLED)}
    fits[SHUFFLED]["width"][0] = fitted
    return sizes.Sizes(epochs, fits, [50, 100], [200, 400], 64)


def test_factors_are_lower_bounds_unless_all_networks_fit_their_rows():
    words = sizes.sentence(_sizes(True, True))
    assert "From 100 to 50 units a layer the number of epochs is multiplied by 8.0 with shuffled labels" in words
    assert words.endswith("the number of steps by 4.0 and 1.0.")
    words = sizes.sentence(_sizes(True, False))
    assert "is multiplied by at least 8.0 with shuffled labels and 2.0 with true ones; from 200 to 400 rows" in words
    assert words.endswith("the number of steps by 4.0 and 1.0.")
    capped = _sizes(True, True)
    capped.fitted[TRUE]["rows"][0] = False
    assert sizes.sentence(capped).endswith("the number of steps by 4.0 and at most 1.0.")
    capped.fitted[TRUE]["rows"][1] = False
    assert sizes.sentence(capped).endswith("the number of steps by 4.0 and roughly 1.0.")


def test_tables_mark_networks_that_do_not_fit_and_count_epochs_by_width_and_steps_by_rows():
    sentences, tables = [], []
    sizes.show(_sizes(True, False), _page(sentences, tables))
    (widths, by_width, epochs), (rows, by_rows, steps) = tables
    assert widths == ("trained on", "50 units a layer", "100 units a layer")
    assert rows == ("trained on", "200 rows", "400 rows")
    cells = {kind: [each.replace("\u00a0", " ") for each in of] for kind, *of in by_width}
    assert cells == {TRUE: ["8 ± 0", "4 ± 0"], SHUFFLED: ["32 ± 0 (1 of 2 fitted)", "4 ± 0"]}
    assert {kind: of[1].replace("\u00a0", " ") for kind, *of in by_rows} == {TRUE: "8 ± 0", SHUFFLED: "32 ± 0"}
    assert epochs.startswith("Epochs until")
    assert steps.startswith("Steps until")


def _detection(full, shuffled, stopped, changes=(-0.5, 0.25, 0.1)):
    names = FULL, STOPPED, UNTRAINED
    ratios = {FULL: full, "100% shuffled": shuffled, STOPPED: stopped, UNTRAINED: [1.0]}
    ratios = {name: np.array(each) for name, each in ratios.items()}
    change = {name: np.array([each]) for name, each in zip(names, changes, strict=True)}
    return detection.Detection(ratios, change, "rows")


@pytest.mark.parametrize(("full", "count"), [([1.3, 2.0], 2), ([THRESHOLD, 2.0], 1), ([0.5, 1.2], 0)])
def test_networks_above_the_threshold_are_counted_for_every_kind(full, count):
    words = detection.sentence(_detection([1.2, 1.3], full, [1.3, 1.3]))
    assert f"flags {count} of 2 networks with all labels shuffled, and wrongly 1 of 2 with true ones (" in words
    assert f"({STOPPED}: 2, {UNTRAINED}: 0)." in words
    words = detection.sentence(_detection(full, [1.2, 1.3], [1.0, 1.0]))
    assert f"flags 1 of 2 networks with all labels shuffled, and wrongly {count} of 2 with true ones" in words


def test_changes_of_the_deviation_have_their_sign():
    words = detection.sentence(_detection([1.0], [1.0], [1.0]))
    assert "changes by +25% in networks with early stopping, by -50% in those trained on true labels" in words
    assert words.endswith("by Adam, and by +10% before training.")
    words = detection.sentence(_detection([1.0], [1.0], [1.0], (0.3, -0.2, -0.1)))
    assert "changes by -20% in networks with early stopping, by +30% in those" in words
    assert words.endswith("and by -10% before training.")


@pytest.mark.parametrize(
    ("ordered", "sentence", "caption", "cell"),
    [
        (True, "mean |error| changes by -50% with dropout", "Mean |error| in samples,", "4.000"),
        (False, "The held-out error changes by +100% with dropout", "Held-out rows that are classified wrongly (%),",
         "20.0"),
    ],
)  # fmt: skip
def test_deeper_networks_are_compared_by_distance_only_if_classes_are_in_order(ordered, sentence, caption, cell):
    def by(plain, dropped):
        return {"4 layers": {"none": np.array([plain]), "dropout": np.array([dropped])}}

    sentences, tables = [], []
    deeper.show(deeper.Deeper(by(0.2, 0.4), by(4.0, 2.0), by(9, 9), ordered, 0.01), _page(sentences, tables))
    ((_, ((_, first, _),), shown),) = tables
    assert sentence in sentences[0]
    assert shown.startswith(caption)
    assert first == cell
