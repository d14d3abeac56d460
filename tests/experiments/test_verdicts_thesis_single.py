"""Claims of the thesis on single networks, whose numbers come out as they are; and whether any claim has no test."""

import numpy as np
import pytest

from experiments.claims.papers.thesis import PAPER
from experiments.claims.papers.thesis.records import CLASSICAL, CNN
from experiments.claims.rules import UNDECIDED, Estimate
from tests.experiments.ledger import assessed
from tests.experiments.test_claims_layers import OPPOSITE
from tests.experiments.test_claims_thesis_limits import CLAIMS as LIMITS
from tests.experiments.test_verdicts_thesis import TABLES, TWO_SEEN, VERDICTS, layers, made_up

IMAGES = [f"gradient_ascent_{data}/images/regularizers" for data in ("digits", "mnist")]
WIDTHS, WEIGHTS = "jump_detection/detectors/best_widths", "jump_detection/perceptrons"
FILTERS, FITS = "jump_detection/convolutions", "jump_detection/networks/overfitting"
STAGES, ANSWERS = f"gradient_ascent_jumps/classes/stages/{CNN[1]}", "gradient_ascent_jumps/observer/probes/predicted"
BETWEEN, NEIGHBORS = "memorization_jumps/averages/varies", "memorization_jumps/embedding/neighbors"
NULL = "memorization_jumps/deviations/null"


def _first(*by_layer):
    """Deviations of the first network, by layer; those of the other four are larger."""
    return np.outer(by_layer, [1, 9, 9, 9, 9])


def _permuted(place, *by_layer):
    """Deviations under permuted labels, by layer; those at the other place are larger."""
    return np.stack([by_layer if each == place else np.full(4, 9.0) for each in range(2)])[None].repeat(100, axis=0)


def _images(**measures):
    """The measures of images by two regularizers, twice as large on MNIST."""
    return {
        f"{data}/{name.replace('_', ' ')}": {measure: scale * value for measure, value in of.items()}
        for scale, data in enumerate(IMAGES, 1)
        for name, of in measures.items()
    }


