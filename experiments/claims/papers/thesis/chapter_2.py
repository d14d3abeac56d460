"""Chapter 2: related work. What it reports of others is tested where a kept run or a study of ours measures it."""

from experiments.claims.claim import Claim
from experiments.claims.papers.thesis.limits import OURS, regularized, shuffled
from experiments.claims.papers.thesis.records import above, below, one

SETS = {"digits": "digits", "mnist": "MNIST"}
SETTING = (
    "reported of networks for ImageNet; ours: 8 × 8 digits and MNIST, one pair of small networks each, a quick preset"
)


def _images(records, data):
    return records[f"gradient_ascent_{data}"]["metrics"]["images"]["regularizers"]


def _recognized(records):
    return [below(title, one(_images(records, data)["none"]["other"]), 0.5) for data, title in SETS.items()]


def _decay(records):
    parts = []
    for data, title in SETS.items():
        plain, decayed = (_images(records, data)[name] for name in ("none", "L2 decay"))
        parts.append(above(f"{title}, recognized", one(decayed["other"] - plain["other"])))
        parts.append(above(f"{title}, less rough", one(plain["roughness"] - decayed["roughness"])))
    return parts


def _frequencies(records):
    rough = {data: {name: of["roughness"] for name, of in _images(records, data).items()} for data in SETS}
    return [
        above(title, one(rough[data]["small norm to 0"] - rough[data]["Gaussian blur"])) for data, title in SETS.items()
    ]


SECTIONS = {
    "2.1 Traditional Approaches for Interpreting NNs": "only its subsections",
    "2.1.1 Overview": "a review of the work of others",
    "2.1.2 Rule extraction from NNs": "a review of the work of others",
    "2.2 Understanding or Interpreting NNs through Visualization": "only its subsections",
    "2.2.1 Overview": "a review of the work of others",
    "2.2.2 Reconstructing input images with Deconvolutional Networks": "a review of the work of others",
    "2.2.3 Gradient Ascent Visualization": [
        Claim(
            "Fig. 2.6",
            "Images learned by gradient ascent without a regularizer cannot be recognized. Measured: the share of them "
            "whose class a second network predicts.",
            "an image",
            _recognized,
            note=SETTING,
        ),
        Claim(
            "Fig. 2.7",
            "With L2 decay such images are easier to recognize. Measured: the gain in that share, and the loss in "
            "roughness relative to real images.",
            "images",
            _decay,
            note=SETTING,
        ),
        Claim(
            "Fig. 2.8",
            "Some regularizers give images of low, others of high frequency. Measured: the roughness with small values "
            "set to 0 minus that with Gaussian blur.",
            "images",
            _frequencies,
            note=SETTING,
        ),
    ],
    "2.3 Why Do NNs Work? Some Views and Insights on Understanding NNs": "only its subsections",
    "2.3.1 From the perspective of statistical physics: resemblance of physical world laws and NN structure": (
        "a review of the theory of others"
    ),
    '2.3.2 From the perspective of experimentation: "memorization hypothesis" of deep learning': [
        Claim(
            "text, of Zhang et al.",
            "The more labels are shuffled, the longer the training takes and the larger the gap between training and "
            "test error.",
            "reported of others",
            shuffled,
            note=f"0, 10, 25, 50 and 100% of the labels; {OURS}",
        ),
        Claim(
            "text, of Zhang et al.",
            "Regularization does not keep networks from memorizing shuffled labels. Measured: the share of the rows "
            "that is memorized.",
            "reported of others",
            regularized,
            note=f"rates of dropout and strengths of decay of ours, at a fixed number of epochs; {OURS}",
        ),
    ],
    "2.3.3 From the perspective of neuron-level observations: neurons are sensitive to certain semantic concepts": [
        Claim(
            "Figs. 2.10 to 2.12, of Bau et al.",
            "Some hidden units detect concepts, and their number grows during training.",
            "reported of others",
            untested="no kept run measures the overlap of units and concepts",
        ),
    ],
}
