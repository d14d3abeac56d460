"""Images that maximize the classes of a convolutional network, with every regularizer."""

from typing import NamedTuple

import jax
import numpy as np
import optax
from jax.tree_util import Partial

from experiments.ascents import random_start
from experiments.study import probabilities
from experiments.tasks import TITLES, image_sets
from interp_jax import figures, networks
from interp_jax.methods import ascent
from interp_jax.methods.ascent.regularizers import box, clip_contribution, clip_norm, gaussian_blur, l2_decay

# Yosinski et al., arXiv:1506.06579, Table 1, use combinations of these, tuned by eye on larger images.
REGULARIZERS = {
    "none": (),
    "L2 decay": (l2_decay(0.05),),
    "Gaussian blur": (gaussian_blur(0.5, every=4),),
    "small norm to 0": (clip_norm(0.5),),
    "small contribution to 0": (clip_contribution(0.5),),
    "box 0 to 1": (box(0.0, 1.0),),
    "decay, blur, box": (l2_decay(0.02), gaussian_blur(0.5, every=4), box(0.0, 1.0)),
}
OPTIMIZER = optax.adam(1e-3)  # one object, so that both networks share a compilation
SIZES = {"digits": {"channels": (16, 32), "taps": 3, "hidden": 64}, "mnist": {"channels": (8, 16), "hidden": 128}}


class Measures(NamedTuple):
    """The class probability by the first network, the second's agreement, relative roughness, and range of values."""

    own: float
    other: float
    roughness: float
    extremes: tuple[float, float]


class Images(NamedTuple):
    """Accuracies on test images; by regularizer, numbers and one image [height, width] for each class; and settings."""

    accuracy: list[float]
    regularizers: dict[str, Measures]
    images: dict[str, np.ndarray]
    classes: tuple[str, ...]
    data: str
    starts: int


def measure(study) -> Images:
    """Images of every class with every regularizer, and what both networks make of them."""
    config, (train, test) = study.config, image_sets(study.config.data)
    pair = [_network(study, train, number) for number in (1, 2)]

    def answers(inputs):
        return [networks.apply(Partial(probabilities, network), inputs) for network in pair]

    units = np.repeat(np.arange(len(test.classes)), config.starts)
    start = random_start(study, len(units), *test.inputs.shape[1:])
    options = {"objective": "logit", "rate": 0.1, "threshold": 1.0, "steps": config.image_steps}
    measures, images = {}, {}
    for name, used in study.counted("ascent", REGULARIZERS.items()):
        inputs = np.asarray(ascent.maximize(pair[0], start, units, regularizers=used, **options).inputs)
        own, other = answers(inputs)
        images[name] = inputs[:: config.starts, ..., 0]
        measures[name] = Measures(
            float(own[np.arange(len(units)), units].mean()),
            float(np.mean(other.argmax(axis=1) == units)),
            roughness(inputs) / roughness(test.inputs),
            (float(inputs.min()), float(inputs.max())),
        )
    accuracy = [float(np.mean(each.argmax(axis=1) == test.labels)) for each in answers(test.inputs)]
    return Images(accuracy, measures, images, tuple(test.classes), TITLES[config.data], config.starts)


def _network(study, train, number):
    shape, sizes = train.inputs.shape[1:], SIZES[study.config.data]

    def network(key):
        return networks.image_cnn(jax.random.fold_in(key, number), shape, dropout=0.0, **sizes)

    options = {"seeds": None, "epochs": study.config.image_epochs, "optimizer": OPTIMIZER, "minibatch_size": 50}
    return study.fitted(f"network {number}", network, (train.inputs, train.labels), **options).network


def show(result: Images, page) -> None:
    """A figure of images by regularizer and class, and a table of measures of the images."""
    page.text(
        f"{result.data}: from {result.starts} starts for each class, images are learned by ascent on the class's "
        "score in a convolutional network, with a regularizer after each step. The predictions of a second network, "
        "trained apart, show how much of an image is common to networks."
    )
    page.finding(agreement_in_words(result))
    page.finding(looks_in_words(result))
    page.table(
        ("regularizer", "probability", "agreement of the second network", "roughness", "least value", "greatest value"),
        [
            (name, f"{own:.3f}", f"{other:.0%}", f"{rough:.2f}", f"{least:.1f}", f"{greatest:.1f}")
            for name, (own, other, rough, (least, greatest)) in result.regularizers.items()
        ]
        + [("real test images", None, f"{result.accuracy[1]:.0%}", "1.00", None, None)],
        "The class probability by the first network, the share of images in which the second network predicts this "
        "class, the mean squared difference of neighboring pixels over the mean square (roughness), relative to real "
        "images, and the range of the pixels. Small norm (contribution) to 0: after each step the half of the pixels "
        "with the smallest absolute values (times gradient) is set to 0.",
    )
    figure = figures.images.learned(result.images, result.classes)
    page.figure(
        "regularizer_grid",
        figure,
        "One image for each class (column) and regularizer (row): red is above zero, blue below; each row has its own "
        "scale.",
    )
    measures = {name: each._asdict() for name, each in result.regularizers.items()}
    page.metrics({"accuracy": result.accuracy, "regularizers": measures})


def agreement_in_words(result: Images) -> str:
    """The finding: how often a second network recognizes images learned from the first, beside real images."""
    other = {name: each.other for name, each in result.regularizers.items()}
    plain, real, most = other["none"], result.accuracy[1], max(other.values())
    best = " or ".join(f"“{name}”" for name, each in other.items() if f"{each:.0%}" == f"{most:.0%}")
    gain = f"at best in {most:.0%} with a regularizer ({best})"
    often = "about as often as" if plain > real - 0.03 else "less often than"
    if f"{most:.0%}" == f"{plain:.0%}":
        gain = "no regularizer helps"
    return (
        "Images made by ascent on a class's score of one network, without a regularizer, are recognized by a second "
        f"network, trained apart, {often} real test images: {plain:.0%} and {real:.0%} (chance "
        f"{1 / len(result.classes):.0%}); {gain}."
    )


def looks_in_words(result: Images) -> str:
    """The finding: how learned images differ from real ones, and which regularizers make them as smooth."""
    _, _, rough, (least, greatest) = result.regularizers["none"]
    alike = [name for name, each in result.regularizers.items() if each.roughness <= 1.1 and name != "none"]
    smooth = " or ".join(f"“{name}”" for name in alike)
    return (
        f"Without a regularizer the values of learned images are {least:.1f} to {greatest:.1f}, where real ones are 0 "
        f"to 1, and their roughness is {rough:.1f} times that of real images. With "
        f"{smooth or 'none of the regularizers'} it is at most 1.1 times."
    )


def roughness(images) -> float:
    """The mean squared difference of neighboring pixels over the mean square."""
    images = np.asarray(images, np.float64)
    steps = [np.mean(np.diff(images, axis=axis) ** 2) for axis in (1, 2)]
    return float(np.mean(steps) / np.mean(images**2))