# Numbers put into the record, what has to come out of the parts that are of a single network, and the verdicts that
# many such networks would have.
SINGLE = {
    "Images learned by gradient ascent": (_images(none={"other": 0.3}), [0.3, 0.6], "HF"),
    "With L2 decay such images": (
        _images(none={"other": 0.1, "roughness": 2}, L2_decay={"other": 0.4, "roughness": 1.5}),
        [0.3, 0.5, 0.6, 1.0], "HHHH",
    ),
    "Some regularizers give images of low": (
        _images(small_norm_to_0={"roughness": 2}, Gaussian_blur={"roughness": 0.5}), [1.5, 3.0], "HH",
    ),
    "The signals lie along a manifold": ({f"{NEIGHBORS}/learning/input/true": 0.7}, [0.7], "H"),
    "The best width of the classical filter": (
        {f"{WIDTHS}/0.2": [1, 1.5], f"{WIDTHS}/0.3": [1, 2], f"{WIDTHS}/0.6": [4, 5]}, [3.25, 1.5], "HF",
    ),
    "The validation loss is smallest after": (
        {f"{FITS}/first_epoch_without_training_error": 900, f"{FITS}/validation_loss": {"best": 0.5, "last": 0.7}},
        [900, 0.2], "FH",
    ),
    "Weights from inputs outside 20 to 80": (
        {f"{WEIGHTS}/first_layer_mean_absolute_weight": {"inputs 21 to 80": 0.3, "other inputs": 0.1}}, [3], "H",
    ),
    "Some hidden units are almost never active": ({f"{WEIGHTS}/hidden_units_hardly_active": 0.4}, [0.4], "H"),
    "Only weights near the jump": ({f"{WEIGHTS}/share_of_squared_weight_within_five_samples": 0.95}, [0.95], "H"),
    "The weights of one layer are a smoothed": (
        {f"{WEIGHTS}/agreement_of_one_layer_weights_with": {CLASSICAL: 0.8, "optimum": 0.1}}, [0.8], "H",
    ),
    "The first of two filters smooths": (
        {f"{FILTERS}/fig_3_21_two_convolutions/smoothing_share": {"conv1": 1, "conv2": 0.3}}, [0.3], "H",
    ),
    "The first two filters do the same": (
        {f"{FILTERS}/fig_3_23_three_convolutions/smoothing_share": {"conv1": 1, "conv2": 0.3, "conv3": 1}}, [0.3], "H",
    ),
    "Signals that are close in the input stay": (
        {f"{NEIGHBORS}/learning/input/true": 0.4, f"{NEIGHBORS}/learning/relu3/true": 0.2}, [0.5], "F",
    ),
    "A trained network maps noiseless signals": (
        {"bottleneck/codes/deep": {"best": 3, "crossings": 1, "coinciding": 2},
         "bottleneck/codes/shallow": {"best": 0, "crossings": 0, "coinciding": 0}}, [3, 0], "FH",
    ),
    "For a jump at 50 the learned input": (
        {f"{STAGES}/input": [1, 50], f"{STAGES}/after conv1": [0.5, 47]}, [0, 3], "HF",
    ),
    "Networks learn the principal pattern": (
        {ANSWERS: {TWO_SEEN: [[50]] * 6 + [[50, 51]] * 2, "30,000 steps": [[50]] * 4 + [[49]] * 4,
                   "exact posterior": [[50]] + [[51]] * 7}}, [6 / 8, 5 / 8, 2 / 8], "FHH",
    ),
    "By shuffled labels, the mean activations": (
        {f"{BETWEEN}/fig_6_3_training_labels/memorizing": {"relu3": 0.05, "output": 0.95}}, [0.05, 0.95], "HH",
    ),
    "By true labels, mean activations": (
        {f"{BETWEEN}/fig_6_4_true_labels/memorizing": {"relu1": 0.2, "relu3": 0.3},
         f"{BETWEEN}/fig_6_4_true_labels/learning": {"relu3": 0.6}}, [0.2, 0.3, 0.5], "HHF",
    ),
    "In a memorizing network signals with the same": (
        {f"{NEIGHBORS}/memorizing/{layer}": {"true": share}
         for layer, share in (("input", 0.9), ("relu1", 0.7), ("relu2", 0.4), ("relu3", 0.03))},
        [0.2, 0.3, 0.37, 0.03], "HHHH",
    ),
    "In the output of a memorizing network": ({f"{NEIGHBORS}/memorizing/output/training": 0.95}, [0.95], "H"),
    "In a learning network the signals of the last": (
        {f"{NEIGHBORS}/learning/input/true": 0.4, f"{NEIGHBORS}/learning/relu3/true": 0.42}, [1.05], "H",
    ),
    "By distances that do not depend on the activation": (
        {layers("learning"): _first(0.9, 2, 2, 0.1), f"{NULL}/learning": _permuted(0, 1, 9, 9, 0.2)}, [0.9 - 0.5], "H",
    ),
    "In memorizing networks the distance between classes": (
        {layers("memorizing", "inter"): _first(1, 2, 3, 6), f"{NULL}/memorizing": _permuted(1, 9, 9, 9, 2)}, [2], "H",
    ),
}  # fmt: skip

# Tested in test_claims_thesis.py, and in test_claims_thesis_limits.py beside its table.
ELSEWHERE = (
    "A network with one hidden layer locates jumps better",
    "Memorizing networks answer with the label of the nearest signal",
    "rate of .01: the activation level",
    "rate of .01: in memorizing networks the distance between rows",
    "rate of .01: in memorizing networks the distance between classes",
)


@pytest.mark.parametrize("sentence", SINGLE)
def test_a_single_networks_number_comes_out_as_it_is_in_the_record_and_decides_nothing(records, sentence):
    changes, means, marks = SINGLE[sentence]
    claimed = assessed(PAPER, made_up(records, {path.split("/")[0] for path in changes}, changes), sentence)
    single = [place for place, part in enumerate(claimed.parts) if part.ours.networks == 1]
    np.testing.assert_allclose([claimed.parts[place].ours.mean for place in single], means, rtol=1e-12, atol=1e-12)
    assert {claimed.of_parts[place] for place in single} == {UNDECIDED}
    for place, mean, mark in zip(single, means, marks, strict=True):
        many = claimed.parts[place].rule.tests(Estimate(mean, 1e-6, 9, 10))
        assert min(many, key=many.__getitem__) == VERDICTS[mark]


def test_every_measured_claim_has_a_test_with_made_up_numbers():
    tables = [words for _, table in TABLES for words in table]
    tested = [*tables, *SINGLE, *ELSEWHERE, *OPPOSITE, *(words for words, _ in LIMITS)]
    measured = [claim.sentence for _, claim in PAPER.claims() if claim.parts]
    assert not [sentence for sentence in measured if not any(words in sentence for words in tested)]
